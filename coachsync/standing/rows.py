"""Where sessions stand: read from a store and its ledger, one row each, by start."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING

from coachsync.domain.case import Case, Facts
from coachsync.domain.causes import Cause, in_order
from coachsync.domain.model import DAY, Entry, Millis, Session, Span
from coachsync.domain.remembered import ghost, is_rehearsal
from coachsync.domain.windows import Policy, cleanup_at
from coachsync.standing.find import find, unknown
from coachsync.standing.past import brought_over
from coachsync.standing.room import MAX_SILENCE
from coachsync.standing.row import Known, StatusRow, row_of

if TYPE_CHECKING:
    from coachsync.store.base import Store

RECENT: Millis = 7 * DAY
_FAR: Millis = 253_402_214_400_000
_BATCH = 500


def recent_rows(store: Store, policy: Policy, now: Millis, known: Known | None = None) -> list[StatusRow]:
    """Return what is live, coming or less than 7 days past."""
    found = {session.id: session for session in store.bookings.candidates(Span(now - RECENT - DAY, _FAR, 0))}
    live = {entry.session_id: entry for entry in _live(store)}
    found.update(store.bookings.by_ids(live.keys() - found.keys()))
    shown = [session for session in found.values() if session.id in live or _is_recent(session, now)]
    return rows_of(store, [*shown, *_vanished(live, found)], policy, now, known)


def rows_between(
    store: Store, policy: Policy, now: Millis, span: tuple[Millis, Millis], known: Known | None = None
) -> list[StatusRow]:
    """Return the sessions whose time, from when the room may open until it goes, touches this span."""
    first, last = span
    found = store.bookings.candidates(Span(first - policy.cleanup_after - DAY, last + policy.setup_opens, first))
    touching = [s for s in found if s.start and _touches(s, policy, first, last)]
    gone = _live(store)
    there = store.bookings.by_ids([entry.session_id for entry in gone])
    ghosts = [ghost(entry) for entry in gone if entry.session_id not in there]
    touching += [s for s in ghosts if _touches(s, policy, first, last)]
    return rows_of(store, touching, policy, now, known)


def _touches(session: Session, policy: Policy, first: Millis, last: Millis) -> bool:
    return session.start < last and cleanup_at(session.end, policy) > first


def all_rows(store: Store, policy: Policy, now: Millis, known: Known | None = None) -> list[StatusRow]:
    """Return every session."""
    found = {session.id: session for session in store.bookings.everything()}
    live = {entry.session_id: entry for entry in _live(store)}
    return rows_of(store, [*found.values(), *_vanished(live, found)], policy, now, known)


def named_rows(
    store: Store, names: Iterable[str], policy: Policy, now: Millis, known: Known | None = None
) -> list[StatusRow]:
    """Return every session that goes by one of the names. Raises SessionError if nobody goes by one of them."""
    found: dict[str, Session] = {}
    for name in names:
        meant = find(store, name)
        if not meant:
            raise unknown(store, name)
        found |= {session.id: session for session in meant}
    return rows_of(store, found.values(), policy, now, known)


def rows_of(
    store: Store, sessions: Iterable[Session], policy: Policy, now: Millis, known: Known | None = None
) -> list[StatusRow]:
    """Return where each of these sessions stands.

    `known` is what is wrong as of now; without it, what was wrong after the last run.
    """
    known = known_of(store) if known is None else known
    ordered = sorted(sessions, key=lambda session: (session.start, session.id))
    first_run = store.ledger.first_run_at()
    facts = Facts(
        now,
        policy,
        now if first_run is None else first_run,
        brought_over=brought_over(store, ordered, now),
        pauses=store.ledger.pauses(now),
        max_silence=known.max_silence,
    )
    named = _by_session(known.causes)
    rows: list[StatusRow] = []
    for first in range(0, len(ordered), _BATCH):
        batch = ordered[first : first + _BATCH]
        ids = [session.id for session in batch]
        entries, errors = store.ledger.entries(ids), store.ledger.last_errors(ids)
        for session in batch:
            case = Case.of(session, entries.get(session.id), facts)
            rows.append(row_of(case, known._replace(error=errors.get(session.id), causes=named.get(session.id, ()))))
    return rows


def sessions_of(store: Store, session_ids: Iterable[str]) -> dict[str, Session]:
    """Return sessions by id; of a booking that is gone what the ledger remembers."""
    wanted = set(session_ids)
    found = store.bookings.by_ids(wanted)
    gone = wanted - found.keys()
    return found | {i: ghost(entry) for i, entry in (store.ledger.entries(gone) if gone else {}).items()}


def known_of(store: Store, causes: tuple[Cause, ...] | None = None, max_silence: Millis = MAX_SILENCE) -> Known:
    """Return what past runs have to say of all sessions: `causes`, or those of the ledger."""
    last = store.ledger.last_runs(1)
    standing = in_order(store.ledger.causes()) if causes is None else causes
    return Known(None, standing, last[0].started_at if last else None, max_silence)


def _by_session(causes: Iterable[Cause]) -> dict[str, tuple[Cause, ...]]:
    found: dict[str, tuple[Cause, ...]] = {}
    for cause in causes:
        for session_id in cause.sessions:
            found[session_id] = (*found.get(session_id, ()), cause)
    return found


def _live(store: Store) -> list[Entry]:
    """Return what is open for sessions; what a rehearsal left over is no session's: `doctor` tells of that."""
    return [entry for entry in store.ledger.live_entries() if entry.live and not is_rehearsal(entry.session_id)]


def _vanished(live: Mapping[str, Entry], found: Container[str]) -> list[Session]:
    """Return stand-ins for the bookings that are gone from the store while something of theirs is open."""
    return [ghost(entry) for session_id, entry in live.items() if session_id not in found]


def _is_recent(session: Session, now: Millis) -> bool:
    opened = session.set_up and not session.cleaned_up
    return session.flaw is not None or opened or session.end > now - RECENT
