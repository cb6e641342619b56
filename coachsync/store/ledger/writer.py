# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What coachsync remembers, written: the ledger's half of a transaction, and what is old forgotten.

Rows are written as they are, keyed by their number; an object learns its number when it is first saved, and
forgets it again if the transaction fails.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from coachsync import __version__
from coachsync.domain.model import (
    ACTION_KINDS,
    DAY,
    MINUTE,
    OUTCOME_KINDS,
    Entry,
    Event,
    Grant,
    Millis,
    Report,
    Resource,
    Session,
)
from coachsync.domain.windows import RELEASED
from coachsync.errors import RowRefusedError
from coachsync.store.ledger.fence import Lease, is_held, no_lease, refused, require, save_entry
from coachsync.store.ledger.keys import clean, ledger_key, node_name
from coachsync.store.ledger.pruning import FIRST, prune
from coachsync.store.sql import Sql

if TYPE_CHECKING:
    from coachsync.domain.budget import GuildSight, RoleWord
    from coachsync.domain.causes import Followed
    from coachsync.domain.news import Told
    from coachsync.domain.pauses import Pause
    from coachsync.domain.refusals import Refusal
    from coachsync.domain.user_names import Lookup
    from coachsync.store.ledger.eraser import Eraser
    from coachsync.store.ledger.hooks import HookRows
    from coachsync.store.ledger.said import LastSaid
    from coachsync.store.ledger.sources import SourceMemory

KEPT: Millis = 90 * DAY


def _upsert(table: str, key: str, columns: str) -> str:
    """Return the statement that writes a row, new or not."""
    named = columns.split(", ")
    values = ", ".join("?" * (len(named) + 1))
    kept = ", ".join(f"{column} = excluded.{column}" for column in named)
    return f"INSERT INTO {table} ({key}, {columns}) VALUES ({values}) ON CONFLICT ({key}) DO UPDATE SET {kept}"


def _insert(table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * (columns.count(',') + 1))})"


_RESOURCE = "session_id, guild_id, kind, name, state, attempt_at, attempt_until, snowflake, made_at, deleted_at"
_GRANT = "session_id, user_id, state, granted_at, revoked_at, seen_at, observer"
_ADD_RESOURCE, _SAVE_RESOURCE = (
    _insert("coachsync_resources", _RESOURCE),
    _upsert("coachsync_resources", "id", _RESOURCE),
)
_ADD_GRANT, _SAVE_GRANT = _insert("coachsync_grants", _GRANT), _upsert("coachsync_grants", "id", _GRANT)
_ADD_PERSON = _insert("coachsync_people", "session_id, position, user_id, kind, name, discord_name")
_ADD_EVENT = _insert("coachsync_events", "at, session_id, what, outcome, detail, code, message, hint, host")
_ADD_RUN = "INSERT INTO coachsync_runs (started_at, command, summary, uid, host, program) VALUES (?, ?, '{}', ?, ?, ?)"
_ADD_REPORTED = f"{_insert('coachsync_reported', 'session_id, code, start')} ON CONFLICT DO NOTHING"
# A first run by a clock that was years behind does not count, the earliest since then does.
_ADD_FIRST_RUN = (
    "INSERT INTO coachsync_meta (key, value) VALUES ('first_run_at', ?) ON CONFLICT (key) DO UPDATE SET value ="
    " coalesce((SELECT min(started_at) FROM coachsync_runs WHERE started_at >= ?), excluded.value)"
    " WHERE coachsync_meta.value < ?"
)
_SAVE_META = _upsert("coachsync_meta", "key", "value")
_SAVE_BOT = f"{_SAVE_META} WHERE coachsync_meta.value <> excluded.value"
_SAVE_LIMIT = _upsert("coachsync_limits", "guild_id", "roles_exhausted_until")

_SAVE_PAUSE = (
    f"{_insert('coachsync_pauses', 'session_id, guild_id, since, until, reason, removals')} ON CONFLICT (session_id,"
    " guild_id) DO UPDATE SET until = excluded.until, reason = excluded.reason, removals = excluded.removals"
)

