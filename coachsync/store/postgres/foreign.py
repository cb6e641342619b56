# ruff: noqa: S608  names are quoted, every value is a parameter
"""Another system's table in a PostgreSQL, as it is found: columns, keys, grants, indexes. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from coachsync.domain.booking import EARLIEST
from coachsync.domain.clocktimes import TEXT_FORMS, carries_no_zone
from coachsync.domain.flaws import shown
from coachsync.domain.mapping import TableMapping
from coachsync.domain.model import Span
from coachsync.errors import StoreError
from coachsync.store.columns import MARKS
from coachsync.store.mapped.find import columns_of
from coachsync.store.mapped.table import ForeignTable, quote
from coachsync.store.postgres.catalog import PgColumn, Relation, lacking, relation, role
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.statements import holds_another, protected
from coachsync.store.postgres.table import as_number

_ANY = Span(EARLIEST, EARLIEST, EARLIEST)
MANY = 50_000  # rows, from which on a tick should not read them all
_WRITTEN = (*MARKS, "status")
_UPDATE = 1 << 2  # in what pg_relation_is_updatable says
_KEYED = frozenset({"int2", "int4", "int8", "uuid"})  # types of ids that are compared as what they are, by index


class FoundTable(NamedTuple):
    """The table as rows are read from it, what the catalogue says of it, how an id becomes a parameter."""

    source: ForeignTable
    found: Relation
    key: Callable[[str], object]


def look(database: PostgresDatabase, mapping: TableMapping) -> FoundTable:
    """Return the table that a mapping names. Raises StoreError naming the key of what is not there or does not fit."""
    found = _found(database, mapping)
    columns = columns_of(database.name, mapping, {name.lower(): name for name in found.columns})
    typed = {field: found.columns[name] for field, name in columns.items()}
    _require_grants(database, mapping, found, "SELECT", list(columns.values()))
    _require_updatable(database, mapping, found)
    _require_time(database, mapping, typed["scheduled_date"])
    key = typed["id"]
    start = typed["scheduled_date"]
    numbers = mapping.time not in TEXT_FORMS and not start.is_number
    source = ForeignTable(
        mapping._replace(where=protected(mapping.where)),
        columns,
        f"{quote(found.schema)}.{quote(found.name)}",
        unique_id=not found.is_view and key.name in found.unique,
        typeless_id=not key.is_text and key.type not in _KEYED,
        start_number=as_number(start) if numbers else "",
        empty={f: typed[f].empty for f in MARKS if f in typed and typed[f].refuses_null},
        derived_status=typed["status"].computed,
        zone=ZoneInfo(mapping.timezone) if mapping.timezone else None,
    )
    _require_sense(database, source, start)
    return FoundTable(source, found, key.key)


def prove(database: PostgresDatabase, table: FoundTable) -> None:
    """Return if every column that is mapped to be written may be. Raises StoreError with the GRANT that lacks."""
    mapping = table.source.mapping
    written = [table.source.columns[field] for field in _WRITTEN if mapping.writes(field)]
    if written:
        _require_grants(database, mapping, table.found, "UPDATE", written)


def index_wanted(database: PostgresDatabase, table: FoundTable) -> str | None:
    """Return what would let a tick do without reading every row of a table with many; None if nothing is amiss."""
    source, found = table.source, table.found
    if database.one(f"SELECT 1 FROM {source.table} LIMIT 1 OFFSET {MANY}") is None:
        return None
    sql, args = source.due(_ANY)
    plan = database.all(f"EXPLAIN {sql}", args)
    if not any("Seq Scan" in str(row[0]) for row in plan):
        return None
    start = source.columns["scheduled_date"]
    if found.is_view:
        return f"have its owner make an index of the column that {found.name}.{start} is taken from"
    what = f"({source.start})" if source.start_number else quote(start)
    first = "SELECT 1 FROM pg_index WHERE indrelid = ?::oid AND indkey[0] = ? AND indisvalid AND indpred IS NULL"
    if not source.start_number and database.one(first, (found.oid, found.columns[start].number)) is not None:
        return None
    named = quote(f"{found.name}_by_start")
    return f"have its owner make one: CREATE INDEX CONCURRENTLY {named} ON {source.table} ({what})"


def _found(database: PostgresDatabase, mapping: TableMapping) -> Relation:
    schema, _, name = mapping.table.rpartition(".")
    for spelled in (mapping.table, mapping.table.lower()):
        schema, _, name = spelled.rpartition(".")
        found = relation(database, name, schema)
        if found is not None and found.kind in ("r", "p", "f", "v", "m"):
            return found
    sql = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'v', 'm') AND {} ORDER BY relname"
    if schema:
        there = database.one("SELECT 1 FROM pg_namespace WHERE nspname IN (?, lower(?))", (schema, schema))
        if there is None:
            told = f"{database.name}: store.table names the schema {schema}, which is not there"
            raise StoreError(told, "correct it, or point [store] url at the right database")
        names = database.all(sql.format("relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ?)"), (schema,))
    else:
        names = database.all(sql.format("pg_table_is_visible(oid) AND NOT starts_with(relname, 'pg_')"))
    near = get_close_matches(name, [row[0] for row in names], 1, 0.6)
    elsewhere = database.one(
        "SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = ?",
        (name,),
    )
    advice = f"did you mean {near[0]}?" if near else "correct it, or point [store] url at the right database"
    if not schema and elsewhere is not None:
        advice = f'name its schema, too: [store] table = "{elsewhere[0]}.{name}"'
    raise StoreError(f"{database.name} has no table {mapping.table}, which store.table names", advice)


def _require_grants(
    database: PostgresDatabase, mapping: TableMapping, found: Relation, privilege: str, columns: list[str]
) -> None:
    where = f"{quote(found.schema)}.{quote(found.name)}"
    us = quote(role(database))
    usable = database.one("SELECT has_schema_privilege(?, 'USAGE')", (found.schema,))
    refused = lacking(database, found.oid, columns, privilege)
    if not refused and usable == (True,):
        return
    verb = "read" if privilege == "SELECT" else "write"
    grant = f"GRANT {privilege} ({', '.join(map(quote, columns))}) ON {where} TO {us}"
    if usable != (True,):
        grant = f"GRANT USAGE ON SCHEMA {quote(found.schema)} TO {us}; {grant}"
    told = (
        f"{database.name}: the role {role(database)} may not {verb} {', '.join(refused or columns)} of {mapping.table}"
    )
    raise StoreError(told, f"have its owner run: {grant}")


def _require_updatable(database: PostgresDatabase, mapping: TableMapping, found: Relation) -> None:
    """Refuse to write to a view that takes no writes."""
    written = [field for field in _WRITTEN if mapping.writes(field)]
    if not written or not found.is_view:
        return
    takes = database.one("SELECT pg_relation_is_updatable(?::oid, true)", (found.oid,))
    if takes is not None and takes[0] & _UPDATE:
        return
    key = "statuses.completed" if written[0] == "status" else f"store.columns.{written[0]}"
    hint = 'set it to ""' if written[0] == "status" else "leave it out: then it is kept in the ledger"
    raise StoreError(f"{database.name}: {mapping.table} is a view, which cannot be written, and {key} is set", hint)


def _require_time(database: PostgresDatabase, mapping: TableMapping, start: PgColumn) -> None:
    """Refuse a form of times that the column's type cannot have, and local times if no zone is named."""
    told = f"{database.name}: {mapping.table}.{start.name} is {start.declared}, and store.time is {mapping.time}"
    if start.is_moment and mapping.time not in TEXT_FORMS:
        raise StoreError(told, 'say that it is a timestamp: [store] time = "timestamp"')
    if start.is_number and mapping.time in TEXT_FORMS:
        raise StoreError(told, 'say what it counts: [store] time = "ms" for milliseconds, "s" for seconds since 1970')
    if start.type in ("timestamp", "date") and mapping.timezone is None:
        _refuse_zoneless(database, mapping, start.declared)


