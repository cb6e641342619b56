# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What coachsync remembers: entries, resources, grants, runs and events, in the `coachsync_…` tables of a database.

Here they are read, and opened for writing, which is `writer`'s. The tables may be missing (a store that no run has
written yet): then the ledger is empty.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from os import urandom
from typing import TYPE_CHECKING, Any

from coachsync import waits
from coachsync.domain.failure import Failure
from coachsync.domain.model import ACTION_KINDS, Entry, Event, Grant, Millis, Person, Resource, RunRecord
from coachsync.domain.windows import RELEASED
from coachsync.store.ledger.history import Past
from coachsync.store.ledger.keys import id_of, ledger_key, node_name
from coachsync.store.ledger.migrations import ensure_ledger, ledger_version
from coachsync.store.ledger.pruning import FIRST, paced
from coachsync.store.ledger.schema import LEDGER_VERSION
from coachsync.store.ledger.writer import LedgerWriter
from coachsync.store.sql import Sql

if TYPE_CHECKING:
    from coachsync.domain.budget import GuildSight, RoleBudget
    from coachsync.domain.causes import Cause
    from coachsync.domain.hosts import HostRuns
    from coachsync.domain.looking import LastLook
    from coachsync.domain.news import Remembered
    from coachsync.domain.pauses import Pause
    from coachsync.domain.refusals import Refusal
    from coachsync.domain.user_names import Lookup
    from coachsync.store.leases import LeaseHolder
    from coachsync.store.ledger.fence import Lease
    from coachsync.store.ledger.said import LastSaid
    from coachsync.store.ledger.sources import SourceMemory

_ENTRY = (
    "session_id, guild_id, access, short, role_name, channel_name, starts_at, ends_at, setup_start, state, staff,"
    " opened_at, closed_by, closed_start, missing_first, missing_last, repairs, revision"
)
_RESOURCE = "kind, name, guild_id, state, attempt_at, attempt_until, snowflake, made_at, deleted_at, id"
_GRANT = "user_id, state, granted_at, revoked_at, seen_at, observer, id"
CAUSE = "code, guild_id, message, hint, sessions, since, last_seen, urgency, turns, about, id"
_RUN = "started_at, finished_at, command, exit_code, summary, requests, uid, host, program"
_EVENT = "at, session_id, what, outcome, detail, code, message, hint, host"

LIVE = f"SELECT {_ENTRY} FROM coachsync_entries WHERE state <> 'closed'"
UNSETTLED = (
    f"SELECT {_ENTRY} FROM coachsync_entries WHERE state = 'closed' AND session_id IN"
    " (SELECT session_id FROM coachsync_resources WHERE state IN ('attempted', 'overtaken') AND session_id IS NOT NULL"
    " UNION ALL SELECT session_id FROM coachsync_resources WHERE state = 'spare' AND session_id IS NOT NULL)"
)


