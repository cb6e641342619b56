"""Giving up what Discord will not let us remove: the session counts as cleaned up, and the ledger says why."""

from __future__ import annotations

from coachsync.domain.case import Facts
from coachsync.domain.model import Action, Entry, Event, Outcome, Resource
from coachsync.domain.naming import possible_names
from coachsync.domain.planned import Plan
from coachsync.engine.marks import closing_marks, revoked_marks
from coachsync.engine.outcomes import untried
from coachsync.store.base import Store, Transaction


def abandon(store: Store, plan: Plan, facts: Facts) -> tuple[list[Outcome], tuple[str, ...]]:
    """Mark the named sessions cleaned up without asking Discord; return the outcomes and what may be left behind."""
    outcomes, notes = [], []
    with store.transaction() as transaction:
        for action in plan.actions:
            outcomes.append(untried(action, "done", None))
            notes.append(_give_up(transaction, action, facts))
    return outcomes, tuple(notes)


def _give_up(transaction: Transaction, action: Action, facts: Facts) -> str:
    """Give up what was left behind elsewhere; if nothing was, the session's life itself."""
    entry, session = action.entry, action.session
    doomed = entry.left_behind() if entry is not None else []
    if entry is None or not (doomed or entry.live):
        entry = _blank(action, facts, 0 if entry is None else entry.revision)
    lives = not doomed
    doomed = doomed or [r for r in entry.resources if r.is_there or r.unanswered]
    guilds = sorted({r.guild_id for r in doomed} or {entry.guild_id})
    left = [_called(r) for r in doomed] + (_claimed(action, entry) if lives else [])
    for resource in doomed:
        resource.state = "abandoned"
    if not lives and not entry.live:
        entry.closed_by = "abandoned"  # and no longer revoked: nobody removed it
    if lives:
        entry.close("abandoned", session.start, facts.now)
        moved = session.guild_id != entry.guild_id
        closing = closing_marks(session, facts.policy, "abandoned", facts.now)
        transaction.mark(revoked_marks(session) if moved else closing)
    words = f"may be left in guild {', '.join(guilds)}: {', '.join(left) or 'nothing'}"
    transaction.ledger.save(entry)
    transaction.ledger.event(Event(facts.now, session.id, "cleanup", "done", f"given up by an operator; {words}"))
    return f"{session.id}: {words}"


def _called(resource: Resource) -> str:
    return f"{resource.kind} {resource.name!r} ({resource.snowflake if resource.is_there else 'perhaps'})"


def _claimed(action: Action, entry: Entry) -> list[str]:
    """Return what the store names and the ledger does not know."""
    known = {r.snowflake for r in entry.resources}
    claims = (("channel", action.session.channel_id), ("role", action.session.role_id))
    return [f"{kind} {snowflake}" for kind, snowflake in claims if snowflake and snowflake not in known]


def _blank(action: Action, facts: Facts, revision: int) -> Entry:
    """Return an entry for a session that only the store knew, or that takes the place of one that is over."""
    session = action.session
    names = possible_names(session, facts.templates)[0]
    return Entry(
        session_id=session.id,
        guild_id=action.guild_id,
        access="role",
        short=names.short,
        role_name=names.role,
        channel_name=names.channel,
        start=session.start,
        end=session.end,
        setup_start=session.start,
        revision=revision,
    )
