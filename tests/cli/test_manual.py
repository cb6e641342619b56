"""What `--help` shows, of every command: whole words, nothing of the libraries', examples that can be typed."""

from __future__ import annotations

import re
import shlex
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pexpect
import pytest
import typer

from coachsync.cli.app import PARTS, build, every_command
from coachsync.cli.context import Invocation
from coachsync.cli.frame import LazyGroup
from coachsync.cli.manual import manual_of
from coachsync.report.manual import Manual, manual_lines, manual_text
from coachsync.report.table import Canvas
from tests.kit.home import Home

ROOT = build()
COMMANDS: dict[str, Any] = {"": ROOT, "sessions": ROOT.whole("sessions"), **dict(every_command())}
WIDTHS = (60, 80, 100)
LIBRARY = re.compile(r"<\w+>|\[default: \(|TEXT|BOOLEAN|INTEGER|FLOAT|\[OPTIONS\] \[OPTIONS\]|None|False|\\b")


@cache
def page(name: str) -> Manual:
    """Return a command's page."""
    above = typer.Context(ROOT, info_name="coachsync", obj=Invocation())
    for part in name.split():
        above = typer.Context(COMMANDS[name], info_name=part, parent=above)
    return manual_of(COMMANDS[name], above)


@pytest.fixture
def bare(tmp_path: Path) -> Home:
    """Return a home with nothing in it."""
    return Home(tmp_path)


def words(manual: Manual) -> set[str]:
    """Return every word of a page as it was written."""
    told = [manual.usage, *manual.about, *manual.examples, *manual.below]
    for listing in manual.listings:
        told += [listing.title, *(text for row in listing.rows for text in row)]
    return {word for text in told for word in text.split()}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_is_wider_than_the_terminal_and_no_word_broken(name: str, width: int) -> None:
    lines = manual_lines(page(name), width)
    assert [line for line in lines if len(line) > width] == []
    shown = {part for line in lines for part in line.split()} - {"Usage:", "Example:", "Examples:", "\\"}
    assert {word for word in shown if word.rstrip(":") not in words(page(name))} - words(page(name)) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_boxes_hold_the_same_words_and_end_where_the_terminal_does(name: str) -> None:
    plain, boxed = "\n".join(manual_lines(page(name), 76)), manual_text(page(name), Canvas(80, False, True))
    assert {len(line) for line in boxed.splitlines() if line[:1] in ("│", "╭", "╰")} <= {80}
    inside = re.sub(r"[│╭╮╰╯─\\]", " ", boxed)
    assert sorted(re.sub(r"\\|:$", "", w) for w in plain.split() if w != "\\") == sorted(
        re.sub(r":$", "", w) for w in inside.split()
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_colour_changes_no_letter(name: str) -> None:
    coloured = manual_text(page(name), Canvas(80, True, True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == manual_text(page(name), Canvas(80, False, True))


@pytest.mark.parametrize("name", COMMANDS)
def test_page_shows_nothing_of_the_libraries(name: str) -> None:
    assert LIBRARY.findall("\n".join(manual_lines(page(name), 100))) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_told_of(name: str) -> None:
    assert [row[0] for listing in page(name).listings for row in listing.rows if len(row[1]) < 10] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_page_has_an_example_of_its_command(name: str) -> None:
    assert [example for example in page(name).examples if f"coachsync {name}".strip() in example] != []


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [60, 100])
def test_examples_can_be_typed_as_they_are_shown(name: str, width: int) -> None:
    text = "\n".join(manual_lines(page(name), width)).partition("\nExample")[2].partition("\n\n")[0]
    shown = re.sub(r" \\\n\s+", " ", text.partition("\n")[2]).splitlines()
    assert [shlex.split(line) for line in shown] == [shlex.split(example) for example in page(name).examples]


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_parse(name: str) -> None:
    for example in page(name).examples:
        for call in re.split(r"[|>]", example):
            if call.split()[:1] == ["coachsync"]:
                parse(ROOT, shlex.split(call)[1:])


def parse(command: Any, typed: list[str]) -> None:
    """Read a command line to its end; raise what Typer raises."""
    ctx = command.make_context("coachsync", typed, obj=None) if typed else None
    if ctx is not None and isinstance(command, LazyGroup):
        inner = next(at for at, word in enumerate(typed) if word in command.commands)
        parse(command.whole(typed[inner]), typed[inner + 1 :])


def test_every_command_is_under_a_question_or_shown_last() -> None:
    shown = [name for listing in page("").listings if "Options" not in listing.title for name, _ in listing.rows]
    assert sorted(shown) == sorted(ROOT.commands)
    assert shown[0] == next(iter(PARTS.values()))[0]


def test_options_for_all_commands_are_listed_once() -> None:
    listed = [
        name for name in COMMANDS for listing in page(name).listings for row in listing.rows if "--config" in row[0]
    ]
    assert listed == [""]
    assert [name for name in COMMANDS if name and "--config" not in " ".join(page(name).below)] == []


RUN_60 = """\
Usage: coachsync run [OPTIONS]

Do every cleanup, setup and repair that is due now: one
tick. This is what cron calls.

Options:
      --dry-run       Decide and show; send and change
                      nothing.
      --now WHEN      Act as if it were WHEN: ISO 8601 with
                      offset, or epoch milliseconds.
      --json          Print one JSON document.
  -q, --quiet         Print what is wrong alone, and of a
                      run only what is new: what a crontab
                      wants.
      --wait SECONDS  Wait this long for another run to end.
                      [default: 0]
"""


def test_run_at_60_columns(bare: Home) -> None:
    shown = bare.start("run", "--help", COLUMNS="60")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(RUN_60)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_boxes_are_drawn_on_a_terminal_and_no_colour_takes_colour_alone(bare: Home, columns: int) -> None:
    shown: dict[str, str] = {}
    for colour in ("", "1"):
        environ = bare.environ({"TERM": "xterm", "NO_COLOR": colour, "COLUMNS": str(columns)})
        command = [sys.executable, "-m", "coachsync", "wait", "--help"]
        shown[colour] = str(pexpect.run(shlex.join(command), env=environ, dimensions=(60, columns), encoding="utf-8"))
    assert shown["1"] == re.sub(r"\x1b\[[0-9;]*m", "", shown[""]) != shown[""]
    assert max(map(len, shown["1"].splitlines())) == min(columns, 100)
    assert "╭─  Options  ─" in shown["1"]


ADD_60 = """\
Example:
  coachsync sessions add --student 1100000000000000010 \\
      --coach 1100000000000000011 \\
      --start "2026-10-14 13:00" --tz America/New_York \\
      --duration 90m
"""


def test_long_example_goes_on_below_between_options(bare: Home) -> None:
    assert ADD_60 in bare.start("sessions", "add", "-h", COLUMNS="60").out


@pytest.mark.parametrize("name", ["", "sessions"])
def test_without_a_command_the_page_is_shown(bare: Home, name: str) -> None:
    assert bare.start(*name.split()) == bare.start(*name.split(), "--help")
