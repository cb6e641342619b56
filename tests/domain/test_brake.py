"""Rows that cannot be read any more, and fields that were emptied: who loses an open room, and the brake on many."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.domain.case import Case
from coachsync.domain.model import Entry, Grant, Millis, Person, PersonKind, Session
from coachsync.domain.remembered import follow
from tests.domain.build import (
    BROKEN,
    COACH,
    END,
    GUILD,
    OPENS,
    OTHER_GUILD,
    OVER,
    SOMEBODY,
    START,
    STUDENT,
    a_session,
    an_entry,
    codes_of,
    facts,
    kinds_of,
    plan_of,
    scope,
)

BOOKED = a_session()
UNREAD = Person(None, "student", "John Doe", unread=True)


def unreadable(session_id: str = "abc12345", **changes: Any) -> Session:
    """Return the row of a booking whose student cannot be read any more."""
    session = a_session(session_id, flaw=BROKEN, **changes)
    return session._replace(people=(UNREAD, *session.people[1:]))


def left_by(entry: Entry, session: Session) -> set[str]:
    """Return who of an entry's people is not in the session that its action is carried out with."""
    return set(entry.granted()) - set(session.ids)


# one row


@pytest.mark.parametrize("now", [OPENS, START, OVER - 1])
def test_unreadable_row_of_an_open_room_is_told_in_every_run(now: Millis) -> None:
    plan = plan_of(unreadable(), now=now, entries=(an_entry(BOOKED),))
    assert (kinds_of(plan), codes_of(plan), plan.refused[0].once) == ([], ["invalid"], False)


def test_person_whose_field_became_unreadable_keeps_their_place() -> None:
    session = unreadable(coach=SOMEBODY)
    (action,) = plan_of(session, now=START, entries=(an_entry(BOOKED),)).actions
    assert (action.kind, left_by(an_entry(BOOKED), action.session)) == ("update", {COACH})


def test_person_whose_field_became_unreadable_is_remembered_by_the_next_update() -> None:
    entry = an_entry(BOOKED)
    (action,) = plan_of(unreadable(coach=SOMEBODY), now=START, entries=(entry,)).actions
    follow(entry, action.session)
    plan = plan_of(unreadable(coach=SOMEBODY), now=START, entries=(entry,))
    assert [left_by(entry, a.session) for a in plan.actions] == [{COACH}]


@pytest.mark.parametrize("coach", [SOMEBODY, None], ids=["another", "nobody"])
def test_readable_field_of_an_unreadable_row_ends_access_and_lets_nobody_in(coach: str | None) -> None:
    session = a_session(flaw=BROKEN, coach=coach)
    plan = plan_of(session, now=START, entries=(an_entry(BOOKED),))
    assert (kinds_of(plan), codes_of(plan)) == (["update"], ["invalid"])
    nobody_leaves = an_entry(BOOKED, grants=[Grant(STUDENT, "granted")])
    assert plan_of(session, now=START, entries=(nobody_leaves,)).actions == ()


def test_room_of_an_unreadable_row_goes_at_once_when_its_status_is_a_cancelled_one() -> None:
    session = a_session(status="CANCELLED", start=0, end=0, flaw=BROKEN)
    (action,) = plan_of(session, now=OPENS, entries=(an_entry(BOOKED),)).actions
    assert (action.kind, action.closed_by, action.session.start) == ("cleanup", "cancelled", START)


@pytest.mark.parametrize(
    ("statuses", "kinds"), [(("CANCELLED",), ["cleanup"]), (("CANCELLED", "SCHEDULED"), [])], ids=["all", "one"]
)
def test_room_of_a_doubled_id_goes_when_all_its_rows_are_cancelled(statuses: tuple[str, ...], kinds: list[str]) -> None:
    session = a_session(status="CANCELLED", flaw=BROKEN, statuses=statuses)
    assert kinds_of(plan_of(session, now=OPENS, entries=(an_entry(BOOKED),))) == kinds


def test_unreadable_row_keeps_its_room_to_the_end_that_the_ledger_remembers() -> None:
    session = a_session(flaw=BROKEN, start=0, end=0)
    assert kinds_of(plan_of(session, now=OVER - 1, entries=(an_entry(BOOKED),))) == []
    plan = plan_of(session, now=OVER, entries=(an_entry(BOOKED),))
    assert (kinds_of(plan), codes_of(plan)) == (["cleanup"], [])


def test_removal_that_was_cut_short_goes_on_when_the_row_became_unreadable() -> None:
    entry = an_entry(BOOKED, state="closing", closed_by="cancelled")
    assert kinds_of(plan_of(unreadable(), now=START, entries=(entry,))) == ["cleanup"]


