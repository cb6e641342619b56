"""What a JSON store's file carries besides its bytes, and who may use what stands beside it (CONTRACT §3 and §4)."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from coachsync.domain.marks import Marks
from coachsync.errors import LockHeldError, StoreError
from coachsync.host.files import likeness, replace
from coachsync.store.base import Store
from coachsync.store.lock import run_lock
from coachsync.store.open import create_store, open_store
from tests.kit.powers import needs_root
from tests.store.backends import DEFAULTS, a_row

ACL = "system.posix_acl_access"
URLS = {"sqlite": "sqlite:///store", "json": "json:///store"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "store"
    file.write_text(json.dumps([a_row()]))
    file.chmod(0o600)
    return file


def opened(path: Path) -> Store:
    return open_store("json:///store", path.parent, DEFAULTS, writable=True)


def mark(path: Path) -> None:
    with closing(opened(path)) as store, store.transaction() as transaction:
        transaction.mark(Marks("abc12345", set_up=True))


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def acl(user: int) -> bytes:
    """An access list that lets one more user read and write: the owner, that user, nobody else."""
    entries = [
        (0x01, 6, 0xFFFFFFFF),
        (0x02, 6, user),
        (0x04, 0, 0xFFFFFFFF),
        (0x10, 6, 0xFFFFFFFF),
        (0x20, 0, 0xFFFFFFFF),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def give(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError:
        pytest.skip("this file system knows no such attributes")


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    yield
    os.umask(before)


def test_access_list_and_attributes_are_kept(path: Path) -> None:
    give(path, ACL, acl(4321))
    give(path, "user.origin", b"\x00booking system")
    mark(path)
    assert os.getxattr(path, ACL) == acl(4321)
    assert os.getxattr(path, "user.origin") == b"\x00booking system"
    assert os.getxattr(f"{path}.lock", ACL) == acl(4321)


def test_access_list_that_the_folder_gives_is_not_added(path: Path) -> None:
    give(path.parent, "system.posix_acl_default", acl(4321))
    mark(path)
    assert ACL not in os.listxattr(path)
    assert mode(path) == 0o600


def test_write_is_refused_when_an_attribute_cannot_be_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give(path, "user.origin", b"x")
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    with closing(opened(path)) as store:
        monkeypatch.setattr(os, "setxattr", refuse)
        with pytest.raises(StoreError, match="attributes of"):
            store.bookings.prove()
        with pytest.raises(StoreError, match="attributes of"):
            store.bookings.add(a_row("new"))
    assert path.read_bytes() == before
    assert not Path(f"{path}.coachsync-new").exists()


def test_proof_leaves_nothing_behind(path: Path) -> None:
    before = os.stat(path)
    with closing(opened(path)) as store:
        store.bookings.prove()
    after = os.stat(path)
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sorted(os.listdir(path.parent)) == ["store", "store.lock"]


@pytest.mark.parametrize("store_mode", [0o600, 0o640, 0o664])
def test_lock_has_the_mode_of_the_store_whatever_the_umask(path: Path, store_mode: int) -> None:
    path.chmod(store_mode)
    with umask(0o077):
        mark(path)
    assert (mode(f"{path}.lock"), mode(path)) == (store_mode, store_mode)


def test_lock_that_an_earlier_run_made_too_narrow_is_widened(path: Path) -> None:
    path.chmod(0o664)
    Path(f"{path}.lock").touch(0o600)
    mark(path)
    assert mode(f"{path}.lock") == 0o664


@needs_root
def test_group_that_the_user_has_only_as_a_further_one_is_kept(path: Path) -> None:
    mark(path)  # everything is imported before there is another user
    with TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        _mark_as_member(Path(folder) / "store")


def _mark_as_member(path: Path) -> None:
    path.write_text(json.dumps([a_row()]))
    os.chown(path, 4321, 5000)
    path.chmod(0o660)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([5000])
            os.setgid(4321)
            os.setuid(4321)
            mark(path)
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    found = [os.stat(f"{path}{end}") for end in ("", ".lock", ".coachsync.db")]
    assert {(file.st_uid, file.st_gid) for file in found} == {(4321, 5000)}


def test_existing_lock_is_opened_for_writing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark(path)
    take = fcntl.flock

    def on_nfs(descriptor: int, operation: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        take(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", on_nfs)
    with closing(opened(path)) as store:
        store.bookings.add(a_row("new"))


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_new_store_is_for_its_user_alone_or_for_a_shared_folders_group(tmp_path: Path, url: str) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2770)
    with umask(0o022):
        made = [create_store(url, folder) for folder in (tmp_path, shared)]
    assert [mode(file) for file in made] == [0o600, 0o660]


@pytest.mark.parametrize(("folder_mode", "wanted"), [(0o700, 0o600), (0o2770, 0o660)])
def test_ledger_is_not_readable_by_others(path: Path, folder_mode: int, wanted: int) -> None:
    path.parent.chmod(folder_mode)
    path.chmod(0o644)
    mark(path)
    assert mode(f"{path}.coachsync.db") == wanted


def test_ledger_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("")
    Path(f"{path}.coachsync.db").symlink_to(other)
    with pytest.raises(StoreError, match="symbolic link"):
        opened(path)
    assert other.read_bytes() == b""


def test_run_lock_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("secret")
    Path(f"{path}.coachsync.lock").symlink_to(secret)
    with pytest.raises(StoreError, match="symbolic link"), run_lock(str(path), 0, "run"):
        pass
    assert secret.read_text() == "secret"


def test_run_lock_of_an_earlier_release_is_shut(path: Path) -> None:
    lock = Path(f"{path}.coachsync.lock")
    lock.touch()
    lock.chmod(0o644)
    with umask(0), run_lock(str(path), 0, "run"), pytest.raises(LockHeldError), run_lock(str(path), 0, "run"):
        pass
    assert mode(lock) == 0o600


@pytest.mark.parametrize("new", [True, False])
def test_no_file_takes_the_place_of_what_is_no_file(tmp_path: Path, new: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no regular file"):
        replace(str(pipe), b"text", like=None if new else likeness(str(pipe)), beside=f"{pipe}.new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]
