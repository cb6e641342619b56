"""Giving up what Discord will not let us remove: the session counts as cleaned up, and the ledger says why."""

from __future__ import annotations

from coachsync.domain.case import Facts
from coachsync.domain.model import Action, Entry, Event, Outcome
from coachsync.domain.naming import possible_names
from coachsync.domain.planned import Plan
from coachsync.engine.marks import closing_marks
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
    entry = action.entry if action.entry is not None and action.entry.live else _blank(action, facts)
    left = [f"{r.kind} {r.name!r} ({r.snowflake})" for r in entry.resources if r.is_there]
    left += [f"{r.kind} {r.name!r} (perhaps)" for r in entry.open_attempts()]
    left += _claimed(action, entry)
    for resource in entry.resources:
        if resource.state in ("made", "spare", "attempted"):
            resource.state = "abandoned"
    entry.close("abandoned", action.session.start, facts.now)
    words = f"may be left in guild {entry.guild_id}: {', '.join(left) or 'nothing'}"
    transaction.mark(closing_marks(action.session, facts.policy))
    transaction.ledger.save(entry)
    transaction.ledger.event(
        Event(facts.now, action.session.id, "cleanup", "done", f"given up by an operator; {words}")
    )
    return f"{action.session.id}: {words}"


def _claimed(action: Action, entry: Entry) -> list[str]:
    """Return what the store names and the ledger does not know."""
    known = {r.snowflake for r in entry.resources}
    claims = (("channel", action.session.channel_id), ("role", action.session.role_id))
    return [f"{kind} {snowflake}" for kind, snowflake in claims if snowflake and snowflake not in known]


def _blank(action: Action, facts: Facts) -> Entry:
    """Return an entry for a session that only the store knew."""
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
    )
