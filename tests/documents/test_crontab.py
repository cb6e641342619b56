"""The sample crontab, read by cron's own parser and by our own command line."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.documents.command_line import read
from tests.documents.pages import text_of

CRONTAB = Path(__file__).parents[2] / "contrib" / "crontab.example"
CRON = shutil.which("crontab")


def job() -> list[str]:
    """Return the one job's line in words."""
    lines = [line for line in CRONTAB.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    (found,) = [line for line in lines if "=" not in line.split()[0]]
    return shlex.split(found)


@pytest.mark.tools
@pytest.mark.skipif(CRON is None, reason="cron is not installed: its parser is not asked")
def test_crontab_is_accepted_by_cron() -> None:
    assert CRON is not None
    usage = subprocess.run([CRON, "-h"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if "-n" not in usage.stderr and "-T" not in usage.stderr:
        pytest.skip("this cron cannot check a file without installing it")
    flag = "-n" if "-n" in usage.stderr else "-T"
    checked = subprocess.run([CRON, flag, str(CRONTAB)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_guide_shows_the_lines_of_the_crontab() -> None:
    lines = CRONTAB.read_text("utf-8").splitlines()
    assert text_of("expected: crontab").splitlines() == [line for line in lines if line and not line.startswith("#")]


def test_crontab_runs_four_times_an_hour() -> None:
    minutes, *rest = job()[:5]
    steps = [int(minute) for minute in minutes.split(",")]
    assert [later - earlier for earlier, later in pairwise(steps)] == [15, 15, 15]
    assert rest == ["*", "*", "*", "*"]


def test_crontab_names_the_program_by_its_absolute_path() -> None:
    assert Path(job()[5]).is_absolute()
    assert Path(job()[5]).name == "coachsync"


def test_crontab_calls_what_the_command_line_takes() -> None:
    said = read(job()[6:])
    assert (said.name, said.values["quiet"]) == ("run", True)
