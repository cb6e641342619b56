# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What coachsync remembers, read: entries, resources, grants, runs and events from the `coachsync_…` tables.

The tables may be missing (a store that no run has written yet): then the ledger is empty. Writing is
`ledger_writer`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from coachsync.domain.model import ACTION_KINDS, Entry, Event, Grant, Millis, Person, Resource, RunRecord
from coachsync.errors import StoreError
from coachsync.store.ledger.schema import LEDGER_VERSION
from coachsync.store.sqlite.database import Database

_ENTRY = (
    "session_id, guild_id, access, short, role_name, channel_name, starts_at, ends_at, setup_start, state,"
    " opened_at, closed_by, closed_start, missing_first, missing_last, repairs"
)
_RESOURCE = "kind, name, guild_id, state, attempt_at, attempt_until, snowflake, made_at, deleted_at, id"
_GRANT = "user_id, state, granted_at, revoked_at, id"
_EVENT = "at, session_id, what, outcome, detail"

LIVE = f"SELECT {_ENTRY} FROM coachsync_entries WHERE state <> 'closed'"
UNSETTLED = (
    f"SELECT {_ENTRY} FROM coachsync_entries WHERE state = 'closed' AND session_id IN"
    " (SELECT session_id FROM coachsync_resources WHERE state = 'attempted' AND session_id IS NOT NULL)"
)


def ledger_key(session_id: str) -> str | bytes:
    """Return a session id as the ledger stores it: text, or bytes where it is no Unicode (a lone surrogate)."""
    try:
        session_id.encode("utf-8")
    except UnicodeEncodeError:
        return session_id.encode("utf-8", "surrogatepass")
    return session_id


def ledger_version(database: Database) -> int | None:
    """Return the version of the ledger's tables, None where there are none. Raises StoreError for a newer one."""
    if database.one("SELECT 1 FROM sqlite_master WHERE name = 'coachsync_meta'") is None:
        return None
    found = database.one("SELECT value FROM coachsync_meta WHERE key = 'version'")
    version = found[0] if found is not None else 0
    if not 1 <= version <= LEDGER_VERSION:
        message = f"{database.path}: the ledger's tables have version {version}; this coachsync knows {LEDGER_VERSION}"
        raise StoreError(message, "use the version of coachsync that wrote them, or a later one")
    return int(version)


