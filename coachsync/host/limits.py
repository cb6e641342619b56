"""What a host withholds from a program: threads, files, memory, space, a home, a working directory.

Owns the words for it. Each is an `EnvironmentalError` that names the limit, variable or file, and who can raise it.
"""

from __future__ import annotations

import errno
import os

from coachsync.errors import EnvironmentalError

NO_FILES = (errno.EMFILE, errno.ENFILE)
"""What the system says when a process, or the host, may open no more files."""

_RUNNING = 16  # files that are open beside connections: streams, store, ledger, locks, the event loop's, a name look-up
_FULL = {
    errno.ENOSPC: "make room there: `df` shows the space, `df -i` whether there are inodes left",
    errno.EDQUOT: "make room there: `quota` shows what this user may keep",
    errno.EROFS: "its file system is read-only: mount it writable, or name it in the unit's ReadWritePaths",
    errno.EIO: "the disk or the network that it is on fails: the system's log says more",
    errno.ESTALE: "the server that it is on does not know it any more: mount it again",
    errno.EACCES: "the user that runs coachsync must be able to use it, and to enter each folder on the way",
    errno.EPERM: "the user that runs coachsync must be allowed to: the system's log may say what forbids it",
}
_NO_THREAD = "can't start new thread"  # CPython's words; there is no type for it
_NO_TEMPORARY = "No usable temporary directory"  # the same


def remedy(error: OSError, otherwise: str) -> str:
    """Return what to do about a file that cannot be used; `otherwise` if no limit of the host's is in the way."""
    found = environmental(error)
    return otherwise if found is None or isinstance(error, PermissionError) else found.hint


def environmental(problem: BaseException) -> EnvironmentalError | None:
    """Return what the host withheld if that is what was raised, None if it is something else."""
    if isinstance(problem, RuntimeError) and _NO_THREAD in str(problem):
        return too_few_threads()
    if isinstance(problem, MemoryError):
        hint = "raise what this user or unit may use (`ulimit -v`, MemoryMax=), or end something else"
        return EnvironmentalError("there is not enough memory", hint)
    if not isinstance(problem, OSError):
        return None
    if problem.errno in NO_FILES:
        return too_few_files()
    if _NO_TEMPORARY in str(problem):
        hint = "set $TMPDIR to a folder that the user that runs coachsync may write"
        return EnvironmentalError("there is no folder for temporary files", hint)
    if problem.errno not in _FULL:
        return None
    what = f"{os.fsdecode(problem.filename)}: " if isinstance(problem.filename, (str, bytes)) else ""
    return EnvironmentalError(f"{what}{problem.strerror}", _FULL[problem.errno])


def too_few_threads() -> EnvironmentalError:
    """Return the error that no thread can be started."""
    return EnvironmentalError(
        "no thread can be started: the limit of processes and threads is reached",
        "raise it for the user that runs coachsync (`ulimit -u`, TasksMax= of its unit), or end something of theirs",
    )


def too_few_files() -> EnvironmentalError:
    """Return the error that no file or connection can be opened."""
    return EnvironmentalError(
        "no file can be opened: the limit of open files is reached",
        "raise it to 64 at least for the user that runs coachsync (`ulimit -n`, LimitNOFILE= of its unit)",
    )


def out_of_files() -> bool:
    """Return whether no file can be opened any more, for a library that does not say why it could not."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in NO_FILES
    return False


def fitting(wanted: int) -> int:
    """Return how many connections this process may hold at once, at most `wanted`.

    Raises:
        EnvironmentalError: not a single one.
    """
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

    limit, _ = getrlimit(RLIMIT_NOFILE)
    if limit == RLIM_INFINITY or limit >= wanted + 256:
        return wanted
    left = limit - _open_files() - _RUNNING
    if left < 1:
        raise too_few_files()
    return min(wanted, left)


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except FileNotFoundError:  # no /proc is mounted
        return 8
    except OSError as error:
        raise environmental(error) or error from None


def absolute(path: str) -> str:
    """Return a path as an absolute one.

    Raises:
        EnvironmentalError: it is relative, and the working directory was deleted or may not be entered.
    """
    try:
        return os.path.abspath(path)
    except OSError as error:
        raise EnvironmentalError(
            f"the working directory cannot be used: {error.strerror}",
            "change to a folder that exists (cd /), or name every file by its absolute path",
        ) from None


def home() -> str | None:
    """Return the home folder of the user that runs this, None if neither $HOME nor the system names one."""
    found = os.path.expanduser("~")
    return found if os.path.isabs(found) and os.environ.get("HOME", "/") else None


def expanded(path: str) -> str:
    """Return a path whose `~` or `~user` is that home folder.

    Raises:
        EnvironmentalError: nothing names such a home.
    """
    if not path.startswith("~"):
        return path
    found, first = os.path.expanduser(path), path.partition("/")[0]
    if os.path.isabs(found) and (first != "~" or home() is not None):
        return found
    raise EnvironmentalError(
        f"{path}: nobody knows the home folder {first}",
        "set $HOME, or write the path without ~" if first == "~" else "write the path without ~",
    )
