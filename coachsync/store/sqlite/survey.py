# ruff: noqa: S608  names are quoted, every value is a parameter
"""What there is in an SQLite database: its tables and columns, with some of their values. Read only."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

from coachsync.domain.kinds import is_status
from coachsync.domain.surveyed import SurveyedColumn, SurveyedTable
from coachsync.store.files import require_database
from coachsync.store.mapped.table import quote
from coachsync.store.open import CORRUPT
from coachsync.store.sqlite.database import Database, tolerant_text

_ROWS = 100  # of each table
_CHOICES = 30
_LISTED = re.compile(r"'((?:[^']|'')*)'")


def survey_file(path: str) -> tuple[SurveyedTable, ...]:
    """Return the tables and views of a database, but our own and broken ones. Raises StoreError."""
    path = require_database(path)
    with closing(Database(path, writable=False, corrupt_hint=CORRUPT, text=tolerant_text)) as database:
        rows = database.all("SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
        wanted = [row for row in rows if not row[0].lower().startswith(("sqlite_", "coachsync_"))]
        sound = [row for row in wanted if database.understands(f"SELECT 1 FROM {quote(row[0])} LIMIT 0")]
        return tuple(_table(database, name, kind == "view", sql or "") for name, kind, sql in sound)


def _table(database: Database, name: str, is_view: bool, sql: str) -> SurveyedTable:
    found = database.all("SELECT name, type, pk FROM pragma_table_info(?)", (name,))
    keys = [row[0] for row in found if row[2]]
    key = keys[0] if len(keys) == 1 else ""
    unique = {key, *_unique(database, name)} - {""}
    refers = {row[0].lower(): (row[1], row[2] or "") for row in database.all(
        'SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)', (name,))}  # fmt: skip
    values = _values(database, name, key)
    columns = []
    for at, (column, declared, _) in enumerate(found):
        plain = SurveyedColumn(column, declared or "", column in unique, refers.get(column.lower()))
        choices = _choices(database, name, column, sql) if is_status(plain) else ()
        columns.append(plain._replace(values=tuple(row[at] for row in values), choices=choices))
    return SurveyedTable(name, is_view, tuple(columns), key)


def _values(database: Database, name: str, key: str) -> list[tuple[Any, ...]]:
    order = f" ORDER BY {quote(key)} DESC" if key else ""
    return database.all(f"SELECT * FROM {quote(name)}{order} LIMIT {_ROWS}")


def _choices(database: Database, name: str, column: str, sql: str) -> tuple[object, ...]:
    """Return what a status column holds, and what a CHECK on it lists."""
    rows = database.all(f"SELECT DISTINCT {quote(column)} FROM {quote(name)} LIMIT {_CHOICES}")
    held = [row[0] for row in rows]
    check = re.search(rf"[\"'`\[(\s]{re.escape(column)}[\"'`\]]?\s+IN\s*\(([^()]*)\)", sql, re.IGNORECASE)
    listed = [one.replace("''", "'") for one in _LISTED.findall(check[1])] if check is not None else []
    return tuple(dict.fromkeys([*listed, *held]))


def _unique(database: Database, name: str) -> list[str]:
    """Return the columns of which no two rows have the same value, by an index of that column alone."""
    rows = database.all(
        "SELECT l.name, i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i"
        ' WHERE l."unique" AND NOT l.partial',
        (name,),
    )
    indexes: dict[str, list[str]] = {}
    for index, column in rows:
        indexes.setdefault(index, []).append(column)
    return [columns[0] for columns in indexes.values() if len(columns) == 1]
