"""The operator's word: sessions asked for by name, due or not, and what each command may do."""

from __future__ import annotations

import pytest

from coachsync.domain.model import DAY, Entry, Millis, Session
from coachsync.domain.planned import Scope
from tests.domain.build import (
    BROKEN,
    END,
    OPENS,
    OTHER_GUILD,
    PUNCTUAL,
    SOMEBODY,
    START,
    a_session,
    an_entry,
    closed_entry,
    codes_of,
    kinds_of,
    plan_of,
    scope,
)

BOOKED = a_session()
CANCELLED = a_session(status="CANCELLED")
ODD = a_session(status="NO_SHOW")


def begun(session: Session = BOOKED) -> Entry:
    return an_entry(session, state="opening")


SETUP, CLEANUP = scope("setup", named={"abc12345"}), scope("cleanup", named={"abc12345"})


@pytest.mark.parametrize("now", [OPENS - 30 * DAY, OPENS, END - 1])
def test_setup_by_name_is_done_whether_due_or_not(now: Millis) -> None:
    assert kinds_of(plan_of(BOOKED, now=now, may=SETUP, policy=PUNCTUAL)) == ["setup"]


@pytest.mark.parametrize(
    ("session", "now", "code"),
    [
        (BOOKED, END, "ended"),
        (ODD, START, "not_bookable"),
        (CANCELLED, START, "not_bookable"),
        (a_session(flaw=BROKEN), OPENS - DAY, "invalid"),
    ],
)
def test_setup_by_name_is_refused_when_the_session_cannot_have_a_room(session: Session, now: Millis, code: str) -> None:
    plan = plan_of(session, now=now, may=SETUP)
    assert (kinds_of(plan), codes_of(plan)) == ([], [code])


def test_setup_by_name_does_nothing_when_the_room_is_open() -> None:
    plan = plan_of(BOOKED, now=START, may=SETUP, entries=(an_entry(BOOKED),))
    assert (plan.actions, plan.refused) == ((), ())


@pytest.mark.parametrize("by", ["operator", "abandoned", "cancelled"])
def test_setup_by_name_opens_what_an_operator_closed(by: str) -> None:
    assert kinds_of(plan_of(BOOKED, now=START, may=SETUP, entries=(closed_entry(BOOKED, by),))) == ["setup"]


def test_setup_by_name_keeps_the_room_of_a_session_that_was_moved_away() -> None:
    plan = plan_of(a_session(start=START + DAY), now=START, may=SETUP, entries=(an_entry(BOOKED),))
    assert kinds_of(plan) == ["setup"]


def test_setup_by_name_never_goes_on_in_a_guild_that_the_booking_left() -> None:
    plan = plan_of(a_session(guild_id=OTHER_GUILD), now=START, may=SETUP, entries=(begun(),))
    assert plan.actions == ()


@pytest.mark.parametrize("entry", [an_entry(BOOKED), closed_entry(BOOKED, "end")], ids=["open", "closed"])
def test_setup_by_name_is_refused_when_only_the_ledger_remembers_the_session(entry: Entry) -> None:
    assert codes_of(plan_of(now=START, may=SETUP, entries=(entry,))) == ["unknown_session"]


def test_setup_by_name_leaves_all_others_alone() -> None:
    plan = plan_of(a_session("other"), a_session("bad", flaw=BROKEN), now=START, may=SETUP)
    assert (plan.actions, plan.refused) == ((), ())


@pytest.mark.parametrize("entry", [an_entry(BOOKED), begun()], ids=["open", "begun"])
def test_cleanup_by_name_is_done_whether_due_or_not(entry: Entry) -> None:
    plan = plan_of(BOOKED, now=START, may=CLEANUP, entries=(entry,))
    assert [(a.kind, a.closed_by) for a in plan.actions] == [("cleanup", "operator")]


def test_cleanup_by_name_closes_a_cancelled_session_as_cancelled() -> None:
    plan = plan_of(CANCELLED, now=START, may=CLEANUP, entries=(an_entry(BOOKED),))
    assert plan.actions[0].closed_by == "cancelled"


def test_cleanup_by_name_closes_what_only_the_ledger_remembers() -> None:
    assert kinds_of(plan_of(now=START, may=CLEANUP, entries=(an_entry(BOOKED),))) == ["cleanup"]


def test_cleanup_by_name_removes_a_single_room_also_when_an_accident_is_at_hand() -> None:
    entries = tuple(an_entry(a_session(i)) for i in ("abc12345", "b", "c"))
    assert [a.session.id for a in plan_of(now=OPENS, may=CLEANUP, entries=entries).actions] == ["abc12345"]


@pytest.mark.parametrize("entry", [None, closed_entry(BOOKED, "end")], ids=["never made", "closed"])
def test_cleanup_by_name_does_nothing_when_there_is_nothing(entry: Entry | None) -> None:
    assert plan_of(BOOKED, now=START, may=CLEANUP, entries=(entry,) if entry else ()).actions == ()


def test_abandon_closes_the_session_as_given_up() -> None:
    may = scope("cleanup", named={"abc12345"}, abandon=True)
    assert plan_of(BOOKED, now=START, may=may, entries=(an_entry(BOOKED),)).actions[0].closed_by == "abandoned"


def _mixed() -> tuple[list[Session], tuple[Entry, ...]]:
    due, over = a_session("due"), a_session("over", start=START - DAY)
    changed, moved = a_session("changed", student=SOMEBODY), a_session("moved", start=START + DAY)
    old = (over, a_session("changed"), a_session("moved"))
    return [due, over, changed, moved], tuple(an_entry(s) for s in old)


@pytest.mark.parametrize(
    ("may", "kinds"),
    [
        (scope(), ["setup", "update", "revoke", "cleanup"]),
        (scope("setup"), ["setup"]),
        (scope("cleanup"), ["cleanup"]),
    ],
    ids=["run", "setup", "cleanup"],
)
def test_command_does_its_own_kind_of_action(may: Scope, kinds: list[str]) -> None:
    sessions, entries = _mixed()
    assert kinds_of(plan_of(*sessions, now=START, may=may, entries=entries)) == kinds


def test_rooms_are_looked_at_by_run_alone() -> None:
    rooms = [plan_of(BOOKED, now=START, may=m, entries=(an_entry(BOOKED),)).looks for m in (scope(), scope("setup"))]
    assert [len(looks) for looks in rooms] == [1, 0]
