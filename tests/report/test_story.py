"""A session's story: what is said of what happened, and of what comes next."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from coachsync.domain.case import Case, Facts
from coachsync.domain.failure import Failure
from coachsync.domain.happenings import fold
from coachsync.domain.model import HOUR, MINUTE, Entry, Event, Grant, Millis, Person, Resource, Session
from coachsync.report.moments import Moments
from coachsync.report.screen import screen
from coachsync.report.story import SessionStory, plain_lines, sections, told
from coachsync.report.table import Canvas
from coachsync.standing.row import Known, row_of
from coachsync.store.leases import LeaseHolder
from tests.domain.build import COACH, GUILD, POLICY, START, STUDENT, a_session, an_entry

NAMED = (Person(STUDENT, "student", "Nadja Petrova"), Person(COACH, "coach", "Coach Mike"))
ABSENT = Failure("unknown_member", f"the student ({STUDENT}) is not in the guild", "invite them")
OPEN_AT = START - 2 * HOUR


def event(at: Millis, what: str, outcome: str = "done", detail: str = "", failure: Failure | None = None) -> Event:
    return Event(at, "abc12345", what, outcome, detail, failure)


def failed(at: Millis, failure: Failure = ABSENT) -> Event:
    return event(at, "setup", "failed", failure=failure)


def named(**changes: Any) -> Session:
    return a_session()._replace(**{"people": NAMED} | changes)


def a_story(
    entry: Entry | None, *events: Event, now: Millis = OPEN_AT, booked: bool = True, **changes: Any
) -> tuple[SessionStory, Moments]:
    session = named(**changes)
    case = Case.of(session, entry, Facts(now, POLICY))
    error = next((e for e in reversed(events) if e.failure is not None), None)
    return SessionStory(row_of(case, Known(error)), case, events, booked), Moments(now)


def plain(story: SessionStory, moments: Moments) -> str:
    return "\n".join(plain_lines(sections(story, moments)))


def opened(session: Session) -> Entry:
    """Return the entry of a session whose coach alone is in."""
    entry = an_entry(session, state="opening")
    entry.people = session.people
    entry.resources = [Resource("channel", "🎤 coaching-abc12345", GUILD, "made", 1, 1, "1600000000000000001", OPEN_AT)]
    entry.grants = [Grant(COACH, "granted", OPEN_AT)]
    return entry


def test_equal_failures_are_told_once_with_how_often_and_when_last() -> None:
    events = [failed(OPEN_AT + n * 15 * MINUTE) for n in range(8)]
    (happening,) = fold(events)
    assert (happening.event.at, happening.times, happening.last) == (OPEN_AT, 8, OPEN_AT + 105 * MINUTE)


def test_failures_after_something_was_done_are_told_anew() -> None:
    events = [failed(1), failed(2), event(3, "channel made"), failed(4), failed(5)]
    assert [(h.event.what, h.times) for h in fold(events)] == [("setup", 2), ("channel made", 1), ("setup", 2)]


def test_failures_that_take_turns_are_each_told_once() -> None:
    other = Failure("unreachable", "no answer", "wait")
    assert [h.times for h in fold([failed(1), failed(2, other), failed(3), failed(4, other)])] == [2, 2]


def test_absence_is_not_told_beside_the_failure_that_says_so() -> None:
    events = [event(1, "let in", "not in the guild", STUDENT), failed(1)]
    assert [h.event.what for h in fold(events)] == ["setup"]


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        (event(1, "let in", "done", COACH), "Coach Mike (the coach) was let in"),
        (event(1, "let in", "done", "1500000000000000099"), "somebody (1500000000000000099) was let in"),
        (event(1, "sent away", "done", STUDENT), "Nadja Petrova (the student) lost access"),
        (event(1, "channel made", "done", "🎤 x (y) (160)"), "the room 🎤 x (y) was made"),
        (event(1, "role gone", "done", "Session x (160)"), "the role Session x was found to be gone"),
        (event(1, "role asked for", "lost", "Session x"), "the answer to the request for the role Session x was lost"),
        (event(1, "channel renamed", "done", "a → b"), "the room was renamed: a → b"),
        (event(1, "cleanup", "done", "ended 1 h 0 min ago"), "cleanup done: ended 1 h 0 min ago"),
        (event(1, "cancelled by hand, was", "done", "SCHEDULED"), "cancelled by hand, was SCHEDULED"),
        (event(1, "everyone's deny put back", "done", "1 in 2"), "everyone's deny put back: 1 in 2"),
        (failed(1), "setup failed: Nadja Petrova (the student) is not in the guild (unknown_member)"),
        (event(1, "something\x1b[2J", "new", "\u202e"), "something\\x1b[2J new: \\u202e"),
    ],
)
def test_event_is_told_in_words_with_names(happened: Event, words: str) -> None:
    assert told(happened, NAMED) == words


def test_story_names_people_before_ids_and_says_what_the_next_run_will_do() -> None:
    session = named()
    text = plain(*a_story(opened(session), failed(OPEN_AT)))
    assert text.startswith("session  Nadja Petrova with Coach Mike\n")
    assert "https://discord.com/channels/" in text
    assert "blocked by  Nadja Petrova (the student) is not in the guild (unknown_member)" in text
    assert "remedy      invite them" in text
    assert "the next run tries again to let in the student" in text
    assert f"student  Nadja Petrova: not let in (Discord id {STUDENT})" in text


@pytest.mark.parametrize(
    ("changes", "now", "words"),
    [
        ({}, START - 5 * HOUR, "the first run from "),
        ({}, OPEN_AT, "the next run opens its room"),
        ({}, START + 2 * HOUR, "nothing: it has ended already: it gets no room"),
        ({"status": "CANCELLED"}, OPEN_AT, "nothing: its status CANCELLED gets no room; `coachsync sessions restore"),
        ({"status": "PENCILLED"}, OPEN_AT, "nothing: its status PENCILLED gets no room"),
        ({"flaw": ABSENT}, OPEN_AT, "nothing: its row is invalid, so it gets no room: the student"),
    ],
)
def test_what_comes_next_of_a_session_without_a_room(changes: dict[str, Any], now: Millis, words: str) -> None:
    assert words in plain(*a_story(None, now=now, **changes))


def test_way_back_from_a_cancellation_is_shown_only_while_it_leads_back() -> None:
    assert "sessions restore" not in plain(*a_story(None, now=START + 9 * HOUR, status="CANCELLED"))


@pytest.mark.parametrize(
    ("changes", "now", "words"),
    [
        ({}, START, "its room stays until "),
        ({"status": "CANCELLED"}, OPEN_AT, "the next run removes its room"),
        ({"start": START + 9 * HOUR, "end": START + 10 * HOUR}, OPEN_AT, "the next run takes its room away: the book"),
        ({"people": NAMED[:1]}, OPEN_AT, "no longer lets in who left: "),
    ],
)
def test_what_comes_next_of_a_session_whose_room_is_open(changes: dict[str, Any], now: Millis, words: str) -> None:
    entry = an_entry(named())
    assert words in plain(*a_story(entry, now=now, **changes))


def test_story_of_a_booking_that_is_gone_says_so() -> None:
    entry = an_entry(named(), state="closed", closed_by="end")
    text = plain(*a_story(entry, now=START + 3 * HOUR, booked=False, status=""))
    assert "the booking is gone from the store, this is what the ledger remembers" in text
    assert "nothing: its booking is gone, and so is its room" in text


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
def test_story_on_a_terminal_breaks_no_word(width: int, unicode: bool) -> None:
    story, moments = a_story(opened(named()), *[failed(OPEN_AT)] * 3)
    moments = moments._replace(zone=ZoneInfo("Europe/Berlin"))
    shown = screen(sections(story, moments), Canvas(width, colour=False, unicode=unicode)).splitlines()
    assert max(cell_len(line) for line in shown if not line.startswith("https://")) <= width
    words = {word for part in sections(story, moments) for line in part.lines for word in line.text.split()}
    assert words <= {word for line in shown for word in line.split()}


def test_hosts_are_named_if_there_are_several_and_once_for_what_repeats() -> None:
    steps = [event(OPEN_AT, "role made", detail="Session (1)")._replace(host="alpha")]
    steps += [failed(OPEN_AT + n * MINUTE)._replace(host=host) for n, host in enumerate(("alpha", "beta", "alpha"))]
    story, moments = a_story(None, *steps)
    assert "on alpha" not in plain(story, moments)
    told = plain(story._replace(hosts=True), moments)
    assert "the role Session was made, on alpha" in told
    assert "(unknown_member), on alpha and beta, 3 times" in told


def test_host_that_works_with_the_guild_s_bot_is_named() -> None:
    story, moments = a_story(None)
    holder = LeaseHolder("9", "beta", OPEN_AT, OPEN_AT + MINUTE, 0)
    told = plain(story._replace(holder=holder), moments)
    assert "host beta works with the bot of its guild, since 2026-" in told
