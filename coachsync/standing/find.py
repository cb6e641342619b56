"""Which session a person means by a name: its id, or its short name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.model import Session
from coachsync.domain.remembered import ghost
from coachsync.errors import SessionError

if TYPE_CHECKING:
    from coachsync.store.base import Store

_SHOWN = 5


class NamedSessions(NamedTuple):
    """The sessions that go by some names, by id, and the names that nobody goes by."""

    sessions: dict[str, Session]
    unknown: tuple[str, ...]


def find(store: Store, name: str) -> list[Session]:
    """Return every session that goes by this id or short name, also one that only the ledger remembers."""
    found = store.bookings.matching(name)
    if found:
        return found
    entries = {entry.session_id: entry for entry in store.ledger.entries_named(name)}
    booked = store.bookings.by_ids(entries) if entries else {}
    return [booked.get(session_id) or ghost(entry) for session_id, entry in entries.items()]


def find_each(store: Store, names: Iterable[str]) -> NamedSessions:
    """Return the one session that goes by each name. Raises SessionError if a name may mean several."""
    sessions: dict[str, Session] = {}
    unknown: list[str] = []
    for name in names:
        found = find(store, name)
        if len(found) > 1:
            listed = ", ".join(sorted(session.id for session in found)[:_SHOWN])
            raise SessionError("unknown_session", f"several sessions go by {name}: {listed}", "name it by its full id")
        sessions |= {session.id: session for session in found}
        unknown += [] if found else [name]
    return NamedSessions(sessions, tuple(unknown))


def find_one(store: Store, name: str) -> Session:
    """Return the one session that goes by this name. Raises SessionError."""
    found = find_each(store, [name])
    for session in found.sessions.values():
        return session
    raise unknown(name)


def unknown(name: str) -> SessionError:
    """Return the error that no session goes by this name."""
    hint = "`coachsync status --all` lists every session"
    return SessionError("unknown_session", f"no session goes by {name}", hint)
