"""Which session a person means by a name: its id, its short name, or the id of its channel or role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.model import Entry, Session
from coachsync.domain.remembered import ghost
from coachsync.domain.snowflake import is_snowflake
from coachsync.errors import SessionError

if TYPE_CHECKING:
    from coachsync.store.base import Store

_SHOWN = 5


class NamedSessions(NamedTuple):
    """The sessions that go by some names, by id, and the names that nobody goes by."""

    sessions: dict[str, Session]
    unknown: tuple[str, ...]


def find(store: Store, name: str) -> list[Session]:
    """Return every session that goes by this id or short name, else the one whose channel or role this id is.

    Also one that only the ledger remembers.
    """
    return find_by_name(store, name) or _booked_or_remembered(store, _having(store, name))


def find_by_name(store: Store, name: str) -> list[Session]:
    """Return every session that goes by this id or short name."""
    return store.bookings.matching(name) or _booked_or_remembered(store, store.ledger.entries_named(name))


def _booked_or_remembered(store: Store, entries: Iterable[Entry]) -> list[Session]:
    known = {entry.session_id: entry for entry in entries}
    booked = store.bookings.by_ids(known) if known else {}
    return [booked.get(session_id) or ghost(entry) for session_id, entry in known.items()]


def _having(store: Store, name: str) -> list[Entry]:
    """Return the entry of what has this channel or role: by id, mention or link, as Discord lets people copy it."""
    thing = name.strip().rpartition("/")[2].removeprefix("<#").removeprefix("<@&").removesuffix(">")
    entries = store.ledger.entries_having(thing) if is_snowflake(thing) else []
    return [entry for entry in entries if entry.live] or entries


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
    raise unknown(store, name)


def unknown(store: Store, name: str) -> SessionError:
    """Return the error that no session goes by this name; its hint says which may be meant."""
    from coachsync.standing.near import hint_for

    return SessionError("unknown_session", f"no session goes by {name}", hint_for(store, name))
