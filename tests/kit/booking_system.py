"""A booking system: writes to a store behind coachsync's back, each change at once and as its own transaction."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from coachsync.store.columns import FIELD_OF, KEY_OF

_PATIENCE_S = 20


class BookingSystem:
    """Rows of one store by JSON key. A JSON store is changed under the lock that coachsync takes, too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_json = path.suffix == ".json"

    def put(self, session_id: str, fields: Mapping[str, Any]) -> None:
        """Add a row, or change fields of one; a field that is None is absent from then on."""
        if not self._is_json:
            self._upsert({"id": session_id, **{_column(key): value for key, value in fields.items() if key != "_id"}})
            return
        with self._document() as rows:
            row = next((row for row in rows if row["_id"] == session_id), None)
            if row is None:
                row = {"_id": session_id}
                rows.append(row)
            row.update(fields)
            for key in [key for key, value in row.items() if value is None]:
                del row[key]

    def delete(self, session_id: str) -> None:
        """Delete a row."""
        if not self._is_json:
            with self._database() as database:
                database.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
            return
        with self._document() as rows:
            rows[:] = [row for row in rows if row["_id"] != session_id]

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what is stored, by id and JSON key, without what is absent."""
        if self._is_json:
            return {row["_id"]: row for row in json.loads(self.path.read_text("utf-8"))}
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as database:
            database.row_factory = sqlite3.Row
            found: list[dict[str, Any]] = [dict(row) for row in database.execute("SELECT * FROM sessions")]
        return {row["id"]: {KEY_OF.get(c, c): v for c, v in row.items() if v is not None} for row in found}

    def add_column(self, name: str) -> None:
        """Give the table a column of the booking system's own; rows of a JSON store need none."""
        if not self._is_json:
            with self._database() as database:
                database.execute(f"ALTER TABLE sessions ADD COLUMN {name} TEXT")

    def _upsert(self, columns: dict[str, Any]) -> None:
        with self._database() as database:
            known = database.execute("SELECT 1 FROM sessions WHERE id = ?", (columns["id"],)).fetchone()
            if known:
                changes = ", ".join(f"{column} = :{column}" for column in columns)
                database.execute(f"UPDATE sessions SET {changes} WHERE id = :id", columns)
            else:
                slots = ", ".join(f":{column}" for column in columns)
                database.execute(f"INSERT INTO sessions ({', '.join(columns)}) VALUES ({slots})", columns)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")

    @contextmanager
    def _document(self) -> Iterator[list[dict[str, Any]]]:
        with open(f"{self.path}.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = json.loads(self.path.read_text("utf-8"))
            yield rows
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(rows), "utf-8")
            fresh.replace(self.path)


class PostgresBookingSystem:
    """Rows of a store in a PostgreSQL by JSON key, changed over connections of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, session_id: str, fields: Mapping[str, Any]) -> None:
        """Add a row, or change fields of one."""
        columns = {"id": session_id, **{_column(key): value for key, value in fields.items() if key != "_id"}}
        named, slots = ", ".join(columns), ", ".join("%s" for _ in columns)
        changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
        sql = f"INSERT INTO sessions ({named}) VALUES ({slots}) ON CONFLICT (id) DO UPDATE SET {changes}"
        self._run(sql, tuple(columns.values()))

    def delete(self, session_id: str) -> None:
        """Delete a row."""
        self._run("DELETE FROM sessions WHERE id = %s", (session_id,))

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what is stored, by id and JSON key, without what is absent."""
        import psycopg
        from psycopg.rows import dict_row

        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            found = connection.execute("SELECT * FROM sessions").fetchall()
        return {row["id"]: {KEY_OF.get(c, c): v for c, v in row.items() if v is not None} for row in found}

    def add_column(self, name: str) -> None:
        """Give the table a column of the booking system's own."""
        self._run(f"ALTER TABLE sessions ADD COLUMN {name} TEXT")

    def _run(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        import psycopg

        with psycopg.connect(self.url) as connection:
            connection.execute(sql.encode(), values)


def _column(key: str) -> str:
    return FIELD_OF.get(key, key)
