"""`status` in words: the line that answers first, the next steps, the line for monitors, and what is piped."""

from __future__ import annotations

import pytest

from coachsync.domain.model import HOUR, MINUTE, Entry
from coachsync.report.moments import Moments
from coachsync.report.status import check_line, first_line, next_words, severity, status_lines, tick_words
from coachsync.standing.health import LastTick
from tests.domain.build import an_entry
from tests.report.screens import NOW, SITUATIONS, at, booked, cause, view, waiting

SOON = booked("soon0001", at(10), "Nadja", "Mike")
LATER = booked("later001", at(9, day=27), "Emma", "Coach Mike")
PIPED = Moments(NOW)


@pytest.mark.parametrize(
    ("situation", "line"),
    [
        ("morning", "1 session needs you · 1 room open · next cleanup in 4 h 28 min · last tick 4 min ago"),
        ("all_well", "nothing needs you · 1 room open · next cleanup in 1 h 35 min · last tick 4 min ago"),
        ("empty", "nothing needs you · no room open · no tick yet"),
        ("outage", "5 sessions and 1 problem need you · no room open · last tick 2 h 40 min ago, exit 3, overdue"),
        (
            "odds",
            "nothing needs you · 1 note · 1 missed · no room open · next setup in 1 h 5 min · last tick 4 min ago",
        ),
    ],
)
def test_first_line_says_what_needs_a_person_what_is_open_and_what_comes(situation: str, line: str) -> None:
    assert " · ".join(first_line(SITUATIONS[situation]())) == line


def test_first_line_about_chosen_sessions_says_that_it_is_not_about_all() -> None:
    assert first_line(view([(SOON, None)])._replace(chosen=True))[0] == "only soon0001: nothing needs you"


def test_first_line_counts_a_session_of_two_causes_once() -> None:
    causes = [cause("unknown_user", "m", "h", SOON), cause("access_unproven", "m", "h", SOON)]
    assert first_line(view([(SOON, None)], causes))[0] == "1 session needs you"


def test_first_line_counts_who_is_late_although_no_run_has_seen_it() -> None:
    late = booked("late0001", at(8), "Nadja", "Mike")
    assert first_line(view([(late, None)]))[0] == "1 session needs you"


def test_first_line_tells_what_the_next_run_has_to_do() -> None:
    assert "1 setup due" in first_line(view([(SOON, None), (LATER, None)]))


@pytest.mark.parametrize(
    ("tick", "told"),
    [
        (None, "no tick yet"),
        (LastTick(NOW - 5 * MINUTE, NOW - 4 * MINUTE, 0, 4 * MINUTE, False), "last tick 4 min ago"),
        (LastTick(NOW - 5 * MINUTE, NOW - 4 * MINUTE, 1, 4 * MINUTE, False), "last tick 4 min ago"),
        (LastTick(NOW - HOUR, NOW - HOUR, 0, HOUR, True), "last tick 1 h 0 min ago, overdue"),
        (LastTick(NOW - MINUTE, NOW - MINUTE, 70, MINUTE, False), "last tick 1 min ago, exit 70"),
        (LastTick(NOW - MINUTE, None, None, MINUTE, False), "last tick began 1 min ago"),
    ],
)
def test_last_tick_is_told_with_what_is_odd_about_it(tick: LastTick | None, told: str) -> None:
    assert tick_words(tick, PIPED) == told


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, "opens next run"),
        (an_entry(SOON), "closes 12:00"),
        (waiting(SOON), "student, every run"),
        (an_entry(SOON, state="opening", grants=[]), "student and coach, every run"),
        (an_entry(SOON, resources=[]), "closes 12:00"),
    ],
)
def test_next_step_is_called_by_what_it_does(entry: Entry | None, words: str) -> None:
    shown = view([(SOON, entry)])
    assert next_words(shown.rows[0], shown.when) == words


def test_paused_session_waits_for_no_run() -> None:
    for entry in (None, waiting(SOON)):
        shown = view([(SOON, entry)], [cause("paused", "it is paused", "`coachsync resume`", SOON)])
        assert next_words(shown.rows[0], shown.when) == "paused"


