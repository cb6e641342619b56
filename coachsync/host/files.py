"""A file written whole or not at all: a new one beside it, forced to disk and renamed over it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from coachsync.errors import ConfigError
from coachsync.host.limits import remedy
from coachsync.host.reading import NotRegularError

if TYPE_CHECKING:
    Pieces = list[bytes | memoryview]  # of a content, in order

_BLOCK = 1 << 16  # bytes: fewer are written together
_ACL = "system.posix_acl_access"
_WITHOUT = (errno.ENOTSUP, errno.ENOSYS)  # a file system that knows no attributes


class OwnerNotKeptError(PermissionError):
    """Only root or the owner, `uid`, could give a new file the owner and group of the one that it replaces."""

    def __init__(self, error: OSError, uid: int) -> None:
        super().__init__(error.errno, error.strerror)
        self.uid = uid


class AttributesNotKeptError(OSError):
    """A new file could not be given the access list or the attributes of the one that it replaces."""


class Likeness(NamedTuple):
    """What a new file takes over from the one that it replaces: owner, group, mode; access list and `user.*`."""

    found: os.stat_result
    attributes: Mapping[str, bytes]


def likeness(file: str | int) -> Likeness:
    """Look at a file, by path or descriptor. Raises OSError."""
    return Likeness(os.stat(file), _attributes(file))


def replace(
    path: str,
    data: bytes | Pieces,
    *,
    like: Likeness | None,
    beside: str,
    still: Callable[[], bool] | None = None,
    mode: int = 0o600,
) -> os.stat_result | None:
    """Put a new file in the place of what is at `path`; return what the system says of it.

    The new file is made under the name `beside`, like `like` (None: the user's own, with `mode`).
    If `still` is given and false once the data is on disk, nothing is replaced and None returned.
    Raises OSError, also if what is there is no regular file; then it is what it was and nothing is left beside it.
    """
    _require_regular(path)
    with _fresh(beside, like) as descriptor:
        if like is None:
            os.fchmod(descriptor, mode)
        _write(descriptor, data)
        if still is not None and not still():
            return None
        os.rename(beside, path)
        _sync_directory(path)
        return os.fstat(descriptor)


def _require_regular(path: str) -> None:
    """Raise OSError if what is there is no file: a rename would put one in the place of a device, for root even so."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise NotRegularError


def rehearse(data: bytes | Pieces, *, like: Likeness, beside: str) -> None:
    """Do all of `replace` but the last step, and leave nothing behind. Raises OSError."""
    with _fresh(beside, like) as descriptor:
        _write(descriptor, data)


def make_like(descriptor: int, like: Likeness) -> None:
    """Give a new file what a likeness holds. Raises OwnerNotKeptError, AttributesNotKeptError, OSError."""
    give(descriptor, like.found)
    guard(descriptor, like)


def guard(descriptor: int, like: Likeness) -> None:
    """Give a file of ours the mode, access list and attributes of another one. Raises AttributesNotKeptError."""
    os.fchmod(descriptor, stat.S_IMODE(like.found.st_mode))
    try:
        _give_attributes(descriptor, like.attributes)
    except OSError as error:
        raise AttributesNotKeptError(error.errno, error.strerror) from None


def give(descriptor: int, like: os.stat_result) -> None:
    """Give a new file owner and group of another one. Raises OwnerNotKeptError."""
    if _owners(os.fstat(descriptor)) != _owners(like):
        try:
            os.fchown(descriptor, like.st_uid, like.st_gid)
        except PermissionError as error:
            raise OwnerNotKeptError(error, like.st_uid) from None


def own_mode(path: str) -> int:
    """Return the mode of a file of our own: for its user alone; in a set-group-id folder, for its group too.

    Raises OSError if there is no such folder.
    """
    shared = os.stat(os.path.dirname(path) or ".").st_mode & stat.S_ISGID
    return 0o660 if shared else 0o600


def require_replaceable(path: str) -> None:
    """Raise OSError if no new file can be put in the place of this one, whatever may be made beside it."""
    if _is_mounted(path):
        raise OSError(errno.EBUSY, "it is mounted by itself, so it cannot be replaced")
    folder = os.stat(os.path.dirname(path) or ".")
    guarded = bool(folder.st_mode & stat.S_ISVTX)
    if guarded and os.geteuid() not in (0, folder.st_uid, os.stat(path).st_uid):
        raise PermissionError(errno.EPERM, "its folder is sticky, and only its owner may replace it there")


def _is_mounted(path: str) -> bool:
    """Return whether something is mounted at this path, as a container's engine does with a single file."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            points = {line.split()[4] for line in file if line.count(b" ") > 4}
    except OSError:
        return False
    whole = os.fsencode(os.path.realpath(path))
    for letter in (b"\\", b" ", b"\t", b"\n"):
        whole = whole.replace(letter, b"\\%03o" % letter[0])
    return whole in points


def place(path: str, text: str, *, new: bool) -> str:
    """Write a file of mode 0600 in one step and return its path.

    A file that is replaced keeps its owner and mode. Raises ConfigError; with `new`, also if one exists.
    """
    if new and os.path.lexists(path):
        raise ConfigError(f"{path} exists already and was not touched", "name another file")
    whole = os.path.realpath(path)
    try:
        replace(whole, text.encode(), like=_found(whole), beside=_beside(whole))
    except OSError as problem:
        raise ConfigError(
            f"{path} cannot be written: {problem.strerror}", remedy(problem, "choose another place")
        ) from None
    return path


def keep(path: str) -> str:
    """Copy a file beside itself as FILE.bak, owner and mode too; return that path, "" if there is no file.

    Raises ConfigError.
    """
    copy = f"{path}.bak"
    try:
        with open(path, "rb") as file:
            replace(copy, file.read(), like=likeness(file.fileno()), beside=_beside(copy))
    except FileNotFoundError:
        return ""
    except OSError as problem:
        hint = remedy(problem, "move it away, then run init again")
        raise ConfigError(f"{path} cannot be kept as {copy}: {problem.strerror}", hint) from None
    return copy


def _beside(path: str) -> str:
    return f"{path}.{os.getpid()}.new"


def _found(path: str) -> Likeness | None:
    try:
        return likeness(path)
    except FileNotFoundError:
        return None


@contextmanager
def _fresh(beside: str, like: Likeness | None) -> Iterator[int]:
    """Make an empty file for a block, and take it away unless the block renamed it."""
    _remove(beside)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if like is not None:
            make_like(descriptor, like)
        yield descriptor
    finally:
        os.close(descriptor)
        _remove(beside)


def _write(descriptor: int, data: bytes | Pieces) -> None:
    for block in _blocks(data if isinstance(data, list) else [data]):
        left = memoryview(block)
        while left:
            left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _blocks(pieces: Pieces) -> Iterator[bytes | memoryview]:
    """Yield pieces of a content, small ones together."""
    small: Pieces = []
    size = 0
    for piece in pieces:
        small.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield b"".join(small[:-1])
            yield piece
            small, size = [], 0
    yield b"".join(small)


def _attributes(file: str | int) -> dict[str, bytes]:
    """Return the access list and the attributes of a file that are its owner's; labels are the system's."""
    try:
        names = [name for name in os.listxattr(file) if name.startswith("user.") or name == _ACL]
        return {name: os.getxattr(file, name) for name in names}
    except OSError as error:
        if error.errno in _WITHOUT:
            return {}
        raise


def _give_attributes(descriptor: int, wanted: Mapping[str, bytes]) -> None:
    """Give a new file these attributes; what its folder has given it goes."""
    given = _attributes(descriptor)
    for name in given.keys() - wanted.keys():
        os.removexattr(descriptor, name)
    for name, value in wanted.items():
        if given.get(name) != value:
            os.setxattr(descriptor, name, value)


def _owners(found: os.stat_result) -> tuple[int, int]:
    return found.st_uid, found.st_gid


def _remove(name: str) -> None:
    try:
        os.unlink(name)
    except FileNotFoundError:
        return


def _sync_directory(path: str) -> None:
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
