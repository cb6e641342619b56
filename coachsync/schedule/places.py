"""Where this host keeps crontabs and units, and its programs that can be asked. Tests put another host in its place."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

_PATIENCE_S = 2.0
_LARGEST = 1 << 20

Ask = Callable[[Sequence[str]], str | None]


def ask_program(command: Sequence[str]) -> str | None:
    """Return what a program of the host says, None if there is none, it fails, or it takes longer than 2 seconds."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False, env=_environ()
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _environ() -> dict[str, str]:
    kept = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "LOGNAME", "USER")
    return {"LC_ALL": "C", "SYSTEMD_PAGER": ""} | {name: os.environ[name] for name in kept if name in os.environ}


class Host(NamedTuple):
    """This host, or a folder that stands for one. `ask` runs its programs, `home` is that of the user that looks."""

    root: str = "/"
    home: str = ""
    user: str = ""
    ask: Ask = ask_program

    def at(self, path: str) -> str:
        """Return where an absolute path of the host is."""
        return path if self.root == "/" else os.path.join(self.root, path.lstrip("/"))

    def read(self, path: str) -> str | None:
        """Return a regular file's text, line breaks as they are; None if it cannot be read."""
        try:
            descriptor = os.open(self.at(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                return file.read(_LARGEST).decode("utf-8", "replace")
        except OSError:
            return None

    def listed(self, folder: str) -> Iterator[str]:
        """Yield the names in a folder in their order; none if it cannot be read."""
        try:
            yield from sorted(os.listdir(self.at(folder)))
        except OSError:
            return


def this_host() -> Host:
    """Return the host that this runs on, seen by the user that runs this."""
    import pwd

    try:
        found = pwd.getpwuid(os.geteuid())
    except KeyError:
        return Host(home=os.environ.get("HOME", ""), user=str(os.geteuid()))
    return Host(home=found.pw_dir, user=found.pw_name)