def _refuse_zoneless(database: PostgresDatabase, mapping: TableMapping, what: str) -> NoReturn:
    told = f"the times of {mapping.table} carry no zone ({what}), and store.timezone is not set"
    hint = 'name the zone that they are in: [store] timezone = "Europe/Berlin", or "UTC"'
    raise StoreError(f"{database.name}: {told}", hint)


def _require_sense(database: PostgresDatabase, source: ForeignTable, start: PgColumn) -> None:
    """Try the operator's own SQL, and refuse times without a zone if none is named. Raises StoreError."""
    if source.narrowed:
        message = f"{database.name}: store.where makes no sense of {source.mapping.table}"
        hint = "correct it: it is what follows WHERE in that database's SQL"
        if holds_another(source.mapping.where):
            raise StoreError(f"{message}: a quote or bracket is open, or it is more than one", hint)
        try:
            database.one(f"{source.select(what='1')} LIMIT 0")
        except StoreError as error:
            told = error.message.removeprefix(f"{database.name}: ")
            raise StoreError(f"{message}: {told}", hint) from None
    if source.mapping.time not in TEXT_FORMS or source.zone is not None or start.is_moment:
        return
    column = quote(start.name)
    first = database.one(f"{source.select(f'{column} IS NOT NULL', column)} LIMIT 1")
    if first is not None and carries_no_zone(first[0]):
        _refuse_zoneless(database, source.mapping, shown(first[0]))
