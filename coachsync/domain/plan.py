"""What a tick means to do: from bookings, ledger, policy and clock to a plan. Pure.

The same inputs in any order give the same plan; a session gets one action at most. What is due for one session is
`decide`'s, what became of bookings that are not there any more is `vanished`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coachsync.domain.decide import decide
from coachsync.domain.model import Action, Entry, Millis, Session
from coachsync.domain.naming import names_for, short_of
from coachsync.domain.planned import RANK, Due, Facts, Plan, Refused, Scope
from coachsync.domain.remembered import disagrees, ghost
from coachsync.domain.vanished import accidents_among, unbooked, vanished
from coachsync.domain.windows import left_alone, life_of


def make_plan(sessions: Iterable[Session], entries: Mapping[str, Entry], facts: Facts, scope: Scope) -> Plan:
    """Decide what to do.

    Args:
        sessions: every booking that is due, open or coming, in any order; an id that occurs twice counts once.
        entries: the ledger's entries of these sessions and every live entry, by session id.
        facts: clock, policy and what the store as a whole looks like.
        scope: what the call may do.
    """
    known = {s.id: s for s in sorted(sessions, key=_order)}
    wanted = [s for s in known.values() if scope.named is None or s.id in scope.named]
    gone = [e for i, e in sorted(entries.items()) if e.live and i not in known]
    decided = [(s, entries.get(s.id), decide(s, entries.get(s.id), facts, scope)) for s in wanted]
    accidents = accidents_among(gone, entries, facts)
    lost, lost_refused, lost_warnings = vanished(gone, accidents, facts, scope)
    due = [(s, e, d) for s, e, d in decided if isinstance(d, Due)] + lost
    actions = _actions([d for d in due if d[2].kind in scope.kinds], known, entries, facts)
    busy = {a.session.id for a in actions}
    refused = [d for _, _, d in decided if isinstance(d, Refused) and d.kind in scope.kinds] + lost_refused
    refused += unbooked(known, entries, scope)
    open_now = [(s, e) for s, e, _ in decided if life_of(s, e, facts.policy, facts.now).open]
    kept = [(ghost(e), e) for e in gone if e.guild_id in accidents or facts.now >= e.start]
    return Plan(
        actions=actions,
        refused=tuple(refused),
        warnings=tuple(lost_warnings),
        looks=tuple((s, e) for s, e in open_now + kept if e and s.id not in busy) if _looks(scope) else (),
        adopts=tuple(s for s, e in open_now if e is None and s.id not in busy and _adoptable(s, facts))
        if _looks(scope)
        else (),
        restores=tuple(_restores(decided, facts)),
        stragglers=tuple(e for i, e in sorted(entries.items()) if not e.live and e.open_attempts() and i not in busy)
        if _looks(scope)
        else (),
        found=tuple(i for i in entries if i in known),
        missing=tuple(e.session_id for e in gone if e.guild_id not in accidents),
    )


def _order(session: Session) -> tuple[Millis, str]:
    return session.start, session.id


def _looks(scope: Scope) -> bool:
    return "repair" in scope.kinds and scope.named is None


def _adoptable(session: Session, facts: Facts) -> bool:
    """Return whether an open booking that the ledger does not know is of our time."""
    return session.flaw is None and not left_alone(session, facts.first_run_at)


def _actions(
    due: Iterable[tuple[Session, Entry | None, Due]],
    known: Mapping[str, Session],
    entries: Mapping[str, Entry],
    facts: Facts,
) -> tuple[Action, ...]:
    """Order what is due and give new lives their names: the earlier start, then the lesser id, chooses first."""
    ordered = sorted(due, key=lambda d: (RANK[d[2].kind], d[0].start, d[0].id))
    taken = _taken(known, entries, facts)
    actions = []
    for session, entry, what in ordered:
        guild = entry.guild_id if entry is not None and entry.live else session.guild_id
        names = None
        if what.kind == "setup" and (entry is None or not entry.live):
            names = names_for(session, facts.templates, taken.setdefault(guild, set()))
            taken[guild].add(names.short)
        actions.append(Action(what.kind, session, entry, guild, what.reason, names, what.closed_by))
    return tuple(actions)


def _taken(known: Mapping[str, Session], entries: Mapping[str, Entry], facts: Facts) -> dict[str, set[str]]:
    """Return the short names that live sessions go by, by guild."""
    taken: dict[str, set[str]] = {}
    for entry in entries.values():
        if entry.live:
            taken.setdefault(entry.guild_id, set()).add(entry.short)
    for session in known.values():
        if session.id not in entries and session.set_up and not session.cleaned_up and _adoptable(session, facts):
            taken.setdefault(session.guild_id, set()).add(short_of(session.id))
    return taken


def _restores(decided: Iterable[tuple[Session, Entry | None, object]], facts: Facts) -> Iterable[tuple[Session, Entry]]:
    """Yield the sessions whose marks a booking system reset, or whose times and people it changed."""
    for session, entry, due in decided:
        if entry is None or due is not None or session.flaw is not None:
            continue
        forgotten = entry.live and disagrees(session, entry)
        reopened = life_of(session, entry, facts.policy, facts.now).cleaned and not session.cleaned_up
        if forgotten or reopened:
            yield session, entry
