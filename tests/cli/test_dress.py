"""OPERATOR "Logs": each line on stderr is a JSON object if that is asked for, and bears its priority in a journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coachsync import __version__
from coachsync.cli import dress
from tests.kit.home import GUILD, Home, Result

JOURNAL = "import os; s = os.fstat(2); os.environ['JOURNAL_STREAM'] = f'{s.st_dev}:{s.st_ino}'"
NOISE = """
import warnings
import coachsync.config.load as module
load = module._load
def noisy(*given):
    warnings.warn("odd")
    return load(*given)
module._load = noisy
"""
BUG = "import coachsync.engine.tick as t; t.read = None"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).settle()


def objects(said: Result) -> list[dict[str, Any]]:
    """Return what stderr says; each line must be an object."""
    found = [json.loads(line) for line in said.err.splitlines()]
    assert all(isinstance(one, dict) and {"time", "level", "message"} <= one.keys() for one in found)
    return found


@pytest.mark.parametrize("option", [["--log-format", "json"], ["--log-format=json"]])
@pytest.mark.parametrize(
    ("arguments", "hinted"),
    [(["status", "--nonsense"], True), (["nonsense"], True), (["explain", "nobody"], True), (["run"], True)],
)
def test_error_is_one_object_with_its_hint(home: Home, option: list[str], arguments: list[str], hinted: bool) -> None:
    (told,) = objects(home.run(*option, *arguments))
    assert (told["level"], bool(told["hint"])) == ("error", hinted)


def test_options_after_the_command_count_as_well(home: Home) -> None:
    (told,) = objects(home.run("explain", "nobody", "--log-format", "json"))
    assert told["level"] == "error"


def test_problems_of_a_configuration_are_a_list(home: Home) -> None:
    home.config.write_text("[nonsense]\n[more]\n", "utf-8")
    (told,) = objects(home.run("--log-format", "json", "status"))
    assert len(told["problems"]) > 1


def test_traceback_of_a_bug_is_objects_too(home: Home) -> None:
    told = objects(home.run("--log-format", "json", "-v", "run", "--dry-run", inject=BUG))
    assert any("Traceback" in one["message"] for one in told)
    assert "coachsync has a bug" in told[-1]["message"]


def test_warning_of_a_library_is_an_object_too(home: Home) -> None:
    told = objects(home.run("--log-format", "json", "status", inject=NOISE))
    assert any("odd" in one["message"] for one in told)


@pytest.mark.parametrize("inject", [JOURNAL, "", "import os; os.environ['JOURNAL_STREAM'] = '1:2'"])
def test_priorities_are_told_only_to_the_journal_itself(home: Home, inject: str) -> None:
    lines = home.run("explain", "nobody", inject=inject).err.splitlines()
    assert [line.startswith("<3>") for line in lines] == [inject == JOURNAL] * 2


def test_journal_learns_of_each_line_how_much_it_matters(home: Home) -> None:
    home.config.chmod(0o666)
    lines = home.run("-v", "run", "--dry-run", inject=JOURNAL).err.splitlines()
    assert {line[:3] for line in lines} == {"<6>", "<4>"}
    assert [line for line in lines if line.startswith("<4>") and "(config_writable)" in line]


def test_journal_takes_objects_as_well(home: Home) -> None:
    (line,) = home.run("--log-format", "json", "explain", "nobody", inject=JOURNAL).err.splitlines()
    assert line.startswith('<3>{"time": ')


@pytest.mark.parametrize("form", ["text", "json"])
def test_verbose_begins_with_what_it_works_with(home: Home, form: str) -> None:
    said = home.run("--log-format", form, "-v", "status", TZ="Europe/Berlin")
    begun = [line for line in said.err.splitlines() if "DEBUG" not in line][:5]
    wanted = (f"coachsync {__version__}", str(home.config), home.url, GUILD, "zone Europe/Berlin")
    assert [want for want, line in zip(wanted, begun, strict=True) if want not in line] == []


def test_results_stay_as_they_are(home: Home) -> None:
    assert home.run("--log-format", "json", "status").out == home.run("status").out


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (["run"], "text"),
        (["run", "--log-format"], "text"),
        (["--log-format", "json", "run"], "json"),
        (["explain", "--", "--log-format", "json"], "text"),
    ],
)
def test_form_is_known_before_the_command_line_is_read(arguments: list[str], form: str) -> None:
    assert dress.asked_for(arguments) == form
