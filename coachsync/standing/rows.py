"""Finding sessions in a store and saying where each stands: what `status` and `explain` share."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING

from coachsync.domain.case import Case, Facts
from coachsync.domain.model import DAY, Entry, Event, Millis, Session, Span
from coachsync.domain.remembered import ghost
from coachsync.domain.windows import Policy, is_bookable, left_alone
from coachsync.errors import SessionError
from coachsync.standing.row import Blocked, StatusRow

if TYPE_CHECKING:
    from coachsync.store.base import Store

RECENT: Millis = 7 * DAY
_FAR: Millis = 253_402_214_400_000
_BATCH = 500


def recent_rows(store: Store, policy: Policy, now: Millis) -> list[StatusRow]:
    """Return what is live, coming or less than 7 days past, by start."""
    found = {session.id: session for session in store.bookings.candidates(Span(now - RECENT - DAY, _FAR, 0))}
    live = {entry.session_id: entry for entry in store.ledger.live_entries() if entry.live}
    found.update(store.bookings.by_ids(live.keys() - found.keys()))
    shown = [session for session in found.values() if session.id in live or _is_recent(session, now)]
    return _rows(store, [*shown, *_vanished(live, found)], policy, now)


def _vanished(live: Mapping[str, Entry], found: Container[str]) -> list[Session]:
    """Return stand-ins for the bookings that are gone from the store while something of theirs is open."""
    return [ghost(entry) for session_id, entry in live.items() if session_id not in found and entry.live]


def _is_recent(session: Session, now: Millis) -> bool:
    opened = session.set_up and not session.cleaned_up
    return session.flaw is not None or opened or session.end > now - RECENT


def all_rows(store: Store, policy: Policy, now: Millis) -> list[StatusRow]:
    """Return every session, by start."""
    found = {session.id: session for session in store.bookings.everything()}
    live = {entry.session_id: entry for entry in store.ledger.live_entries()}
    return _rows(store, [*found.values(), *_vanished(live, found)], policy, now)


def named_rows(store: Store, names: Iterable[str], policy: Policy, now: Millis) -> list[StatusRow]:
    """Return the sessions named. Raises SessionError where one does not exist."""
    found = {session.id: session for name in names for session in find_sessions(store, name)}
    return _rows(store, found.values(), policy, now)


def find_session(store: Store, name: str) -> Session:
    """Return the one session that goes by this id or short name. Raises SessionError."""
    found = find_sessions(store, name)
    if len(found) > 1:
        several = ", ".join(session.id for session in found[:5])
        raise SessionError("unknown_session", f"several sessions go by {name}: {several}", "name it by its full id")
    return found[0]


def find_sessions(store: Store, name: str) -> list[Session]:
    """Return the sessions that go by this id or short name; never none. Raises SessionError."""
    found = store.bookings.matching(name)
    if not found:
        entries = {entry.session_id: entry for entry in store.ledger.entries_named(name)}
        booked = store.bookings.by_ids(entries) if entries else {}
        found = [booked.get(session_id) or ghost(entry) for session_id, entry in entries.items()]
    if not found:
        raise SessionError(
            "unknown_session", f"no session goes by {name}", "`coachsync status --all` lists every session"
        )
    return found


def _rows(store: Store, sessions: Iterable[Session], policy: Policy, now: Millis) -> list[StatusRow]:
    ordered = sorted(sessions, key=lambda session: (session.start, session.id))
    rows: list[StatusRow] = []
    first_run_at = store.ledger.first_run_at() or 0
    for first in range(0, len(ordered), _BATCH):
        batch = ordered[first : first + _BATCH]
        ids = [session.id for session in batch]
        entries, errors = store.ledger.entries(ids), store.ledger.last_errors(ids)
        rows.extend(_row(session, entries.get(session.id), errors.get(session.id), policy, now) for session in batch)
    return [_settled(row) if _of_another_time(row, first_run_at) else row for row in rows]


def _of_another_time(row: StatusRow, first_run_at: Millis) -> bool:
    return row.entry is None and row.session.flaw is None and left_alone(row.session, first_run_at)


def _settled(row: StatusRow) -> StatusRow:
    """Return the row of a session of another time, for which no run will do anything."""
    return row._replace(next_action=None, next_at=None, blocked=None)


def _row(session: Session, entry: Entry | None, error: Event | None, policy: Policy, now: Millis) -> StatusRow:
    case = Case(session, entry, Facts(now, policy))
    action, moment = case.next
    phase = case.phase
    return StatusRow(session, entry, phase, action, moment, _blocked(session, phase, error, policy))


def _blocked(session: Session, phase: str, error: Event | None, policy: Policy) -> Blocked | None:
    """Return what keeps a session from its next step: a flaw of its row, or what its last action failed with."""
    if session.flaw is not None:
        return Blocked("invalid", session.flaw.message, session.flaw.hint)
    failure = error.failure if error is not None else None
    if failure is not None and phase in ("setup_due", "cleanup_due", "active", "booked", "missed"):
        return Blocked(failure.code, failure.message, failure.hint)
    if phase == "missed":
        return Blocked("missed", "it can no longer get its room", "move the booking, or tell its people")
    if phase == "unknown" and not is_bookable(session, policy):
        hint = "add it to statuses.bookable or statuses.cancelled"
        return Blocked("unknown_status", f"nothing is configured for the status {session.status or 'none'}", hint)
    unlinked = [person.kind for person in session.people if person.id is None]
    if phase in ("booked", "setup_due") and unlinked:
        who = unlinked[0]
        return Blocked("unlinked", f"the {who} has linked no Discord account", "link it in the booking system")
    return None
