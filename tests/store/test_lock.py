"""The lock of a run, and what one run tells the next of Discord's limit."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

import pytest

from coachsync.errors import LockHeldError, StoreError
from coachsync.store import lock as lock_module
from coachsync.store.lock import run_lock


@pytest.fixture
def slow_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host so busy that two seconds pass between two statements does not spoil the claim."""
    monkeypatch.setattr(lock_module, "_MATTERS_S", 60.0)


@pytest.mark.usefixtures("slow_host")
def test_run_tells_the_next_what_it_spent(tmp_path: Path) -> None:
    store, now = str(tmp_path / "store.db"), time.monotonic()
    with run_lock(store, 0, "run") as lock:
        lock.note((now - 0.5, now - 0.1))

    with run_lock(store, 0, "run") as lock:
        assert lock.spent == pytest.approx((now - 0.5, now - 0.1), abs=0.001)


@pytest.mark.usefixtures("slow_host")
def test_idle_run_between_two_hands_on_what_the_first_spent(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    with run_lock(store, 0, "run") as lock:
        lock.note((time.monotonic(),))
    with run_lock(store, 0, "run"):
        pass

    with run_lock(store, 0, "run") as lock:
        assert len(lock.spent) == 1


@pytest.mark.parametrize("seconds", [-60.0, 2.1, 1e6], ids=["before a reboot", "a while ago", "long ago"])
def test_run_starts_afresh_when_the_last_one_is_no_matter(tmp_path: Path, seconds: float) -> None:
    store = str(tmp_path / "store.db")
    with run_lock(store, 0, "run") as lock:
        lock.note((time.monotonic() - seconds,))

    with run_lock(store, 0, "run") as lock:
        assert lock.spent == ()


def test_run_starts_when_the_lock_file_holds_rubbish(tmp_path: Path) -> None:
    (tmp_path / "store.db.coachsync.lock").write_bytes(b"\xff\xfe\nanswered lately: at noon\n")

    with run_lock(str(tmp_path / "store.db"), 0, "run") as lock:
        assert lock.spent == ()


def test_held_lock_names_its_holder_alone(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    with run_lock(store, 0, "run since noon") as lock:
        lock.note((time.monotonic(),))
        with pytest.raises(LockHeldError) as held, run_lock(store, 0, "other"):
            pass

    assert str(held.value).count("since noon)") == 1
    assert "answered" not in str(held.value)


def test_full_disk_does_not_keep_a_run_from_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with run_lock(str(tmp_path / "store.db"), 0, "run") as lock:
        lock.note((time.monotonic(),))
        assert lock.spent == ()


def test_file_system_without_locks_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none_left)
    with pytest.raises(StoreError, match="cannot be taken"), run_lock(str(tmp_path / "store.db"), 0, "run"):
        pass
