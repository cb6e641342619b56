"""Readers that leave, full disks, closed streams, poor locales."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.home import Home

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this host has no /dev/full")


def shell(home: Home, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a shell line in which $COACHSYNC is the program with its configuration."""
    program = f"{sys.executable} -m coachsync --config {home.config}"
    environ = home.environ({**environ, "COACHSYNC": program})
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environ, cwd=home.folder, timeout=60, check=False
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_matter(home: Home, closed: str) -> None:
    line = f"$COACHSYNC sessions add --student {'1' * 18} --coach {'2' * 18} --start 2099-01-01T00:00Z --id x1 {closed}"
    assert shell(home, line).returncode == 0
    assert home.run("sessions", "show", "x1").code == 0


@pytest.mark.parametrize("command", ["--help", "status", "sessions export"])
def test_reader_that_leaves_is_no_error(home: Home, command: str) -> None:
    result = shell(home, f"set -o pipefail; $COACHSYNC {command} | true")
    assert (result.returncode, result.stderr) == (0, "")


@needs_full
@pytest.mark.parametrize("command", ["--help", "status", "sessions export"])
def test_full_disk_behind_stdout_is_told_and_counts(home: Home, command: str) -> None:
    result = shell(home, f"$COACHSYNC {command} >/dev/full")
    assert result.returncode == 1
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["error", "hint"]


@needs_full
def test_work_is_done_when_the_disk_behind_stdout_is_full(home: Home) -> None:
    shell(
        home,
        f"$COACHSYNC sessions add --student {'1' * 18} --coach {'2' * 18} --start 2099-01-01T00:00Z --id x1 >/dev/full",
    )
    assert home.run("sessions", "show", "x1").code == 0


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
    ],
)
def test_piped_output_is_the_same_in_any_locale(home: Home, locale: dict[str, str]) -> None:
    home.book("abc12345", "--student-name", "Zoë 李")
    told = home.fresh("--config", str(home.config), "sessions", "list", **locale).out
    assert told == home.run("sessions", "list").out
    assert "Zoë 李" in told


def test_argument_that_is_no_text_is_an_unknown_session(home: Home) -> None:
    result = shell(home, "$COACHSYNC sessions show $'x\\xff'")
    assert result.returncode == 1
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["error", "hint"]
