"""When: every bound to the millisecond, and every phase of a session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from freezegun import freeze_time

from coachsync.clock import host_now
from coachsync.domain.model import DAY, HOUR, MINUTE, Entry, Grant, Millis, Session
from coachsync.domain.windows import (
    Policy,
    cleanup_at,
    is_late,
    setup_window_open,
    window_opens,
)
from tests.domain.build import (
    BROKEN,
    COACH,
    END,
    LATE,
    OPENS,
    OTHER_GUILD,
    OVER,
    POLICY,
    PUNCTUAL,
    SOMEBODY,
    START,
    a_session,
    an_entry,
    case,
    closed_entry,
    marked,
)

BOOKED = a_session()


@pytest.mark.parametrize(
    ("now", "policy", "due"),
    [
        (OPENS - 1, POLICY, False),
        (OPENS, POLICY, True),
        (LATE, POLICY, True),
        (LATE + 1, POLICY, True),
        (START, POLICY, True),
        (END - 1, POLICY, True),
        (END, POLICY, False),
        (OPENS - 1, PUNCTUAL, False),
        (OPENS, PUNCTUAL, True),
        (LATE, PUNCTUAL, True),
        (LATE + 1, PUNCTUAL, False),
        (START, PUNCTUAL, False),
    ],
)
def test_setup_window_is_open_within_its_bounds(now: Millis, policy: Policy, due: bool) -> None:
    assert setup_window_open(BOOKED, policy, now) is due


@pytest.mark.parametrize(
    ("now", "policy", "late"),
    [
        (END - 1, POLICY, False),
        (END, POLICY, True),
        (LATE, PUNCTUAL, False),
        (LATE + 1, PUNCTUAL, True),
    ],
)
def test_session_is_late_when_no_run_can_serve_it_any_more(now: Millis, policy: Policy, late: bool) -> None:
    assert is_late(BOOKED, policy, now) is late


def test_window_opens_setup_opens_before_the_start() -> None:
    assert window_opens(BOOKED, POLICY) == START - 3 * HOUR


def test_cleanup_comes_cleanup_after_the_end() -> None:
    assert cleanup_at(BOOKED.end, POLICY._replace(cleanup_after=7)) == END + 7


@pytest.mark.parametrize(
    ("ahead", "moved"),
    [(3 * HOUR, False), (3 * HOUR + 1, True), (3 * HOUR - 1, False), (-HOUR, False)],
)
def test_moved_start_closes_the_window_only_past_setup_opens(ahead: Millis, moved: bool) -> None:
    session = a_session(start=START)
    entry = an_entry(a_session(start=START + DAY))
    assert case(session, entry, POLICY, START - ahead).moved_out is moved


def test_moved_out_is_false_when_the_start_is_the_one_of_setup() -> None:
    assert not case(BOOKED, an_entry(BOOKED), POLICY, OPENS - DAY).moved_out


def test_moved_out_is_false_when_nothing_is_open() -> None:
    entry = closed_entry(a_session(start=START + DAY), "cancelled")
    assert not case(BOOKED, entry, POLICY, OPENS - DAY).moved_out


CANCELLED = a_session(status="CANCELLED")
ODD = a_session(status="NO_SHOW")
INVALID = a_session(flaw=BROKEN)

PHASES: list[tuple[str, Session, Entry | None, Policy, Millis]] = [
    ("booked", BOOKED, None, POLICY, OPENS - 1),
    ("setup_due", BOOKED, None, POLICY, OPENS),
    ("setup_due", BOOKED, None, POLICY, END - 1),
    ("missed", BOOKED, None, POLICY, END),
    ("missed", BOOKED, None, POLICY, OVER + DAY),
    ("setup_due", BOOKED, None, PUNCTUAL, LATE),
    ("missed", BOOKED, None, PUNCTUAL, LATE + 1),
    ("setup_due", BOOKED, an_entry(BOOKED, state="opening"), POLICY, OPENS),
    ("setup_due", BOOKED, an_entry(BOOKED, state="opening"), PUNCTUAL, LATE + 1),
    ("setup_due", BOOKED, an_entry(BOOKED, state="opening"), POLICY, OVER - 1),
    ("setup_due", BOOKED._replace(role_id="14"), None, PUNCTUAL, LATE + 1),
    ("active", BOOKED, an_entry(BOOKED), POLICY, OPENS),
    ("active", BOOKED, an_entry(BOOKED), POLICY, OPENS - DAY),
    ("active", marked(BOOKED), None, POLICY, OVER - 1),
    ("cleanup_due", marked(BOOKED), None, POLICY, OVER),
    ("active", BOOKED, an_entry(BOOKED), POLICY, OVER - 1),
    ("cleanup_due", BOOKED, an_entry(BOOKED), POLICY, OVER),
    ("cleanup_due", BOOKED, an_entry(BOOKED, state="opening"), POLICY, OVER),
    ("cleanup_due", CANCELLED, an_entry(BOOKED), POLICY, OPENS),
    ("cleanup_due", CANCELLED._replace(role_id="14"), None, POLICY, OPENS),
    ("active", ODD, an_entry(BOOKED), POLICY, START),
    ("active", ODD, an_entry(BOOKED, state="opening"), POLICY, START),
    ("cleanup_due", ODD, an_entry(BOOKED), POLICY, OVER),
    ("cleaned", BOOKED, closed_entry(BOOKED, "end"), POLICY, OVER),
    ("cleaned", BOOKED._replace(cleaned_up=True), None, POLICY, END),
    ("cleaned", ODD._replace(cleaned_up=True), None, POLICY, START),
    ("cleaned", BOOKED, closed_entry(BOOKED, "operator"), POLICY, START),
    ("cleaned", BOOKED, closed_entry(BOOKED, "abandoned"), POLICY, START),
    ("setup_due", BOOKED._replace(cleaned_up=True), None, POLICY, END - 1),
    ("setup_due", BOOKED, closed_entry(BOOKED, "cancelled"), POLICY, START),
    ("booked", BOOKED, closed_entry(BOOKED, "revoked"), POLICY, OPENS - 1),
    ("missed", BOOKED, closed_entry(BOOKED, "revoked"), POLICY, END),
    ("cancelled", CANCELLED, None, POLICY, START),
    ("cancelled", CANCELLED, closed_entry(BOOKED, "cancelled"), POLICY, OVER),
    ("cancelled", CANCELLED._replace(cleaned_up=True), None, POLICY, OVER),
    ("unknown", ODD, None, POLICY, END - 1),
    ("closed", ODD, None, POLICY, END),
    ("invalid", INVALID, None, POLICY, START),
    ("invalid", INVALID, an_entry(BOOKED), POLICY, OVER),
]


@pytest.mark.parametrize(("phase", "session", "entry", "policy", "now"), PHASES)
def test_phase_is_the_contracts(phase: str, session: Session, entry: Entry | None, policy: Policy, now: Millis) -> None:
    assert case(session, entry, policy, now).phase == phase


@pytest.mark.parametrize("status", ["SCHEDULED", "NO_SHOW"])
def test_phase_is_cleanup_due_when_a_removal_was_cut_short(status: str) -> None:
    entry = an_entry(BOOKED, state="closing", closed_by="operator", closed_start=START)
    assert case(a_session(status=status), entry, POLICY, START).phase == "cleanup_due"


def test_phase_is_setup_due_when_a_cancelled_session_was_booked_again_mid_removal() -> None:
    entry = an_entry(BOOKED, state="closing", closed_by="cancelled", closed_start=START)
    assert case(BOOKED, entry, POLICY, START).phase == "setup_due"


NEXT: list[tuple[str, tuple[str | None, Millis | None], Session, Entry | None, Millis]] = [
    ("booked", ("setup", OPENS), BOOKED, None, OPENS - DAY),
    ("due", ("setup", START), BOOKED, None, START),
    ("begun ahead of time", ("setup", OPENS - DAY), BOOKED, an_entry(BOOKED, state="opening"), OPENS - DAY),
    ("claimed ahead of time", ("setup", OPENS), BOOKED._replace(role_id="14"), None, OPENS - DAY),
    ("begun, over", ("cleanup", OVER), BOOKED, an_entry(BOOKED, state="opening"), END),
    ("open", ("cleanup", OVER), BOOKED, an_entry(BOOKED), START),
    ("open, unknown to the ledger", ("cleanup", OVER), marked(BOOKED), None, START),
    ("end moved", ("cleanup", OVER + HOUR), a_session(minutes=120), an_entry(BOOKED), START),
    ("past", ("cleanup", OVER + 5), BOOKED, an_entry(BOOKED), OVER + 5),
    ("cancelled", ("cleanup", START), CANCELLED, an_entry(BOOKED), START),
    ("moved away", ("revoke", START), a_session(start=START + DAY), an_entry(BOOKED), START),
    ("moved to another guild", ("revoke", START), a_session(guild_id=OTHER_GUILD), an_entry(BOOKED), START),
    ("people changed", ("update", START), a_session(student=SOMEBODY), an_entry(BOOKED), START),
    ("invalid, open", ("cleanup", OVER), INVALID, an_entry(BOOKED), START),
    ("invalid", (None, None), INVALID, None, START),
    ("cleaned", (None, None), BOOKED, closed_entry(BOOKED, "end"), OVER),
    ("missed", (None, None), BOOKED, None, END),
]


@pytest.mark.parametrize(("ahead", "session", "entry", "now"), [n[1:] for n in NEXT], ids=[n[0] for n in NEXT])
def test_next_of_tells_what_the_next_run_will_do(
    ahead: tuple[str | None, Millis | None], session: Session, entry: Entry | None, now: Millis
) -> None:
    assert case(session, entry, POLICY, now).next == ahead


def test_next_of_tells_revoke_when_one_was_cut_short() -> None:
    entry = an_entry(BOOKED, state="closing", closed_by="revoked", closed_start=START)
    assert case(ODD, entry, POLICY, START).next == ("revoke", START)


@pytest.mark.parametrize(
    ("marks", "life"),
    [
        ({}, (False, False, False)),
        ({"set_up": True}, (True, True, False)),
        ({"role_id": "14"}, (True, False, False)),
        ({"channel_id": "15"}, (True, False, False)),
        ({"set_up": True, "cleaned_up": True, "status": "COMPLETED"}, (False, False, True)),
        ({"set_up": True, "cleaned_up": True}, (False, False, False)),
    ],
)
def test_life_follows_the_stores_marks_when_the_ledger_knows_nothing(
    marks: dict[str, Any], life: tuple[bool, bool, bool]
) -> None:
    assert case(a_session(**marks), None, POLICY, START).life == life


def test_life_follows_the_ledger_when_the_stores_marks_were_reset() -> None:
    assert case(BOOKED, an_entry(BOOKED), POLICY, START).life == (True, True, False)


def test_life_stays_closed_when_an_operator_closed_this_start() -> None:
    assert case(BOOKED, closed_entry(BOOKED, "operator"), POLICY, START).life.cleaned


def test_life_begins_anew_when_the_start_moved_after_an_operator_closed_it() -> None:
    moved = a_session(start=START + MINUTE)
    assert case(moved, closed_entry(BOOKED, "operator"), POLICY, START).life == (False, False, False)


def test_people_are_asked_for_once_when_student_and_coach_are_the_same() -> None:
    assert a_session(student=COACH).ids == (COACH,)


def test_update_is_not_next_when_the_room_is_not_for_newcomers_any_more() -> None:
    entry = an_entry(BOOKED, grants=[Grant(COACH, "granted")])
    assert case(ODD, entry, POLICY, START).next == ("cleanup", OVER)


@pytest.mark.parametrize(
    ("start", "before", "at"),
    [
        ("2027-03-14T04:00:00-04:00", "2027-03-13T23:59:59.999-05:00", "2027-03-14T00:00:00-05:00"),
        ("2026-11-01T03:00:00-05:00", "2026-11-01T00:59:59.999-04:00", "2026-11-01T01:00:00-04:00"),
        ("2028-03-01T02:00:00+00:00", "2028-02-29T22:59:59.999+00:00", "2028-02-29T23:00:00+00:00"),
        ("2027-01-01T02:00:00+01:00", "2026-12-31T22:59:59.999+01:00", "2026-12-31T23:00:00+01:00"),
    ],
    ids=["spring", "autumn", "leap day", "year's end"],
)
def test_setup_is_due_three_hours_before_by_the_hosts_clock_while_calendars_stumble(
    start: str, before: str, at: str
) -> None:
    session = a_session(start=int(datetime.fromisoformat(start).timestamp()) * 1000)
    phases = []
    for moment in (before, at):
        with freeze_time(moment):
            phases.append(case(session, None, POLICY, host_now()).phase)
    assert phases == ["booked", "setup_due"]
