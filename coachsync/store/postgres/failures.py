"""What each of PostgreSQL's failures means, and what to do about it.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import psycopg

from coachsync.errors import RowRefusedError, StoreError
from coachsync.secrets import LIBPQ_PLACES, redact
from coachsync.store.mapped.table import quote
from coachsync.store.sql import Row

_SHUT = ("57P", "08", "25P03", "25P04")  # shut down, no connection, too long idle
_ROW = ("22", "23", "44", "P0", "428C9", "55000")  # a value, a constraint, a view's check, a trigger, a computed column
_LONGEST = 300
UNWRITABLE = (
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_table_is_visible(c.oid)"
    " AND starts_with(c.relname, 'coachsync_') AND NOT (has_table_privilege(c.oid, 'SELECT')"
    " AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')"
    " AND has_table_privilege(c.oid, 'DELETE')) ORDER BY 1"
)
"""The query for those of our tables that the role may not read and write, as SQL text has them."""

_POOLED = "statement pooling mode"  # as pgbouncer says it, with the code of a broken connection


def lost(error: psycopg.Error, connection: psycopg.Connection[Any] | None) -> bool:
    """Return whether a failure means that the connection is gone, and not that a statement was wrong."""
    if _POOLED in str(error):
        return False
    if connection is None or connection.closed or connection.broken:
        return True
    return (error.sqlstate or "").startswith(_SHUT) or isinstance(error, psycopg.InterfaceError)


def told(error: psycopg.Error, name: str, writable: bool, *, role: str = "", inside: bool = False) -> StoreError:
    """Return a statement's failure as a person is told it.

    `role`: who we are; `inside` a transaction, which has had its turn.
    """
    code, text = error.sqlstate or "", _text(error)
    if _POOLED in text:
        return StoreError(f"{name}: {text}", "give the database pool_mode = transaction in pgbouncer's configuration")
    if code == "0A000" and "recovery" in text:
        code = "25006"  # a standby is asked for a transaction that writes
    if code == "42501" and _is_row_security(error):
        return RowRefusedError(f"{name}: {text}", "see what the table's row security policies let this role do")
    if code.startswith(_ROW):
        return RowRefusedError(f"{name}: {text}", "see what the booking system expects of its table")
    if code == "55P03" and inside:  # the turn to write was ours: somebody else holds this row, or its table
        return RowRefusedError(f"{name}: another program holds the row: {text}", _hint(code, writable, role))
    return StoreError(f"{name}: {text}", _hint(code, writable, role))


def unreachable(error: psycopg.Error, name: str) -> StoreError:
    """Return a failure to connect as a person is told it."""
    text = re.sub(r" Is the server running .*?\?", "", _text(error).removeprefix("connection failed: "))
    return StoreError(f"{name} cannot be used: {text}", _connecting(text))


def grant_wanted(unwritable: Iterable[Row], role: str) -> str:
    """Return what gives a role its rights to those of our tables that `UNWRITABLE` found; "" if none is lacking."""
    tables = ", ".join(row[0] for row in unwritable)
    return f"have their owner run: GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {quote(role)}" if tables else ""


def cannot_undo(name: str) -> StoreError:
    """Say that a transaction of ours held a failed statement, so that nothing of it was kept."""
    return StoreError(f"{name}: a change failed, and nothing of it was kept", "run it again with --verbose")


def _hint(code: str, writable: bool, role: str) -> str:
    own = (
        f"grant what the message names, or give the role a schema of its own: CREATE SCHEMA AUTHORIZATION {quote(role)}"
    )
    hints = {
        "55P03": "another program holds a long transaction on it: try again when it has ended",
        "57014": "another program holds it up, or the server is overloaded: see pg_stat_activity",
        "40P01": "another program changes the same rows in another order: run it again",
        "42501": own,
        "3F000": own,
        "53100": "make room on the server's disk",
        "53200": "the server is out of memory: see its log",
        "25006": "it takes no changes, as a standby does: let [store] url name the primary",
    }
    if code == "25006" and not writable:
        return "a command that only reads tried to write: please report it"
    return hints.get(code, "see the server's log for what it was")


def _connecting(text: str) -> str:
    """Return what helps; libpq has words alone, and no codes, for what happens while it connects."""
    if "assword" in text:
        return LIBPQ_PLACES.replace("take it out; put it", "put the role's password")
    if "unsupported startup parameter" in text:
        return "take that parameter out of [store] url, or name it in pgbouncer's ignore_startup_parameters"
    if "does not exist" in text:
        return "make it on the server (createuser, createdb), or correct [store] url"
    if "starting up" in text or "shutting down" in text or "recovery mode" in text:
        return "try again in a moment: it starts, or ends"
    if "too many" in text or "no more connections" in text or "remaining connection slots" in text:
        return "end some of its clients, raise max_connections, or put pgbouncer before it"
    if "invalid value for parameter" in text or "definition of service" in text:
        return "correct it where it is said: [store] url, a service file, or the environment (`env | grep ^PG`)"
    if "could not translate host name" in text or "failed to resolve" in text:
        return "correct the host in [store] url, or mend this host's name look-up"
    return "is the server running, and [store] url right? `psql` with the same address says more"


def _text(error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error) or type(error).__name__
    return " ".join(redact(said, foreign=True).split())[:_LONGEST]


def _is_row_security(error: psycopg.Error) -> bool:
    return error.diag.source_function == "ExecWithCheckOptions"
