# ruff: noqa: S608  names come from the catalogue and are quoted
"""Our tables of a PostgreSQL, copied to memory as SQLite's: what a rehearsal changes and throws away."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from coachsync.store.ledger.keys import ledger_key
from coachsync.store.mapped.table import quote
from coachsync.store.sql import Row

if TYPE_CHECKING:
    from coachsync.store.postgres.database import PostgresDatabase
    from coachsync.store.sqlite.database import Database

_TABLES = (
    "SELECT c.relname FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND starts_with(c.relname, ?)"
    " AND pg_table_is_visible(c.oid) ORDER BY c.relname"
)
_COLUMNS = (
    "SELECT a.attname, a.attnum, format_type(a.atttypid, NULL), a.attidentity <> '' FROM pg_attribute AS a"
    " WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
_KEY = "SELECT indkey::text FROM pg_index WHERE indrelid = to_regclass(?) AND indisprimary"
_AT_ONCE = 1000


def in_memory(database: PostgresDatabase, prefix: str) -> Database:
    """Return the copy; it goes by the database's name."""
    from coachsync.store.sqlite.database import Database

    copy = Database(":memory:", writable=True, corrupt_hint="")
    copy.name = database.name
    try:
        with copy.immediate():
            for (table,) in database.all(_TABLES, (prefix,)):
                _copy(database, copy, table)
    except BaseException:
        copy.close()
        raise
    return copy


def _copy(database: PostgresDatabase, copy: Database, table: str) -> None:
    columns = database.all(_COLUMNS, (quote(table),))
    key = database.one(_KEY, (quote(table),))
    numbers = {int(number) for number in key[0].split()} if key is not None else set()
    copy.run(_definition(table, columns, numbers))
    rows = database.each(f"SELECT * FROM {quote(table)}")
    slots = ", ".join("?" * len(columns))
    while part := list(islice(rows, _AT_ONCE)):
        for row in part:
            values = [ledger_key(value) if isinstance(value, str) else value for value in row]
            copy.run(f"INSERT INTO {quote(table)} VALUES ({slots})", values)


def _definition(table: str, columns: list[Row], key: set[int]) -> str:
    """Return what makes the table: its numbers are given by SQLite itself from then on."""
    made = []
    for name, _, kind, numbered in columns:
        whole = kind in ("bigint", "integer", "smallint")
        made.append(f"{quote(name)} {'INTEGER' if whole else 'TEXT'}{' PRIMARY KEY' if numbered else ''}")
    if not any(column[3] for column in columns) and key:
        made.append(f"PRIMARY KEY ({', '.join(quote(column[0]) for column in columns if column[1] in key)})")
    return f"CREATE TABLE {quote(table)} ({', '.join(made)})"
