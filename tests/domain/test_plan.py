"""The decision table, row by row: who gets what, when, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.domain.case import Case
from coachsync.domain.model import DAY, HOUR, Entry, Grant, Millis, Session
from coachsync.domain.windows import LEFT_ALONE, Policy
from tests.domain.build import (
    BROKEN,
    COACH,
    END,
    GUILD,
    LATE,
    OPENS,
    OTHER_GUILD,
    OVER,
    POLICY,
    PUNCTUAL,
    SOMEBODY,
    START,
    STUDENT,
    a_session,
    an_entry,
    closed_entry,
    codes_of,
    facts,
    kinds_of,
    marked,
    plan_of,
)

BOOKED = a_session()
CANCELLED = a_session(status="CANCELLED")
ODD = a_session(status="NO_SHOW")


def begun(session: Session = BOOKED) -> Entry:
    return an_entry(session, state="opening")


# one session, everything allowed: the table

TABLE: list[tuple[str, Session, Entry | None, Policy, Millis, str | None]] = [
    ("before the window", BOOKED, None, POLICY, OPENS - 1, None),
    ("window opens", BOOKED, None, POLICY, OPENS, "setup"),
    ("setup_by", BOOKED, None, POLICY, LATE, "setup"),
    ("catching up", BOOKED, None, POLICY, LATE + 1, "setup"),
    ("last millisecond", BOOKED, None, POLICY, END - 1, "setup"),
    ("ended", BOOKED, None, POLICY, END, None),
    ("punctual, window opens", BOOKED, None, PUNCTUAL, OPENS, "setup"),
    ("punctual, setup_by", BOOKED, None, PUNCTUAL, LATE, "setup"),
    ("punctual, late", BOOKED, None, PUNCTUAL, LATE + 1, None),
    ("punctual, begun", BOOKED, begun(), PUNCTUAL, LATE + 1, "setup"),
    ("punctual, begun, last millisecond", BOOKED, begun(), PUNCTUAL, END - 1, "setup"),
    ("begun ahead of time", BOOKED, begun(), POLICY, OPENS - DAY, "setup"),
    ("begun, ended", BOOKED, begun(), POLICY, END, None),
    ("begun, over", BOOKED, begun(), POLICY, OVER, "cleanup"),
    ("marked begun", a_session(role_id="14"), None, PUNCTUAL, LATE + 1, "setup"),
    ("marked begun, ahead of time", a_session(role_id="14"), None, POLICY, OPENS - 1, None),
    ("open", BOOKED, an_entry(BOOKED), POLICY, START, None),
    ("open ahead of time", BOOKED, an_entry(BOOKED), POLICY, OPENS - DAY, None),
    ("open, before its cleanup", BOOKED, an_entry(BOOKED), POLICY, OVER - 1, None),
    ("open, cleanup_after", BOOKED, an_entry(BOOKED), POLICY, OVER, "cleanup"),
    ("open, long over", BOOKED, an_entry(BOOKED), POLICY, OVER + 90 * DAY, "cleanup"),
    ("marked open, over", marked(BOOKED), None, POLICY, OVER, "cleanup"),
    ("cancelled, nothing made", CANCELLED, None, POLICY, START, None),
    ("cancelled, open", CANCELLED, an_entry(BOOKED), POLICY, OPENS - DAY, "cleanup"),
    ("cancelled, begun", CANCELLED, begun(), POLICY, START, "cleanup"),
    ("cancelled, marked open", marked(CANCELLED), None, POLICY, START, "cleanup"),
    ("cancelled, cleaned", CANCELLED, closed_entry(BOOKED, "cancelled"), POLICY, START, None),
    ("odd status, open", ODD, an_entry(BOOKED), POLICY, START, None),
    ("odd status, begun", ODD, begun(), POLICY, START, None),
    ("odd status, over", ODD, an_entry(BOOKED), POLICY, OVER, "cleanup"),
    ("moved later today", a_session(start=START + HOUR), an_entry(BOOKED), POLICY, START, None),
    ("moved to where the window just opens", a_session(start=START + 3 * HOUR), an_entry(BOOKED), POLICY, START, None),
    ("moved past the window", a_session(start=START + 3 * HOUR + 1), an_entry(BOOKED), POLICY, START, "revoke"),
    ("moved past the window, begun", a_session(start=START + DAY), begun(), POLICY, START, "revoke"),
    ("moved earlier, over", a_session(start=START - DAY), an_entry(BOOKED), POLICY, START, "cleanup"),
    ("moved later, old end over", a_session(start=START + HOUR), an_entry(BOOKED), POLICY, OVER, None),
    ("moved to another guild", a_session(guild_id=OTHER_GUILD), an_entry(BOOKED), POLICY, START, "revoke"),
    ("moved to another guild, over", a_session(guild_id=OTHER_GUILD), an_entry(BOOKED), POLICY, OVER, "cleanup"),
    ("revoked, due again", BOOKED, closed_entry(BOOKED, "revoked"), POLICY, OPENS, "setup"),
    ("revoked, not due yet", BOOKED, closed_entry(BOOKED, "revoked"), POLICY, OPENS - 1, None),
    ("booked again", a_session(cleaned_up=True), closed_entry(BOOKED, "cancelled"), POLICY, START, "setup"),
    ("booked again, ledger lost", a_session(cleaned_up=True), None, POLICY, END - 1, "setup"),
    ("booked again too late", a_session(cleaned_up=True), None, POLICY, END, None),
    ("closed by an operator", BOOKED, closed_entry(BOOKED, "operator"), POLICY, START, None),
    ("given up by an operator", BOOKED, closed_entry(BOOKED, "abandoned"), POLICY, START, None),
    ("closed, then moved", a_session(start=START + 1), closed_entry(BOOKED, "operator"), POLICY, START, "setup"),
    ("student replaced", a_session(student=SOMEBODY), an_entry(BOOKED), POLICY, START, "update"),
    ("student unlinked", a_session(student=None), an_entry(BOOKED), POLICY, START, "update"),
    ("student replaced, begun", a_session(student=SOMEBODY), begun(), POLICY, START, "setup"),
    ("leaver, odd status", a_session(status="NO_SHOW", student=SOMEBODY), an_entry(BOOKED), POLICY, START, "update"),
    ("leaver after the end", a_session(student=SOMEBODY), an_entry(BOOKED), POLICY, END, "update"),
    ("leaver, over", a_session(student=SOMEBODY), an_entry(BOOKED), POLICY, OVER, "cleanup"),
    ("cancelled and moved", CANCELLED._replace(start=START + DAY), an_entry(BOOKED), POLICY, START, "cleanup"),
    ("invalid, open", a_session(flaw=BROKEN), an_entry(BOOKED), POLICY, OVER - 1, None),
    ("invalid, over", a_session(flaw=BROKEN), an_entry(BOOKED), POLICY, OVER, "cleanup"),
    ("invalid, no times, over", a_session(flaw=BROKEN, start=0, end=0), an_entry(BOOKED), POLICY, OVER, "cleanup"),
    ("invalid, cancelled", a_session(flaw=BROKEN, status="CANCELLED"), an_entry(BOOKED), POLICY, START, "cleanup"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("session", "entry", "policy", "now", "action"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_plan_follows_the_table(
    session: Session, entry: Entry | None, policy: Policy, now: Millis, action: str | None
) -> None:
    plan = plan_of(session, now=now, entries=(entry,) if entry else (), policy=policy)
    assert kinds_of(plan) == ([action] if action else [])


# removals that were cut short

CUT_SHORT: list[tuple[str, Session, str, str]] = [
    ("by an operator", BOOKED, "operator", "cleanup"),
    ("by an operator, not bookable", ODD, "operator", "cleanup"),
    ("cancelled, booked again", BOOKED, "cancelled", "setup"),
    ("cancelled, odd status", ODD, "cancelled", "cleanup"),
    ("revoked, moved back", BOOKED, "revoked", "setup"),
    ("revoked, odd status", ODD, "revoked", "revoke"),
    ("vanished, came back", BOOKED, "vanished", "setup"),
]


@pytest.mark.parametrize(("session", "by", "action"), [r[1:] for r in CUT_SHORT], ids=[r[0] for r in CUT_SHORT])
def test_plan_goes_on_with_a_removal_unless_the_booking_wants_its_room_back(
    session: Session, by: str, action: str
) -> None:
    entry = an_entry(BOOKED, state="closing", closed_by=by, closed_start=START)
    assert kinds_of(plan_of(session, now=START, entries=(entry,))) == [action]


@pytest.mark.parametrize(
    ("session", "by"), [(CANCELLED, "cancelled"), (ODD, "cancelled")], ids=["cancelled", "odd status"]
)
def test_cleanup_says_why_it_closes_the_session(session: Session, by: str) -> None:
    entry = an_entry(BOOKED, state="closing", closed_by="cancelled", closed_start=START)
    assert plan_of(session, now=START, entries=(entry,)).actions[0].closed_by == by


def test_cleanup_closes_by_its_end_when_that_is_past() -> None:
    assert plan_of(BOOKED, now=OVER, entries=(an_entry(BOOKED),)).actions[0].closed_by == "end"


def test_revoke_works_in_the_guild_where_the_room_is() -> None:
    plan = plan_of(a_session(guild_id=OTHER_GUILD), now=START, entries=(an_entry(BOOKED),))
    assert [a.guild_id for a in plan.actions] == [GUILD]


def test_setup_works_in_the_bookings_guild_when_the_last_life_was_elsewhere() -> None:
    plan = plan_of(a_session(guild_id=OTHER_GUILD), now=START, entries=(closed_entry(BOOKED, "revoked"),))
    assert [a.guild_id for a in plan.actions] == [OTHER_GUILD]


# what cannot be done


@pytest.mark.parametrize(
    ("now", "policy", "codes"),
    [
        (END - 1, POLICY, []),
        (END, POLICY, ["missed"]),
        (LATE, PUNCTUAL, []),
        (LATE + 1, PUNCTUAL, ["missed"]),
    ],
)
def test_session_counts_as_missed_from_the_first_millisecond_too_late(
    now: Millis, policy: Policy, codes: list[str]
) -> None:
    assert codes_of(plan_of(BOOKED, now=now, policy=policy)) == codes


@pytest.mark.parametrize(
    ("now", "codes"), [(OPENS - 1, []), (OPENS, ["unknown_status"]), (END - 1, ["unknown_status"]), (END, [])]
)
def test_odd_status_fails_while_setup_would_be_due(now: Millis, codes: list[str]) -> None:
    assert codes_of(plan_of(ODD, now=now)) == codes


@pytest.mark.parametrize(("now", "codes"), [(OPENS - 1, []), (OPENS, ["invalid"]), (OVER, ["invalid"])])
def test_invalid_row_fails_from_when_its_setup_would_be_due(now: Millis, codes: list[str]) -> None:
    assert codes_of(plan_of(a_session(flaw=BROKEN), now=now)) == codes


def test_invalid_row_fails_at_once_when_its_times_cannot_be_understood() -> None:
    assert codes_of(plan_of(a_session(flaw=BROKEN, start=0, end=0), now=OPENS - DAY)) == ["invalid"]


@pytest.mark.parametrize("changes", [{"status": "CANCELLED"}, {"cleaned_up": True}])
def test_invalid_row_breaks_no_promise_when_no_setup_would_be_due(changes: dict[str, Any]) -> None:
    assert codes_of(plan_of(a_session(flaw=BROKEN, start=0, end=0, **changes), now=START)) == []


def test_invalid_row_spoils_no_other_session() -> None:
    plan = plan_of(a_session("bad", flaw=BROKEN), a_session("good"), now=START)
    assert [a.session.id for a in plan.actions] == ["good"]


@pytest.mark.parametrize("session", [BOOKED, ODD, a_session(flaw=BROKEN)], ids=["missed", "unknown", "invalid"])
def test_broken_promise_counts_in_one_run_only(session: Session) -> None:
    now = END if session is BOOKED else START
    assert [r.once for r in plan_of(session, now=now).refused] == [True]


def test_missed_is_not_told_of_sessions_cancelled_in_time() -> None:
    assert codes_of(plan_of(CANCELLED, now=END)) == []


# before coachsync came

FIRST_RUN: Millis = END + LEFT_ALONE


@pytest.mark.parametrize(
    ("first_run_at", "kinds"), [(FIRST_RUN - 1, ["cleanup"]), (FIRST_RUN, [])], ids=["less", "seven days"]
)
def test_open_room_of_an_earlier_system_is_taken_over_when_it_ended_less_than_seven_days_before(
    first_run_at: Millis, kinds: list[str]
) -> None:
    assert kinds_of(plan_of(marked(BOOKED), now=first_run_at, first_run_at=first_run_at)) == kinds


@pytest.mark.parametrize(("first_run_at", "codes"), [(END - 1, ["missed"]), (END, [])])
@pytest.mark.parametrize("session", [BOOKED, a_session(flaw=BROKEN)], ids=["missed", "invalid"])
def test_nothing_is_told_of_sessions_that_were_over_before_the_first_run(
    session: Session, first_run_at: Millis, codes: list[str]
) -> None:
    wanted = codes if session is BOOKED else ["invalid"] * len(codes)
    assert codes_of(plan_of(session, now=END, first_run_at=first_run_at)) == wanted


def test_nothing_is_told_of_a_session_that_was_over_when_it_was_brought_in() -> None:
    brought = frozenset({(BOOKED.id, BOOKED.start)})
    assert codes_of(plan_of(BOOKED, now=END, brought_over=brought)) == []
    moved = a_session(start=START + 1)
    assert codes_of(plan_of(moved, now=END + 1, brought_over=brought)) == ["missed"]


@pytest.mark.parametrize(
    ("session", "phase"),
    [
        (BOOKED, "past"),
        (marked(BOOKED), "past"),
        (ODD, "closed"),
        (CANCELLED, "cancelled"),
        (a_session(cleaned_up=True), "cleaned"),
        (a_session(flaw=BROKEN), "invalid"),
    ],
    ids=["booked", "opened by an earlier system", "neither", "cancelled", "cleaned", "invalid"],
)
def test_phase_of_a_session_that_was_over_before_the_first_run(session: Session, phase: str) -> None:
    case = Case.of(session, None, facts(FIRST_RUN, first_run_at=FIRST_RUN))
    assert (case.phase, case.next) == (phase, (None, None))


def test_old_room_is_cleaned_up_when_the_ledger_knows_it() -> None:
    plan = plan_of(BOOKED, now=FIRST_RUN + DAY, first_run_at=FIRST_RUN + DAY, entries=(an_entry(BOOKED),))
    assert kinds_of(plan) == ["cleanup"]


# who changed


@pytest.mark.parametrize(
    ("grants", "action"),
    [
        ([Grant(STUDENT, "granted"), Grant(COACH, "granted")], None),
        ([Grant(COACH, "granted")], "update"),
        ([Grant(STUDENT, "asked"), Grant(COACH, "granted")], "update"),
        ([Grant(STUDENT, "granted"), Grant(COACH, "granted"), Grant(SOMEBODY, "outside")], "update"),
        ([Grant(STUDENT, "granted"), Grant(COACH, "granted"), Grant(SOMEBODY, "losing")], "update"),
        ([Grant(STUDENT, "granted"), Grant(COACH, "granted"), Grant(SOMEBODY, "revoked")], None),
    ],
    ids=["all in", "one lacks", "one unsure", "leaver not proven out", "leaver losing", "leaver gone"],
)
def test_update_is_due_until_everybody_is_where_the_booking_says(grants: list[Grant], action: str | None) -> None:
    plan = plan_of(BOOKED, now=START, entries=(an_entry(BOOKED, grants=grants),))
    assert kinds_of(plan) == ([action] if action else [])


def test_update_lets_nobody_in_when_the_status_gets_no_room() -> None:
    assert kinds_of(plan_of(ODD, now=START, entries=(an_entry(BOOKED, grants=[Grant(COACH, "granted")]),))) == []
