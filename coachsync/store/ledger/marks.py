# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""Our marks on bookings, kept in the ledger: those for which the bookings' own table has no columns.

A booking without a row here has none of them. Marks are kept for good, as columns of the bookings' own table would be.
"""

from __future__ import annotations

from collections.abc import Mapping

from coachsync.store.columns import MARKS
from coachsync.store.ledger.keys import id_of, ledger_key
from coachsync.store.sql import Row, Sql

_FIELDS = ", ".join(MARKS)
OF_SESSIONS = f"SELECT session_id, {_FIELDS} FROM coachsync_marks WHERE session_id IN ({{}})"
OPEN = (
    "SELECT session_id FROM coachsync_marks WHERE discord_cleaned_up = 0 AND (discord_setup_complete = 1"
    " OR coalesce(discord_channel_id, '') <> '' OR coalesce(discord_role_id, '') <> '')"
)
_KEPT = ", ".join(f"{field} = excluded.{field}" for field in MARKS)
_SAVE = (
    f"INSERT INTO coachsync_marks (session_id, {_FIELDS}) VALUES (?, ?, ?, ?, ?)"
    f" ON CONFLICT (session_id) DO UPDATE SET {_KEPT}"
)


def fields_of(row: Row) -> tuple[str, dict[str, object]]:
    """Return what a row of `OF_SESSIONS` says: the session's id, and field → value."""
    return id_of(row[0]), dict(zip(MARKS, row[1:], strict=True))


def save_marks(sql: Sql, session_id: str, fields: Mapping[str, object]) -> None:
    """Write all the marks of a booking; what is not among the fields is none."""
    flags = (int(bool(fields.get(field))) for field in MARKS[:2])
    ids = (fields.get(field) for field in MARKS[2:])
    sql.run(_SAVE, (ledger_key(session_id), *flags, *ids))