class Ledger:
    """The ledger in one database, `sql`; None if there is no ledger file yet.

    `make` returns the database when something is to be written and there was none. `alone` holds off every run while
    an earlier version's tables are brought up to date: a run of that version may be writing them.

    `history` returns the number of the database's present history, 0 if that is not known: a failover to a replica, or
    a backup brought back, begins another. `writer` is a random id of this process. `lease_of` returns the lease that a
    run works under, see `LedgerWriter`.
    """

    def __init__(
        self,
        sql: Sql | None,
        *,
        make: Callable[[], Sql],
        alone: Callable[[], AbstractContextManager[object]],
        history: Callable[[], int] = lambda: 0,
    ) -> None:
        self._sql = self._given = sql
        self._make = make
        self._alone = alone
        self._there = False
        self._history = history
        self.writer = urandom(8).hex()
        self.lease_of: Callable[[str], Lease | None] | None = None
        self._look()

    def live_entries(self) -> list[Entry]:
        """Return the entries that are not closed, and closed ones of which something may still be there."""
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

    def closed_entries(self) -> list[Entry]:
        """Return every entry that is closed, by start."""
        sql = f"SELECT {_ENTRY} FROM coachsync_entries WHERE state = 'closed' ORDER BY starts_at, session_id"
        return self._entries(self._read(sql))

    def entries_having(self, snowflake: str) -> list[Entry]:
        """Return the entries of which this is, or was, the channel or the role."""
        sql = (
            f"SELECT {_ENTRY} FROM coachsync_entries WHERE session_id IN"
            " (SELECT session_id FROM coachsync_resources WHERE snowflake = ?) ORDER BY session_id"
        )
        return self._entries(self._read(sql, (snowflake,)))

    def categories(self, guild_id: str) -> list[Resource]:
        """Return our own categories of a guild that are made and not deleted, or attempted."""
        sql = (
            f"SELECT {_RESOURCE} FROM coachsync_resources WHERE guild_id = ? AND kind = 'category'"
            " AND state IN ('made', 'attempted', 'overtaken') ORDER BY id"
        )
        return [Resource(*row) for row in self._read(sql, (guild_id,))]

    def orphans(self) -> list[Resource]:
        """Return the rooms and roles that no booking owns, as they were found."""
        sql = f"SELECT {_RESOURCE} FROM coachsync_resources WHERE session_id IS NULL AND state = 'orphan' ORDER BY id"
        return [Resource(*row) for row in self._read(sql)]

    def made_before(self, snowflakes: Collection[str]) -> set[str]:
        """Return those of these things that some session's life is remembered to have made, given up ones left out."""
        sql = (
            "SELECT snowflake FROM coachsync_resources WHERE session_id IS NOT NULL AND state <> 'abandoned'"
            " AND snowflake IN ({})"
        )
        return {row[0] for row in self._among(sql, snowflakes)}

    def owed_looks(self) -> dict[str, Millis]:
        """Return the guilds that are still to be looked through, and from when on."""
        sql = "SELECT key, value FROM coachsync_meta WHERE substr(key, 1, 5) = 'look:'"
        return {row[0].removeprefix("look:"): row[1] for row in self._read(sql)}

    def past(self) -> Past:
        """Return which history the ledger was last written in, which is the present one, and since when it may lack."""
        known = dict(self._read("SELECT key, value FROM coachsync_meta WHERE key IN ('history', 'lost_since')"))
        return Past(known.get("history", 0), self._history(), known.get("lost_since"))

    def clock_was_off(self) -> bool:
        """Return whether this host's clock was off when last it worked; known where several hosts share a ledger."""
        return bool(self._read("SELECT 1 FROM coachsync_meta WHERE key = ?", (f"clock:{node_name()}",)))

    def bots(self) -> dict[str, str]:
        """Return which bot last worked in each guild: guild → the bot's id."""
        sql = "SELECT key, value FROM coachsync_meta WHERE key LIKE 'bot:%'"
        return {row[0].removeprefix("bot:"): str(row[1]) for row in self._read(sql)}

    def given_up(self, guild_id: str) -> dict[str, str]:
        """Return what operators gave up in a guild and may still be there: snowflake → session id."""
        sql = (
            "SELECT snowflake, session_id FROM coachsync_resources WHERE guild_id = ? AND state = 'abandoned'"
            " AND snowflake IS NOT NULL AND session_id IS NOT NULL"
        )
        return {row[0]: id_of(row[1]) for row in self._read(sql, (guild_id,))}

    def unowned(self, guild_id: str) -> list[tuple[str | None, Resource]]:
        """Return the roles and channels of a guild that were made, or found, and that no live session has.

        Each with its former session's id; None if it never had one. Those seen to be deleted are among them.
        """
        columns = ", ".join(f"r.{column}" for column in _RESOURCE.split(", "))
        sql = (
            f"SELECT r.session_id, {columns} FROM coachsync_resources AS r LEFT JOIN coachsync_entries AS e"
            " ON e.session_id = r.session_id WHERE r.guild_id = ? AND r.kind <> 'category' AND r.snowflake IS NOT NULL"
            " AND (e.state IS NULL OR e.state = 'closed') ORDER BY r.id"
        )
        rows = self._read(sql, (guild_id,))
        return [(None if row[0] is None else id_of(row[0]), Resource(*row[1:])) for row in rows]

    def lookups(self, session_ids: Collection[str]) -> list[Lookup]:
        """Return what is known of the Discord user names in these bookings."""
        from coachsync.store.ledger import names

        return list(map(names.lookup_of, self._among(names.OF_SESSIONS, map(ledger_key, session_ids))))

    def first_run_at(self) -> Millis | None:
        """Return when coachsync first ran on this store, or None; a run dated before there was one does not count."""
        first = self._number("SELECT value FROM coachsync_meta WHERE key = 'first_run_at'")
        if first is None or first >= RELEASED:
            return first
        return self._number("SELECT min(started_at) FROM coachsync_runs WHERE started_at >= ?", (RELEASED,))

    def last_runs(self, limit: int, command: str = "") -> list[RunRecord]:
        """Return the latest runs, newest first; those of one command alone where it is named."""
        chosen = " WHERE command = ?" if command else ""
        sql = f"SELECT {_RUN} FROM coachsync_runs{chosen} ORDER BY id DESC LIMIT ?"
        rows = self._read(sql, (command, limit) if command else (limit,))
        return [_run(row) for row in rows]

    def run_numbers(self, command: str, limit: int) -> list[int]:
        """Return the numbers of the latest runs of a command, of whichever host, newest first."""
        sql = "SELECT id FROM coachsync_runs WHERE command = ? ORDER BY id DESC LIMIT ?"
        return [row[0] for row in self._read(sql, (command, limit))]

    def last_looks(self, guild_ids: Collection[str]) -> dict[str, LastLook]:
        """Return which run last looked at all rooms of these guilds, as far as one did."""
        from coachsync.store.ledger import looks

        return dict(map(looks.look_of, self._among(looks.OF_GUILDS, looks.keys(guild_ids))))

    def last_finished_at(self, command: str) -> Millis | None:
        """Return when a run of this command last finished, however it ended; None if none did."""
        sql = (
            "SELECT finished_at FROM coachsync_runs WHERE command = ? AND finished_at IS NOT NULL"
            " ORDER BY id DESC LIMIT 1"
        )
        return self._number(sql, (command,))

    def runs_since(self, since: Millis, limit: int) -> list[RunRecord]:
        """Return the runs that started at `since` or later, newest first, at most `limit`."""
        rows = self._read(
            f"SELECT {_RUN} FROM coachsync_runs WHERE started_at >= ? ORDER BY id DESC LIMIT ?", (since, limit)
        )
        return [_run(row) for row in rows]

    def was_reported(self, keys: Collection[tuple[str, str, Millis]]) -> set[tuple[str, str, Millis]]:
        """Return those of the (session id, code, start) that were counted as failed before."""
        sql = "SELECT session_id, code, start FROM coachsync_reported WHERE session_id IN ({})"
        rows = self._among(sql, {ledger_key(key[0]) for key in keys})
        return {(id_of(row[0]), row[1], row[2]) for row in rows} & set(keys)

    def events(self, session_id: str, limit: int = 1000) -> list[Event]:
        """Return a session's latest `limit` events, oldest first."""
        sql = f"SELECT {_EVENT} FROM coachsync_events WHERE session_id = ? ORDER BY id DESC LIMIT ?"
        return [_event(row) for row in reversed(self._read(sql, (ledger_key(session_id), limit)))]

    def last_errors(self, session_ids: Collection[str]) -> dict[str, Event]:
        """Return for each session its latest action event, if that is one that failed or was refused.

        Sessions whose latest action was done, deferred, or never tried are left out.
        """
        kinds = ", ".join(f"'{kind}'" for kind in ACTION_KINDS)
        sql = (
            f"SELECT {_EVENT} FROM coachsync_events WHERE id IN (SELECT max(id) FROM coachsync_events"
            f" WHERE what IN ({kinds}) AND session_id IN ({{}}) GROUP BY session_id)"
        )
        found = [_event(row) for row in self._among(sql, map(ledger_key, session_ids))]
        return {event.session_id: event for event in found if event.outcome in ("failed", "refused")}

    def causes(self) -> tuple[Cause, ...]:
        """Return what was wrong after the last run, in the order in which it was first seen."""
        rows = self._read(f"SELECT {CAUSE} FROM coachsync_causes WHERE ended = '' ORDER BY id")
        return self._as_causes(rows)

    def has_causes(self) -> bool:
        """Return whether anything is wrong, or was and somebody may still have to be told."""
        return bool(self._read("SELECT 1 FROM coachsync_causes LIMIT 1"))

    def remembered_causes(self) -> tuple[Remembered, ...]:
        """Return the causes that stand and those that ended lately, with what each channel was told of them."""
        rows = self._read(f"SELECT {CAUSE}, told, ended, ended_at FROM coachsync_causes ORDER BY id")
        if not rows:
            return ()
        from coachsync.store.ledger.causes import remembered

        return tuple(map(remembered, rows))

    def _as_causes(self, rows: list[tuple[Any, ...]]) -> tuple[Cause, ...]:
        if not rows:
            return ()
        from coachsync.store.ledger.causes import cause_of

        return tuple(map(cause_of, rows))

    def pauses(self, now: Millis) -> tuple[Pause, ...]:
        """Return the pauses that are not over, the latest to end first."""
        sql = (
            "SELECT session_id, guild_id, since, until, reason, removals FROM coachsync_pauses WHERE until > ?"
            " ORDER BY until DESC, since, session_id, guild_id"
        )
        rows = self._read(sql, (now,))
        return tuple(map(_pause, rows)) if rows else ()

    def counters(self) -> dict[str, int]:
        """Return what runs did in all: "requests", "rate_limited", "actions:setup:done" … → count."""
        return dict(self._read("SELECT name, value FROM coachsync_counters"))

    def last_success_at(self, command: str) -> Millis | None:
        """Return when a call of a command last ended with exit 0."""
        sql = "SELECT max(finished_at) FROM coachsync_runs WHERE command = ? AND exit_code = 0"
        return self._number(sql, (command,))

    def refusals(self) -> tuple[Refusal, ...]:
        """Return what guilds, and Discord for tokens, refused last."""
        rows = self._read("SELECT key, asked, times, at, code, message, hint, removals FROM coachsync_refusals")
        return tuple(refusal for row in rows if (refusal := _refusal(row)) is not None)

    def refused_answers(self, host: str, since: Millis, until: Millis) -> dict[Millis, int]:
        """Return how many answers of a host were refusals: minute (as its first millisecond) → count."""
        sql = "SELECT minute, answers FROM coachsync_refused WHERE host = ? AND minute BETWEEN ? AND ?"
        return dict(self._read(sql, (host, since, until)))

    def roles_exhausted_until(self, guild_id: str) -> Millis | None:
        """Return until when Discord makes no more roles in this guild, as last heard."""
        return self._number("SELECT roles_exhausted_until FROM coachsync_limits WHERE guild_id = ?", (guild_id,))

    def roles_made_since(self, guild_id: str, since: Millis) -> int:
        """Return how many roles we created in this guild since then (Discord's clock)."""
        sql = "SELECT count(*) FROM coachsync_resources WHERE guild_id = ? AND kind = 'role' AND made_at >= ?"
        return self._number(sql, (guild_id, since)) or 0

    def role_budget(self, guild_id: str, now: Millis) -> RoleBudget:
        """Return what is known of the roles that Discord still makes in this guild."""
        from coachsync.domain.budget import RoleBudget
        from coachsync.domain.limits import ROLE_WINDOW
        from coachsync.store.ledger import sights

        made = tuple(row[0] for row in self._read(sights.MADE, (guild_id, now - 2 * ROLE_WINDOW)))
        said = self._read(sights.WORD, (guild_id,))
        word = sights.word_of(said[0]) if said else None
        return RoleBudget(made, word, self.roles_exhausted_until(guild_id) or 0)

    def sight(self, guild_id: str) -> GuildSight | None:
        """Return what a run last saw in this guild; None if none looked."""
        from coachsync.store.ledger import sights

        rows = self._read(sights.SIGHT, (guild_id,))
        return sights.sight_of(rows[0]) if rows else None

    def said(self, session_ids: Collection[str]) -> dict[str, LastSaid]:
        """Return what an import or a source said last of these bookings, by session id."""
        from coachsync.store.ledger import said

        rows = self._among(said.AMONG, map(ledger_key, session_ids))
        return {found.session_id: found for found in map(said.said_of, rows)}

    def said_by(self, source: str) -> dict[str, LastSaid]:
        """Return what a source said last of each of its bookings, by session id."""
        from coachsync.store.ledger import said

        return {found.session_id: found for found in map(said.said_of, self._read(said.OF_SOURCE, (source,)))}

    def marks(self, session_ids: Collection[str]) -> dict[str, dict[str, object]]:
        """Return our marks on these bookings, as far as they are kept here: session id → field → value."""
        from coachsync.store.ledger import marks

        return dict(map(marks.fields_of, self._among(marks.OF_SESSIONS, map(ledger_key, session_ids))))

    def marked_open(self) -> list[str]:
        """Return the bookings that marks kept here say something was made for, and that are not cleaned up."""
        from coachsync.store.ledger import marks

        return [id_of(row[0]) for row in self._read(marks.OPEN)]

    def sources(self) -> dict[str, SourceMemory]:
        """Return what is known of each source of bookings, by its name."""
        from coachsync.store.ledger import sources

        return {found.name: found for found in map(sources.memory_of, self._read(sources.ALL))}

    def hosts(self, since: Millis, lately: Millis) -> tuple[HostRuns, ...]:
        """Return the hosts on which a `run` started at `since` or later, by name; `lately` is a time for `HostRuns`."""
        from coachsync.store.ledger import hosts

        return tuple(map(hosts.runs_of, self._read(hosts.RUNS, (since, lately))))

    def lease_holders(self) -> tuple[LeaseHolder, ...]:
        """Return which host works with which bot now, by the database's clock, by bot. Only a PostgreSQL has leases."""
        from coachsync.store.ledger import hosts

        return tuple(map(hosts.holder_of, self._of_now(hosts.LEASES)))

    def clock(self) -> Millis | None:
        """Return the time by the database's own clock; None if there is no ledger yet."""
        from coachsync.store.ledger import hosts

        rows = self._of_now(hosts.CLOCK)
        return rows[0][0] if rows else None

    def _of_now(self, query: str) -> list[tuple[Any, ...]]:
        sql = self._look()
        return sql.all(query.format_map(sql.words)) if sql is not None else []

    def copy_notes(self) -> dict[str, str]:
        """Return what a copy of the store left here, see `store.copying.notes`; mostly nothing."""
        return dict(self._read("SELECT key, value FROM coachsync_notes WHERE key IN ('copying', 'moved')"))

    @contextmanager
    def changing(self) -> Iterator[LedgerWriter]:
        """Open a transaction. Not nested. Makes the ledger if there is none."""
        if self._sql is None:
            self._sql = self._make()
        writer = LedgerWriter(self._sql, self.writer, self.lease_of)
        try:
            with self._sql.immediate():
                ensure_ledger(self._sql)
                yield writer
        except BaseException:
            writer.forget_numbers()
            raise

    def prune(self, now: Millis) -> None:
        """Forget more of what is over 90 days old, step by step, each in a transaction of its own and quickly over.

        It ends after a second: what is left then is left to later runs.
        """
        until = time.monotonic() + waits.current().pruning
        many, more = FIRST, True
        while more and (begun := time.monotonic()) < until:
            with self.changing() as writer:
                more = writer.prune(now, many)
            many = paced(many, time.monotonic() - begun)

    @contextmanager
    def rehearsing(self) -> Iterator[LedgerWriter | None]:
        """Open a copy of the ledger that is thrown away afterwards; None if there is no ledger."""
        sql = self._look()
        if sql is None:
            yield None
        elif sql is not self._given:  # an earlier version's, already copied
            yield LedgerWriter(sql)
        else:
            with closing(sql.copied("coachsync_")) as copy:
                yield LedgerWriter(copy)

    def erasing(self) -> AbstractContextManager[None]:
        """Have what is deleted in a block's transactions overwritten on disk, as far as that can be had."""
        return nullcontext() if self._sql is None else self._sql.erasing()

    def remains(self) -> tuple[int, bool]:
        """Return how many free pages may hold what was deleted before, and whether a log still holds some of it."""
        return (0, False) if self._sql is None else self._sql.remains()

    @property
    def remnants(self) -> str:
        """Return where what was erased may still be for a time, as the database's kind has it; "" if nowhere."""
        return "" if self._sql is None else self._sql.words.get("remnants", "")

    @property
    def name(self) -> str:
        """Return what messages call the ledger's database; "" if there is none."""
        return "" if self._sql is None else self._sql.name

    def close(self) -> None:
        """Release the database, and the copy of one."""
        for sql in (self._sql, self._given):
            if sql is not None:
                sql.close()

    def _look(self) -> Sql | None:
        """Return the database if the tables are there, as they are now."""
        if self._sql is not None and not self._there:
            version = ledger_version(self._sql)
            if version is not None and version < LEDGER_VERSION:
                self._sql = self._brought_up(self._sql)
            self._there = version is not None
        return self._sql if self._there else None

    def _brought_up(self, sql: Sql) -> Sql:
        """Return the ledger of an earlier version as one of this; for reading alone it is a copy that is changed."""
        if sql.writable:
            with self._alone(), sql.immediate():
                ensure_ledger(sql)
            return sql
        copy = sql.copied("coachsync_")
        with copy.immediate():
            ensure_ledger(copy)
        return copy

    def _read(self, query: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        sql = self._look()
        return sql.all(query, args) if sql is not None else []

    def _among(self, query: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        sql = self._look()
        return sql.among(query, values) if sql is not None else []

    def _number(self, query: str, args: Sequence[Any] = ()) -> int | None:
        rows = self._read(query, args)
        return rows[0][0] if rows else None

    def _entries(self, rows: list[tuple[Any, ...]]) -> list[Entry]:
        """Make entries of rows and give each its resources and grants, in the order they were made."""
        entries = {id_of(row[0]): _entry(row) for row in rows}
        keys = [row[0] for row in rows]
        sql = f"SELECT session_id, {_RESOURCE} FROM coachsync_resources WHERE session_id IN ({{}}) ORDER BY id"
        for session_id, *fields in self._among(sql, keys):
            entries[id_of(session_id)].resources.append(Resource(*fields))
        sql = f"SELECT session_id, {_GRANT} FROM coachsync_grants WHERE session_id IN ({{}}) ORDER BY id"
        for session_id, *fields in self._among(sql, keys):
            grant = Grant(*fields)
            grant.observer = bool(grant.observer)
            entries[id_of(session_id)].grants.append(grant)
        sql = (
            "SELECT session_id, user_id, kind, name, discord_name FROM coachsync_people WHERE session_id IN ({})"
            " ORDER BY position"
        )
        for session_id, user_id, kind, name, discord_name in self._among(sql, keys):
            entries[id_of(session_id)].people += (Person(user_id, kind, name, discord_name=discord_name),)
        return list(entries.values())


def _entry(row: tuple[Any, ...]) -> Entry:
    entry = Entry(id_of(row[0]), *row[1:10])
    entry.staff = tuple(row[10].split())
    entry.opened_at, entry.closed_by, entry.closed_start, entry.missing_first, entry.missing_last = row[11:16]
    entry.repairs, entry.revision = _counts(row[16]), row[17]
    return entry


def _run(row: tuple[Any, ...]) -> RunRecord:
    started_at, finished_at, command, exit_code, summary, requests, uid, host, program = row
    counts = _counts(summary)
    return RunRecord(started_at, finished_at, command, exit_code, counts, requests, uid, host or "", program or "")


def _pause(row: tuple[Any, ...]) -> Pause:
    from coachsync.domain.pauses import Pause

    return Pause(id_of(row[0]), row[1], row[2], row[3], row[4], bool(row[5]))


def _refusal(row: tuple[Any, ...]) -> Refusal | None:
    """Return what was refused; None for a row that is none of ours, by which nothing waits."""
    from json import loads

    from coachsync.domain.refusals import Refusal

    key, asked, times, at, code, message, hint, removals = row
    if asked not in ("token", "look", "role", "channel") or not (isinstance(times, int) and isinstance(at, int)):
        return None
    try:
        return Refusal(key, asked, times, at, Failure(code, message, hint), frozenset(loads(removals)))
    except (TypeError, ValueError):
        return None


def _counts(text: str) -> Any:
    """Read an object of counts; most are empty, and an idle tick does without the JSON reader."""
    if text == "{}":
        return {}
    from json import loads

    return loads(text)


def _event(row: tuple[Any, ...]) -> Event:
    at, key, what, outcome, detail, code, message, hint, host = row
    failure = None if code is None else Failure(code, message, hint)
    return Event(at, id_of(key), what, outcome, detail, failure, host or "")
