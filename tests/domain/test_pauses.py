"""What an operator's pause holds back, what goes on all the same, and what is said of what waits."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.domain.model import HOUR, MINUTE, Action, ActionKind, Millis, Session
from coachsync.domain.pauses import Pause, hold_on
from coachsync.domain.plan import make_plan
from coachsync.domain.planned import Plan
from tests.domain.build import (
    END,
    GUILD,
    LATE,
    OPENS,
    OTHER_GUILD,
    OVER,
    POLICY,
    SOMEBODY,
    START,
    a_pause,
    a_session,
    an_entry,
    codes_of,
    facts,
    kinds_of,
    marked,
    plan_of,
    scope,
)
from tests.domain.test_plan_properties import World, moments, policies, worlds

PAUSED = (a_pause(),)
FROZEN = (a_pause(removals=True),)
IN_WINDOW = OPENS + 10 * MINUTE


def said(plan: Plan) -> list[tuple[str, str]]:
    """Return the outcome and code of each refusal."""
    return [(r.outcome, r.failure.code) for r in plan.refused]


# what waits


def test_setup_that_is_due_waits_and_is_no_failure() -> None:
    plan = plan_of(a_session(), now=IN_WINDOW, pauses=PAUSED)
    assert (kinds_of(plan), said(plan)) == ([], [("deferred", "paused")])


def test_session_that_is_late_by_a_pause_fails() -> None:
    plan = plan_of(a_session(), now=LATE + 1, pauses=PAUSED)
    assert (kinds_of(plan), said(plan)) == ([], [("failed", "paused")])


def test_session_is_late_a_quarter_before_its_start_whatever_setup_by_says() -> None:
    policy = POLICY._replace(setup_by=0)
    outcomes = [plan_of(a_session(), now=START - n * MINUTE, policy=policy, pauses=PAUSED) for n in (16, 14)]
    assert [said(plan)[0][0] for plan in outcomes] == ["deferred", "failed"]


def test_session_whose_window_is_not_open_is_not_told_of() -> None:
    plan = plan_of(a_session(), now=OPENS - 1, pauses=PAUSED)
    assert (kinds_of(plan), said(plan)) == ([], [])


def test_setup_goes_on_by_the_clock_when_the_pause_is_over() -> None:
    over = (a_pause(until=IN_WINDOW),)
    assert kinds_of(plan_of(a_session(), now=IN_WINDOW, pauses=over)) == ["setup"]


@pytest.mark.parametrize(
    ("pause", "held"),
    [
        (a_pause("abc12345"), True),
        (a_pause("abc1234"), False),
        (a_pause(guild_id=GUILD), True),
        (a_pause(guild_id=OTHER_GUILD), False),
    ],
)
def test_pause_holds_only_what_it_names(pause: Pause, held: bool) -> None:
    plan = plan_of(a_session(), now=IN_WINDOW, pauses=(pause,))
    assert kinds_of(plan) == ([] if held else ["setup"])


def test_session_is_held_where_its_room_is_not_where_it_moves_to() -> None:
    session = a_session(guild_id=OTHER_GUILD)
    entry = an_entry(a_session())
    for guild, kinds in ((GUILD, []), (OTHER_GUILD, ["revoke"])):
        pauses = (a_pause(guild_id=guild, removals=True),)
        assert kinds_of(plan_of(marked(session), entries=(entry,), now=IN_WINDOW, pauses=pauses)) == kinds


def test_newcomer_waits_and_leaver_goes() -> None:
    entry = an_entry(a_session())
    swapped = marked(a_session(student=SOMEBODY))
    plan = plan_of(swapped, entries=(entry,), now=IN_WINDOW, pauses=PAUSED)
    assert (kinds_of(plan), said(plan)) == (["update"], [("deferred", "paused")])


def test_newcomer_alone_waits() -> None:
    entry = an_entry(a_session(student=None))
    plan = plan_of(marked(a_session()), entries=(entry,), now=IN_WINDOW, pauses=PAUSED)
    assert (kinds_of(plan), said(plan)) == ([], [("deferred", "paused")])


def test_setup_that_was_begun_still_sends_away_who_left() -> None:
    entry = an_entry(a_session(), state="opening")
    plan = plan_of(marked(a_session(student=SOMEBODY)), entries=(entry,), now=IN_WINDOW, pauses=PAUSED)
    assert (kinds_of(plan), said(plan)) == (["update"], [("deferred", "paused")])


@pytest.mark.parametrize(
    ("session", "now", "kind"),
    [
        (marked(a_session()), OVER, "cleanup"),
        (marked(a_session(status="CANCELLED")), IN_WINDOW, "cleanup"),
        (marked(a_session(start=START + 9 * HOUR)), IN_WINDOW, "revoke"),
    ],
)
def test_removal_goes_on_unless_removals_are_paused(session: Session, now: Millis, kind: str) -> None:
    entry = an_entry(a_session())
    plan = plan_of(session, entries=(entry,), now=now, pauses=PAUSED)
    assert (kinds_of(plan), said(plan)) == ([kind], [])
    plan = plan_of(session, entries=(deepcopy(entry),), now=now, pauses=FROZEN)
    assert (kinds_of(plan), said(plan)) == ([], [("deferred", "paused")])


def test_cleanup_held_beyond_the_longest_silence_is_late() -> None:
    entry = an_entry(a_session())
    plan = plan_of(marked(a_session()), entries=(entry,), now=OVER + 45 * MINUTE + 1, pauses=FROZEN)
    assert said(plan) == [("failed", "paused")]


def test_vanished_booking_is_cleaned_up_unless_removals_are_paused() -> None:
    entry = an_entry(a_session(), missing_first=OPENS, missing_last=OPENS + 11 * MINUTE)
    for pauses, kinds in ((PAUSED, ["cleanup"]), (FROZEN, [])):
        assert kinds_of(plan_of(entries=(deepcopy(entry),), now=START - HOUR, pauses=pauses)) == kinds


def test_open_room_of_a_paused_session_is_looked_at() -> None:
    plan = plan_of(marked(a_session()), entries=(an_entry(a_session()),), now=IN_WINDOW, pauses=PAUSED)
    assert len(plan.looks) == 1


def test_session_missed_while_paused_says_so() -> None:
    plan = plan_of(a_session(), now=END, pauses=PAUSED)
    assert codes_of(plan) == ["missed"]
    assert "paused" in plan.refused[0].failure.message
    assert "`coachsync resume`" in plan.refused[0].failure.hint


# the operator's word


@pytest.mark.parametrize("kind", ["setup", "cleanup"])
def test_named_session_is_refused_and_force_overrules(kind: ActionKind) -> None:
    session = a_session() if kind == "setup" else marked(a_session())
    entries = () if kind == "setup" else (an_entry(a_session()),)
    for force in (False, True):
        may = scope(kind, named={session.id}, force=force)
        plan = plan_of(session, entries=entries, now=IN_WINDOW, may=may, pauses=PAUSED)
        assert kinds_of(plan) == ([kind] if force else [])
        assert said(plan) == ([] if force else [("refused", "paused")])
        assert plan.insisted == ({session.id} if force else frozenset())


def test_refusal_names_the_way_to_end_each_pause_and_to_insist() -> None:
    pauses = (a_pause(), a_pause("abc12345"))
    may = scope("setup", named={"abc12345"})
    (refused,) = plan_of(a_session(), now=IN_WINDOW, may=may, pauses=pauses).refused
    assert refused.failure.hint == (
        "`coachsync resume` and `coachsync resume abc12345` end it; or `coachsync setup abc12345 --force`"
    )


def test_force_of_a_whole_run_ends_no_pause() -> None:
    plan = plan_of(a_session(), now=IN_WINDOW, may=scope(force=True), pauses=PAUSED)
    assert kinds_of(plan) == []


def test_setup_by_hand_of_what_has_ended_says_that_rather_than_paused() -> None:
    plan = plan_of(a_session(), now=END, may=scope("setup", named={"abc12345"}), pauses=PAUSED)
    assert codes_of(plan) == ["ended"]


# whatever happens

pauses = st.lists(
    st.builds(
        a_pause,
        st.sampled_from(["", "", "abc12345", "def67890"]),
        st.sampled_from(["", "", GUILD, OTHER_GUILD]),
        until=moments,
        removals=st.booleans(),
    ),
    max_size=3,
).map(tuple)


def gains(action: Action) -> bool:
    """Return whether an action could give anybody anything."""
    leaving = action.entry is not None and any(
        g.state != "revoked" and g.user_id not in action.session.ids for g in action.entry.grants
    )
    return action.kind not in ("cleanup", "revoke") and not (action.kind == "update" and leaving)


@settings(max_examples=50, deadline=None)
@given(worlds(), moments, policies, pauses, st.booleans())
def test_nothing_that_gives_access_is_planned_while_paused(
    world: World, now: Millis, policy: Any, paused: tuple[Pause, ...], force: bool
) -> None:
    sessions, entries = world
    about = facts(now, policy=policy, pauses=paused)
    plan = make_plan(sessions, entries, about, scope(force=force))
    for action in plan.actions:
        hold = hold_on(about, action.session.id, action.guild_id)
        assert hold is None or not (hold.removals or gains(action)), action
        assert hold is None or hold.lets(action)


@settings(max_examples=60, deadline=None)
@given(worlds(), moments, policies, pauses)
def test_pause_only_takes_from_what_is_planned(
    world: World, now: Millis, policy: Any, paused: tuple[Pause, ...]
) -> None:
    sessions, entries = world
    free = make_plan(sessions, deepcopy(entries), facts(now, policy=policy), scope())
    held = make_plan(sessions, entries, facts(now, policy=policy, pauses=paused), scope())
    meant = {a.session.id: a.kind for a in free.actions}
    for action in held.actions:
        same = meant.get(action.session.id) == action.kind
        assert same or (action.kind == "update" and meant.get(action.session.id) == "setup")
    assert len({r.session.id for r in held.refused}) == len(held.refused)
    waiting = {r.session.id for r in held.refused if r.failure.code == "paused"}
    assert meant.keys() - {a.session.id for a in held.actions} <= waiting | {r.session.id for r in held.refused}
