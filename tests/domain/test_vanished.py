"""Bookings that vanished from the store while their room is open: cancelled, or an accident."""

from __future__ import annotations

import pytest

from coachsync.domain.model import HOUR, MINUTE, Entry, Millis, Session
from coachsync.domain.remembered import rehearsal_id
from tests.domain.build import (
    GUILD,
    OTHER_GUILD,
    OVER,
    START,
    a_session,
    an_entry,
    codes_of,
    plan_of,
    scope,
)

TEN: Millis = 10 * MINUTE
BEFORE: Millis = START - HOUR
TWICE = (BEFORE - TEN, BEFORE)


def lost(session_id: str = "lost", *, missed: tuple[Millis, Millis] | None = None, guild: str = GUILD) -> Entry:
    """Return the entry of an open room whose booking is gone; `missed`: the first and last run that noticed."""
    first, last = missed or (None, None)
    session = a_session(session_id, guild_id=guild)
    return an_entry(session, missing_first=first, missing_last=last)


def company(n: int) -> tuple[list[Session], tuple[Entry, ...]]:
    """Return n open rooms that have their bookings."""
    kept = [a_session(f"kept{i}") for i in range(n)]
    return kept, tuple(an_entry(s) for s in kept)


@pytest.mark.parametrize(
    ("missed", "now", "removed"),
    [
        (None, BEFORE, False),
        ((BEFORE - TEN, BEFORE - TEN), BEFORE, False),
        ((BEFORE - TEN, BEFORE - 1), BEFORE, False),
        ((BEFORE - TEN, BEFORE), BEFORE, True),
        ((BEFORE - TEN, BEFORE), BEFORE - 1, False),
        ((BEFORE - TEN, BEFORE), START - 1, True),
        ((BEFORE - TEN, BEFORE), START, False),
        ((BEFORE - TEN, BEFORE), OVER - 1, False),
        (None, OVER, True),
    ],
    ids=[
        "never",
        "once",
        "just under 10 min",
        "10 min apart",
        "by a clock ahead",
        "last ms",
        "begun",
        "not over",
        "over",
    ],
)
def test_room_is_removed_once_two_runs_ten_minutes_apart_missed_its_booking(
    missed: tuple[Millis, Millis] | None, now: Millis, removed: bool
) -> None:
    kept, entries = company(2)
    plan = plan_of(*kept, now=now, entries=(*entries, lost(missed=missed)))
    assert ("lost" in [a.session.id for a in plan.actions]) is removed


@pytest.mark.parametrize(("now", "by"), [(BEFORE, "vanished"), (OVER, "end")])
def test_cleanup_says_whether_the_booking_or_its_time_is_over(now: Millis, by: str) -> None:
    kept, entries = company(2)
    plan = plan_of(*kept, now=now, entries=(*entries, lost(missed=TWICE)))
    assert [a.closed_by for a in plan.actions if a.session.id == "lost"] == [by]


def test_kept_room_is_warned_about() -> None:
    kept, entries = company(2)
    plan = plan_of(*kept, now=BEFORE, entries=(*entries, lost()))
    assert [(w.code, w.session) for w in plan.warnings] == [("booking_vanished", "lost")]


def test_missing_rooms_are_told_apart_from_found_ones() -> None:
    kept, entries = company(1)
    plan = plan_of(*kept, now=BEFORE, entries=(*entries, lost()))
    assert (plan.missing, plan.found) == (("lost",), ("kept0",))


@pytest.mark.parametrize(
    ("gone", "kept", "accident"),
    [(2, 0, False), (2, 2, False), (3, 0, True), (3, 3, True), (3, 4, False), (4, 4, True), (4, 5, False)],
)
def test_three_and_half_of_a_guilds_rooms_without_booking_is_an_accident(gone: int, kept: int, accident: bool) -> None:
    sessions, entries = company(kept)
    missing = tuple(lost(f"lost{i}", missed=TWICE) for i in range(gone))
    plan = plan_of(*sessions, now=BEFORE, entries=(*entries, *missing))
    found = (len(plan.actions), codes_of(plan))
    assert found == ((0, ["booking_vanished"] * gone) if accident else (gone, []))


