"""`coachsync help`: the guide, and what commands take."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect
import pytest

import coachsync
from coachsync.cli.app import ENTRIES
from coachsync.cli.commands.help import TOPICS
from tests.kit.home import Home

PAGES = {path.stem: path for path in (Path(coachsync.__file__).parent / "guide").glob("*.md")}


@pytest.fixture
def bare(tmp_path: Path) -> Home:
    """Return a home with nothing in it."""
    return Home(tmp_path)


def test_every_page_of_the_guide_is_a_topic() -> None:
    assert PAGES.keys() == {name for name, topic in TOPICS.items() if topic.markdown}


def test_no_topic_goes_by_a_commands_name() -> None:
    assert {entry.name for entry in ENTRIES} & TOPICS.keys() == set()


def test_help_lists_the_topics_on_60_columns(bare: Home) -> None:
    done = bare.start("help")
    assert [name for name in TOPICS if f"\n  {name} " not in done.out] == []
    assert max(map(len, done.out.splitlines())) <= 60


@pytest.mark.parametrize("topic", sorted(PAGES))
def test_topic_is_the_files_text_when_piped(bare: Home, topic: str) -> None:
    assert bare.start("help", topic) == (0, PAGES[topic].read_text("utf-8"), "")


def on_a_terminal(home: Home, *arguments: str, **environ: str) -> str:
    """Return what a command shows on a terminal of 60 columns."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "coachsync", *arguments],
        env=home.environ({"TERM": "xterm", "COLUMNS": "60"} | environ),
        encoding="utf-8",
        dimensions=(50, 60),
        timeout=30,
    )
    child.expect(pexpect.EOF)
    return str(child.before)


def test_topic_is_drawn_on_a_terminal_without_its_marks(bare: Home) -> None:
    shown = on_a_terminal(bare, "help", "install")
    assert "\x1b[" in shown
    assert [mark for mark in ("```", "| --- |", "<!--", "](", "## ") if mark in shown] == []


@pytest.mark.parametrize("command", ["run", "sessions", "sessions add"])
def test_help_of_a_command_is_what_its_own_option_shows(bare: Home, command: str) -> None:
    words = command.split()
    assert bare.start("help", *words) == bare.start(*words, "--help")


@pytest.mark.parametrize(
    ("typed", "meant"), [("configurations", "configuration"), ("instal", "install"), ("stauts", "status")]
)
def test_help_asks_whether_something_alike_was_meant(bare: Home, typed: str, meant: str) -> None:
    done = bare.start("help", typed)
    assert (done.code, done.out) == (2, "")
    assert f"did you mean `coachsync help {meant}`?" in done.err


def test_help_of_something_unknown_names_the_list(bare: Home) -> None:
    done = bare.start("help", "xyzzy")
    assert (done.code, done.complaint) == (2, ["error", "hint"])
    assert "`coachsync help` lists the topics" in done.err


def test_help_needs_no_configuration_and_offers_topics_for_completion(bare: Home) -> None:
    environ = {"_COACHSYNC_COMPLETE": "complete_bash", "COMP_WORDS": "coachsync help con", "COMP_CWORD": "2"}
    assert bare.start(**environ).out.split() == ["configuration"]


def test_word_behind_a_topic_is_not_answered_with_the_same_topic_as_a_guess(bare: Home) -> None:
    done = bare.start("help", "json", "status")
    assert (done.code, "did you mean" in done.err, "takes no further word" in done.err) == (2, False, True)
