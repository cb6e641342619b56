# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What is old is forgotten a little at a time: each step reads and takes away few rows, by index, and is quickly over.

A step is part of somebody's transaction, which keeps others from writing. So it is bounded by rows here, and by time
where the steps are taken, see `Ledger.prune`: a backlog shrinks over some runs instead of holding one up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coachsync.domain.model import Millis
from coachsync.store.sql import Sql

FIRST = 100
"""Rows of each kind that are forgotten with every run, in the transaction that ends it."""
_MOST, _FEWEST = 5000, 10
_QUICK_S, _SLOW_S = 0.05, 0.2
_CHUNK = 500  # parameters of one statement, as `Sql.among` takes them

# No join: a PostgreSQL would rather read all that is there. What may still be in a guild is never forgotten.
_OLD_ENTRIES = (
    "SELECT session_id FROM coachsync_entries AS e WHERE state = 'closed' AND ends_at < ?"
    " AND (SELECT count(*) FROM coachsync_resources AS r WHERE r.session_id = e.session_id"
    " AND r.state IN ('made', 'spare', 'attempted', 'overtaken')) = 0 ORDER BY ends_at LIMIT ?"
)
_OF_ENTRIES = ("coachsync_resources", "coachsync_grants", "coachsync_people", "coachsync_entries")
_OLD_CATEGORIES = (
    "DELETE FROM coachsync_resources WHERE session_id IS NULL"
    " AND state NOT IN ('made', 'attempted', 'overtaken', 'orphan') AND attempt_at < ?"
)
# Of these a run writes many with one time, so they go by number.
_NUMBERED = (("coachsync_events", "at"), ("coachsync_runs", "started_at"))
# A start of 0 stands for times that cannot be understood: such a row is reported once for good. What was over when it
# was brought in is never told, however old.
_TIMED = (
    ("coachsync_hooks", "at", ""),
    ("coachsync_names", "ends_at", ""),
    ("coachsync_reported", "start", " AND start > 0 AND code <> 'past'"),
)


def prune(sql: Sql, before: Millis, most: int) -> bool:
    """Forget what is older than that, about `most` rows of each kind; return whether there may be more."""
    old = [row[0] for row in sql.all(_OLD_ENTRIES, (before, most))]
    for table in _OF_ENTRIES:
        _delete(sql, table, "session_id", old)
    full = len(old) == most
    sql.run(_OLD_CATEGORIES, (before,))
    for table, column in _NUMBERED:
        old = [
            row[0]
            for row in sql.all(f"SELECT id FROM {table} WHERE {column} < ? ORDER BY {column} LIMIT ?", (before, most))
        ]
        _delete(sql, table, "id", old, f" AND {column} < ?", (before,))  # the time for tables that are in parts by it
        full = full or len(old) == most
    for table, column, only in _TIMED:
        found = sql.one(
            f"SELECT {column} FROM {table} WHERE {column} < ?{only} ORDER BY {column} LIMIT 1 OFFSET ?",
            (before, most - 1),
        )
        until = before if found is None else found[0] + 1
        sql.run(f"DELETE FROM {table} WHERE {column} < ?{only}", (until,))
        full = full or found is not None
    return full


def paced(many: int, took_s: float) -> int:
    """Return how many rows the next step takes, after one that took so long: it is to be a blink, wherever it runs."""
    if took_s < _QUICK_S:
        return min(2 * many, _MOST)
    return max(_FEWEST, many // 2) if took_s > _SLOW_S else many


def _delete(sql: Sql, table: str, column: str, keys: Sequence[Any], more: str = "", args: Sequence[Any] = ()) -> None:
    for at in range(0, len(keys), _CHUNK):
        part = keys[at : at + _CHUNK]
        slots = ", ".join("?" * len(part))
        sql.run(f"DELETE FROM {table} WHERE {column} IN ({slots}){more}", (*part, *args))
