"""What an operator's pauses mean for the sessions in a store: who waits for one, who is late by it and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.case import Case, Facts
from coachsync.domain.decide import decide
from coachsync.domain.model import ACTION_KINDS, DAY, ActionKind, Millis, Session, Span
from coachsync.domain.planned import Scope
from coachsync.domain.words import span

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.domain.causes import Cause, Turns
    from coachsync.domain.pauses import Hold, Pause
    from coachsync.store.base import Store

_BACK: Millis = 2 * DAY  # a session lasts a day at most, and is cleaned up after it
_FAR: Millis = 366 * DAY


class Waiting(NamedTuple):
    """A session for which something waits for the end of a pause; `turns`: when that is pressing, and when late."""

    session: Session
    pause: Pause
    turns: Turns


class Late(NamedTuple):
    """A session that is late by a pause from `at` on, if the pause lasts as long as it was said to."""

    session: Session
    kind: ActionKind
    at: Millis


def waiting(store: Store, settings: Settings, now: Millis) -> list[Waiting]:
    """Return the sessions that wait for the end of a pause, by start. Raises StoreError.

    That a room or somebody's access vanished meanwhile only a run could see: the ledger's causes say so.
    """
    pauses = store.ledger.pauses(now)
    if not pauses:
        return []
    from coachsync.domain.pauses import hold_of, turns, weigh

    scope = Scope(frozenset(ACTION_KINDS))
    seen = {i for cause in store.ledger.causes() if cause.code == "paused" for i in cause.sessions}
    found = []
    for case in _cases(store, settings, pauses, now, now):
        hold, (_, told) = hold_of(case), weigh(case, decide(case, scope), scope)
        lost = case.session.id in seen and case.live is not None and case.bookable and now < case.session.end
        if hold is not None and (told is not None or lost):
            kind = told.kind if told is not None else "repair"
            found.append(Waiting(case.session, hold.pauses[0], turns(case.session, kind, case.facts)))
    return found


def late_by(store: Store, settings: Settings, now: Millis) -> list[Late]:
    """Return which sessions the pauses that stand make late, and from when on, the first of them first."""
    pauses = store.ledger.pauses(now)
    if not pauses:
        return []
    from coachsync.domain.pauses import hold_of

    found = []
    for case in _cases(store, settings, pauses, now, pauses[0].until):
        hold = hold_of(case)
        late = _late(case, hold) if hold is not None else None
        found += [late] if late is not None else []
    return sorted(found, key=lambda late: (late.at, late.session.start, late.session.id))


def _late(case: Case, hold: Hold) -> Late | None:
    from coachsync.domain.pauses import late_after

    session = case.session
    if _lacks_something(case):
        at = max(late_after(session, "setup", case.facts), case.now)
        return Late(session, "setup", at) if at < min(hold.until, session.end) else None
    frozen = [pause.until for pause in hold.pauses if pause.removals]
    if not frozen or not case.life.open:
        return None
    at = max(late_after(session, "cleanup", case.facts), case.now)
    return Late(session, "cleanup", at) if at < max(frozen) else None


def _lacks_something(case: Case) -> bool:
    """Return whether a session is to have a room, and has none yet, or not for all of its people."""
    if not case.bookable or case.life.cleaned or case.past:
        return False
    entry = case.live
    everybody = not entry.lacking(case.session) if entry is not None else case.life.complete
    return not (case.life.complete and everybody) or case.moved_out or case.moved_away


def paused_causes(store: Store, settings: Settings, now: Millis) -> list[Cause]:
    """Return each pause as what it is for whoever asks what is wrong: a cause, as urgent as those who wait for it."""
    pauses = store.ledger.pauses(now)
    if not pauses:
        return []
    from coachsync.domain.causes import QUIET, Cause, as_of

    waits = waiting(store, settings, now)
    found = []
    for pause in pauses:
        mine = {w.session.id: w.turns for w in waits if w.pause == pause}
        if pause.session_id:
            mine.setdefault(pause.session_id, QUIET)
        hint = f"`{pause.resume}` ends it; by itself it ends in {span(pause.until - now)}"
        cause = Cause("paused", pause.guild_id, pause.message, hint, tuple(mine), pause.since, now, "note")
        found.append(as_of(cause._replace(turns=tuple(mine.values())), now))
    return found


def _cases(store: Store, settings: Settings, pauses: tuple[Pause, ...], now: Millis, until: Millis) -> list[Case]:
    """Return the sessions that matter until then, by start."""
    far = min(until, now + _FAR) + settings.policy.setup_opens
    sessions = {s.id: s for s in store.bookings.candidates(Span(now - _BACK, far, now - _BACK))}
    live = {e.session_id: e for e in store.ledger.live_entries()}
    sessions |= store.bookings.by_ids(live.keys() - sessions.keys())
    entries = store.ledger.entries(list(sessions)) if sessions else {}
    first = store.ledger.first_run_at()
    facts = Facts(
        now,
        settings.policy,
        now if first is None else min(first, now),
        pauses=pauses,
        max_silence=settings.schedule.max_silence,
    )
    ordered = sorted(sessions.values(), key=lambda s: (s.start, s.id))
    return [Case.of(s, entries.get(s.id), facts) for s in ordered]
