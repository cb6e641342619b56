"""Every statement that a block of code sends to a database, with the plan by which the database carried it out.

The connections themselves are watched: no list of queries has to be kept. A PostgreSQL carries each statement out once
more before, within a savepoint that is taken back, and says what it did (EXPLAIN ANALYZE); an SQLite says its plan and
counts the steps of its machine.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

from coachsync.store.postgres.database import PostgresDatabase

FEW_ROWS = 300
"""A scan that is no index's may read so many: of a small table, or before its limit."""
SOME_ROWS = 3000
"""An index may lead to so many."""
STEPS = 20_000
"""SQLite's machine may take so many for a statement: some 20 for each row and column that are read."""

_ASKED = re.compile(r"\s*(?:DECLARE \S+ NO SCROLL CURSOR FOR\s+)?((?:SELECT|WITH|INSERT|UPDATE|DELETE)\b.*)", re.DOTALL)
_SCANNED = re.compile(r"^SCAN (?!CONSTANT)(?:\w+)(?! USING (?:COVERING )?INDEX)")


class Sent(NamedTuple):
    """One statement, by what the database carried it out, and what is wrong with that: "" if nothing is."""

    sql: str
    plan: tuple[str, ...]
    wrong: str

    def __str__(self) -> str:
        steps = "\n".join(f"    {step}" for step in self.plan)
        return f"{self.wrong or 'by index'}: {self.sql}\n{steps}"


@contextmanager
def watched() -> Iterator[list[Sent]]:
    """Yield the list to which statements are added as they are sent, by whichever connection."""
    sent: list[Sent] = []
    send = PostgresDatabase._sent

    def explained(self: PostgresDatabase, sql: str, args: Sequence[Any], **how: bool) -> Any:
        found = _ASKED.fullmatch(sql)
        if found is not None and "pg_catalog" not in sql:
            sent.append(_in_postgres(self, found[1], args, send))
        return send(self, sql, args, **how)

    class Watching(_Watching):
        seen = sent

    def connect(*args: Any, **named: Any) -> sqlite3.Connection:
        return opened(*args, factory=Watching, **named)

    opened = sqlite3.connect
    with (
        mock.patch.object(PostgresDatabase, "_sent", explained),
        mock.patch("sqlite3.connect", connect),
    ):
        yield sent


# a PostgreSQL


def _in_postgres(database: PostgresDatabase, sql: str, args: Sequence[Any], send: Any) -> Sent:
    inside = database._inside
    if not inside:
        database._begin()
    send(database, "SAVEPOINT looked_at", ())
    try:
        ((found,),) = send(database, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", args).fetchall()
    finally:
        send(database, "ROLLBACK TO SAVEPOINT looked_at", ())
        if not inside:
            send(database, "ROLLBACK", ())
            database._inside = False
    from json import loads

    (whole,) = loads(found) if isinstance(found, str) else found
    nodes = list(_nodes(whole["Plan"]))
    return Sent(sql, tuple(map(_step, nodes)), "; ".join(filter(None, map(_amiss, nodes))))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _read(node: dict[str, Any]) -> int:
    """Return how many rows a scan looked at."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


def _step(node: dict[str, Any]) -> str:
    words = [node["Node Type"], node.get("Relation Name", ""), node.get("Index Name", ""), node.get("Index Cond", "")]
    return " ".join(filter(None, [*words, f"({_read(node)} rows)"]))


def _amiss(node: dict[str, Any]) -> str:
    most = FEW_ROWS if node["Node Type"] in ("Seq Scan", "Parallel Seq Scan") else SOME_ROWS
    catalogue = str(node.get("Relation Name", "pg_")).startswith("pg_")
    return "" if catalogue or _read(node) <= most else f"{_read(node)} rows are read of {node['Relation Name']}"


# an SQLite


class _Watching(sqlite3.Connection):
    """A connection that notes what each statement costs."""

    seen: list[Sent]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if _ASKED.fullmatch(sql) is None:
            return super().execute(sql, parameters)
        text, self.text_factory = self.text_factory, str
        plan = tuple(row[3] for row in super().execute(f"EXPLAIN QUERY PLAN {sql}", parameters))
        self.text_factory = text
        steps = self._counted(sql, parameters)
        scans = [step for step in plan if _SCANNED.match(step)]
        wrong = f"{steps} steps, {'; '.join(scans) or 'by index'}" if steps > STEPS else ""
        self.seen.append(Sent(sql, plan, wrong))
        return super().execute(sql, parameters)

    def _counted(self, sql: str, parameters: Any) -> int:
        """Carry a statement out, take back what it did, and return how many steps that took, to the next hundred."""
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 100
            return 0

        writes = not sql.lstrip().upper().startswith("SELECT")
        begun = writes and not self.in_transaction
        if begun:
            super().execute("BEGIN IMMEDIATE")
        if writes:
            super().execute("SAVEPOINT looked_at")
        self.set_progress_handler(count, 100)
        try:
            super().execute(sql, parameters).fetchall()
        finally:
            self.set_progress_handler(None, 0)
            if writes:
                super().execute("ROLLBACK TO looked_at")
                super().execute("RELEASE looked_at")
            if begun:
                super().execute("ROLLBACK")
        return steps