class LedgerReader:
    """The ledger's half of a store. `database` is None where no ledger file exists."""

    def __init__(self, database: Database | None) -> None:
        self._ledger = database
        self._ledger_there = False
        self._has_ledger()

    def live_entries(self) -> list[Entry]:
        """Return the entries that are not closed, and closed ones with an attempt whose end is not known."""
        return self._entries(self._read(LIVE) + self._read(UNSETTLED))

    def entries(self, session_ids: Collection[str]) -> dict[str, Entry]:
        """Return the entries of these sessions, closed ones too, by session id."""
        sql = f"SELECT {_ENTRY} FROM coachsync_entries WHERE session_id IN ({{}})"
        found = self._entries(self._among(sql, map(ledger_key, session_ids)))
        return {entry.session_id: entry for entry in found}

    def entries_named(self, name: str) -> list[Entry]:
        """Return the entries whose session id or short name is `name`."""
        key = ledger_key(name)
        sql = f"SELECT {_ENTRY} FROM coachsync_entries WHERE session_id = ? OR short = ? ORDER BY session_id"
        return self._entries(self._read(sql, (key, key)))

    def categories(self, guild_id: str) -> list[Resource]:
        """Return our own categories of a guild that are made and not deleted, or attempted."""
        sql = (
            f"SELECT {_RESOURCE} FROM coachsync_resources WHERE guild_id = ? AND kind = 'category'"
            " AND state IN ('made', 'attempted') ORDER BY id"
        )
        return [Resource(*row) for row in self._read(sql, (guild_id,))]

    def given_up(self, guild_id: str) -> dict[str, str]:
        """Return what operators gave up in a guild and may still be there: snowflake → session id."""
        sql = (
            "SELECT snowflake, session_id FROM coachsync_resources WHERE guild_id = ? AND state = 'abandoned'"
            " AND snowflake IS NOT NULL AND session_id IS NOT NULL"
        )
        return {row[0]: _text(row[1]) for row in self._read(sql, (guild_id,))}

    def first_run_at(self) -> Millis | None:
        """Return when coachsync first ran on this store, or None."""
        return self._number("SELECT value FROM coachsync_meta WHERE key = 'first_run_at'")

    def last_runs(self, limit: int) -> list[RunRecord]:
        """Return the latest runs, newest first."""
        sql = "SELECT started_at, finished_at, command, exit_code, summary FROM coachsync_runs ORDER BY id DESC LIMIT ?"
        return [RunRecord(row[0], row[1], row[2], row[3], _counts(row[4])) for row in self._read(sql, (limit,))]

    def was_reported(self, keys: Collection[tuple[str, str, Millis]]) -> set[tuple[str, str, Millis]]:
        """Return those of the (session id, code, start) that were counted as failed before."""
        sql = "SELECT session_id, code, start FROM coachsync_reported WHERE session_id IN ({})"
        rows = self._among(sql, {ledger_key(key[0]) for key in keys})
        return {(_text(row[0]), row[1], row[2]) for row in rows} & set(keys)

    def events(self, session_id: str, limit: int = 1000) -> list[Event]:
        """Return a session's latest `limit` events, oldest first."""
        sql = f"SELECT {_EVENT} FROM coachsync_events WHERE session_id = ? ORDER BY id DESC LIMIT ?"
        return [_event(row) for row in reversed(self._read(sql, (ledger_key(session_id), limit)))]

    def last_errors(self, session_ids: Collection[str]) -> dict[str, Event]:
        """Return for each session its latest action event if that one failed or was refused."""
        kinds = ", ".join(f"'{kind}'" for kind in ACTION_KINDS)
        sql = (
            f"SELECT {_EVENT} FROM coachsync_events WHERE id IN (SELECT max(id) FROM coachsync_events"
            f" WHERE what IN ({kinds}) AND session_id IN ({{}}) GROUP BY session_id)"
        )
        found = [_event(row) for row in self._among(sql, map(ledger_key, session_ids))]
        return {event.session_id: event for event in found if event.outcome in ("failed", "refused")}

    def roles_exhausted_until(self, guild_id: str) -> Millis | None:
        """Return until when Discord makes no more roles in this guild, as last heard."""
        return self._number("SELECT roles_exhausted_until FROM coachsync_limits WHERE guild_id = ?", (guild_id,))

    def roles_made_since(self, guild_id: str, since: Millis) -> int:
        """Return how many roles we created in this guild since then (Discord's clock)."""
        sql = "SELECT count(*) FROM coachsync_resources WHERE guild_id = ? AND kind = 'role' AND made_at >= ?"
        return self._number(sql, (guild_id, since)) or 0

    def _has_ledger(self) -> bool:
        if not self._ledger_there and self._ledger is not None:
            self._ledger_there = ledger_version(self._ledger) is not None
        return self._ledger_there

    def _read(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._ledger.all(sql, args) if self._ledger is not None and self._has_ledger() else []

    def _among(self, sql: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        return self._ledger.among(sql, values) if self._ledger is not None and self._has_ledger() else []

    def _number(self, sql: str, args: Sequence[Any] = ()) -> int | None:
        rows = self._read(sql, args)
        return rows[0][0] if rows else None

    def _entries(self, rows: list[tuple[Any, ...]]) -> list[Entry]:
        """Make entries of rows and give each its resources and grants, in the order they were made."""
        entries = {_text(row[0]): _entry(row) for row in rows}
        keys = [row[0] for row in rows]
        sql = f"SELECT session_id, {_RESOURCE} FROM coachsync_resources WHERE session_id IN ({{}}) ORDER BY id"
        for session_id, *fields in self._among(sql, keys):
            entries[_text(session_id)].resources.append(Resource(*fields))
        sql = f"SELECT session_id, {_GRANT} FROM coachsync_grants WHERE session_id IN ({{}}) ORDER BY id"
        for session_id, *fields in self._among(sql, keys):
            entries[_text(session_id)].grants.append(Grant(*fields))
        sql = "SELECT session_id, user_id, kind, name FROM coachsync_people WHERE session_id IN ({}) ORDER BY position"
        for session_id, *fields in self._among(sql, keys):
            entries[_text(session_id)].people += (Person(*fields),)
        return list(entries.values())


def _entry(row: tuple[Any, ...]) -> Entry:
    entry = Entry(_text(row[0]), *row[1:10])
    entry.opened_at, entry.closed_by, entry.closed_start, entry.missing_first, entry.missing_last = row[10:15]
    entry.repairs = _counts(row[15])
    return entry


def _counts(text: str) -> Any:
    """Read an object of counts; most are empty, and an idle tick does without the JSON reader."""
    if text == "{}":
        return {}
    from json import loads

    return loads(text)


def _event(row: tuple[Any, ...]) -> Event:
    return Event(row[0], _text(row[1]), *row[2:])


def _text(stored: str | bytes) -> str:
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored
