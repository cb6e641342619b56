# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What coachsync remembers, written: the ledger's half of a transaction, and what is old forgotten.

Rows are written as they are, keyed by their number; an object learns its number when it is first saved, and
forgets it again where the transaction fails.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from coachsync.domain.model import (
    ACTION_KINDS,
    DAY,
    OUTCOME_KINDS,
    Entry,
    Event,
    Grant,
    Millis,
    Report,
    Resource,
)
from coachsync.store.ledger.migrations import migrate
from coachsync.store.ledger.reader import ledger_key, ledger_version
from coachsync.store.ledger.schema import LEDGER_TABLES, LEDGER_VERSION
from coachsync.store.sqlite.database import Database

KEPT: Millis = 90 * DAY
_PRUNED_AT_ONCE = 2000  # of each kind and run: a backlog shrinks over some runs instead of holding one up

_SAVE_ENTRY = f"INSERT OR REPLACE INTO coachsync_entries VALUES ({', '.join('?' * 16)})"
_SAVE_RESOURCE = f"INSERT OR REPLACE INTO coachsync_resources VALUES ({', '.join('?' * 11)})"
_SAVE_GRANT = f"INSERT OR REPLACE INTO coachsync_grants VALUES ({', '.join('?' * 6)})"
_SAVE_PERSON = "INSERT INTO coachsync_people (session_id, position, user_id, kind, name) VALUES (?, ?, ?, ?, ?)"
_SAVE_EVENT = "INSERT INTO coachsync_events (at, session_id, what, outcome, detail) VALUES (?, ?, ?, ?, ?)"

_OLD_ENTRIES = (
    "SELECT session_id FROM coachsync_entries AS e WHERE state = 'closed' AND ends_at < ? AND NOT EXISTS (SELECT 1 FROM"
    " coachsync_resources AS r WHERE r.session_id = e.session_id AND r.state IN ('made', 'attempted')) LIMIT ?"
)
_OLD_CATEGORIES = (
    "DELETE FROM coachsync_resources WHERE session_id IS NULL AND state NOT IN ('made', 'attempted') AND attempt_at < ?"
)


def ensure_ledger(database: Database) -> None:
    """Make the ledger's tables where they are missing; inside a transaction."""
    version = ledger_version(database)
    if version is None:
        for statement in LEDGER_TABLES:
            database.run(statement)
        database.run("INSERT INTO coachsync_meta VALUES ('version', ?)", (LEDGER_VERSION,))
    elif version < LEDGER_VERSION:
        migrate(database, version)


