"""What a copy leaves in the two ledgers: that one is not whole yet, and that the other is not worked on any more.

Two hosts with a crontab line each, one on the old store and one on the new, would open and close the same rooms. So
whoever opens a store asks for these notes first, and a host that takes a lease asks again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from shlex import quote
from typing import Any, NamedTuple

from coachsync.errors import StoreError
from coachsync.store.sql import Sql

COPYING, MOVED = "copying", "moved"
LEFT = ("version", "history", COPYING, MOVED)  # what is a database's own, and is not copied

_SAVE = "INSERT INTO coachsync_notes (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_FIND = "SELECT key, value FROM coachsync_notes WHERE key IN (?, ?)"


class Copying(NamedTuple):
    """How far a copy is: from which store, since when (ISO 8601), what is copied, what of it after which key.

    `ledger`: what coachsync remembers alone is copied.
    """

    source: str
    at: str
    ledger: bool
    done: tuple[str, ...] = ()
    part: str = ""
    after: Any = None


class Moved(NamedTuple):
    """To which store this one was copied, and when (ISO 8601)."""

    target: str
    at: str


def copying_of(notes: Mapping[str, str]) -> Copying | None:
    """Return how far a copy into this store is, None if there is none under way."""
    found = _read(notes.get(COPYING))
    if found is None:
        return None
    return Copying(
        str(found.get("source", "")),
        str(found.get("at", "")),
        bool(found.get("ledger")),
        tuple(map(str, found.get("done") or ())),
        str(found.get("part", "")),
        found.get("after"),
    )


def moved_of(notes: Mapping[str, str]) -> Moved | None:
    """Return to where this store was copied, None if it was not."""
    found = _read(notes.get(MOVED))
    return None if found is None else Moved(str(found.get("target", "")), str(found.get("at", "")))


def notes_in(sql: Sql) -> dict[str, str]:
    """Return the notes in a ledger; none if it has no place for any."""
    return dict(sql.all(_FIND, (COPYING, MOVED))) if sql.has_table("coachsync_notes") else {}


def save(sql: Sql, note: Copying | Moved) -> None:
    """Write a note, in a transaction."""
    key = COPYING if isinstance(note, Copying) else MOVED
    sql.run(_SAVE, (key, json.dumps(note._asdict())))


def forget(sql: Sql, key: str) -> None:
    """Take a note away, in a transaction."""
    sql.run("DELETE FROM coachsync_notes WHERE key = ?", (key,))


def copied_already(moved: Moved, name: str, url: str) -> StoreError:
    """Return why a store is not copied once more."""
    back = f"to go on with this one instead: coachsync store reopen {quote(url)}"
    hint = f"copy that one: coachsync store copy {quote(moved.target)} TO; {back}"
    return StoreError(f"{name} is not worked on any more: it was copied to {_shown(moved.target)} at {moved.at}", hint)


def unusable(notes: Mapping[str, str], name: str, url: str) -> StoreError | None:
    """Return why a store is not to be used now, by its notes; None if it may be. `url` is how a person names it."""
    copying, moved = copying_of(notes), moved_of(notes)
    if copying is not None:
        again = f"coachsync store copy {quote(copying.source)} {quote(url)}{' --ledger' if copying.ledger else ''}"
        told = f"{name} holds a part of a copy alone: the one of {_shown(copying.source)}, begun at {copying.at}"
        return StoreError(f"{told}, has not ended", f"let it end, or go on with it: {again}")
    if moved is not None:
        told = f"{name} is not worked on any more: it was copied to {_shown(moved.target)} at {moved.at}"
        back = f"to go on with this one instead: coachsync store reopen {quote(url)}"
        return StoreError(told, f"let [store] url name that store, or end this crontab line; {back}")
    return None


def _shown(url: str) -> str:
    """Return a store's address as messages have it."""
    kind, _, path = url.partition(":///")
    if kind in ("sqlite", "json"):
        return path
    from coachsync.store.postgres.address import shown

    return shown(url)


def _read(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}
