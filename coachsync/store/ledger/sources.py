# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What is known of each source of bookings, as rows: no address and no secret. Loaded only if there are sources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from coachsync.domain.model import Millis
from coachsync.store.ledger.keys import clean
from coachsync.store.sql import Row, Sql

_COLUMNS = "fingerprint, etag, modified, digest, tried_at, good_at, taken_at, asked_from"
ALL = f"SELECT name, {_COLUMNS} FROM coachsync_sources"
_SAVE = (
    f"INSERT INTO coachsync_sources (name, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name)"
    f" DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in _COLUMNS.split(', '))}"
)


class SourceMemory(NamedTuple):
    """What is known of a source from its last pulls.

    `fingerprint` is of how it was read, `digest` of what it said. `etag` and `modified` are what it gave to ask by
    whether anything is new, "" if nothing. `tried_at`: when it was last asked; `good_at`: when it last answered;
    `taken_at`: when its whole answer was last taken in, None if that is to be done again; `asked_from`: it asked not to
    be asked before then.
    """

    name: str
    fingerprint: str = ""
    etag: str = ""
    modified: str = ""
    digest: str = ""
    tried_at: Millis = 0
    good_at: Millis | None = None
    taken_at: Millis | None = None
    asked_from: Millis = 0


def memory_of(row: Row) -> SourceMemory:
    """Return what a row holds."""
    return SourceMemory(*row)


def keep(sql: Sql, memories: Iterable[SourceMemory]) -> None:
    """Write what is known."""
    for name, fingerprint, etag, modified, digest, *times in memories:
        sql.run(_SAVE, (name, fingerprint, clean(etag), clean(modified), digest, *times))
