"""How actions ended, as values: what both the idle path and a working tick make of plans and refusals."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from coachsync.domain.failure import Failure
from coachsync.domain.model import Access, Action, Event, Millis, Outcome, OutcomeKind, Session
from coachsync.domain.planned import RANK, Refused
from coachsync.domain.remembered import marks_of

Key = tuple[str, str, Millis]


def refusal(refused: Refused, access: Access = "role") -> Outcome:
    """Return the outcome of a session that was refused before anything was tried; `access`: as configured."""
    session, entry = refused.session, refused.entry
    guild = entry.guild_id if entry is not None and entry.live else session.guild_id
    action = Action(refused.kind, session, entry, guild, refused.failure.message)
    return untried(action, refused.outcome, refused.failure, access)


def untried(action: Action, kind: OutcomeKind, failure: Failure | None, access: Access = "role") -> Outcome:
    """Return the outcome of an action of which nothing was begun."""
    entry = action.entry if action.entry is not None and action.entry.live else None
    role, channel = marks_of(entry)[2:] if entry is not None else (None, None)
    return Outcome(action, kind, entry.access if entry is not None else access, role, channel, 0, 0, failure)


def key_of(refused: Refused) -> Key:
    """Return what tells one broken promise from another."""
    return refused.session.id, refused.failure.code, refused.session.start


def refusals(refused: Iterable[Refused], seen: Collection[Key]) -> list[Outcome]:
    """Return what cannot be done; a broken promise counts as failed in one run only."""
    return [refusal(r) for r in refused if not r.once or key_of(r) not in seen]


def unknown_session(name: str, command: str, hint: str) -> Outcome:
    """Return the refusal of a name that no session goes by."""
    failure = Failure("unknown_session", "no session has this id or short name", hint)
    nobody = Session(name, "", 0, 0, "", (), False, False, None, None)
    return refusal(Refused(nobody, "cleanup" if command == "cleanup" else "setup", "refused", failure))


def failure_event(outcome: Outcome, now: Millis) -> Event:
    """Return the line of a session's story that says what went wrong."""
    action = outcome.action
    return Event(now, action.session.id, action.kind, outcome.outcome, "", outcome.error)


def shown(outcome: Outcome) -> tuple[int, Millis, str]:
    """Return the key by which outcomes are ordered for people and in JSON."""
    action = outcome.action
    return RANK[action.kind], action.session.start, action.session.id
