"""Which columns of another system's table hold which fields: as they are named, or by the usual names."""

from __future__ import annotations

from collections.abc import Mapping

from coachsync.domain.mapping import TableMapping
from coachsync.errors import StoreError
from coachsync.store.columns import FIELDS, MARKS, PAIR, REQUIRED, Columns


def columns_of(database: str, mapping: TableMapping, there: Mapping[str, str]) -> dict[str, str]:
    """Return field → column: those that are named, and those that go by CONTRACT §4's names; no mark of the latter.

    `database` is what messages call it, `there` the columns by lower-case name. Raises StoreError naming the key of
    what is not there.
    """
    absent = {field: column for field, column in mapping.columns.items() if column.lower() not in there}
    if absent:
        field, column = next(iter(absent.items()))
        advice = f"name one that it has: {', '.join(there.values())}"
        told = f"the table {mapping.table} has no column {column}, which store.columns.{_key(field)} names"
        raise StoreError(f"{database}: {told}", advice)
    by_name = {field: Columns().of(field) for field in FIELDS if field not in MARKS}
    if "end" in mapping.columns:
        del by_name["duration"]
    found = {f: there[c.lower()] for f, c in (by_name | dict(mapping.columns)).items() if c.lower() in there}
    missing = [field for field in _needed(found) if field not in found]
    if missing:
        names = ", ".join(map(_key, missing))
        told = f"{database}: no column of the table {mapping.table} is known to hold {names}"
        raise StoreError(told, f'name the column: [store.columns] {_key(missing[0])} = "…"')
    return {field: found[field] for field in (*FIELDS, "end") if field in found}


def _needed(found: Mapping[str, str]) -> tuple[str, ...]:
    """Return the fields that a table must hold: people by participants, or each by an id or a user name."""
    if "participants" in found:
        return REQUIRED
    return (*REQUIRED, *(f for f in PAIR if f.replace("_id", "_name") not in found))


def _key(field: str) -> str:
    return "start" if field == "scheduled_date" else field
