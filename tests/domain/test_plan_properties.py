"""What holds for every store, ledger and moment: order of input, one action each, and that plans come to rest."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.domain.model import DAY, HOUR, MINUTE, Action, Entry, Grant, Millis, Session
from coachsync.domain.plan import make_plan
from coachsync.domain.planned import Plan
from coachsync.domain.remembered import follow
from tests.domain.build import (
    BROKEN,
    COACH,
    GUILD,
    OTHER_GUILD,
    POLICY,
    PUNCTUAL,
    SOMEBODY,
    START,
    STUDENT,
    a_session,
    an_entry,
    case,
    facts,
    scope,
)

QUICK = settings(max_examples=60, deadline=None)
IDS = ("abc12345", "x-abc12345", "y-abc12345", "Odd Id", "def67890")
BOUNDS = (0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, DAY, 8 * DAY)

moments = st.builds(lambda b, d: START + b + d, st.sampled_from([*BOUNDS, *(-b for b in BOUNDS)]), st.integers(-1, 1))
people = st.sampled_from([None, STUDENT, COACH, SOMEBODY])
guilds = st.sampled_from([GUILD, OTHER_GUILD])


@st.composite
def bookings(draw: st.DrawFn, session_id: str) -> Session:
    """Draw a booking with any status, people, guild and marks, now and then invalid."""
    changes: dict[str, Any] = {
        "status": draw(st.sampled_from(["SCHEDULED", "CONFIRMED", "CANCELLED", "COMPLETED", "NO_SHOW"])),
        "start": draw(moments),
        "student": draw(people),
        "coach": draw(people),
        "guild_id": draw(guilds),
        "set_up": draw(st.booleans()),
        "cleaned_up": draw(st.booleans()),
        "role_id": draw(st.sampled_from([None, "14"])),
        "flaw": draw(st.sampled_from([None, None, None, BROKEN])),
    }
    return a_session(session_id, minutes=draw(st.sampled_from([1, 60, 1440])), **changes)


@st.composite
def memories(draw: st.DrawFn, session_id: str) -> Entry:
    """Draw what the ledger may remember of a session."""
    session = a_session(session_id, start=draw(moments), guild_id=draw(guilds), student=draw(people))
    missed = draw(st.sampled_from([(None, None), (START, START), (START - HOUR, START - 50 * MINUTE)]))
    state = draw(st.sampled_from(["opening", "open", "closing", "closed"]))
    over = state in ("closing", "closed")
    by = draw(st.sampled_from(["end", "cancelled", "vanished", "operator", "abandoned", "revoked"])) if over else ""
    closed_start = draw(st.sampled_from([session.start, START])) if over else None
    entry = an_entry(session, state=state, closed_by=by, closed_start=closed_start, setup_start=draw(moments))
    entry.missing_first, entry.missing_last = missed
    for grant in entry.grants:
        grant.state = draw(st.sampled_from(["asked", "granted", "losing", "outside", "revoked"]))
    return entry


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Session], dict[str, Entry]]:
    """Draw a store and a ledger."""
    sessions = [draw(bookings(i)) for i in IDS if draw(st.booleans())]
    entries = {i: draw(memories(i)) for i in IDS if draw(st.booleans())}
    return sessions, entries


policies = st.sampled_from([POLICY, PUNCTUAL])
World = tuple[list[Session], dict[str, Entry]]


@QUICK
@given(worlds(), moments, policies, st.randoms())
def test_order_of_input_does_not_matter(world: World, now: Millis, policy: Any, random: Any) -> None:
    sessions, entries = world
    shuffled, keys = list(sessions), list(entries)
    random.shuffle(shuffled)
    random.shuffle(keys)
    about = facts(now, policy=policy)
    one = make_plan(sessions, entries, about, scope())
    other = make_plan(shuffled, {k: entries[k] for k in keys}, about, scope())
    assert one._replace(found=()) == other._replace(found=())


@QUICK
@given(worlds(), moments, policies, st.booleans())
def test_no_session_ever_gets_two_actions(world: World, now: Millis, policy: Any, force: bool) -> None:
    sessions, entries = world
    plan = make_plan([*sessions, *sessions], entries, facts(now, policy=policy), scope(force=force))
    for ids in ([a.session.id for a in plan.actions], [r.session.id for r in plan.refused]):
        assert len(ids) == len(set(ids))


@QUICK
@given(worlds(), moments)
def test_planning_changes_nothing_that_it_looks_at(world: World, now: Millis) -> None:
    before = deepcopy(world)
    make_plan(*world, facts(now), scope())
    assert world == before


@QUICK
@given(worlds(), moments)
def test_names_are_unique_among_the_live_sessions_of_a_guild(world: World, now: Millis) -> None:
    sessions, entries = _consistent(world)
    plan = make_plan(sessions, entries, facts(now), scope())
    names = [(e.guild_id, e.short) for e in entries.values() if e.live]
    names += [(a.guild_id, a.names.short) for a in plan.actions if a.names]
    assert len(names) == len(set(names))


@QUICK
@given(worlds(), moments, policies)
def test_planning_twice_is_planning_once(world: World, now: Millis, policy: Any) -> None:
    sessions, entries = world
    about = facts(now, policy=policy)
    for _ in range(3):  # a revoke in one tick may be followed by a setup in the next
        sessions, entries = _after(make_plan(sessions, entries, about, scope()), sessions, entries)
    assert make_plan(sessions, entries, about, scope()).actions == ()


@QUICK
@given(worlds(), moments, policies)
def test_next_of_names_the_very_action_of_the_plan(world: World, now: Millis, policy: Any) -> None:
    sessions, entries = world
    plan = make_plan(sessions, entries, facts(now, policy=policy), scope())
    done = {a.session.id: a.kind for a in plan.actions}
    for session in sessions:
        kind, moment = case(session, entries.get(session.id), policy, now).next
        assert done.get(session.id) == (kind if moment is not None and moment <= now else None)


def _consistent(world: World) -> World:
    """Return the world with live entries that have names of their own, as plans give them."""
    sessions, entries = world
    for number, entry in enumerate(entries.values()):
        if number:
            entry.short = f"{entry.short[:-1]}{number}"
    return sessions, entries


def _after(plan: Plan, sessions: list[Session], entries: dict[str, Entry]) -> World:
    """Return store and ledger once Discord did all that was planned."""
    store, ledger = {s.id: s for s in sessions}, dict(entries)
    for action in plan.actions:
        ledger[action.session.id] = _entry_after(action)
        if action.session.id in store:
            store[action.session.id] = _session_after(action, store[action.session.id])
    return list(store.values()), ledger


def _entry_after(action: Action) -> Entry:
    session = action.session
    entry = deepcopy(action.entry) if action.entry is not None and action.entry.live else an_entry(session)
    if action.kind in ("cleanup", "revoke"):
        entry.state, entry.closed_by, entry.closed_start = "closed", action.closed_by, session.start
        entry.grants = []
        return entry
    entry.state = "open" if action.kind == "setup" else entry.state
    entry.setup_start = session.start if action.kind == "setup" else entry.setup_start
    entry.grants = [Grant(p, "granted") for p in session.ids]
    follow(entry, session)
    return entry


def _session_after(action: Action, session: Session) -> Session:
    if action.kind == "revoke":
        return session._replace(set_up=False, cleaned_up=False, role_id=None, channel_id=None)
    if action.kind != "cleanup":
        return session._replace(set_up=True, cleaned_up=False, role_id="14", channel_id="15")
    status = POLICY.completed if session.status in POLICY.bookable else session.status
    return session._replace(cleaned_up=True, status=status)
