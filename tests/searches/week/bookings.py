"""A booking system that writes to the `sessions` table of a PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from coachsync.store.columns import FIELD_OF, KEY_OF


class PostgresSystem:
    """Rows by JSON key; each change is its own transaction, over a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def put(self, session_id: str, fields: Mapping[str, Any]) -> None:
        """Add a row, or change fields of one."""
        columns = {FIELD_OF.get(key, key): value for key, value in fields.items() if key != "_id"}
        changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
        named, slots = ", ".join(columns), ", ".join(["%s"] * len(columns))
        with psycopg.connect(self._url) as connection:
            connection.execute(
                f"INSERT INTO sessions (id, {named}) VALUES (%s, {slots}) ON CONFLICT (id) DO UPDATE SET {changes}",
                [session_id, *columns.values()],
            )

    def delete(self, session_id: str) -> None:
        """Delete a row."""
        with psycopg.connect(self._url) as connection:
            connection.execute("DELETE FROM sessions WHERE id = %s", (session_id,))

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what is stored, by id and JSON key, without what is absent."""
        with psycopg.connect(self._url, row_factory=dict_row) as connection:
            found = connection.execute("SELECT * FROM sessions").fetchall()
        return {row["id"]: {KEY_OF.get(c, c): v for c, v in row.items() if v is not None} for row in found}