def test_unreadable_row_moves_no_room_to_another_guild() -> None:
    plan = plan_of(unreadable(guild_id=OTHER_GUILD), now=START, entries=(an_entry(BOOKED),))
    assert kinds_of(plan) == []


# many rows


def blanked(session_id: str) -> Session:
    return a_session(session_id, student=None)


def swapped(session_id: str) -> Session:
    return a_session(session_id, student=SOMEBODY)


def blanked_beside_a_swap(session_id: str) -> Session:
    return a_session(session_id, student=None, coach=SOMEBODY)


def cancelled(session_id: str) -> Session:
    return a_session(session_id, status="CANCELLED")


def unreadable_and_cancelled(session_id: str) -> Session:
    return a_session(session_id, status="CANCELLED", flaw=BROKEN)


def unreadable_and_swapped(session_id: str) -> Session:
    return a_session(session_id, student=SOMEBODY, flaw=BROKEN)


WAYS = [blanked, blanked_beside_a_swap, unreadable_and_cancelled, unreadable_and_swapped]


def rooms(n: int, guild: str = GUILD) -> tuple[Entry, ...]:
    return tuple(an_entry(a_session(f"room{i}", guild_id=guild)) for i in range(n))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("losing", "others", "accident"), [(2, 0, False), (3, 0, True), (3, 3, True), (3, 4, False), (4, 4, True)]
)
def test_three_and_half_of_a_guilds_rooms_losing_somebody_is_an_accident(
    way: Any, losing: int, others: int, accident: bool
) -> None:
    sessions = [way(f"room{i}") if i < losing else a_session(f"room{i}") for i in range(losing + others)]
    plan = plan_of(*sessions, now=START, entries=rooms(losing + others))
    lost = [p for a in plan.actions for p in left_by(an_entry(BOOKED), a.session) if p == STUDENT]
    gone = [a for a in plan.actions if a.kind == "cleanup"]
    assert (lost + gone == []) is accident
    assert ([r.outcome for r in plan.refused] == ["refused"] * losing) is accident


@pytest.mark.parametrize("way", [swapped, cancelled])
def test_what_a_row_plainly_says_is_no_accident_however_often(way: Any) -> None:
    plan = plan_of(*(way(f"room{i}") for i in range(4)), now=START, entries=rooms(4))
    assert (len(plan.actions), plan.refused) == (4, ())


@pytest.mark.parametrize("way", WAYS)
def test_force_carries_out_what_looks_like_an_accident(way: Any) -> None:
    plan = plan_of(*(way(f"room{i}") for i in range(3)), now=START, entries=rooms(3), may=scope(force=True))
    assert len(plan.actions) == 3


def test_swap_beside_an_emptied_field_is_carried_out_while_the_brake_holds() -> None:
    plan = plan_of(*(blanked_beside_a_swap(f"room{i}") for i in range(3)), now=START, entries=rooms(3))
    assert [(a.kind, set(a.session.ids)) for a in plan.actions] == [("update", {STUDENT, SOMEBODY})] * 3


def test_setup_that_goes_on_sends_nobody_away_while_the_brake_holds() -> None:
    begun = tuple(an_entry(a_session(f"room{i}"), state="opening") for i in range(3))
    plan = plan_of(*(blanked(f"room{i}") for i in range(3)), now=OPENS, entries=begun)
    assert [(a.kind, set(a.session.ids)) for a in plan.actions] == [("setup", {STUDENT, COACH})] * 3


def test_accident_keeps_what_the_ledger_remembers() -> None:
    plan = plan_of(*(blanked(f"room{i}") for i in range(3)), now=START, entries=rooms(3))
    assert all(session.ids == (STUDENT, COACH) for session, _ in plan.restores)


def test_brake_of_one_guild_holds_nothing_in_another() -> None:
    here, there = rooms(3), rooms(5, OTHER_GUILD)[3:]
    sessions = [blanked(f"room{i}") for i in range(3)]
    plan = plan_of(*sessions, a_session("room3", guild_id=OTHER_GUILD, student=None), now=START, entries=here + there)
    assert [a.session.id for a in plan.actions] == ["room3"]


def test_brake_lets_rooms_go_at_their_end() -> None:
    plan = plan_of(*(unreadable_and_cancelled(f"room{i}") for i in range(3)), now=OVER, entries=rooms(3))
    assert kinds_of(plan) == ["cleanup"] * 3


