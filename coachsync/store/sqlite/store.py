# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""Bookings in an SQLite table, with the ledger beside them in the same database.

Writes our own four columns and, by compare-and-set, the status; what people book by hand goes through `add`,
`change` and `import_rows`. Mark and ledger change in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from coachsync.domain.booking import COLUMN_OF, KEY_OF, occurs_twice, read_booking
from coachsync.domain.model import Session
from coachsync.domain.naming import short_of
from coachsync.errors import SessionError, StoreError
from coachsync.store.base import Completion, Defaults, Imported, Marks, Span
from coachsync.store.importing import as_json, own_fields, read_json_row, sift, to_write
from coachsync.store.ledger.reader import LedgerReader
from coachsync.store.ledger.writer import LedgerWriter, ensure_ledger
from coachsync.store.sqlite.database import Database, text_key, tolerant_text
from coachsync.store.sqlite.table import ID, add_marks, candidates_query, inspect

_CORRUPT = "restore it from a backup, or see what `sqlite3 FILE '.recover'` brings back"


class SqliteStore(LedgerReader):
    """See `store.base.Store`. `path` must be an existing file, resolved."""

    def __init__(self, path: str, url: str, defaults: Defaults, *, writable: bool) -> None:
        self.path = path
        self.url = url
        self._defaults = defaults
        self._db = Database(path, writable=writable, corrupt_hint=_CORRUPT, text=tolerant_text)
        try:
            self._table = inspect(self._db)
            super().__init__(self._db)
            if writable and not self._table.marked:
                self._table = add_marks(self._db, self._table)
        except BaseException:
            self._db.close()
            raise

    def candidates(self, span: Span) -> list[Session]:
        """Return the bookings a tick must decide about, by index."""
        sql, args = candidates_query(self._table, span)
        return self._doubted([self._session(row) for row in self._db.all(sql, args)])

    def by_ids(self, ids: Collection[str]) -> dict[str, Session]:
        """Return those of the named bookings that exist, by id."""
        sql = f"SELECT {self._table.fields} FROM sessions WHERE id IN ({{}})"
        rows = self._db.among(sql, map(text_key, ids), ID)
        return {session.id: session for session in self._doubted([self._session(row) for row in rows])}

    def matching(self, name: str) -> list[Session]:
        """Return the bookings whose id or short name is `name`: the exact id wins alone."""
        exact = self.by_ids([name])
        if exact:
            return list(exact.values())
        tails = self._db.all(f"SELECT id FROM sessions WHERE substr(id, -8) = {ID}", (text_key(name),))
        named = [row[0] for row in tails if isinstance(row[0], str) and short_of(row[0]) == name]
        if not named and len(name) == 8:
            ids = (row[0] for row in self._db.each("SELECT id FROM sessions"))
            named = [i for i in ids if isinstance(i, str) and i and short_of(i) == name]
        return list(self.by_ids(named).values())

    def everything(self) -> Iterator[Session]:
        """Yield every booking, by start."""
        twice = set() if self._table.unique_id else {r[0] for r in self._db.all(_TWICE.format(where=""))}
        for row in self._db.each(f"SELECT {self._table.fields} FROM sessions ORDER BY scheduled_date, id"):
            session = self._session(row)
            yield occurs_twice(session) if session.id in twice else session

    def is_empty(self) -> bool:
        """Return whether the store holds no booking at all."""
        return self._db.one("SELECT 1 FROM sessions LIMIT 1") is None

    def raw(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields by JSON key, as stored, or None."""
        rows = self._db.named(f"SELECT * FROM sessions WHERE id = {ID}", (text_key(session_id),))
        return next((self._json_row(row) for row in rows), None)

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's fields by JSON key, by start."""
        for row in self._db.named("SELECT * FROM sessions ORDER BY scheduled_date, id"):
            yield self._json_row(row)

    def add(self, fields: Mapping[str, Any]) -> None:
        """Add a booking (JSON keys). Raises SessionError("invalid") where the id is taken or a field is wrong."""
        session = read_json_row(fields, self._defaults)
        if session.flaw is not None:
            raise SessionError("invalid", session.flaw.message, session.flaw.hint)
        with self._db.immediate():
            if self.raw(session.id) is not None:
                raise SessionError("invalid", f"there is a booking {session.id!r} already", "choose another id")
            self._insert({key: value for key, value in fields.items() if value is not None})

    def change(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change fields of one booking; return False where it is gone or its status is not `status_from`."""
        own_fields(fields)
        with self._db.immediate():
            return self._update(session_id, {self._column(k): v for k, v in fields.items()}, status_from)

    def import_rows(self, rows: Iterable[Any]) -> Imported:
        """Add or change bookings in one transaction; keys that are no column are left out."""
        good, account = sift(rows, self._defaults)
        with self._db.immediate():
            for session_id, row in good.items():
                self._import(session_id, self._storable(row), account)
        return account

    @contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """Open a transaction over marks and ledger. Creates the ledger where there is none."""
        transaction = SqliteTransaction(self)
        try:
            with self._db.immediate():
                ensure_ledger(self._db)
                yield transaction
        except BaseException:
            transaction.forget_numbers()
            raise

    def close(self) -> None:
        """Release the database."""
        self._db.close()

    def write_marks(self, marks: Marks) -> bool:
        """Write marks inside a transaction; return False where the booking is gone."""
        if self._db.one(f"SELECT 1 FROM sessions WHERE id = {ID}", (text_key(marks.session_id),)) is None:
            return False
        fields: dict[str, Any] = {
            "discord_setup_complete": None if marks.set_up is None else int(marks.set_up),
            "discord_cleaned_up": None if marks.cleaned_up is None else int(marks.cleaned_up),
            "discord_role_id": marks.role_id,
            "discord_channel_id": marks.channel_id,
        }
        written = {column: value for column, value in fields.items() if value is not None}
        self._update(marks.session_id, {column: None if v == "" else v for column, v in written.items()})
        if marks.completion is not None:
            self._complete(marks.session_id, marks.completion)
        return True

    def _complete(self, session_id: str, completion: Completion) -> None:
        row = self._db.one(f"SELECT status, scheduled_date FROM sessions WHERE id = {ID}", (text_key(session_id),))
        if row is None or row[0] not in completion.statuses or completion.start not in (None, row[1]):
            return
        self._update(session_id, {"status": completion.status}, row[0])

    def _update(self, session_id: str, columns: Mapping[str, Any], status_from: str | None = None) -> bool:
        if not columns:
            return False
        settings = ", ".join(f"{_quoted(column)} = ?" for column in columns)
        where = f"id = {ID}" if status_from is None else f"id = {ID} AND status = {ID}"
        keys = [text_key(key) for key in (session_id, status_from) if key is not None]
        return self._db.run(f"UPDATE sessions SET {settings} WHERE {where}", [*columns.values(), *keys]) > 0

    def _insert(self, fields: Mapping[str, Any]) -> None:
        columns = [self._column(key) for key in fields]
        slots = [ID if column == "id" else "?" for column in columns]
        values = [text_key(value) if isinstance(value, str) else value for value in fields.values()]
        names = ", ".join(map(_quoted, columns))
        self._db.run(f"INSERT INTO sessions ({names}) VALUES ({', '.join(slots)})", values)

    def _import(self, session_id: str, row: dict[str, Any], account: Imported) -> None:
        existing = self.raw(session_id)
        written = to_write(existing, row)
        if existing is None:
            self._insert(written)
            account.added.append(session_id)
        elif written:
            self._update(session_id, {self._column(key): value for key, value in written.items()})
            account.changed.append(session_id)
        else:
            account.unchanged.append(session_id)

    def _storable(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return those fields of an imported row that the table has a column for, as that column can hold them."""
        kept = {key: value for key, value in row.items() if COLUMN_OF.get(key, key).lower() in self._table.columns}
        return {key: value if key in COLUMN_OF else _scalar(value) for key, value in kept.items()}

    def _column(self, key: str) -> str:
        column = COLUMN_OF.get(key, key)
        if column.lower() not in self._table.columns:
            hint = f"add the column, or leave {key} out"
            raise StoreError(f"{self.path}: the table sessions has no column {column}", hint)
        return column

    def _session(self, row: tuple[Any, ...]) -> Session:
        return read_booking(dict(zip(KEY_OF, row[1:], strict=True)), self._defaults, row[0])

    def _doubted(self, sessions: list[Session]) -> list[Session]:
        """Return the sessions, invalid where the table lets an id occur twice and it does."""
        if self._table.unique_id or not sessions:
            return sessions
        rows = self._db.among(_TWICE.format(where="WHERE id IN ({})"), {text_key(s.id) for s in sessions}, ID)
        twice = {row[0] for row in rows}
        return [occurs_twice(session) if session.id in twice else session for session in sessions]

    def _json_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        named = ((self._table.json_key(column), value) for column, value in row.items())
        return {key: as_json(key, value) for key, value in named if value is not None or key not in COLUMN_OF}


_TWICE = "SELECT id FROM sessions {where} GROUP BY id HAVING count(*) > 1"


class SqliteTransaction(LedgerWriter):
    """See `store.base.Transaction`."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store._db)
        self._store = store

    def mark(self, marks: Marks) -> bool:
        """Write marks; return False where the booking is gone."""
        return self._store.write_marks(marks)


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _scalar(value: Any) -> Any:
    """Return a foreign value as a column holds it: true as 1, an object as its JSON text."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (list, dict)):
        from json import dumps

        return dumps(value)
    return value
