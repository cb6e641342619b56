# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""The ledger's tables, read page by page in the order of their keys and written into another ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from coachsync.store.copying.digest import RowsDigest
from coachsync.store.copying.notes import LEFT
from coachsync.store.ledger.keys import ledger_key
from coachsync.store.ledger.migrations import ensure_ledger
from coachsync.store.sql import Row, Sql

PAGE = 1000
_CLEARED = 5000
_PARAMETERS = 900  # of one statement: SQLite takes 999 at least
_OF_THE_DATABASE = frozenset({"coachsync_leases"})  # who works now is not copied
_KEYED_BY_NAME = frozenset({"coachsync_meta", "coachsync_notes"})
_BUT_LEFT = "key NOT IN ('" + "', '".join(LEFT) + "')"


class LedgerTable(NamedTuple):
    """One table; `key` are the columns of its primary key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def numbered(self) -> bool:
        """Return whether the database gives each row its number."""
        return self.key == ("id",)

    def pages(self, sql: Sql, after: Any = None) -> Iterator[tuple[Any, list[Row]]]:
        """Yield the rows behind a key, some at a time, each page with the key that it ends with."""
        key, at = ", ".join(self.key), [self.columns.index(column) for column in self.key]
        last = None if after is None else tuple(map(_unpacked, after))
        while True:
            behind = "" if last is None else f"AND ({key}) > ({', '.join('?' * len(self.key))})"
            query = f"SELECT {', '.join(self.columns)} FROM {self.name} WHERE {self._ours} {behind}"
            rows = sql.all(f"{query} ORDER BY {key} LIMIT {PAGE}", last or ())
            if not rows:
                return
            last = tuple(rows[-1][place] for place in at)
            yield list(map(_packed, last)), rows
            if len(rows) < PAGE:
                return

    def write(self, sql: Sql, rows: Sequence[Row]) -> None:
        """Add rows, in a transaction."""
        values = ((ledger_key(value) if isinstance(value, str) else value for value in row) for row in rows)
        insert(sql, self.name, self.columns, [list(row) for row in values])

    def clear(self, sql: Sql) -> int:
        """Take some rows away, in a transaction; return how many."""
        key = ", ".join(self.key)
        some = f"SELECT {key} FROM {self.name} WHERE {self._ours} LIMIT {_CLEARED}"
        return sql.run(f"DELETE FROM {self.name} WHERE ({key}) IN ({some})")

    def digest(self, sql: Sql) -> RowsDigest:
        """Return what tells the rows from others."""
        made = RowsDigest()
        for _, rows in self.pages(sql):
            for row in rows:
                made.add(row)
        return made

    def count(self, sql: Sql) -> int:
        """Return how many rows there are."""
        found = sql.one(f"SELECT count(*) FROM {self.name} WHERE {self._ours}")
        return int(found[0]) if found is not None else 0

    @property
    def _ours(self) -> str:
        return _BUT_LEFT if self.name in _KEYED_BY_NAME else "1 = 1"


@cache
def ledger_tables() -> tuple[LedgerTable, ...]:
    """Return every table of a ledger that is copied, as they are made now."""
    from coachsync.store.sqlite.database import Database

    memory = Database(":memory:", writable=True, corrupt_hint="")
    try:
        ensure_ledger(memory)
        names = memory.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'coachsync%'")
        found = {name: memory.all("SELECT name, pk FROM pragma_table_info(?)", (name,)) for (name,) in names}
    finally:
        memory.close()
    return tuple(
        LedgerTable(name, tuple(column for column, _ in columns), _key(columns))
        for name, columns in found.items()
        if name not in _OF_THE_DATABASE
    )


def _key(columns: list[Row]) -> tuple[str, ...]:
    return tuple(column for column, place in sorted(columns, key=lambda one: one[1]) if place)


def insert(
    sql: Sql, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], slots: Sequence[str] = ()
) -> None:
    """Add rows to a table, as many in one statement as it takes; `slots`: what stands for each value."""
    left = iter(rows)
    row_of_slots = f"({', '.join(slots or ['?'] * len(columns))})"
    while part := list(islice(left, max(1, _PARAMETERS // len(columns)))):
        values = [value for row in part for value in row]
        sql.run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row_of_slots] * len(part))}", values)


def set_numbers(sql: Sql) -> None:
    """Let a PostgreSQL give the next row of each table a number that none has."""
    for table in ledger_tables():
        if table.numbered:
            sql.all(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
                " HAVING max(id) IS NOT NULL"
            )


def analyze(sql: Sql) -> None:
    """Let a PostgreSQL know at once how its tables were filled, so that the first run finds its indexes."""
    there = ["sessions"] if sql.has_table("sessions") else []
    for table in (*there, *(table.name for table in ledger_tables())):
        sql.run(f"ANALYZE {table}")


def _packed(value: Any) -> Any:
    """Return a part of a key as JSON can hold it."""
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def _unpacked(value: Any) -> Any:
    return bytes.fromhex(value["bytes"]) if isinstance(value, dict) else value
