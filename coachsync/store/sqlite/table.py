# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""The table `sessions`, ours or a booking system's: what it must have, what it lacks, and the queries that fit it.

In a table that coachsync did not make at most our four columns are added; no index, no setting, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from coachsync.domain.booking import EARLIEST, LATEST
from coachsync.domain.model import Millis, Span
from coachsync.errors import StoreError
from coachsync.store.columns import FIELDS, KEY_OF, MARKS, PAIR, REQUIRED, Columns
from coachsync.store.sqlite.database import Database, text_key
from coachsync.store.sqlite.schema import (
    LATER_COLUMNS,
    MARK_TYPES,
    OPEN_INDEX,
    SESSIONS_TABLE,
    bad_starts,
    named_rows,
    open_rows,
)

GENERATED = (2, 3)  # as PRAGMA table_xinfo says it
_NUMBERS = ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "BOOL")

# By which login tables are known: Laravel's, Rails', Django's, those of connect and express
_LOGINS = ({"payload", "last_activity"}, {"session_id", "data"}, {"session_key"}, {"sid"}, {"sess"}, {"session"})

_OWN_BEGINNING = " ".join(SESSIONS_TABLE.partition("student_discord_id")[0].split())  # the same in every release


class Table(NamedTuple):
    """What was found: `names` as given, the columns there are by lower-case name, whether ids are unique, whether our
    index is there, and row numbers.

    `empty` is what our fields are cleared with if their columns refuse NULL. `derived_status`: the status is computed
    and cannot be written. `text_start`: starts are kept as text, which compares by letters.
    """

    names: Columns
    columns: dict[str, str]
    unique_id: bool
    open_index: bool
    numbered: bool
    empty: dict[str, str | int]
    derived_status: bool
    text_start: bool

    def has(self, column: str) -> bool:
        """Return whether there is such a column; SQLite does not tell large letters from small ones."""
        return column.lower() in self.columns

    def quoted(self, field: str) -> str:
        """Return the column of a field as SQL text has it."""
        return f'"{self.names.of(field)}"'

    @property
    def start(self) -> str:
        """Return the start's column, which is compared as it is."""
        return self.quoted("scheduled_date")

    @property
    def id_text(self) -> str:
        """Return the id's column, which is text."""
        return self.quoted("id")

    def key(self, session_id: str) -> str | bytes:
        """Return an id as a parameter."""
        return text_key(session_id)

    def text(self, value: str) -> str | bytes:
        """Return text as a parameter: as it is, or its bytes if it is no Unicode."""
        return text_key(value)

    def truth(self, column: str, value: bool) -> int:
        """Return a truth as SQLite holds it."""
        del column
        return int(value)

    def due(self, span: Span) -> tuple[str, list[Any]]:
        """Return the query for `Rows.due`."""
        return candidates_query(self, span)

    def named_people(self, moment: Millis) -> tuple[str, list[Any]] | None:
        """Return the query for `Rows.by_user_name`; None if the table has no column for such a name."""
        return by_name_query(self, moment)

    def why_foreign(self, sql: Database) -> str:
        """Return what in the database is not coachsync's; "" if all is as `init` made it."""
        return why_foreign(sql)

    def prove(self, sql: Database) -> None:
        """Do nothing: who may write in an SQLite file may write all of it."""

    @property
    def fields(self) -> str:
        """Return the select list that yields a row's number and the contract's fields, NULL for missing ones."""
        present = [self.quoted(f) if self.has(self.names.of(f)) else "NULL" for f in FIELDS]
        return ", ".join(["rowid" if self.numbered else "0", *present])

    @property
    def marked(self) -> bool:
        """Return whether our four columns are there."""
        return all(self.has(self.names.of(field)) for field in MARKS)

    @property
    def whole(self) -> bool:
        """Return whether the table has all columns that it should have: one that we made lacks none."""
        return self.marked and (not self.open_index or all(self.has(self.names.of(f)) for f in LATER_COLUMNS))

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
    needed = REQUIRED if names.participants.lower() in columns else (*REQUIRED, *PAIR)
    missing = [names.of(field) for field in needed if names.of(field).lower() not in columns]
    if missing:
        raise _no_bookings(database, columns, missing)
    index = database.one("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (OPEN_INDEX,))
    unique = _unique_id(database, names.id, found)
    status = next(row for row in found if row[1].lower() == names.status.lower())
    start = next(row for row in found if row[1].lower() == names.scheduled_date.lower())
    return Table(
        names,
        columns,
        unique,
        index is not None,
        _numbered(database, columns),
        empty=_empty(found, names),
        derived_status=status[6] in GENERATED,
        text_start=is_text(start[2]),
    )


def _no_bookings(database: Database, columns: Iterable[str], missing: list[str]) -> StoreError:
    """Say what the table is: a booking system's that lacks something, or something else altogether."""
    there = set(columns)
    told, lacks = f"{database.name}: the table sessions", f"it lacks {', '.join(missing)}"
    elsewhere = "nothing was changed; point [store] url at the database that the bookings are in"
    if any(login <= there for login in _LOGINS):
        return StoreError(f"{told} is a web framework's own, for logins, and holds no bookings: {lacks}", elsewhere)
    if len(missing) > len((*REQUIRED, *PAIR)) // 2:
        return StoreError(f"{told} belongs to another program and holds no bookings: {lacks}", elsewhere)
    hint = "nothing was changed; add them to the table, as the contract for stores describes"
    return StoreError(f"{told} lacks {', '.join(missing)}", hint)


def _empty(found: Iterable[tuple[Any, ...]], names: Columns) -> dict[str, str | int]:
    """Return what to write for nothing if NULL is refused: 0 if a number is asked for, else the empty text."""
    columns = {row[1].lower(): row for row in found}
    there = [(field, columns[names.of(field).lower()]) for field in MARKS if names.of(field).lower() in columns]
    return {field: nothing(row[2], row[4]) for field, row in there if row[3]}


def nothing(declared: str, default: object) -> str | int:
    """Return what stands for nothing in a column of this type and default that refuses NULL."""
    plain = str(default).strip("()'\" ") if default is not None else ""
    if default is not None:
        return 0 if plain.replace(".", "", 1).isdigit() else ""
    return 0 if not is_text(declared) and any(word in declared.upper() for word in _NUMBERS) else ""


def is_text(declared: str) -> bool:
    """Return whether SQLite keeps a column of this type as text, numbers too."""
    return "INT" not in declared.upper() and any(word in declared.upper() for word in ("CHAR", "CLOB", "TEXT"))


def add_marks(database: Database, table: Table) -> Table:
    """Add those of our four columns that are missing, to a table that we made what it has no place for; all or none."""
    names = table.names
    with database.immediate():
        present = inspect(database, names)  # another process may have been faster
        wanted = {**MARK_TYPES, **(LATER_COLUMNS if present.open_index else {})}
        for field, declared in wanted.items():
            if not present.has(names.of(field)):
                database.run(f"ALTER TABLE sessions ADD COLUMN {names.of(field)} {declared}")
    return inspect(database, names)


def why_foreign(database: Database) -> str:
    """Return what says that another program made the table, or put something beside it; "" if `init` made it all."""
    made = database.one("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'sessions'")
    if made is None or not " ".join(str(made[0]).split()).startswith(_OWN_BEGINNING):
        return "another program made the table sessions"
    columns = [str(row[1]) for row in database.all("PRAGMA table_xinfo(sessions)")]
    added = next((column for column in columns if column not in FIELDS), None)
    if added is not None:
        return f"the table sessions has a column {added}, which is another program's"
    others = database.one(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view', 'trigger') AND name <> 'sessions'"
        " AND substr(name, 1, 10) <> 'coachsync_' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name LIMIT 1"
    )
    return "" if others is None else f"its database holds a {others[0]} {others[1]}, which is another program's"


def candidates_query(table: Table, span: Span) -> tuple[str, list[Any]]:
    """Return the query for `Rows.due`: ranges that exclude each other, each read by its index.

    Starts kept as text are read in one scan: no index orders them, and a date as text stands between them.
    """
    since, until = max(span.since, EARLIEST), min(span.until, LATEST - 1)
    after = max(until, span.open_since - 1)
    start = table.quoted("scheduled_date")
    if table.text_start:
        start = f"CAST({start} AS INTEGER)"  # 2026 of a date, which is no start
    hint = f" INDEXED BY {OPEN_INDEX}" if table.open_index and not table.text_start else ""
    parts = [("", f"{start} >= ? AND {start} <= ?")]
    args: list[Any] = [since, until]
    if table.marked:
        older = max(EARLIEST, min(span.open_since, since))
        opened = open_rows(table.names)
        parts.append((hint, f"{opened} AND {start} >= ? AND {start} < ?"))
        parts.append((hint, f"{opened} AND {start} > ? AND {start} < ?"))
        args += [older, since, after, LATEST]
    parts += [("", bad) for bad in bad_starts(start)]
    select = f"SELECT {table.fields} FROM sessions"
    if table.text_start:
        return f"{select} WHERE {' OR '.join(f'({part})' for _, part in parts)}", args
    return " UNION ALL ".join(f"{select}{index} WHERE {part}" for index, part in parts), args


def by_name_query(table: Table, moment: Millis) -> tuple[str, list[Any]] | None:
    """Return the query for `Rows.by_user_name`; None if the table has no column for such a name."""
    named = named_rows(table.names, table.has)
    if not named:
        return None
    start = table.quoted("scheduled_date")
    if table.text_start:
        start = f"CAST({start} AS INTEGER)"
    where = f"({named}) AND {start} > ? AND {start} < ?"
    return f"SELECT {table.fields} FROM sessions WHERE {where} ORDER BY {start}", [moment, LATEST]


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
