# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""The table `sessions`, ours or a booking system's: what it must have, what it lacks, and the queries that fit it.

In a table that coachsync did not make at most our four columns are added; no index, no setting, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from coachsync.domain.booking import EARLIEST, LATEST
from coachsync.domain.model import Span
from coachsync.errors import StoreError
from coachsync.store.columns import FIELDS, KEY_OF, MARKS, REQUIRED, Columns
from coachsync.store.sqlite.database import Database
from coachsync.store.sqlite.schema import MARK_TYPES, OPEN_INDEX, bad_starts, open_rows

ID = "CAST(? AS TEXT)"  # a parameter that may be bytes: an id that is not UTF-8


class Table(NamedTuple):
    """What was found: `names` as given, the columns there are by lower-case name, whether ids are unique, whether our
    index is there, and row numbers."""

    names: Columns
    columns: dict[str, str]
    unique_id: bool
    open_index: bool
    numbered: bool

    def has(self, column: str) -> bool:
        """Return whether there is such a column; SQLite does not tell large letters from small ones."""
        return column.lower() in self.columns

    def quoted(self, field: str) -> str:
        """Return the column of a field as SQL text has it."""
        return f'"{self.names.of(field)}"'

    @property
    def fields(self) -> str:
        """Return the select list that yields a row's number and the contract's fields, NULL for missing ones."""
        present = [self.quoted(f) if self.has(self.names.of(f)) else "NULL" for f in FIELDS]
        return ", ".join(["rowid" if self.numbered else "0", *present])

    @property
    def marked(self) -> bool:
        """Return whether our four columns are there."""
        return all(self.has(self.names.of(field)) for field in MARKS)

    def json_key(self, column: str) -> str:
        """Return what a column is called in JSON: the contract's key, or its own name."""
        fields = (field for field in FIELDS if self.names.of(field).lower() == column.lower())
        return next((KEY_OF[field] for field in fields), column)


def inspect(database: Database, names: Columns) -> Table:
    """Look at the table. Raises StoreError if there is none that coachsync can use."""
    kind = database.one("SELECT type FROM sqlite_master WHERE name = 'sessions' COLLATE NOCASE AND type <> 'index'")
    if kind is None:
        hint = "point [store] url at the booking system's database"
        if database.one("SELECT 1 FROM sqlite_master LIMIT 1") is None:
            hint += ", or make this an empty store with `coachsync init`"
        raise StoreError(f"{database.name} has no table sessions", hint)
    if kind[0] != "table":
        raise StoreError(
            f"{database.name}: sessions is a {kind[0]}, not a table", "coachsync needs the table itself, to mark rows"
        )
    found = database.all("PRAGMA table_xinfo(sessions)")
    columns = {row[1].lower(): row[1] for row in found}
    missing = [names.of(field) for field in REQUIRED if names.of(field).lower() not in columns]
    if missing:
        hint = "nothing was changed; add them to the table, as the contract for stores describes"
        raise StoreError(f"{database.name}: the table sessions lacks {', '.join(missing)}", hint)
    index = database.one("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (OPEN_INDEX,))
    unique = _unique_id(database, names.id, found)
    return Table(names, columns, unique, index is not None, _numbered(database, columns))


def add_marks(database: Database, table: Table) -> Table:
    """Add those of our four columns that are missing, all or none."""
    names = table.names
    with database.immediate():
        present = inspect(database, names)  # another process may have been faster
        for field in MARKS:
            if not present.has(names.of(field)):
                database.run(f"ALTER TABLE sessions ADD COLUMN {names.of(field)} {MARK_TYPES[field]}")
    return inspect(database, names)


def candidates_query(table: Table, span: Span) -> tuple[str, list[Any]]:
    """Return the query for `Rows.due`: ranges that exclude each other, each read by its index."""
    since, until = max(span.since, EARLIEST), min(span.until, LATEST - 1)
    after = max(until, span.open_since - 1)
    select = f"SELECT {table.fields} FROM sessions"
    start = table.quoted("scheduled_date")
    parts = [f"{select} WHERE {start} >= ? AND {start} <= ?"]
    args: list[Any] = [since, until]
    if table.marked:
        hint = f" INDEXED BY {OPEN_INDEX}" if table.open_index else ""
        older = max(EARLIEST, min(span.open_since, since))
        opened = f"{select}{hint} WHERE {open_rows(table.names)}"
        parts.append(f"{opened} AND {start} >= ? AND {start} < ?")
        parts.append(f"{opened} AND {start} > ? AND {start} < ?")
        args += [older, since, after, LATEST]
    parts += [f"{select} WHERE {bad}" for bad in bad_starts(start)]
    return " UNION ALL ".join(parts), args


def _unique_id(database: Database, key: str, found: Iterable[tuple[Any, ...]]) -> bool:
    """Return whether the primary key or a whole unique index is the id alone."""
    if [row[1].lower() for row in found if row[5]] == [key.lower()]:
        return True
    for _, name, unique, _, partial in database.all("PRAGMA index_list(sessions)"):
        if unique and not partial:
            columns = database.all("SELECT name FROM pragma_index_info(?)", (name,))
            if [str(column[0]).lower() for column in columns] == [key.lower()]:
                return True
    return False


def _numbered(database: Database, columns: dict[str, str]) -> bool:
    """Return whether rows have SQLite's number: not in a table WITHOUT ROWID."""
    if "rowid" in columns:
        return False
    return database.understands("SELECT rowid FROM sessions LIMIT 0")  # SQLite says it in words since 3.37 alone
