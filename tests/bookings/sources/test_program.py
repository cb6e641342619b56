"""A source that is a program."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from coachsync.bookings.sources.answer import LARGEST, PullError
from coachsync.bookings.sources.program import SourceProgram


def run(code: str, timeout_s: float = 10.0) -> bytes:
    return SourceProgram(("/bin/sh", "-c", code), {"PATH": "/usr/bin:/bin"}, timeout_s).ask().content


def problem(code: str, timeout_s: float = 10.0) -> str:
    with pytest.raises(PullError) as caught:
        run(code, timeout_s)
    return caught.value.message


def is_over(pid: int) -> bool:
    """Return whether a process is gone, or dead and not yet buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_document_is_what_it_writes_to_stdout_alone() -> None:
    assert run("echo news >&2; echo '[]'") == b"[]\n"


def test_program_that_fails_is_told_with_its_last_words() -> None:
    assert problem("echo '[]'; echo first >&2; echo no database >&2; exit 3") == "/bin/sh ended with 3: no database"


def test_program_that_is_not_there_is_told() -> None:
    with pytest.raises(PullError, match="cannot be started"):
        SourceProgram(("/nowhere/at-all",), {}, 1.0).ask()


def test_time_out_ends_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    begun = time.monotonic()
    assert "within 0.5 s" in problem(f"sleep 30 & echo $! > {pid}; wait", 0.5)
    assert time.monotonic() - begun < 5
    assert is_over(int(pid.read_text()))


def test_what_it_leaves_running_holds_nobody_up() -> None:
    begun = time.monotonic()
    assert run("echo '[]'; sleep 3 &") == b"[]\n"
    assert time.monotonic() - begun < 2.5


def test_flood_is_refused() -> None:
    assert "32 MiB" in problem(f"{sys.executable} -c \"import sys; sys.stdout.write(' ' * {LARGEST + 1})\"")


def test_flood_of_errors_harms_nobody() -> None:
    assert run("head -c 3000000 /dev/zero >&2; echo '[]'") == b"[]\n"
