# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""Bookings in a table `sessions`: the rows, as `store.bookings` asks for them. The same for every database.

Writes our own four columns and, by compare-and-set, the status; what people book by hand by the same statements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from coachsync.domain.marks import Marks, completed, unsaid
from coachsync.domain.model import Millis, Span
from coachsync.errors import RowRefusedError, StoreError
from coachsync.store.bookings import Edit, Found, View
from coachsync.store.columns import FIELD_OF, FIELDS, IDS, Columns
from coachsync.store.importing import as_json
from coachsync.store.sql import Row, Sql

if TYPE_CHECKING:
    from coachsync.store.ledger.writer import LedgerWriter


class SessionsTable(Protocol):
    """What was found of the table: see the databases' own.

    `names` as given; `unique_id`: an id cannot occur twice; `empty` is what our fields are cleared with if their
    columns refuse NULL; `derived_status`: the status is computed and cannot be written. `start` and `id_text` are SQL:
    the start as it is compared, the id as text.
    """

    @property
    def names(self) -> Columns: ...
    @property
    def unique_id(self) -> bool: ...
    @property
    def empty(self) -> Mapping[str, Any]: ...
    @property
    def derived_status(self) -> bool: ...
    @property
    def fields(self) -> str:
        """Return the select list that yields a row's number and the contract's fields, NULL for missing ones."""

    @property
    def start(self) -> str: ...
    @property
    def id_text(self) -> str: ...

    def has(self, column: str) -> bool:
        """Return whether there is such a column."""

    def quoted(self, field: str) -> str:
        """Return the column of a field as SQL text has it."""

    def json_key(self, column: str) -> str:
        """Return what a column is called in JSON: the contract's key, or its own name."""

    def key(self, session_id: str) -> object:
        """Return the parameter by which a row of this id is found; one that finds none if no row can have it."""

    def text(self, value: str) -> object:
        """Return text as a parameter."""

    def truth(self, column: str, value: bool) -> object:
        """Return a truth as a column holds it."""

    def due(self, span: Span) -> tuple[str, list[Any]]:
        """Return the query for `Rows.due`."""

    def named_people(self, moment: Millis) -> tuple[str, list[Any]] | None:
        """Return the query for `Rows.by_user_name`; None if the table has no column for such a name."""

    def why_foreign(self, sql: Any) -> str:
        """Return what in the database is not coachsync's; "" if all is as `init` made it."""

    def prove(self, sql: Any) -> None:
        """Raise StoreError if our columns could not be written."""


