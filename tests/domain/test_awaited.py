"""When a session is open or closed, when it may yet be, and when it cannot be any more."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.domain.awaited import Goal, Verdict, judge
from coachsync.domain.case import Case
from coachsync.domain.failure import Failure
from coachsync.domain.model import DAY, HOUR, MINUTE, Entry, Millis, Session
from tests.domain.build import (
    BROKEN,
    END,
    LATE,
    OPENS,
    OTHER_GUILD,
    OVER,
    PUNCTUAL,
    SOMEBODY,
    START,
    a_pause,
    a_session,
    an_entry,
    closed_entry,
    facts,
    marked,
)

IN_WINDOW = OPENS + 10 * MINUTE
ABSENT = Failure("unknown_member", "the student is not in the guild", "ask them to join")


def verdict(goal: Goal, session: Session, entry: Entry | None = None, now: Millis = IN_WINDOW, **about: Any) -> Verdict:
    """Return how far a session is for somebody who waits ten minutes."""
    error = about.pop("error", None)
    return judge(Case.of(session, entry, facts(now, **about)), goal, now + 10 * MINUTE, error)


def told(found: Verdict) -> tuple[str, str | None]:
    """Return the hope and the failure's code."""
    return found.hope, found.failure.code if found.failure is not None else None


OPEN = an_entry(a_session())


@pytest.mark.parametrize(
    ("session", "entry", "now", "expected"),
    [
        (marked(a_session()), OPEN, IN_WINDOW, ("reached", None)),
        (a_session(), None, IN_WINDOW, ("waiting", None)),
        (a_session(), None, OPENS - DAY, ("waiting", None)),
        (a_session(), an_entry(a_session(), state="opening"), IN_WINDOW, ("waiting", None)),
        (marked(a_session(student=SOMEBODY)), OPEN, IN_WINDOW, ("waiting", None)),
        (marked(a_session(student=None)), OPEN, IN_WINDOW, ("waiting", None)),
        (marked(a_session(start=START + DAY)), OPEN, IN_WINDOW, ("waiting", None)),
        (marked(a_session(guild_id=OTHER_GUILD)), OPEN, IN_WINDOW, ("waiting", None)),
        (marked(a_session(status="CANCELLED")), OPEN, IN_WINDOW, ("never", "not_bookable")),
        (a_session(status="NO_SHOW"), None, IN_WINDOW, ("never", "not_bookable")),
        (a_session(flaw=BROKEN), None, IN_WINDOW, ("never", "invalid")),
        (a_session(), None, END, ("never", "ended")),
        (a_session(), closed_entry(a_session(), "operator"), IN_WINDOW, ("never", "not_bookable")),
        (a_session(start=START + HOUR), closed_entry(a_session(), "operator"), IN_WINDOW + HOUR, ("waiting", None)),
    ],
)
def test_open_is_judged_by_the_booking_as_it_is_now(
    session: Session, entry: Entry | None, now: Millis, expected: tuple[str, str | None]
) -> None:
    assert told(verdict("open", session, entry, now)) == expected


@pytest.mark.parametrize(
    ("session", "entry", "now", "expected"),
    [
        (marked(a_session()), OPEN, IN_WINDOW, ("waiting", None)),
        (marked(a_session()), OPEN, OVER, ("waiting", None)),
        (a_session(status="COMPLETED", cleaned_up=True), closed_entry(a_session(), "end"), OVER, ("reached", None)),
        (marked(a_session(status="CANCELLED")), OPEN, IN_WINDOW, ("waiting", None)),
        (a_session(status="CANCELLED"), None, IN_WINDOW, ("reached", None)),
        (a_session(), closed_entry(a_session(), "revoked"), IN_WINDOW, ("waiting", None)),
        (a_session(), closed_entry(a_session(), "operator"), IN_WINDOW, ("reached", None)),
        (a_session(), None, IN_WINDOW, ("waiting", None)),
        (a_session(), None, END, ("reached", None)),
    ],
)
def test_closed_means_that_nothing_is_left_and_nothing_comes(
    session: Session, entry: Entry | None, now: Millis, expected: tuple[str, str | None]
) -> None:
    assert told(verdict("closed", session, entry, now)) == expected


def test_session_without_catch_up_that_missed_its_window_is_never_open() -> None:
    assert told(verdict("open", a_session(), now=LATE + 1, policy=PUNCTUAL)) == ("never", "missed")


@pytest.mark.parametrize(("until", "hope"), [(9 * MINUTE, "waiting"), (11 * MINUTE, "never")])
def test_pause_beyond_the_time_out_ends_all_hope(until: Millis, hope: str) -> None:
    pauses = (a_pause(until=IN_WINDOW + until),)
    assert told(verdict("open", a_session(), pauses=pauses)) == (hope, "paused")


def test_pause_without_removals_does_not_keep_a_room_from_closing() -> None:
    for removals, expected in ((False, ("waiting", None)), (True, ("never", "paused"))):
        pauses = (a_pause(removals=removals),)
        assert told(verdict("closed", marked(a_session()), OPEN, OVER, pauses=pauses)) == expected


def test_session_that_is_open_is_open_although_it_is_paused() -> None:
    assert verdict("open", marked(a_session()), OPEN, pauses=(a_pause(),)).hope == "reached"


def test_what_the_last_run_failed_with_is_the_reason() -> None:
    found = verdict("open", a_session(), an_entry(a_session(), state="opening"), error=ABSENT)
    assert (found.reason, found.hint, found.failure) == (ABSENT.message, ABSENT.hint, ABSENT)
