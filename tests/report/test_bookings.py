"""The bookings, and one booking's fields, on a terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from coachsync.domain.case import Case, Facts
from coachsync.domain.model import DAY, HOUR, Session
from coachsync.report.bookings import bookings_grid, fields_screen
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas
from coachsync.standing.row import Known, StatusRow, row_of
from tests.domain.build import POLICY, START, a_session

LONG = "0192d1f4-7c3b-7e30-b6a1-3a5b5cd6n9g5"
NOW = START - 2 * HOUR
HERE = Moments(NOW, ZoneInfo("Europe/Berlin"))


def row(session: Session) -> StatusRow:
    return row_of(Case.of(session, None, Facts(NOW, POLICY)), Known())


ROWS = [
    row(a_session(LONG, student_name="Bartholomäus von Hohenstein")),
    row(a_session("xyz54321", start=START + DAY, student_name="山田 太郎", coach_name="Coach Mike")),
]


def drawn(width: int) -> str:
    return bookings_grid(ROWS, HERE, Canvas(width, colour=False, unicode=True))


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_bookings_fit_the_terminal_a_line_or_two_each(width: int) -> None:
    lines = drawn(width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert lines[0].split()[:2] == ["WHEN", "LASTS"]


@pytest.mark.parametrize(("width", "shown"), [(60, "5cd6n9g5"), (80, "5cd6n9g5"), (120, LONG)])
def test_long_id_is_shown_whole_if_it_fits_else_as_its_short_name(width: int, shown: str) -> None:
    assert shown in drawn(width).split()


def test_bookings_show_local_times() -> None:
    assert "today 15:00" in drawn(80)


def test_fields_show_the_start_as_a_local_time_and_as_it_is_stored() -> None:
    fields = {"_id": "x", "scheduledDate": START, "note": "", "odd": b"\x00", "when": START}
    shown = fields_screen(fields, HERE, Canvas(80, colour=False, unicode=True))
    assert f"scheduledDate  today 15:00, in 2 h 0 min ({START})" in shown
    assert f"when           {START}" in shown
    assert 'note           ""' in shown


@pytest.mark.parametrize("start", [None, "soon", 4097206800, True])
def test_start_that_is_none_is_shown_as_it_is_stored(start: object) -> None:
    assert str(start) in fields_screen({"scheduledDate": start}, HERE, Canvas(80, colour=False, unicode=True))


def test_each_participant_stands_on_a_line_of_its_own() -> None:
    people = [{"discordId": "1100000000000000010", "kind": "student", "name": "Jürgen"}, {"kind": "coach"}]
    shown = fields_screen({"participants": people}, HERE, Canvas(100, colour=False, unicode=True)).split("\n")
    assert [line.strip() for line in shown if line.strip()] == [
        'participants  {"discordId": "1100000000000000010", "kind": "student", "name": "Jürgen"}',
        '{"kind": "coach"}',
    ]