def test_accident_in_one_guild_is_none_in_another() -> None:
    three = tuple(lost(f"lost{i}", missed=TWICE) for i in range(3))
    plan = plan_of(now=BEFORE, entries=(*three, lost("there", missed=TWICE, guild=OTHER_GUILD)))
    assert [a.session.id for a in plan.actions] == ["there"]


def test_single_room_is_kept_when_the_store_is_empty() -> None:
    plan = plan_of(now=BEFORE, entries=(lost(missed=TWICE),), store_empty=True)
    assert (plan.actions, codes_of(plan)) == ((), ["booking_vanished"])


def test_rooms_go_at_their_own_end_when_the_store_is_empty() -> None:
    plan = plan_of(now=OVER, entries=(lost(missed=TWICE),), store_empty=True)
    assert ([a.closed_by for a in plan.actions], plan.refused) == (["end"], ())


def test_force_removes_rooms_after_an_accident() -> None:
    three = tuple(lost(f"lost{i}") for i in range(3))
    plan = plan_of(now=BEFORE, entries=three, may=scope(force=True), store_empty=True)
    assert [a.closed_by for a in plan.actions] == ["vanished"] * 3


def test_force_does_not_hurry_a_booking_that_vanished_alone() -> None:
    kept, entries = company(2)
    assert plan_of(*kept, now=BEFORE, entries=(*entries, lost()), may=scope(force=True)).actions == ()


def test_accident_counts_as_failed_in_every_run() -> None:
    three = tuple(lost(f"lost{i}") for i in range(3))
    assert {(r.outcome, r.once) for r in plan_of(now=BEFORE, entries=three).refused} == {("refused", False)}


def test_accident_is_not_the_business_of_setup() -> None:
    three = tuple(lost(f"lost{i}") for i in range(3))
    assert plan_of(now=BEFORE, entries=three, may=scope("setup")).refused == ()


def test_removal_that_was_cut_short_goes_on_although_the_store_is_empty() -> None:
    entry = lost()
    entry.state, entry.closed_by = "closing", "cancelled"
    plan = plan_of(now=START, entries=(entry,), store_empty=True)
    assert [(a.kind, a.closed_by) for a in plan.actions] == [("cleanup", "cancelled")]


def test_revoke_that_was_cut_short_ends_as_a_cleanup_when_the_booking_vanished() -> None:
    entry = lost()
    entry.state, entry.closed_by = "closing", "revoked"
    assert [(a.kind, a.closed_by) for a in plan_of(now=BEFORE, entries=(entry,)).actions] == [("cleanup", "vanished")]


def test_action_for_a_vanished_booking_remembers_its_people() -> None:
    plan = plan_of(now=OVER, entries=(lost(),))
    assert plan.actions[0].session.people[0].name == "John Doe"


def test_run_that_takes_it_for_an_accident_does_not_count_against_the_bookings() -> None:
    three = tuple(lost(f"lost{i}") for i in range(3))
    plan = plan_of(now=BEFORE, entries=(*three, lost("there", guild=OTHER_GUILD)))
    assert plan.missing == ("there",)


def rehearsed(guild: str = GUILD) -> Entry:
    """Return what a rehearsal left that was killed."""
    return an_entry(a_session(rehearsal_id(guild), guild_id=guild)._replace(people=()))


def test_what_a_rehearsal_left_over_goes_at_once_though_the_store_is_empty() -> None:
    plan = plan_of(now=BEFORE, entries=(rehearsed(), lost()), store_empty=True)
    assert [(a.kind, a.session.id, a.reason) for a in plan.actions] == [
        ("cleanup", rehearsal_id(GUILD), "left over from a rehearsal")
    ]


def test_what_a_rehearsal_left_over_makes_no_accident_of_two_bookings_that_vanished() -> None:
    plan = plan_of(now=BEFORE, entries=(rehearsed(), lost("one", missed=TWICE), lost("two", missed=TWICE)))
    assert (len(plan.actions), plan.refused, plan.warnings) == (3, (), ())


def test_what_a_rehearsal_left_over_does_not_dilute_an_accident() -> None:
    kept, entries = company(3)
    three = [lost(f"lost{i}") for i in range(3)]
    plan = plan_of(*kept, now=BEFORE, entries=(*entries, *three, rehearsed()))
    assert {r.outcome for r in plan.refused} == {"refused"}
