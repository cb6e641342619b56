# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""The table `sessions`, ours or a booking system's: what it must have, what it lacks, and the queries that fit it.

In a table that coachsync did not make at most our four columns are added; no index, no setting, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from coachsync.domain.booking import EARLIEST, KEY_OF, LATEST, MARK_COLUMNS, REQUIRED_COLUMNS
from coachsync.errors import StoreError
from coachsync.store.base import Span
from coachsync.store.sqlite.database import Database
from coachsync.store.sqlite.schema import BAD_STARTS, MARK_TYPES, OPEN_INDEX, OPEN_ROWS

ID = "CAST(? AS TEXT)"  # a parameter that may be bytes: an id that is not UTF-8


class Table(NamedTuple):
    """What was found: the columns by lower-case name, whether ids are unique, our index, and row numbers."""

    columns: dict[str, str]
    unique_id: bool
    open_index: bool
    numbered: bool

    @property
    def fields(self) -> str:
        """Return the select list that yields a row's number and the contract's columns, NULL for missing ones."""
        present = [c if c in self.columns else f"NULL AS {c}" for c in KEY_OF]
        return ", ".join(["rowid" if self.numbered else "0", *present])

    @property
    def marked(self) -> bool:
        """Return whether our four columns are there."""
        return all(column in self.columns for column in MARK_COLUMNS)

    def json_key(self, column: str) -> str:
        """Return what a column is called in JSON: the contract's key, or its own name."""
        return KEY_OF.get(column.lower(), column)


def inspect(database: Database) -> Table:
    """Look at the table. Raises StoreError where there is none that coachsync can use."""
    kind = database.one("SELECT type FROM sqlite_master WHERE name = 'sessions' COLLATE NOCASE AND type <> 'index'")
    if kind is None:
        hint = "point [store] url at the booking system's database"
        if database.one("SELECT 1 FROM sqlite_master LIMIT 1") is None:
            hint += ", or make this an empty store with `coachsync init`"
        raise StoreError(f"{database.path} has no table sessions", hint)
    if kind[0] != "table":
        raise StoreError(
            f"{database.path}: sessions is a {kind[0]}, not a table", "coachsync needs the table itself, to mark rows"
        )
    found = database.all("PRAGMA table_xinfo(sessions)")
    columns = {row[1].lower(): row[1] for row in found}
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    if missing:
        hint = "nothing was changed; add them to the table, as the contract for stores describes"
        raise StoreError(f"{database.path}: the table sessions lacks {', '.join(missing)}", hint)
    index = database.one("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (OPEN_INDEX,))
    return Table(columns, _unique_id(database, found), index is not None, _numbered(database, columns))


def add_marks(database: Database, table: Table) -> Table:
    """Add those of our four columns that are missing, all or none."""
    with database.immediate():
        present = inspect(database).columns  # another process may have been faster
        for column in MARK_COLUMNS:
            if column not in present:
                database.run(f"ALTER TABLE sessions ADD COLUMN {column} {MARK_TYPES[column]}")
    return inspect(database)


def candidates_query(table: Table, span: Span) -> tuple[str, list[Any]]:
    """Return the query for `Store.candidates`: ranges that exclude each other, each read by its index."""
    since, until = max(span.since, EARLIEST), min(span.until, LATEST - 1)
    after = max(until, span.open_since - 1)
    select = f"SELECT {table.fields} FROM sessions"
    parts = [f"{select} WHERE scheduled_date >= ? AND scheduled_date <= ?"]
    args: list[Any] = [since, until]
    if table.marked:
        hint = f" INDEXED BY {OPEN_INDEX}" if table.open_index else ""
        older = max(EARLIEST, min(span.open_since, since))
        parts.append(f"{select}{hint} WHERE {OPEN_ROWS} AND scheduled_date >= ? AND scheduled_date < ?")
        parts.append(f"{select}{hint} WHERE {OPEN_ROWS} AND scheduled_date > ? AND scheduled_date < ?")
        args += [older, since, after, LATEST]
    parts += [f"{select} WHERE {bad}" for bad in BAD_STARTS]
    return " UNION ALL ".join(parts), args


def _unique_id(database: Database, found: Iterable[tuple[Any, ...]]) -> bool:
    """Return whether the primary key or a whole unique index is the id alone."""
    if [row[1].lower() for row in found if row[5]] == ["id"]:
        return True
    for _, name, unique, _, partial in database.all("PRAGMA index_list(sessions)"):
        if unique and not partial:
            columns = database.all("SELECT name FROM pragma_index_info(?)", (name,))
            if [str(column[0]).lower() for column in columns] == ["id"]:
                return True
    return False


def _numbered(database: Database, columns: dict[str, str]) -> bool:
    """Return whether rows have SQLite's number: not in a table WITHOUT ROWID."""
    if "rowid" in columns:
        return False
    listed = database.all("SELECT wr FROM pragma_table_list('sessions') WHERE schema = 'main'")
    return bool(listed) and not listed[0][0]
