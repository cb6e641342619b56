"""Options for every command, wherever they stand; what is said of a wrong command line, and that it helps."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from coachsync import __version__
from coachsync.__main__ import _report
from coachsync.cli.context import Invocation
from tests.kit.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with a configuration and one booking."""
    home = Home(tmp_path).settle()
    home.book("abc12345")
    return home


def told(home: Home, line: str) -> tuple[int, str]:
    """Return how a command line ended and what it wrote to stderr; CONFIG is the home's file."""
    done = home.start(*(str(home.config) if word == "CONFIG" else word for word in shlex.split(line)))
    return done.code, done.err


@pytest.mark.parametrize(
    "line",
    [
        "--config CONFIG sessions show abc12345",
        "sessions --config CONFIG show abc12345",
        "sessions show --config CONFIG abc12345",
        "sessions show abc12345 --config CONFIG",
        "--config /nowhere sessions show abc12345 --config CONFIG",
        "sessions show --config /nowhere --config CONFIG abc12345",
        "sessions --config CONFIG show -- abc12345",
    ],
)
def test_configuration_is_named_before_or_after_a_command_and_the_last_one_wins(home: Home, line: str) -> None:
    assert told(home, line) == (0, "")


def test_configuration_may_be_joined_by_an_equals_sign(home: Home) -> None:
    assert home.start("sessions", "show", f"--config={home.config}", "abc12345").code == 0


def test_nothing_is_an_option_behind_two_dashes(home: Home) -> None:
    assert home.run("sessions", "add", "--student", "1" * 18, "--coach", "2" * 18, "--start", "2099-01-01T00:00Z",
                    "--id", "x1").code == 0  # fmt: skip
    code, said = told(home, "explain --config CONFIG -- --config")
    assert (code, "goes by --config" in said) == (1, True)


def test_value_that_looks_like_an_option_is_left_alone(home: Home) -> None:
    assert home.book("x2", "--student-name", "--verbose", "--coach-name", "-v").code == 0
    fields = home.run("sessions", "show", "x2", "--json").json
    assert (fields["studentName"], fields["coachName"]) == ("--verbose", "-v")


BUG = """
from coachsync.cli.commands import status
def broken(*_, **__):
    raise ZeroDivisionError
status.chosen_now = broken
"""


@pytest.mark.parametrize(
    ("line", "traced"), [("-v status", 1), ("status -v", 1), ("status --verbose", 1), ("status", 0)]
)
def test_verbose_is_heard_on_either_side(home: Home, line: str, traced: int) -> None:
    done = home.run(*line.split(), inject=BUG)
    assert (done.code, done.err.count("Traceback")) == (70, traced)


@pytest.mark.parametrize("line", ["--version", "run --version", "sessions list --version", "--version run"])
def test_version_is_told_anywhere(home: Home, line: str) -> None:
    assert home.start(*line.split()).out == f"coachsync {__version__}\n"


MISTAKES = {
    "stauts": "`coachsync status`",
    "sessions lst": "`coachsync sessions list`",
    "sessions --config CONFIG lst": "`coachsync sessions list`",
    "--config CONFIG stauts": "`coachsync status`",
    "STATUS": "`coachsync status`",
    "list": "`coachsync sessions list`",
    "status --al": "--all",
    "status --jsno": "--json",
    "--dry-run run": "`coachsync run --dry-run`",
    "--now 2026-10-14T11:00Z status": "`coachsync status --now WHEN`",
    "explain -abc12345": "`coachsync explain -- -abc12345`",
    "status abc -x": "`coachsync status -- -x`",
    "--config CONFIG": "`coachsync --help`",
    "sessions -v": "`coachsync sessions --help`",
    "explain": "coachsync explain SESSION",
    "sessions add": "--student ID",
    "run --wait soon": "`coachsync run --help`",
    "run --config": "--config",
    "run a b": "`coachsync run --help`",
    "status --all=1": "--all",
    "status --log-format xml": "`coachsync status --help`",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_mistake_is_told_in_two_lines_with_what_to_type(home: Home, line: str) -> None:
    code, said = told(home, line)
    lines = said.splitlines()
    assert (code, [text.partition(":")[0] for text in lines]) == (2, ["error", "hint"])
    assert MISTAKES[line] in lines[1]
    assert "<" not in said


FOLLOWED = [line for line in MISTAKES if MISTAKES[line].startswith("`") and "WHEN" not in MISTAKES[line]]


@pytest.mark.parametrize("line", FOLLOWED)
def test_hint_followed_to_the_letter_is_no_wrong_usage(home: Home, line: str) -> None:
    typed = re.findall(r"`coachsync ([^`]+)`", told(home, line)[1])[0]
    assert home.run(*shlex.split(typed)).code != 2


@pytest.mark.parametrize("line", ["timeline --svg=", "timeline --html=", "run --dry-run --out=", "run --plan="])
def test_empty_name_of_a_file_is_refused_and_said_to_be_empty(home: Home, line: str) -> None:
    option = line.split()[-1].rstrip("=")
    assert told(home, f"{line} --config CONFIG") == (
        2,
        f"error: {option} names no file: its value is empty\nhint: name a file: {option} FILE\n",
    )


@pytest.mark.parametrize(("line", "works"), [("run --quiet", True), ("init", False), ("wait abc12345", False)])
def test_interrupted_command_says_that_runs_go_on_only_if_it_is_one(
    line: str, works: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Invocation()
    said.arguments = tuple(line.split())
    assert _report(KeyboardInterrupt(), said) == 130
    assert ("the next run goes on" in capsys.readouterr().err) is works


def test_id_that_is_too_long_is_said_to_be_too_long(home: Home) -> None:
    refused = home.book("x" * 201)
    assert (refused.code, "at most 200" in refused.err) == (2, True)