class LedgerWriter:
    """See `store.base.Transaction`, which this is all of but the marks."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._numbered: list[Resource | Grant] = []

    def save(self, entry: Entry) -> None:
        """Write an entry with its resources and grants; new ones get their `rowid`."""
        key = ledger_key(entry.session_id)
        self._db.run(_SAVE_ENTRY, (key, *_entry_fields(entry)))
        self._save_people(key, entry)
        for resource in entry.resources:
            self._save_resource(key, resource)
        for grant in entry.grants:
            fields = (grant.user_id, grant.state, grant.granted_at, grant.revoked_at)
            self._number(grant, self._db.insert(_SAVE_GRANT, (grant.rowid or None, key, *fields)))

    def _save_people(self, key: str | bytes, entry: Entry) -> None:
        self._db.run("DELETE FROM coachsync_people WHERE session_id = ?", (key,))
        for position, person in enumerate(entry.people):
            self._db.run(_SAVE_PERSON, (key, position, person.id, person.kind, _clean(person.name)))

    def save_category(self, resource: Resource) -> None:
        """Write a category of ours, which belongs to a guild and to no session; it gets its `rowid`."""
        self._save_resource(None, resource)

    def event(self, event: Event) -> None:
        """Append a line to a session's story."""
        self._db.run(_SAVE_EVENT, (event.at, ledger_key(event.session_id), *event[2:4], _clean(event.detail)))

    def seen_missing(self, session_ids: Collection[str], found_ids: Collection[str], now: Millis) -> None:
        """Note which live entries a finished run missed in the store (first and last time), and forget the rest."""
        for session_id in session_ids:
            self._db.run(
                "UPDATE coachsync_entries SET missing_first = coalesce(missing_first, ?), missing_last = ?"
                " WHERE session_id = ?",
                (now, now, ledger_key(session_id)),
            )
        seen = self._db.among(
            "SELECT session_id FROM coachsync_entries WHERE missing_first IS NOT NULL AND session_id IN ({})",
            map(ledger_key, found_ids),
        )
        for row in seen:
            self._db.run(
                "UPDATE coachsync_entries SET missing_first = NULL, missing_last = NULL WHERE session_id = ?", row
            )

    def reported(self, session_id: str, code: str, start: Millis) -> None:
        """Remember that this broken promise was counted as failed."""
        self._db.run("INSERT OR IGNORE INTO coachsync_reported VALUES (?, ?, ?)", (ledger_key(session_id), code, start))

    def run_started(self, started_at: Millis, command: str) -> int:
        """Record that a run began; return its number. The first ever sets `first_run_at`."""
        self._db.run("INSERT OR IGNORE INTO coachsync_meta VALUES ('first_run_at', ?)", (started_at,))
        sql = "INSERT INTO coachsync_runs (started_at, command, summary) VALUES (?, ?, '{}')"
        return self._db.insert(sql, (started_at, _clean(command)))

    def run_finished(self, number: int, finished_at: Millis, report: Report | None, exit_code: int) -> None:
        """Record how a run ended (report None: its watchdog or a signal ended it); drop what is over 90 days old."""
        self._db.run(
            "UPDATE coachsync_runs SET finished_at = ?, exit_code = ?, summary = ? WHERE id = ?",
            (finished_at, exit_code, _summary(report), number),
        )
        # A clock set forward, or --now, must not make us forget: what is old is old for the host's clock as well.
        self._prune(min(finished_at, time.time_ns() // 1_000_000) - KEPT)

    def set_roles_exhausted(self, guild_id: str, until: Millis) -> None:
        """Remember that Discord makes no more roles in this guild before `until` (Discord's clock)."""
        self._db.run("INSERT OR REPLACE INTO coachsync_limits VALUES (?, ?)", (guild_id, until))

    def forget_numbers(self) -> None:
        """Take back the numbers given in a transaction that failed, so that a later save inserts anew."""
        for row in self._numbered:
            row.rowid = 0

    def _save_resource(self, key: str | bytes | None, r: Resource) -> None:
        fields = (r.guild_id, r.kind, _clean(r.name), r.state, r.attempt_at, r.attempt_until)
        made = (r.snowflake, r.made_at, r.deleted_at)
        self._number(r, self._db.insert(_SAVE_RESOURCE, (r.rowid or None, key, *fields, *made)))

    def _number(self, row: Resource | Grant, rowid: int) -> None:
        if not row.rowid:
            row.rowid = rowid
            self._numbered.append(row)

    def _prune(self, before: Millis) -> None:
        for (key,) in self._db.all(_OLD_ENTRIES, (before, _PRUNED_AT_ONCE)):
            for table in ("coachsync_resources", "coachsync_grants", "coachsync_people", "coachsync_entries"):
                self._db.run(f"DELETE FROM {table} WHERE session_id = ?", (key,))
        self._db.run(_OLD_CATEGORIES, (before,))
        for table, column in (("events", "at"), ("runs", "started_at")):
            self._db.run(
                f"DELETE FROM coachsync_{table} WHERE rowid IN"
                f" (SELECT rowid FROM coachsync_{table} WHERE {column} < ? LIMIT ?)",
                (before, _PRUNED_AT_ONCE),
            )
        # A start of 0 stands for times that cannot be understood: such a row is reported once for good.
        self._db.run("DELETE FROM coachsync_reported WHERE start > 0 AND start < ?", (before,))


def _entry_fields(e: Entry) -> tuple[object, ...]:
    names = (_clean(e.short), _clean(e.role_name), _clean(e.channel_name))
    ends = (e.opened_at, e.closed_by, e.closed_start, e.missing_first, e.missing_last, _repairs(e.repairs))
    return (e.guild_id, e.access, *names, e.start, e.end, e.setup_start, e.state, *ends)


def _repairs(repairs: dict[str, int]) -> str:
    if not repairs:
        return "{}"
    from json import dumps

    return dumps(repairs)


def _summary(report: Report | None) -> str:
    """Return action kind → outcome kind → count, of what happened at all, as JSON."""
    if report is None or not report.outcomes:
        return "{}"
    from json import dumps

    counts = {
        kind: {outcome: ends.count(outcome) for outcome in OUTCOME_KINDS if outcome in ends}
        for kind in ACTION_KINDS
        if (ends := [o.outcome for o in report.outcomes if o.action.kind == kind])
    }
    return dumps(counts)


def _clean(text: str) -> str:
    """Replace what is no Unicode (a lone surrogate), which SQLite cannot hold as text."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
