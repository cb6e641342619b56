"""Programs run side by side: how they end, and that none of them holds anybody up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from coachsync.notify.programs import Program, run_each

ENVIRON = {"PATH": "/usr/bin:/bin"}


def sh(script: str, stdin: str = "") -> Program:
    return Program(("/bin/sh", "-c", script), stdin, ENVIRON)


def played(*calls: Program, timeout_s: float = 0.5, left_s: float = 5.0) -> dict[int, str]:
    problems: dict[int, str] = {}
    run_each(calls, timeout_s, left_s, problems.__setitem__)
    return problems


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (sh("exit 0"), ""),
        (sh("echo first; echo last >&2; exit 3"), "it ended with 3: last"),
        (sh("kill -9 $$"), "it was ended by SIGKILL"),
        (sh("echo begun; exec sleep 30"), "it did not end in its time: begun"),
        (sh("trap '' TERM INT HUP; while :; do sleep 0.1; done"), "it did not end in its time"),
        (sh("exec yes"), "it did not end in its time: y"),
        (sh("exec >&- 2>&-; exit 1"), "it ended with 1"),
        (Program(("/nowhere/program",), "", ENVIRON), "it cannot be started: No such file or directory"),
        (Program(("/etc/passwd",), "", ENVIRON), "it cannot be started: Permission denied"),
        (Program(("/bin/true", "\0"), "", ENVIRON), "it cannot be started: embedded null byte"),
    ],
)
def test_program_that_fails_says_how(call: Program, problem: str) -> None:
    assert played(call) == {0: problem}


def test_program_reads_its_whole_input(tmp_path: Path) -> None:
    out = tmp_path / "read"
    assert played(sh(f"cat > {out}", "é" * 300_000)) == {0: ""}
    assert out.read_text("utf-8") == "é" * 300_000


def test_program_that_never_reads_is_no_failure() -> None:
    assert played(sh("exit 0", "x" * 1_000_000)) == {0: ""}


def test_child_that_is_left_behind_holds_nobody_up() -> None:
    begun = time.monotonic()
    assert played(sh("sleep 3 & exit 0"), sh("setsid sleep 3 & exit 0"), timeout_s=3.0) == {0: "", 1: ""}
    assert time.monotonic() - begun < 2


def test_group_is_ended_with_the_program_that_takes_too_long(tmp_path: Path) -> None:
    late = tmp_path / "late"
    played(sh(f"(sleep 0.6; touch {late}) & wait"), timeout_s=0.2)
    time.sleep(0.7)
    assert not late.exists()


def test_programs_run_side_by_side() -> None:
    begun = time.monotonic()
    assert set(played(*[sh("sleep 0.3")] * 12, timeout_s=5.0).values()) == {""}
    assert time.monotonic() - begun < 2


def test_what_the_time_left_does_not_allow_is_not_started() -> None:
    problems: dict[int, str] = {}
    assert run_each([sh("exit 0")] * 3, 1.0, 0.0, problems.__setitem__) == {0, 1, 2}
    assert problems == {}


def test_time_left_bounds_what_is_running() -> None:
    begun = time.monotonic()
    assert played(sh("exec sleep 30"), timeout_s=30.0, left_s=0.2) == {0: "it did not end in its time"}
    assert time.monotonic() - begun < 2


def test_interrupted_run_ends_its_programs() -> None:
    problems: dict[int, str] = {}

    def ended(number: int, problem: str) -> None:
        problems[number] = problem
        if number == 0:
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_each([sh("exit 0"), sh("exec sleep 30")], 30.0, 30.0, ended)
    assert problems == {0: "", 1: "the run was ended before it"}
    assert time.monotonic() - begun < 2
