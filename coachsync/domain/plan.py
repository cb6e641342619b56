"""What a tick means to do: from bookings, ledger, policy and clock to a plan. Pure.

The same inputs in any order give the same plan; a session gets one action at most. What is due for one session is
`decide`'s, what became of bookings that are not there any more is `vanished`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from coachsync.domain.brake import braked, kept, loses, refusal_of
from coachsync.domain.case import Case, Facts
from coachsync.domain.decide import decide, flaw_of_open
from coachsync.domain.failure import Failure
from coachsync.domain.model import Action, Entry, Millis, Session
from coachsync.domain.naming import names_for, short_of
from coachsync.domain.planned import RANK, Due, Plan, Refused, Scope
from coachsync.domain.remembered import disagrees, ghost
from coachsync.domain.vanished import accidents_among, unbooked, vanished

Decided = tuple[Case, Due | Refused | None]


def make_plan(sessions: Iterable[Session], entries: Mapping[str, Entry], facts: Facts, scope: Scope) -> Plan:
    """Decide what to do.

    Args:
        sessions: every booking that is due, open or coming, in any order; an id that occurs twice counts once.
        entries: the ledger's entries of these sessions and every live entry, by session id.
        facts: clock, policy and what the store as a whole looks like.
        scope: what the call may do.
    """
    known = {s.id: s for s in sorted(sessions, key=_order)}
    cases, held_back = _held({i: Case.of(s, entries.get(i), facts) for i, s in known.items()}, entries, scope)
    wanted = [case for i, case in cases.items() if scope.named is None or i in scope.named]
    meant = [(case, decide(case, scope)) for case in wanted]
    gone = [e for i, e in sorted(entries.items()) if e.live and i not in known]
    accidents = accidents_among(gone, entries, facts)
    lost = vanished([*gone, *_given_up(entries, known, scope)], accidents, facts, scope)
    decided, paused = _unpaused(meant, scope)
    undone, paused_too = _unpaused(lost.due, scope)
    due = [(case, what) for case, what in [*decided, *undone] if isinstance(what, Due)]
    refused = [*_refused(decided, held_back, paused), *_refused(undone, {}, paused_too), *lost.refused]
    plan = Plan(
        actions=_actions([d for d in due if d[1].kind in scope.kinds], known, entries, facts),
        refused=(*(r for r in refused if r.kind in scope.kinds), *unbooked(known, entries, scope)),
        warnings=tuple(lost.warnings),
        restores=tuple(_restores(meant)),
        found=tuple(i for i in entries if i in known),
        missing=tuple(e.session_id for e in gone if e.guild_id not in accidents),
        insisted=scope.named if scope.named is not None and scope.force else frozenset(),
    )
    if not _looks(scope):
        return plan
    ghosts = [Case(_ghost(e, facts, lives=e.guild_id in accidents), e, facts) for e in gone]
    return _with_looks(plan, [*wanted, *ghosts], entries)


def _held(
    cases: Mapping[str, Case], entries: Mapping[str, Entry], scope: Scope
) -> tuple[dict[str, Case], dict[str, Refused]]:
    """Keep everybody in their rooms if many would lose somebody at once by rows that went wrong: an accident.

    Return the cases as they are then to be decided about, and for each that is held the refusal that says so.
    """
    brakes = {} if scope.force else braked(cases.values(), entries)
    held = {i: c for i, c in cases.items() if c.live is not None and c.live.guild_id in brakes and loses(c)}
    refusals = {i: refusal_of(c, brakes[c.live.guild_id]) for i, c in held.items() if c.live is not None}
    return {**cases, **{i: kept(c) for i, c in held.items()}}, refusals


def _unpaused(decided: Sequence[Decided], scope: Scope) -> tuple[list[Decided], dict[str, Refused]]:
    """Return what of the decisions is done although there are pauses, and what is said of the rest, by session id."""
    if not any(case.facts.pauses for case, _ in decided):
        return list(decided), {}
    from coachsync.domain.pauses import weigh

    weighed = [(case, *weigh(case, what, scope)) for case, what in decided]
    return [(case, what) for case, what, _ in weighed], {c.session.id: t for c, _, t in weighed if t is not None}


_MAY_BE_GONE = Failure(
    "booking_vanished",
    "the booking is not in the store",
    "if it was cancelled, nothing is to be done; else bring it back",
)


def _ghost(entry: Entry, facts: Facts, *, lives: bool) -> Session:
    """Return a booking that vanished, to be looked at. One that may be gone for good is only kept private."""
    session = ghost(entry)
    return session if lives or facts.now >= entry.start else session._replace(flaw=_MAY_BE_GONE)


def _refused(
    decided: Iterable[Decided], held_back: Mapping[str, Refused], paused: Mapping[str, Refused]
) -> Iterable[Refused]:
    """Yield what was refused, what is held for an accident or a pause, and the flaws of rows with something open."""
    for case, what in decided:
        if isinstance(what, Refused):
            yield what
        told = held_back.get(case.session.id) or flaw_of_open(case, what) or paused.get(case.session.id)
        if told is not None:
            yield told


def _given_up(entries: Mapping[str, Entry], known: Mapping[str, Session], scope: Scope) -> list[Entry]:
    """Return whose life is over and whose booking is gone, and of whom an operator gives up what was left behind."""
    named = (scope.named or frozenset()) if scope.abandon else frozenset()
    over = [entries[i] for i in sorted(named) if i in entries and i not in known and not entries[i].live]
    return [entry for entry in over if entry.left_behind()]


def _looks(scope: Scope) -> bool:
    return "repair" in scope.kinds and scope.named is None


def _with_looks(plan: Plan, cases: Iterable[Case], entries: Mapping[str, Entry]) -> Plan:
    """Add what is only looked at: sessions that have, or may have, something in Discord and no action."""
    busy = {a.session.id for a in plan.actions}
    idle = [case for case in cases if case.session.id not in busy and case.life.open]
    return plan._replace(
        looks=tuple((case.session, case.entry) for case in idle if case.entry is not None),
        adopts=tuple(case.session for case in idle if case.entry is None and case.adoptable),
        unsettled=tuple(e for i, e in sorted(entries.items()) if not e.live and e.open_attempts() and i not in busy),
        left=tuple(e for _, e in sorted(entries.items()) if e.left_behind()),
    )


def _order(session: Session) -> tuple[Millis, str]:
    return session.start, session.id


def _actions(
    due: Iterable[tuple[Case, Due]],
    known: Mapping[str, Session],
    entries: Mapping[str, Entry],
    facts: Facts,
) -> tuple[Action, ...]:
    """Order what is due and give new lives their names: the earlier start, then the lesser id, chooses first."""
    ordered = sorted(due, key=lambda d: (RANK[d[1].kind], *_order(d[0].session)))
    taken = _taken(known, entries, facts)
    actions = []
    for case, what in ordered:
        session = case.session
        guild = case.live.guild_id if case.live is not None else session.guild_id
        names = None
        if what.kind == "setup" and case.live is None:
            names = names_for(session, facts.templates, taken.setdefault(guild, set()))
            taken[guild].add(names.short)
        actions.append(Action(what.kind, session, case.entry, guild, what.reason, names, what.closed_by))
    return tuple(actions)


def _taken(known: Mapping[str, Session], entries: Mapping[str, Entry], facts: Facts) -> dict[str, set[str]]:
    """Return the short names that live sessions go by, by guild."""
    taken: dict[str, set[str]] = {}
    for entry in entries.values():
        if entry.live:
            taken.setdefault(entry.guild_id, set()).add(entry.short)
    for session in known.values():
        claimed = session.id not in entries and session.set_up and not session.cleaned_up
        if claimed and Case(session, None, facts).adoptable:
            taken.setdefault(session.guild_id, set()).add(short_of(session.id))
    return taken


def _restores(decided: Iterable[Decided]) -> Iterable[tuple[Session, Entry]]:
    """Yield the sessions whose marks a booking system reset, or whose times and people it changed."""
    for case, due in decided:
        if case.entry is None or due is not None or case.session.flaw is not None:
            continue
        forgotten = case.live is not None and disagrees(case.session, case.live)
        reopened = case.life.cleaned and not case.session.cleaned_up
        if forgotten or reopened:
            yield case.session, case.entry