def test_session_whose_pause_ends_in_time_opens_then() -> None:
    shown = view([(SOON, None)], [cause("paused", "it is paused", "`coachsync resume`", SOON)])
    assert next_words(shown.rows[0]._replace(next_at=at(9)), shown.when) == "opens 09:00"


def test_session_that_is_over_before_its_pause_is_paused() -> None:
    shown = view([(LATER, None)])
    assert next_words(shown.rows[0]._replace(next_action=None, next_at=None), shown.when) == "paused"


@pytest.mark.parametrize(
    ("entry", "how"),
    [(None, "none"), (an_entry(SOON), "fine"), (waiting(SOON), "soon"), (an_entry(SOON, resources=[]), "late")],
)
def test_session_is_never_marked_as_fine_if_it_is_not(entry: Entry | None, how: str) -> None:
    assert severity(view([(SOON, entry)]).rows[0]) == how
    assert (
        severity(view([(SOON, entry)], [cause("room_open_to_others", "m", "h", SOON, urgency="late")]).rows[0])
        == "late"
    )


# for monitors


def test_line_for_monitors_says_that_all_is_well_and_what_comes() -> None:
    assert check_line(SITUATIONS["all_well"]()) == (
        "ok: 1 room open, next cleanup in 1 h 35 min, last tick 4 min ago",
        True,
    )


def test_line_for_monitors_tells_the_most_urgent_cause_and_how_many_more() -> None:
    soon = cause("unlinked", "the coach has no account", "link it", LATER)
    late = cause("unknown_member", "the student is not in the guild", "invite them", SOON, urgency="late")
    shown = view([(SOON, None), (LATER, None)], [soon, late])
    assert check_line(shown) == (
        "late: Nadja with Mike, Thu 26 Nov 10:00 CET, in 2 h 5 min:"
        " the student is not in the guild (unknown_member); and 1 more",
        False,
    )
    line, well = check_line(view([(LATER, None)], [soon]))
    assert (line.partition(":")[0], well) == ("failing", False)


def test_what_is_only_noted_is_ok_for_monitors() -> None:
    assert check_line(SITUATIONS["odds"]())[1] is True


def test_line_for_monitors_is_one_line_whatever_stands_in_it() -> None:
    odd = cause("unknown_user", "a\nb\x1b[2J", "h", booked("x", at(9), "a\nb", "c"))
    assert check_line(view([], [odd]))[0].isprintable()


# piped


def test_piped_lines_answer_first_then_tell_causes_then_sessions() -> None:
    piped = SITUATIONS["morning"]()._replace(when=PIPED)
    assert list(status_lines(piped)) == [
        "1 session needs you · 1 room open · next cleanup in 4 h 28 min · last tick 4 min ago",
        "soon: d6n9g503 start 2026-11-26T09:03:00Z for Bartholomäus von Hohenstein and Coach Sarah, since"
        " 2026-11-26T06:54:00Z (1 min ago): the student is no Discord user (1575419315937607999) (unknown_user)",
        "  remedy: correct the Discord id in the booking; the next run lets them in",
        "setup_due d6n9g503 start 2026-11-26T09:03:00Z end 2026-11-26T10:03:00Z for Bartholomäus von Hohenstein and"
        " Coach Sarah, room waiting for student, next setup 2026-11-26T06:03:00Z",
        "active abc12345 start 2026-11-26T09:23:00Z end 2026-11-26T10:23:00Z for John and Coach Sarah, room open,"
        " next cleanup 2026-11-26T11:23:00Z",
        "booked xyz54321 start 2026-11-27T08:00:00Z end 2026-11-27T09:00:00Z for Emma and Coach Mike,"
        " next setup 2026-11-27T05:00:00Z",
    ]


def test_piped_list_of_nothing_says_so() -> None:
    assert list(status_lines(SITUATIONS["empty"]())) == [
        "nothing needs you · no room open · no tick yet",
        "no session is live, coming or less than 7 days past",
    ]
