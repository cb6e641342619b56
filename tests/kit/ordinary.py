"""An ordinary user: what root may do anyway is checked as somebody else, if the tests run as root."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tests.kit.fork import code_of, fork, import_all

NOBODY = 65534

Check = Callable[[Path], None]


def as_ordinary_user(check: Check, uid: int = NOBODY) -> None:
    """Run a check on an empty folder that its user owns: here, or as root in a child that is the user `uid`.

    What `check` asserts is asserted here, too. Raises AssertionError with the child's traceback.
    """
    with _own_folder() as folder:
        if os.geteuid() != 0:
            check(folder)
            return
        os.chown(folder, uid, uid)
        import_all()
        with tempfile.TemporaryFile(buffering=0) as told:
            pid = fork()
            if pid == 0:
                _be(uid, check, folder, told.fileno())
            code = code_of(pid)
            told.seek(0)
            assert code == 0, told.read().decode("utf-8") or f"the child ended with {code}"


@contextmanager
def _own_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="coachsync-ordinary-"))
    try:
        yield folder
    finally:
        for path in [folder, *(p for p in folder.rglob("*") if p.is_dir() and not p.is_symlink())]:
            path.chmod(0o700)
        shutil.rmtree(folder)


def _be(uid: int, check: Check, folder: Path, told: int) -> NoReturn:
    code = 1
    try:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        os.chdir(folder)
        check(folder)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, the child must not return into the tests
        os.write(told, traceback.format_exc().encode())
    finally:
        os._exit(code)
