# ruff: noqa: S608  names are quoted, every value is a parameter
"""What there is in a PostgreSQL that its role sees: tables and columns, with some of their values. Read only."""

from __future__ import annotations

import re
from contextlib import closing, suppress

from coachsync.domain.kinds import is_status
from coachsync.domain.surveyed import SurveyedColumn, SurveyedTable
from coachsync.errors import StoreError
from coachsync.store.mapped.table import quote
from coachsync.store.postgres.catalog import Relation, relation
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.sql import Row

_ROWS = 100  # of each table
_CHOICES = 30
_LISTED = re.compile(r"'((?:[^']|'')*)'")
_TABLES = (
    "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND pg_table_is_visible(c.oid)"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_table_privilege(c.oid, 'SELECT')"
    " AND NOT starts_with(c.relname, 'coachsync_')"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname"
)
_PRIMARY = (
    "SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
    " WHERE i.indrelid = ?::oid AND i.indisprimary AND i.indnkeyatts = 1"
)
_REFERS = (
    "SELECT a.attname, t.relname, f.attname FROM pg_constraint AS c"
    " JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
    " JOIN pg_class AS t ON t.oid = c.confrelid"
    " JOIN pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]"
    " WHERE c.conrelid = ?::oid AND c.contype = 'f' AND cardinality(c.conkey) = 1"
)
_LABELS = (
    "SELECT e.enumlabel FROM pg_enum AS e JOIN pg_attribute AS a ON a.atttypid = e.enumtypid"
    " WHERE a.attrelid = ?::oid AND a.attname = ? ORDER BY e.enumsortorder"
)
_CHECKS = (
    "SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c JOIN pg_attribute AS a ON a.attrelid = c.conrelid"
    " AND a.attnum = c.conkey[1] WHERE c.conrelid = ?::oid AND c.contype = 'c' AND cardinality(c.conkey) = 1"
    " AND a.attname = ?"
)


def survey_postgres(url: str) -> tuple[SurveyedTable, ...]:
    """Return the tables and views that the role sees and may read, but our own. Raises ConfigError, StoreError."""
    found = []
    with closing(PostgresDatabase(url, writable=False)) as database:
        for (name,) in database.all(_TABLES):
            there = relation(database, name)
            with suppress(StoreError):  # a view that fails, or takes too long
                found += [] if there is None else [_table(database, there)]
    return tuple(found)


def _table(database: PostgresDatabase, found: Relation) -> SurveyedTable:
    primary = database.one(_PRIMARY, (found.oid,))
    key = "" if primary is None else str(primary[0])
    refers = {row[0]: (row[1], row[2]) for row in database.all(_REFERS, (found.oid,))}
    values = _values(database, found, key)
    columns = []
    for at, (name, column) in enumerate(found.columns.items()):
        plain = SurveyedColumn(name, column.declared, name in found.unique, refers.get(name))
        choices = _choices(database, found, name) if is_status(plain) else ()
        columns.append(plain._replace(values=tuple(row[at] for row in values), choices=choices))
    return SurveyedTable(found.name, found.is_view, tuple(columns), key, in_postgres=True)


def _values(database: PostgresDatabase, found: Relation, key: str) -> list[Row]:
    order = f" ORDER BY {quote(key)} DESC" if key else ""
    return database.all(f"SELECT * FROM {quote(found.name)}{order} LIMIT {_ROWS}")


def _choices(database: PostgresDatabase, found: Relation, column: str) -> tuple[object, ...]:
    """Return what a status column holds, what its type takes, and what a CHECK on it lists."""
    held = database.all(f"SELECT DISTINCT {quote(column)} FROM {quote(found.name)} LIMIT {_CHOICES}")
    labels = database.all(_LABELS, (found.oid, column))
    checks = database.all(_CHECKS, (found.oid, column))
    listed = [one.replace("''", "'") for (check,) in checks for one in _LISTED.findall(check)]
    return tuple(dict.fromkeys([*(row[0] for row in labels), *listed, *(row[0] for row in held)]))
