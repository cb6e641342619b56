"""The tables for a terminal."""

from __future__ import annotations

import pytest

from coachsync.domain.failure import Failure
from coachsync.report.table import Canvas, report_table, status_table
from coachsync.standing.row import StatusRow
from tests.report.builders import NOW, START, a_failure, a_report, a_session, an_outcome

PLAIN = Canvas(140, colour=False, unicode=True)


def test_table_tells_what_was_done_for_whom_and_when() -> None:
    drawn = report_table(a_report(an_outcome()), PLAIN)
    assert [word for word in ("done", "setup", "abc12345", "John Doe", "Coach Sarah", "UTC") if word not in drawn] == []


def test_table_tells_what_failed_and_what_to_do() -> None:
    drawn = report_table(a_report(an_outcome(error=a_failure())), PLAIN)
    assert "the student is not in the guild" in drawn
    assert "send the student the invite" in drawn


def test_table_shows_markup_and_escapes_as_text() -> None:
    drawn = report_table(a_report(an_outcome(a_session(student_name="[red]J[/red]\x1b[5m:smile:"))), PLAIN)
    assert "[red]J[/red]\\x1b[5m:smile:" in drawn
    assert "\x1b" not in drawn


def test_table_keeps_to_ascii_when_the_terminal_does() -> None:
    assert report_table(a_report(an_outcome()), Canvas(140, colour=False, unicode=False)).isascii()


def test_table_is_one_line_when_nothing_was_due() -> None:
    assert report_table(a_report(), PLAIN) == "nothing was due"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_table_keeps_to_the_terminals_width(width: int) -> None:
    drawn = report_table(a_report(an_outcome(error=a_failure())), Canvas(width, colour=False, unicode=True))
    assert max(len(line) for line in drawn.splitlines()) <= width


def test_status_tells_what_comes_next_and_what_blocks() -> None:
    row = StatusRow(a_session(), None, "booked", "setup", START, Failure("unlinked", "no account", "link it"))
    drawn = status_table([row], NOW, PLAIN)
    assert [word for word in ("booked", "setup in 2 h 0 min", "no account") if word not in drawn] == []
