# ruff: noqa: S608  names are quoted, every value is a parameter
"""Another system's table in an SQLite database, as it is found: columns, keys, indexes. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
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
from coachsync.store.sqlite.database import Database
from coachsync.store.sqlite.table import GENERATED, is_text, nothing

_ANY = Span(EARLIEST, EARLIEST, EARLIEST)
MANY = 50_000  # rows, from which on a tick should not read them all


def look(database: Database, mapping: TableMapping) -> ForeignTable:
    """Return the table that a mapping names. Raises StoreError naming the key of what is not there or does not fit."""
    schema, _, name = mapping.table.rpartition(".")
    schema = schema or "main"
    kind = _kind(database, mapping, schema, name)
    found = database.all("SELECT * FROM pragma_table_xinfo(?, ?)", (name, schema))
    there = {row[1].lower(): row for row in found}
    columns = columns_of(database.name, mapping, {name: row[1] for name, row in there.items()})
    declared = {field: str(there[column.lower()][2]) for field, column in columns.items()}
    if kind == "view":
        _require_updatable(database, mapping, schema, name)
    numbers = mapping.time not in TEXT_FORMS and is_text(declared["scheduled_date"])
    source = ForeignTable(
        mapping,
        columns,
        f"{quote(schema)}.{quote(name)}",
        number="rowid" if _numbered(database, schema, name, kind, there) else "0",
        unique_id=kind == "table" and _unique(database, schema, name, columns["id"], found),
        typeless_id=not declared["id"],
        start_number=f"CAST({quote(columns['scheduled_date'])} AS INTEGER)" if numbers else "",
        empty={f: nothing(row[2], row[4]) for f in MARKS if f in columns and (row := there[columns[f].lower()])[3]},
        derived_status=there[columns["status"].lower()][6] in GENERATED,
        zone=ZoneInfo(mapping.timezone) if mapping.timezone else None,
    )
    _require_sense(database, source)
    return source


def index_wanted(database: Database, source: ForeignTable) -> str | None:
    """Return what would let a tick do without reading every row of a table with many; None if nothing is amiss."""
    if database.one(f"SELECT 1 FROM {source.table} LIMIT 1 OFFSET {MANY}") is None:
        return None
    start = source.columns["scheduled_date"]
    if not source.start_number:
        sql, args = source.due(_ANY)
        plan = database.all(f"EXPLAIN QUERY PLAN {sql}", args)
        if any(f"{start}>?" in str(row[-1]) for row in plan):
            return None
    schema, _, name = source.mapping.table.rpartition(".")
    if _kind(database, source.mapping, schema or "main", name) == "view":
        return f"have its owner make an index of the column that {name}.{start} is taken from"
    if not source.start_number:
        indexed = database.all(
            "SELECT 1 FROM pragma_index_list(?, ?) AS l, pragma_index_info(l.name) AS i"
            " WHERE i.seqno = 0 AND NOT l.partial AND lower(i.name) = lower(?)",
            (name, schema or "main", start),
        )
        if indexed:
            return None
    column = source.start
    named = quote(f"{name}_by_start")
    index = f"{quote(schema)}.{named}" if schema else named
    return f"have its owner make one: CREATE INDEX {index} ON {quote(name)} ({column})"


def _kind(database: Database, mapping: TableMapping, schema: str, name: str) -> str:
    schemas = [row[1] for row in database.all("PRAGMA database_list")]
    if schema.lower() not in (known.lower() for known in schemas):
        hint = f"an SQLite file has one schema: write {name} alone"
        raise StoreError(f"{database.name}: store.table names the schema {schema}, which is not there", hint)
    rows = database.all(f"SELECT name, type FROM {quote(schema)}.sqlite_master WHERE type IN ('table', 'view')")
    kinds = {row[0].lower(): row[1] for row in rows}
    if name.lower() not in kinds:
        near = get_close_matches(name.lower(), list(kinds), 1, 0.6)
        advice = f"did you mean {near[0]}?" if near else "correct it, or point [store] url at the right database"
        raise StoreError(f"{database.name} has no table {mapping.table}, which store.table names", advice)
    return str(kinds[name.lower()])


def _require_updatable(database: Database, mapping: TableMapping, schema: str, name: str) -> None:
    """Refuse to write to a view that takes no writes."""
    written = [field for field in (*MARKS, "status") if mapping.writes(field)]
    if not written:
        return
    sql = f"SELECT sql FROM {quote(schema)}.sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)"
    if any("INSTEAD OF UPDATE" in " ".join(str(row[0]).upper().split()) for row in database.all(sql, (name,))):
        return
    key = "statuses.completed" if written[0] == "status" else f"store.columns.{written[0]}"
    hint = 'set it to ""' if written[0] == "status" else "leave it out: then it is kept in the ledger"
    raise StoreError(f"{database.name}: {mapping.table} is a view, which cannot be written, and {key} is set", hint)


def _require_sense(database: Database, source: ForeignTable) -> None:
    """Try the operator's own SQL, and refuse times without a zone if none is named. Raises StoreError."""
    mapping = source.mapping
    if source.narrowed:
        database.one(f"SELECT 1 FROM {source.table} LIMIT 0")
        try:
            database.one(f"{source.select(what='1')} LIMIT 0")
        except StoreError as error:
            told = error.message.removeprefix(f"{database.name}: ")
            message = f"{database.name}: store.where makes no sense of {mapping.table}: {told}"
            raise StoreError(message, "correct it: it is what follows WHERE in that database's SQL") from None
    if mapping.time not in TEXT_FORMS or source.zone is not None:
        return
    start = quote(source.columns["scheduled_date"])
    first = database.one(f"{source.select(f'{start} IS NOT NULL', start)} LIMIT 1")
    if first is not None and carries_no_zone(first[0]):
        told = f"the times of {mapping.table} carry no zone ({shown(first[0])}), and store.timezone is not set"
        raise StoreError(
            f"{database.name}: {told}",
            'name the zone that they are in: [store] timezone = "Europe/Berlin", or "UTC"',
        )


def _unique(database: Database, schema: str, name: str, key: str, found: list[tuple[Any, ...]]) -> bool:
    """Return whether the primary key or a whole unique index is the id alone."""
    if [row[1].lower() for row in found if row[5]] == [key.lower()]:
        return True
    rows = database.all(
        "SELECT l.name, i.name FROM pragma_index_list(?, ?) AS l, pragma_index_info(l.name, ?) AS i"
        ' WHERE l."unique" AND NOT l.partial',
        (name, schema, schema),
    )
    indexes: dict[str, list[str]] = {}
    for index, column in rows:
        indexes.setdefault(index, []).append(str(column).lower())
    return [key.lower()] in indexes.values()


def _numbered(database: Database, schema: str, name: str, kind: str, there: Mapping[str, Any]) -> bool:
    if kind != "table" or "rowid" in there:
        return False
    return database.understands(f"SELECT rowid FROM {quote(schema)}.{quote(name)} LIMIT 0")