def test_brake_is_told_as_what_the_row_lacks_and_names_the_way_on() -> None:
    for way, code in ((blanked, "booking_vanished"), (unreadable_and_swapped, "invalid")):
        plan = plan_of(*(way(f"room{i}") for i in range(3)), now=START, entries=rooms(3))
        assert codes_of(plan) == [code] * 3
        assert all("coachsync run --force" in r.failure.hint for r in plan.refused)


def test_setup_of_a_named_session_cannot_get_round_the_brake() -> None:
    begun = tuple(an_entry(a_session(f"room{i}"), state="opening") for i in range(3))
    sessions = [blanked(f"room{i}") for i in range(3)]
    plan = plan_of(*sessions, now=OPENS, entries=begun, may=scope("setup", named={"room0"}))
    assert [set(a.session.ids) for a in plan.actions] == [{STUDENT, COACH}]


def test_leaver_whose_removal_was_begun_goes_in_spite_of_later_accidents() -> None:
    grants = [Grant(STUDENT, "losing"), Grant(COACH, "granted")]
    entries = tuple(an_entry(a_session(f"room{i}", student=None), grants=list(grants)) for i in range(3))
    plan = plan_of(*(blanked(f"room{i}") for i in range(3)), now=END - 1, entries=entries)
    assert kinds_of(plan) == ["update"] * 3


# more than two people

S1, S2, S3, O1 = (f"130000000000000002{n}" for n in range(4))


def a_class(*people: Person, **changes: Any) -> Session:
    return a_session(**changes)._replace(people=people)


def student(someone: str | None, **more: Any) -> Person:
    return Person(someone, "student", **more)


CLASS = a_class(student(S1), student(S2), student(S3), Person(O1, "observer"))
LOST = student(None, unread=True)


@pytest.mark.parametrize(
    ("people", "kept"),
    [
        ((student(S1), LOST, student(S3), Person(O1, "observer")), {S1, S2, S3, O1}),
        ((student(S2), LOST, student(S3), Person(O1, "observer")), {S1, S2, S3, O1}),
        ((student(S1), LOST, Person(O1, "observer")), {S1, S2, S3, O1}),
        ((student(S1), LOST, student(SOMEBODY), Person(O1, "observer")), {S1, S2, SOMEBODY, O1}),
        ((student(S1), student(S2, unread=True), student(S3)), {S1, S2, S3}),
        ((LOST,), {S1, S2, S3, O1}),
        ((), set()),
    ],
    ids=["one entry", "another moved", "another gone", "another replaced", "only a kind", "all of it", "emptied"],
)
def test_who_may_stand_in_an_unreadable_entry_keeps_their_place(people: tuple[Person, ...], kept: set[str]) -> None:
    believed = Case.of(CLASS._replace(people=people, flaw=BROKEN), an_entry(CLASS), facts(START)).session
    assert set(believed.ids) == kept


def test_kind_in_an_unreadable_row_changes_nothing() -> None:
    row = CLASS._replace(people=(Person(S1, "observer"), student(S2), student(S3), student(O1)), flaw=BROKEN)
    assert Case.of(row, an_entry(CLASS), facts(START)).session.observers == (O1,)


@pytest.mark.parametrize(
    "people",
    [(student(None), Person(None, "coach")), (student(None), student(S2), student(S3), Person(O1, "observer"))],
)
def test_emptied_people_of_many_rooms_are_an_accident(people: tuple[Person, ...]) -> None:
    ids = [f"room{i}" for i in range(3)]
    entries = tuple(an_entry(CLASS._replace(id=i)) for i in ids)
    plan = plan_of(*(CLASS._replace(id=i, people=people) for i in ids), now=START, entries=entries)
    assert ([r.outcome for r in plan.refused], plan.actions) == (["refused"] * 3, ())


def test_people_who_left_many_classes_are_no_accident_although_somebody_never_linked() -> None:
    former = CLASS._replace(people=(*CLASS.people, student(None)))
    ids = [f"room{i}" for i in range(3)]
    entries = tuple(an_entry(former._replace(id=i)) for i in ids)
    now = (student(S1), student(S2), Person(O1, "observer"), student(None))
    plan = plan_of(*(former._replace(id=i, people=now) for i in ids), now=START, entries=entries)
    assert ([a.kind for a in plan.actions], plan.refused) == (["update"] * 3, ())


@pytest.mark.parametrize("before", ["student", "observer"])
def test_somebody_who_becomes_something_else_is_an_update(before: Any) -> None:
    after: PersonKind = "observer" if before == "student" else "student"
    entry = an_entry(a_class(Person(S1, before)))
    plan = plan_of(a_class(Person(S1, after)), now=START, entries=(entry,))
    assert (kinds_of(plan), bool(entry.leaving(plan.actions[0].session))) == (["update"], before == "student")
