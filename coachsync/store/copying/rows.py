# ruff: noqa: S608  names come from the database's catalogue and are quoted, every value is a parameter
"""The bookings of a store as a copy reads and writes them: whole rows by JSON key, each value as it is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from coachsync.store.columns import FIELD_OF, KEY_OF
from coachsync.store.copying.digest import RowsDigest
from coachsync.store.copying.fitting import Holds
from coachsync.store.copying.tables import PAGE, insert
from coachsync.store.jsonfile.read import is_array
from coachsync.store.jsonfile.text import decoded, value_of
from coachsync.store.mapped.table import quote

if TYPE_CHECKING:
    from coachsync.store.jsonfile.rows import JsonRows
    from coachsync.store.postgres.table import PostgresTable
    from coachsync.store.sql import Sql
    from coachsync.store.sqlite.table import Table

_CLEARED = 5000
_NUMBER = "coachsync row"  # no column is called so
_WORDS: dict[str, Mapping[Holds, str]] = {
    "sqlite": {"whole": "INTEGER", "number": "NUMERIC", "truth": "INTEGER", "text": "TEXT"},
    "postgresql": {"whole": "BIGINT", "number": "DOUBLE PRECISION", "truth": "BOOLEAN", "text": "TEXT"},
}


class CopiedRows(Protocol):
    """Bookings to copy. A row that is no object is what it is instead."""

    from_json: bool

    def pages(self, after: Any = None) -> Iterator[tuple[Any, list[Any]]]:
        """Yield the rows behind a key, each page with the key that it ends with; None if no key leads on from there."""

    def twice(self) -> set[Any]:
        """Return the ids that occur more than once."""

    def count(self) -> int:
        """Return how many rows there are."""


class SqlBookings:
    """The table `sessions` of the database `sql`."""

    from_json = False

    def __init__(self, sql: Sql, table: Table | PostgresTable, kind: str) -> None:
        self.sql = sql
        self.table = table
        self._kind = kind
        self._id = table.quoted("id")
        self._numbered = kind == "sqlite" and bool(getattr(table, "numbered", False))
        self._keys: dict[str, str] = {}

    def pages(self, after: Any = None) -> Iterator[tuple[Any, list[Any]]]:
        """Yield the rows behind a key, in its order."""
        if not (self._numbered or self.table.unique_id):
            yield from self._stream()
            return
        key, slot = ("rowid", "?") if self._numbered else (self._id, self.sql.words["key"])
        also = f'rowid AS "{_NUMBER}", ' if self._numbered else ""
        while True:
            behind = "" if after is None else f" WHERE {key} > {slot}"
            query = f"SELECT {also}* FROM sessions{behind} ORDER BY {key} LIMIT {PAGE}"
            args = () if after is None else (after if self._numbered else self.table.key(after),)
            rows = self.sql.described(query, args)
            if not rows:
                return
            after = rows[-1][_NUMBER] if self._numbered else str(rows[-1][self._id_column])
            yield after, list(map(self._by_key, rows))
            if len(rows) < PAGE:
                return

    def twice(self) -> set[Any]:
        """Return the ids that occur more than once."""
        if self.table.unique_id:
            return set()
        found = self.sql.all(f"SELECT {self._id} FROM sessions GROUP BY {self._id} HAVING count(*) > 1")
        return {row[0] for row in found}

    def count(self) -> int:
        """Return how many rows there are."""
        found = self.sql.one("SELECT count(*) FROM sessions")
        return int(found[0]) if found is not None else 0

    def columns(self) -> dict[str, Holds]:
        """Return what each column holds, by JSON key."""
        return {self.table.json_key(name): holds for name, holds in _holding(self.sql, self.table, self._kind)}

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows that fit, in a transaction."""
        names: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for row in rows:
            names.setdefault(tuple(row), []).append(row)
        for keys, alike in names.items():
            self._write(keys, alike)

    def clear(self) -> int:
        """Take some rows away, in a transaction; return how many."""
        key = "ctid" if self._kind == "postgresql" else "rowid" if self._numbered else self._id
        return self.sql.run(f"DELETE FROM sessions WHERE {key} IN (SELECT {key} FROM sessions LIMIT {_CLEARED})")

    def digest(self) -> RowsDigest:
        """Return what tells the rows from others."""
        made = RowsDigest()
        for _, rows in self.pages():
            for row in rows:
                made.add_fields(row)
        return made

    def _write(self, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
        columns = [quote(KEY_COLUMN.get(key, key)) for key in keys]
        plain = []
        for row in rows:
            values = [self._parameter(key, row[key]) for key in keys]
            if self._kind == "sqlite" and any(map(_is_escaped, row.values(), values)):
                slots = [
                    "CAST(? AS TEXT)" if _is_escaped(row[k], v) else "?" for k, v in zip(keys, values, strict=True)
                ]
                insert(self.sql, "sessions", columns, [values], slots)
            else:
                plain.append(values)
        insert(self.sql, "sessions", columns, plain)

    def _parameter(self, key: str, value: Any) -> Any:
        if self._kind == "postgresql":  # as a literal without a type, which becomes whatever the column is
            return value if isinstance(value, (str, bool)) else str(value)
        return self.table.text(value) if isinstance(value, str) else int(value) if isinstance(value, bool) else value

    @property
    def _id_column(self) -> str:
        found = self.table.names.id
        columns = getattr(self.table, "columns", None)  # SQLite's, in whose names case does not count
        return found if columns is None else str(columns[found.lower()])

    def _stream(self) -> Iterator[tuple[Any, list[Any]]]:
        page = []
        for row in self.sql.named("SELECT * FROM sessions"):
            page.append(self._by_key(row))
            if len(page) == PAGE:
                yield None, page
                page = []
        if page:
            yield None, page

    def _by_key(self, row: dict[str, Any]) -> dict[str, Any]:
        row.pop(_NUMBER, None)
        if not self._keys.keys() >= row.keys():
            self._keys = {column: self.table.json_key(column) for column in row}
        return {self._keys[column]: value for column, value in row.items()}


KEY_COLUMN = dict(FIELD_OF)
"""JSON key → the column of a table `sessions`; another key is its own column."""


class JsonBookings:
    """The array of a JSON file."""

    from_json = True

    def __init__(self, rows: JsonRows) -> None:
        self._rows = rows

    def pages(self, after: Any = None) -> Iterator[tuple[Any, list[Any]]]:
        """Yield the rows behind a position, in the file's order."""
        document = self._rows.document()
        for begin in range(0 if after is None else after + 1, len(document), PAGE):
            end = min(begin + PAGE, len(document))
            yield end - 1, [value_of(decoded(document.raw(at))) for at in range(begin, end)]

    def twice(self) -> set[Any]:
        """Return the ids that occur more than once."""
        return {named for named, places in self._rows.document().index().items() if isinstance(places, list)}

    def count(self) -> int:
        """Return how many rows there are."""
        return len(self._rows.document())

    def beside(self) -> list[str]:
        """Return the keys that stand beside the array of rows."""
        found = self._rows.document().data
        return [] if is_array(found) else _keys_of(bytes(found))

    @property
    def text(self) -> bytes:
        """Return the whole file."""
        return bytes(self._rows.document().data)

    def put(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Let these rows, which fit, be all of the file."""
        self.put_text(b"".join(_array(rows)))

    def put_text(self, text: bytes) -> None:
        """Let this be all of the file."""
        self._rows.put(text)

    def digest(self) -> RowsDigest:
        """Return what tells the rows from others."""
        made = RowsDigest()
        for _, rows in self.pages():
            for row in rows:
                if isinstance(row, dict):
                    made.add_fields(row)
                else:
                    made.add((row,))
        return made


def add_column(sql: Sql, kind: str, name: str, holds: Holds) -> None:
    """Give the table `sessions` another column, in a transaction."""
    sql.run(f"ALTER TABLE sessions ADD COLUMN {quote(name)} {_WORDS[kind][holds]}")


def new_column(kind: str, holds: Holds) -> Holds:
    """Return what a column holds that `add_column` made."""
    return "numbers first" if kind == "sqlite" and holds != "text" else holds


def own_columns(kind: str) -> dict[str, Holds]:
    """Return what the columns of a table hold that `init` makes, by JSON key."""
    numbers, truths = ("scheduled_date", "duration"), ("discord_setup_complete", "discord_cleaned_up")
    if kind == "sqlite":
        return {KEY_OF[f]: "numbers first" if f in (*numbers, *truths) else "text" for f in FIELD_OF.values()}
    return {KEY_OF[f]: "whole" if f in numbers else "truth" if f in truths else "text" for f in FIELD_OF.values()}


def _holding(sql: Sql, table: Table | PostgresTable, kind: str) -> Iterator[tuple[str, Holds]]:
    if kind == "sqlite":
        for row in sql.all("PRAGMA table_xinfo(sessions)"):
            if not row[6]:  # computed, or hidden
                yield row[1], _affinity(str(row[2]))
        return
    for column in table.found.columns.values():  # type: ignore[union-attr]  # a PostgreSQL's
        if column.computed:
            continue
        if column.type == "bool":
            yield column.name, "truth"
        elif column.type in ("int2", "int4", "int8"):
            yield column.name, "whole"
        else:
            yield column.name, "number" if column.is_number else "text"


def _affinity(declared: str) -> Holds:
    """Return what SQLite makes of values in a column of this type. Source: https://www.sqlite.org/datatype3.html"""
    said = declared.upper()
    if "INT" in said:
        return "numbers first"
    if any(word in said for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    return "anything" if not said or "BLOB" in said else "numbers first"


def _is_escaped(value: Any, parameter: Any) -> bool:
    return isinstance(value, str) and isinstance(parameter, bytes)


def _keys_of(data: bytes) -> list[str]:
    from coachsync.store.jsonfile.text import members

    text = decoded(data)
    return [member.key for member in members(text, text.index("{")) if member.key != "sessions"]


def _array(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    before = "["
    for row in rows:
        yield f"{before}\n{json.dumps(row)}".encode("ascii")
        before = ","
    yield b"[]\n" if before == "[" else b"\n]\n"