_ADD_COUNT = (
    f"{_insert('coachsync_counters', 'name, value')} ON CONFLICT (name)"
    " DO UPDATE SET value = coachsync_counters.value + excluded.value"
)
_SAVE_REFUSAL = _upsert("coachsync_refusals", "key", "asked, times, at, code, message, hint, removals")
_ADD_REFUSED = (
    f"{_insert('coachsync_refused', 'host, minute, answers')} ON CONFLICT (host, minute)"
    " DO UPDATE SET answers = coachsync_refused.answers + excluded.answers"
)

_CATEGORY_IS_MADE: Millis = 10 * MINUTE  # longer than any create is under way
_OVERTAKE_CATEGORIES = (
    "UPDATE coachsync_resources SET state = 'overtaken' WHERE kind = 'category' AND guild_id = ?"
    " AND state = 'attempted' AND attempt_at < ?"
)


class LedgerWriter:
    """The ledger in one transaction.

    `writer` is a random id of whoever writes. `lease_of` returns the lease under which a run works on a guild, None if
    it has none; without it there are no leases in this store, and its lock is enough.
    """

    def __init__(self, sql: Sql, writer: str = "", lease_of: Callable[[str], Lease | None] | None = None) -> None:
        self._sql = sql
        self._writer = writer
        self._lease_of = lease_of
        self._numbered: list[Resource | Grant] = []
        self._revised: list[Entry] = []

    def save(self, entry: Entry) -> None:
        """Write an entry with its resources and grants; new ones get their `rowid`.

        Raises FencedError if it was written by somebody else since it was read, or the lease on its bot is lost.
        """
        key = ledger_key(entry.session_id)
        lease = self._lease(entry.guild_id)
        if save_entry(self._sql, key, _entry_fields(entry), entry.revision, self._writer, lease):
            self._find_numbers(key, entry)
        entry.revision += 1
        self._revised.append(entry)
        self._save_people(key, entry)
        for resource in entry.resources:
            self._save_resource(key, resource)
        for grant in entry.grants:
            times = (grant.granted_at, grant.revoked_at, grant.seen_at)
            fields = (key, grant.user_id, grant.state, *times, int(grant.observer))
            self._write(grant, _ADD_GRANT, _SAVE_GRANT, fields)

    def _save_people(self, key: str | bytes, entry: Entry) -> None:
        self._sql.run("DELETE FROM coachsync_people WHERE session_id = ?", (key,))
        for position, person in enumerate(entry.people):
            self._sql.run(
                _ADD_PERSON, (key, position, person.id, person.kind, clean(person.name), clean(person.discord_name))
            )

    def keep_marks(self, session_id: str, fields: Mapping[str, object]) -> None:
        """Write all the marks of a booking whose table has no place for them."""
        from coachsync.store.ledger.marks import save_marks

        save_marks(self._sql, session_id, fields)

    def save_category(self, resource: Resource) -> None:
        """Write a category of ours, which belongs to a guild and to no session; it gets its `rowid`.

        Raises FencedError if another run attempts to make one, or the lease on the guild's bot is lost.
        """
        self.hold(resource.guild_id)
        if resource.state == "attempted":
            before = resource.attempt_at - _CATEGORY_IS_MADE
            self._sql.run(_OVERTAKE_CATEGORIES, (resource.guild_id, before))
        self._save_resource(None, resource)

    def hold(self, guild_id: str) -> None:
        """Raise FencedError if the lease that a guild is worked on under is lost; for what no entry fences."""
        lease = self._lease(guild_id)
        if lease is not None:
            require(self._sql, lease)

    def holds_all(self, guild_ids: Iterable[str]) -> bool:
        """Return whether no lease is lost that one of these guilds was worked on under."""
        leases = {self._lease_of(guild_id) for guild_id in guild_ids} if self._lease_of is not None else set()
        return all(is_held(self._sql, lease) for lease in leases if lease is not None)

    def save_orphan(self, orphan: Resource) -> None:
        """Write a room or role that no booking owns; it gets its `rowid`."""
        self._save_resource(None, orphan)

    def forget_orphan(self, orphan: Resource) -> None:
        """Forget a room or role that is gone, or that some booking owns after all."""
        self._sql.run("DELETE FROM coachsync_resources WHERE id = ? AND state = 'orphan'", (orphan.rowid,))

    def owe_looks(self, owed: Mapping[str, Millis]) -> None:
        """Remember which guilds are to be looked through, and from when on, until `looked_through`."""
        for guild_id, since in owed.items():
            self._sql.run(_SAVE_META, (f"look:{guild_id}", since))

    def in_history(self, history: int, lost_since: Millis | None) -> None:
        """Remember the database's history, and since when lines are missing if that is another one than before."""
        self._sql.run(_SAVE_META, ("history", history))
        if lost_since is not None:
            self._sql.run(_SAVE_META, ("lost_since", lost_since))

    def clock_is(self, *, off: bool) -> None:
        """Remember whether this host's clock is off: then other hosts work first."""
        key = f"clock:{node_name()}"
        if off:
            self._sql.run(_SAVE_META, (key, 1))
        else:
            self._sql.run("DELETE FROM coachsync_meta WHERE key = ?", (key,))

    def looked_through(self, guild_id: str) -> None:
        """Remember that a guild was looked through."""
        self._sql.run("DELETE FROM coachsync_meta WHERE key = ?", (f"look:{guild_id}",))

    def worked_as(self, guild_id: str, bot_id: str) -> None:
        """Remember which bot works in a guild: a token may be exchanged for another bot's by mistake."""
        if bot_id.isdigit() and int(bot_id) < 1 << 63:
            self._sql.run(_SAVE_BOT, (f"bot:{guild_id}", int(bot_id)))

    def event(self, event: Event) -> None:
        """Append a line to a session's story."""
        failure = event.failure
        wrong = (None,) * 3 if failure is None else (failure.code, clean(failure.message), clean(failure.hint))
        line = (event.at, ledger_key(event.session_id), event.what, event.outcome, clean(event.detail))
        self._sql.run(_ADD_EVENT, (*line, *wrong, node_name()))

    def seen_missing(self, session_ids: Collection[str], found_ids: Collection[str], now: Millis) -> None:
        """Note which live entries a finished run missed in the store (first and last time), and forget the rest."""
        for session_id in session_ids:
            self._sql.run(
                "UPDATE coachsync_entries SET missing_first = coalesce(missing_first, ?), missing_last = ?"
                " WHERE session_id = ?",
                (now, now, ledger_key(session_id)),
            )
        seen = self._sql.among(
            "SELECT session_id FROM coachsync_entries WHERE missing_first IS NOT NULL AND session_id IN ({})",
            map(ledger_key, found_ids),
        )
        for row in seen:
            self._sql.run(
                "UPDATE coachsync_entries SET missing_first = NULL, missing_last = NULL WHERE session_id = ?", row
            )

    def reported(self, session_id: str, code: str, start: Millis) -> None:
        """Remember that this broken promise was counted as failed."""
        self._sql.run(_ADD_REPORTED, (ledger_key(session_id), code, start))

    def run_started(self, started_at: Millis, command: str) -> int:
        """Record that a run began; return its number. The first one sets `first_run_at`."""
        self._sql.run(_ADD_FIRST_RUN, (started_at, RELEASED, RELEASED))
        return self._add_run(started_at, command)

    def _add_run(self, started_at: Millis, command: str) -> int:
        run = (started_at, clean(command), os.geteuid(), node_name(), __version__)
        return self._sql.insert(_ADD_RUN, run)

    def run_finished(self, number: int, finished_at: Millis, report: Report | None, exit_code: int) -> bool:
        """Record how a run ended (report None: its watchdog or a signal ended it); drop what is over 90 days old.

        Return whether more of that may be there than is dropped with every run: see `Ledger.prune`.
        """
        self._sql.run(
            "UPDATE coachsync_runs SET finished_at = ?, exit_code = ?, summary = ?, requests = ? WHERE id = ?",
            (finished_at, exit_code, _summary(report), None if report is None else report.requests, number),
        )
        if report is not None:
            self._count(report)
        self._sql.run("DELETE FROM coachsync_pauses WHERE until <= ?", (_surely(finished_at),))
        return self.prune(finished_at, FIRST)

    def prune(self, now: Millis, most: int) -> bool:
        """Drop what is over 90 days old, about `most` rows of each kind; return whether there may be more."""
        return prune(self._sql, _surely(now) - KEPT, most)

    def _count(self, report: Report) -> None:
        """Add what a run did to the counts that only grow."""
        counts = Counter(f"actions:{o.action.kind}:{o.outcome}" for o in report.outcomes)
        counts |= Counter(requests=report.requests, rate_limited=report.rate_limited)
        for name, more in counts.items():
            if more:
                self._sql.run(_ADD_COUNT, (name, more))

    def run_failed(self, started_at: Millis, finished_at: Millis, command: str, exit_code: int) -> None:
        """Record a run that ended before it could record itself; it does not count as the first one."""
        sql = "SELECT id, started_at, command, finished_at FROM coachsync_runs WHERE host = ? ORDER BY id DESC LIMIT 1"
        row = self._sql.one(sql, (node_name(),))
        if row is not None and row[2] == command and row[3] is None and row[1] >= started_at:  # it had begun
            number = row[0]
        else:
            number = self._add_run(started_at, command)
        self.run_finished(number, finished_at, None, exit_code)

    def set_roles_exhausted(self, guild_id: str, until: Millis) -> None:
        """Remember that Discord makes no more roles in this guild before `until` (Discord's clock)."""
        self._sql.run(_SAVE_LIMIT, (guild_id, until))

    def keep_sights(self, sights: Mapping[str, GuildSight], words: Mapping[str, RoleWord]) -> None:
        """Remember what a run saw in guilds, and what Discord said of its limit on roles there."""
        from coachsync.store.ledger.sights import keep

        keep(self._sql, sights, words)

    def keep_looks(self, guilds: Iterable[str], run: int = 0) -> None:
        """Remember that a run looked at these guilds and left nothing there to be done; without a run that none did.

        A mapping says of each by what settings.
        """
        from coachsync.store.ledger.looks import keep

        keep(self._sql, guilds, run)

    def keep_lookups(self, lookups: Iterable[Lookup], sessions: Mapping[str, Session]) -> None:
        """Remember whose the user names of these bookings are, by id, or what was found instead."""
        from coachsync.store.ledger.names import keep

        keep(self._sql, lookups, sessions)

    def keep_causes(self, followed: Followed, now: Millis) -> None:
        """Let these be the causes that stand; one that ended stays until whoever was told of it knows."""
        from coachsync.store.ledger.causes import keep

        keep(self._sql, followed, now)

    def mark_told(self, channel: str, told: Mapping[int, Told]) -> None:
        """Remember what a channel was told of causes, by their number."""
        from coachsync.store.ledger.causes import mark

        mark(self._sql, channel, told)

    @property
    def hooks(self) -> HookRows:
        """Return what the operator's programs were told, and are still to be told."""
        from coachsync.store.ledger.hooks import HookRows

        return HookRows(self._sql)

    @property
    def eraser(self) -> Eraser:
        """Return what takes old sessions, or a person, out for good."""
        from coachsync.store.ledger.eraser import Eraser

        return Eraser(self._sql)

    def pause(self, pause: Pause) -> None:
        """Remember a pause; a former one of the same is replaced, and goes on to be as old as it was."""
        key = ledger_key(pause.session_id)
        fields = (pause.since, pause.until, clean(pause.reason), int(pause.removals))
        self._sql.run(_SAVE_PAUSE, (key, pause.guild_id, *fields))

    def end_pauses(self, pauses: Collection[Pause]) -> None:
        """Forget these pauses."""
        for pause in pauses:
            key = ledger_key(pause.session_id)
            self._sql.run("DELETE FROM coachsync_pauses WHERE session_id = ? AND guild_id = ?", (key, pause.guild_id))

    def keep_refusal(self, refusal: Refusal) -> None:
        """Remember what a guild, or Discord for a token, refused last."""
        from json import dumps

        failure = refusal.failure
        said = (failure.code, clean(failure.message), clean(failure.hint))
        row = (refusal.key, refusal.asked, refusal.times, refusal.at, *said, dumps(sorted(refusal.removals)))
        self._sql.run(_SAVE_REFUSAL, row)

    def forget_refusal(self, key: str) -> None:
        """Remember that nothing is refused there any more."""
        self._sql.run("DELETE FROM coachsync_refusals WHERE key = ?", (key,))

    def add_refused(self, host: str, answers: Mapping[Millis, int], since: Millis) -> None:
        """Count refused answers of a host, by minute; forget those before `since`, or after the latest of these."""
        outside = (host, since, max(answers, default=since))
        self._sql.run("DELETE FROM coachsync_refused WHERE host = ? AND NOT minute BETWEEN ? AND ?", outside)
        for minute, count in answers.items():
            self._sql.run(_ADD_REFUSED, (host, minute, count))

    def keep_said(self, listed: Iterable[LastSaid]) -> None:
        """Remember what imports and sources said of bookings."""
        from coachsync.store.ledger.said import keep

        keep(self._sql, listed)

    def forget_said(self, session_ids: Collection[str]) -> None:
        """Forget what imports and sources said of these bookings."""
        from coachsync.store.ledger.said import forget

        forget(self._sql, session_ids)

    def keep_sources(self, memories: Iterable[SourceMemory]) -> None:
        """Remember what is known of sources of bookings."""
        from coachsync.store.ledger.sources import keep

        keep(self._sql, memories)

    def forget_numbers(self) -> None:
        """Take back the numbers given in a transaction that failed, so that a later save inserts anew."""
        for row in self._numbered:
            row.rowid = 0
        for entry in self._revised:
            entry.revision -= 1

    def _lease(self, guild_id: str) -> Lease | None:
        """Return the lease that a guild is worked on under. Raises FencedError if there is none and must be one."""
        if self._lease_of is None:
            return None
        lease = self._lease_of(guild_id)
        if lease is None:
            raise no_lease(guild_id)
        return lease

    def _find_numbers(self, key: str | bytes, entry: Entry) -> None:
        """Give what a commit in doubt did write its numbers: the rows that are not known, in their order."""
        listed: tuple[tuple[str, list[Resource] | list[Grant]], ...] = (
            ("resources", entry.resources),
            ("grants", entry.grants),
        )
        for table, rows in listed:
            known = {row.rowid for row in rows}
            sql = f"SELECT id FROM coachsync_{table} WHERE session_id = ? ORDER BY id"
            left = [number for (number,) in self._sql.all(sql, (key,)) if number not in known]
            for row, number in zip([row for row in rows if not row.rowid], left, strict=False):
                row.rowid = number
                self._numbered.append(row)

    def _save_resource(self, key: str | bytes | None, r: Resource) -> None:
        attempt = (r.guild_id, r.kind, clean(r.name), r.state, r.attempt_at, r.attempt_until)
        try:
            self._write(r, _ADD_RESOURCE, _SAVE_RESOURCE, (key, *attempt, r.snowflake, r.made_at, r.deleted_at))
        except RowRefusedError as error:
            if r.state == "attempted":
                raise refused(error) from error
            raise

    def _write(self, row: Resource | Grant, add: str, save: str, fields: tuple[object, ...]) -> None:
        """Write a row under its number; a new one gets its number."""
        if row.rowid:
            self._sql.run(save, (row.rowid, *fields))
        else:
            row.rowid = self._sql.insert(add, fields)
            self._numbered.append(row)


def _surely(now: Millis) -> Millis:
    """Return the time by which something is old: a clock set forward, or --now, must not make us forget."""
    return min(now, time.time_ns() // 1_000_000)


def _entry_fields(e: Entry) -> tuple[object, ...]:
    names = (clean(e.short), clean(e.role_name), clean(e.channel_name))
    ends = (e.opened_at, e.closed_by, e.closed_start, e.missing_first, e.missing_last, _repairs(e.repairs))
    return (e.guild_id, e.access, *names, e.start, e.end, e.setup_start, e.state, " ".join(e.staff), *ends)


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
