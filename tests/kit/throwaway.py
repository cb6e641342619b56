"""A throw-away root: all that is on this host, where a test may install, schedule and uninstall as root does.

Its files are this host's; what is written goes to memory and vanishes with it. It has processes of its own, and the
host's network. No registry is asked there: `python3 -m venv` makes an environment without pip, and its `pip install`
installs the code from the folder it is typed in, with the libraries that the tests themselves use.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from socket import gethostname
from types import TracebackType

from tests.kit.home import ROOT as REPOSITORY
from tests.kit.home import Result

_NEEDED = ("unshare", "nsenter", "chroot", "sudo", "useradd", "setpriv", "pgrep", "sqlite3")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TIMEOUT_S = 60.0

_MAKE = r"""
folder="$1" number=0; shift
mount -t tmpfs -o mode=755 none "$folder"
cd "$folder"
mkdir root
laid_over() {
    number=$((number + 1))
    mkdir upper$number work$number
    mount -t overlay overlay -o "lowerdir=$1,upperdir=upper$number,workdir=work$number" "root$1"
}
laid_over /
mount -t proc proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs -o mode=1777 none root/dev/shm
mount -t tmpfs -o mode=755 none root/run
for lower; do
    laid_over "$lower"
done
cd root
exec chroot . sh -c 'echo ready; exec sleep infinity'
"""
_PYTHON = r"""#!/bin/sh
[ "$1 $2 $#" = "-m venv 3" ] || exec @PYTHON@ "$@"
@PYTHON@ -m venv --without-pip "$3"
cp /usr/local/lib/pip-of-the-tests "$3/bin/pip"
"""
_PIP = r"""#!/bin/sh
case "$*" in "install ." | "install --upgrade ." | "install .["*"]") ;; *) echo "pip: $*?" >&2; exit 1 ;; esac
[ -f pyproject.toml ] || { echo "Neither 'setup.py' nor 'pyproject.toml' found." >&2; exit 1; }
bin="$(dirname "$0")"
printf '%s\n' "$PWD" @LIBRARIES@ >"$(echo "$bin"/../lib/python3*/site-packages)/coachsync.pth"
printf '%s\n' "#!$(realpath -s "$bin/python")" "import sys" "from coachsync.__main__ import main" "sys.exit(main())" \
    >"$bin/coachsync"
chmod +x "$bin/coachsync"
"""


def lacking() -> str:
    """Return why this host gives a test no root of its own; "" if it does."""
    if os.geteuid() != 0:
        return "only root makes another root"
    absent = [name for name in _NEEDED if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    tried = subprocess.run(
        ["unshare", "--mount", "sh", "-euc", "mount -t tmpfs none /mnt && cd /mnt && mkdir u w r"
         " && mount -t overlay overlay -o lowerdir=/etc,upperdir=u,workdir=w r"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if tried.returncode == 0 else f"no overlay can be mounted: {tried.stderr.strip()}"


def _interpreter() -> tuple[Path, ...]:
    """Return the folders that the program runs from here."""
    return Path(sys.base_prefix), Path(sysconfig.get_path("purelib")), REPOSITORY


def _file_systems() -> list[str]:
    """Return where the file systems are mounted that the program runs from, beside the root's."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines()]
    holding = {max((m for m in mounts if path.is_relative_to(m)), key=len) for path in _interpreter()}
    return sorted(holding - {"/"})


class Throwaway:
    """A root that lasts for a with-block; `folder` is an empty one to mount it at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Throwaway:
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", _MAKE, "sh", str(self.folder)]
        command += _file_systems()
        self._keeper = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == "ready\n"
        children = Path(f"/proc/{self._keeper.pid}/task/{self._keeper.pid}/children")
        self._pid = int(children.read_text("utf-8"))
        self._furnish()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._pid, signal.SIGKILL)  # the first process: all others of this root end with it
        self._keeper.communicate(timeout=_TIMEOUT_S)

    def path(self, inside: str) -> Path:
        """Return where a file of this root is to be found from outside."""
        return Path(f"/proc/{self._pid}/root{inside}")

    def write(self, inside: str, text: str, mode: int = 0o644) -> None:
        """Write a file, in place of one that may be there."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(mode)

    def shell(self, script: str, stdin: str = "", folder: Path = REPOSITORY) -> Result:
        """Type a script as root, in a folder; it ends at the first command that fails."""
        done = subprocess.run(
            self._entering(f"cd {shlex.quote(str(folder))}\n{script}"),
            input=stdin, cwd="/", capture_output=True, text=True, env=self._environ, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, script: str) -> subprocess.Popen[bytes]:
        """Start a script as root, and do not wait for its end; it ends with this root."""
        return subprocess.Popen(
            self._entering(script), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self._environ, cwd="/"
        )

    def _entering(self, script: str) -> list[str]:
        return ["nsenter", f"--target={self._pid}", "--mount", "--pid", "--root", "--wd", "sh", "-euc", script]

    @property
    def _environ(self) -> dict[str, str]:
        return {"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _furnish(self) -> None:
        """Open the way to the interpreter for every user, and put in what stands for a registry."""
        for path in _interpreter():
            for folder in (path, *path.parents):
                inside = self.path(str(folder))
                inside.chmod(inside.stat().st_mode | (0o005 if folder == path else 0o001))
        self.write("/etc/hosts", f"127.0.0.1 localhost {gethostname()}\n")  # a container's own is not in its root
        libraries = " ".join(shlex.quote(sysconfig.get_path(kind)) for kind in ("purelib", "platlib"))
        python = shlex.quote(f"{sys.base_prefix}/bin/python3")
        self.write("/usr/local/bin/python3", _PYTHON.replace("@PYTHON@", python), 0o755)
        self.write("/usr/local/lib/pip-of-the-tests", _PIP.replace("@LIBRARIES@", libraries), 0o755)