class TableRows:
    """See `store.bookings.Rows` and, as the rows change under their own lock, `store.bookings.Edit`."""

    def __init__(self, database: Sql, table: SessionsTable) -> None:
        self._db = database
        self._table = table
        self._slot = database.words["key"]
        self._id = table.quoted("id")
        self._start = table.start
        self._keys: dict[str, str] = {}  # column → JSON key
        self.refused_statuses: dict[str, str] = {}

    def due(self, span: Span) -> Iterable[Found]:
        """Return the rows a tick must look at, by index."""
        sql, args = self._table.due(span)
        return self._doubted(self._db.all(sql, args))

    def named(self, ids: Collection[str]) -> Iterable[Found]:
        """Return the rows of these ids."""
        sql = f"SELECT {self._table.fields} FROM sessions WHERE {self._id} IN ({{}})"
        return self._doubted(self._db.among(sql, map(self._table.key, ids), self._slot))

    def all(self) -> Iterable[Found]:
        """Return every row, by start, then by id."""
        twice = set() if self._table.unique_id else {row[0] for row in self._db.all(self._twice(""))}
        for row in self._db.each(f"SELECT {self._table.fields} FROM sessions ORDER BY {self._start}, {self._id}"):
            yield _found(row, twice)

    def alike(self, session_id: str) -> Iterable[Found]:
        """Return every row that bears this id."""
        sql = f"SELECT {self._table.fields} FROM sessions WHERE {self._id} = {self._slot}"
        return [_found(row, ()) for row in self._db.all(sql, self._keys_of(session_id))]

    def ids(self, endings: Collection[str] | None = None) -> Iterable[str]:
        """Return every id that is text, or those whose last 8 characters are among `endings`."""
        sql = f"SELECT {self._id} FROM sessions"
        if endings is None:
            rows: Iterable[Row] = self._db.each(sql)
        else:
            sql += f" WHERE {self._ending} IN ({{}})"
            rows = self._db.among(sql, map(self._table.text, endings), self._slot)
        return (str(row[0]) for row in rows if isinstance(row[0], (str, int)) and row[0] != "")

    def near(self, moment: Millis, limit: int, beginning: str) -> Iterable[Found]:
        """Return what starts next after a moment, then what started last before it."""
        begins, args = "", []
        if beginning:
            text = self._table.id_text
            begins = f" AND (substr({text}, 1, ?) = {self._slot} OR substr({self._ending}, 1, ?) = {self._slot})"
            args = [len(beginning), self._table.text(beginning)] * 2
        sql = f"SELECT {self._table.fields} FROM sessions WHERE {self._start}"
        coming = self._db.all(f"{sql} >= ?{begins} ORDER BY {self._start} LIMIT ?", (moment, *args, limit))
        rest = limit - len(coming)
        past = self._db.all(f"{sql} < ?{begins} ORDER BY {self._start} DESC LIMIT ?", (moment, *args, rest))
        return self._doubted([*coming, *past])

    def by_user_name(self, moment: Millis) -> Iterable[Found]:
        """Return the rows that start after a moment and name somebody by a Discord user name, by start."""
        query = self._table.named_people(moment)
        return self._doubted(self._db.all(*query)) if query is not None else []

    def guild_ids(self) -> Iterable[object]:
        """Return what the rows name as their guild, each once; an integer as its digits."""
        if not self._table.has(self._table.names.guild_id):
            return []
        guild = self._table.quoted("guild_id")
        return [str(row[0]) for row in self._db.all(f"SELECT DISTINCT {guild} FROM sessions WHERE {guild} IS NOT NULL")]

    def is_empty(self) -> bool:
        """Return whether there is no row at all."""
        return self._db.one("SELECT 1 FROM sessions LIMIT 1") is None

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields by JSON key, as stored, or None."""
        found = self._db.described(f"SELECT * FROM sessions WHERE {self._id} = {self._slot}", self._keys_of(session_id))
        return next((self._json_row(row) for row in found), None)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's fields by JSON key, by start."""
        for row in self._db.named(f"SELECT * FROM sessions ORDER BY {self._start}, {self._id}"):
            yield self._json_row(row)

    def view(self) -> View:
        """Return the rows as they are now: themselves."""
        return self

    def edit(self, change: Callable[[Edit], None]) -> None:
        """Make one change in one transaction."""
        with self._db.immediate():
            change(self)

    def edit_within(self, change: Callable[[Edit], None]) -> None:
        """Make one change in the ledger's transaction: both are in one database."""
        change(self)

    def why_foreign(self) -> str:
        """Return what in the database is not coachsync's; "" if all is as `init` made it."""
        return self._table.why_foreign(self._db)

    def remove(self, session_id: str) -> int:
        """Take the rows of this id away; return how many there were."""
        return self._db.run(f"DELETE FROM sessions WHERE {self._id} = {self._slot}", self._keys_of(session_id))

    def insert(self, fields: Mapping[str, Any]) -> None:
        """Add a row."""
        slots = [self._slot if key == "_id" else "?" for key in fields]
        values = [self._written(value) for value in fields.values()]
        names = ", ".join(map(self._column, fields))
        with self._db.singly():
            self._db.run(f"INSERT INTO sessions ({names}) VALUES ({', '.join(slots)})", values)

    def update(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change fields of a row; return False if it is gone or its status is not `status_from`."""
        columns = {self._column(key): self._written(value) for key, value in fields.items()}
        with self._db.singly():
            return self._update(session_id, columns, status_from)

    def storable(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return those fields of an imported row that the table has a column for, as that column can hold them."""
        if fields.get("participants"):
            self._column("participants")  # a booking must not lose its people without a word
        kept = {key: value for key, value in fields.items() if self._table.has(self._name(key))}
        return {key: value if key in FIELD_OF else self._scalar(key, value) for key, value in kept.items()}

    @contextmanager
    def marking(self, _ledger: LedgerWriter) -> Iterator[Callable[[Marks], bool]]:
        """Yield what writes marks at once: ledger and rows are in one database, and change in one transaction."""
        yield self._mark

    def prove(self) -> None:
        """Raise StoreError if our columns could not be written; the ledger, in the same database, shows the rest."""
        self._table.prove(self._db)

    def close(self) -> None:
        """Release the database."""
        self._db.close()

    def _mark(self, marks: Marks) -> bool:
        """Write marks; return False if the booking is gone. One that the table refuses takes back itself alone."""
        with self._db.singly():
            return self._marked(marks)

    def _marked(self, marks: Marks) -> bool:
        sql = f"SELECT {self._table.fields} FROM sessions WHERE {self._id} = {self._slot}"
        rows = [_fields(row) for row in self._db.all(sql, self._keys_of(marks.session_id))]
        changes = {field: value for row in rows for field, value in unsaid(marks, row, None).items()}
        self._update(
            marks.session_id, {self._table.quoted(field): self._cleared(field, v) for field, v in changes.items()}
        )
        for row in rows:
            if marks.completion is not None and completed(marks, row):
                self._complete(marks.session_id, marks.completion.status, str(row["status"]))
        return bool(rows)

    def _complete(self, session_id: str, status: str, before: str) -> None:
        """Change the status; one that the table does not take is left as it is, and noted."""
        try:
            if not self._table.derived_status:
                with self._db.singly():
                    self._update(session_id, {self._table.quoted("status"): status}, before)
                return
        except RowRefusedError:
            pass  # our own marks, written before, stay
        self.refused_statuses[session_id] = before

    def _cleared(self, field: str, value: Any) -> Any:
        return self._table.empty.get(field) if value is None else self._scalar(self._table.names.of(field), value)

    def _update(self, session_id: str, columns: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change columns, named as SQL text has them."""
        if not columns:
            return False
        settings = ", ".join(f"{column} = ?" for column in columns)
        status = "" if status_from is None else f" AND {self._table.quoted('status')} = {self._slot}"
        keys = [self._table.key(session_id), *([] if status_from is None else [self._table.text(status_from)])]
        sql = f"UPDATE sessions SET {settings} WHERE {self._id} = {self._slot}{status}"
        return self._db.run(sql, [*columns.values(), *keys]) > 0

    def _name(self, key: str) -> str:
        """Return the name of the column that a JSON key goes to, whether it is there or not."""
        return self._table.names.of(FIELD_OF[key]) if key in FIELD_OF else key

    def _column(self, key: str) -> str:
        column = self._name(key)
        if not self._table.has(column):
            hint = f"add the column, or leave {key} out"
            raise StoreError(f"{self._db.name}: the table sessions has no column {column}", hint)
        return _quoted(column)

    def _doubted(self, rows: list[Row]) -> list[Found]:
        """Return the rows, doubled if the table lets an id occur twice and it does."""
        if self._table.unique_id or not rows:
            return [_found(row, ()) for row in rows]
        ids = {self._table.key(str(row[1])) for row in rows if isinstance(row[1], (str, int))}
        twice = {row[0] for row in self._db.among(self._twice(f"WHERE {self._id} IN ({{}})"), ids, self._slot)}
        return [_found(row, twice) for row in rows]

    def _keys_of(self, session_id: str) -> tuple[object]:
        return (self._table.key(session_id),)

    @property
    def _ending(self) -> str:
        """Return the last 8 characters of the id, as SQL."""
        return self._db.words["ending"].format(column=self._table.id_text)

    def _scalar(self, column: str, value: Any) -> Any:
        """Return a foreign value as a column holds it: a truth as the column does, an object as its JSON text."""
        return self._table.truth(column, value) if isinstance(value, bool) else self._written(value)

    def _written(self, value: Any) -> Any:
        """Return a value as a column holds it: text as a parameter, an array or object as JSON."""
        if isinstance(value, str):
            return self._table.text(value)
        if isinstance(value, (list, dict)):
            from json import dumps

            return dumps(value)
        return value

    def _twice(self, where: str) -> str:
        return f"SELECT {self._id} FROM sessions {where} GROUP BY {self._id} HAVING count(*) > 1"

    def _json_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if not self._keys.keys() >= row.keys():
            self._keys = {column: self._table.json_key(column) for column in row}
        named = ((self._keys[column], value) for column, value in row.items())
        return {key: as_json(key, value) for key, value in named if value is not None or key not in FIELD_OF}


def _found(row: Row, twice: Collection[object]) -> Found:
    fields = _fields(row)
    for field in IDS:  # a column of integers holds 64 bits: unlike JavaScript it rounds no id
        if type(fields[field]) is int:
            fields[field] = str(fields[field])
    return Found(row[0], fields, row[1] in twice)


def _fields(row: Row) -> dict[str, Any]:
    return dict(zip(FIELDS, row[1:], strict=True))


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
