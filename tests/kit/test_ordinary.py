"""The ordinary user really is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.ordinary import as_ordinary_user


def test_check_runs_as_somebody_whom_permissions_hold() -> None:
    def check(folder: Path) -> None:
        assert os.geteuid() != 0
        locked = folder / "locked"
        locked.mkdir(mode=0o500)
        with pytest.raises(PermissionError):
            (locked / "file").touch()

    as_ordinary_user(check)


def test_check_that_fails_fails_the_test() -> None:
    def check(folder: Path) -> None:
        assert [path.name for path in folder.iterdir()] == ["nothing is here"]

    with pytest.raises(AssertionError, match="nothing is here"):
        as_ordinary_user(check)
