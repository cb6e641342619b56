# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""Leases in a PostgreSQL: one row a bot, taken and renewed by compare-and-set on its holder and its term.

A lease ends by the database's clock, and is given up well before that by this host's. A new holder, or the same one
after its lease ended, gets a new term. The holder is a random id of the process: names and numbers of hosts and
processes come back. Every statement is its own transaction; nothing waits for whoever writes the ledger.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from os import urandom
from typing import Final

from coachsync import waits
from coachsync.errors import ConnectionLostError, StoreError
from coachsync.store.leases import LeaseHolder, Spent
from coachsync.store.ledger.fence import Lease
from coachsync.store.ledger.keys import node_name
from coachsync.store.ledger.migrations import ensure_ledger
from coachsync.store.sql import Sql

LASTS_S: Final = 60.0
RENEWED_S: Final = LASTS_S / 3
GIVEN_UP_S: Final = LASTS_S * 2 / 3

_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
_FIRST = (
    "INSERT INTO coachsync_leases (bot, holder, term, since, renewed, until, host, spent)"
    f" VALUES (?, ?, 1, {_NOW}, {_NOW}, {_NOW} + ?, ?, '') ON CONFLICT (bot) DO NOTHING"
)
_FOUND = f"SELECT holder, term, host, since, until, renewed, spent, {_NOW} FROM coachsync_leases WHERE bot = ?"
_NEXT = (
    f"UPDATE coachsync_leases SET holder = ?, term = term + 1, since = {_NOW}, renewed = {_NOW}, until = {_NOW} + ?,"
    f" host = ?, spent = '' WHERE bot = ? AND holder = ? AND term = ? AND until <= {_NOW}"
)
_RENEW = (
    f"UPDATE coachsync_leases SET renewed = {_NOW}, until = {_NOW} + ?"
    f" WHERE bot = ? AND holder = ? AND term = ? AND until > {_NOW}"
)
_RELEASE = f"UPDATE coachsync_leases SET until = {_NOW}, spent = ? WHERE bot = ? AND holder = ? AND term = ?"
_COPIED = "SELECT 1 FROM coachsync_notes WHERE key IN ('copying', 'moved')"  # see store.copying.notes
_OTHERS = "SELECT 1 FROM (SELECT host FROM coachsync_runs ORDER BY id DESC LIMIT 50) AS lately WHERE host <> ? LIMIT 1"
_MATTERS_MS = 2_000
_PAUSE_S = 0.5
_AGAIN_S = 1.0


def up_s() -> float:
    """Return this host's time since it was started, in seconds, those included in which it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Leases:
    """The leases of one run. Satisfies `store.leases.RunLock`. See the module's text."""

    alone = False

    def __init__(self, connect: Callable[[], Sql]) -> None:
        self.spent: Spent = ()
        self.leases: dict[str, Lease] = {}
        self._connect = connect
        self._holder = urandom(12).hex()
        self._host = node_name()
        self._renewed: dict[str, float] = {}
        self._own: Sql | None = None
        self._noted: Spent = ()
        self._left_some = False
        self._turn = threading.Lock()
        self._ended = threading.Event()
        self._renewer: threading.Thread | None = None

    def take(self, bots: Collection[str], wait_s: float) -> tuple[LeaseHolder, ...]:
        """Take the leases on these bots, as far as they are free within `wait_s`; return who holds the others.

        Raises StoreError if the database cannot be used.
        """
        sql = self._sql()
        with self._turn, sql.immediate():
            ensure_ledger(sql)
            if sql.one(_COPIED) is not None:  # since this run began
                told = f"{sql.name} is not to be worked on: a copy of it, or into it, is under way or ended just now"
                raise StoreError(told, "the next run says more, and what to do")
        until = time.monotonic() + wait_s
        while True:
            others = self._take_each(sql, bots)
            left = until - time.monotonic()
            if not others or left <= 0:
                break
            time.sleep(min(_PAUSE_S, left))
        if self.leases and self._renewer is None:
            self._renewer = threading.Thread(target=self._renew, name="coachsync-leases", daemon=True)
            self._renewer.start()
        return tuple(others)

    def give_way(self) -> None:
        """Let other hosts, if there are any, take what they need first."""
        with self._turn:
            others = self._sql().one(_OTHERS, (self._host,))
        if others is not None:
            time.sleep(waits.current().way)

    def holds(self, bot: str) -> bool:
        """Return whether something may be sent under this bot's token now."""
        renewed = self._renewed.get(bot)
        return renewed is not None and up_s() - renewed < GIVEN_UP_S

    def note(self, spent: Spent) -> None:
        """Tell whoever takes the leases next what was used of the limit."""
        self._noted = spent

    def close(self) -> None:
        """Give the leases back, as far as the database can be told; else they end by themselves."""
        self._ended.set()
        if self._renewer is not None:
            self._renewer.join(waits.current().grace)
        with suppress(StoreError):
            for lease in self.leases.values():
                self._release(lease)
        if self._own is not None and (self._renewer is None or not self._renewer.is_alive()):
            self._own.close()

    def _release(self, lease: Lease) -> None:
        """Give a lease back; over a new connection if the last one is lost: whoever took it over has another term."""
        ending = (self._ages(), *lease)
        try:
            self._sql().run(_RELEASE, ending)
        except ConnectionLostError:
            self._sql().run(_RELEASE, ending)

    def _sql(self) -> Sql:
        if self._own is None:
            self._own = self._connect()
        return self._own

    def _take_each(self, sql: Sql, bots: Collection[str]) -> list[LeaseHolder]:
        """Take the leases that are free; return who holds the others.

        Hosts that begin in the same moment do so in different orders, and each takes one before it takes more.
        """
        others = []
        for bot in sorted(bots, key=lambda bot: hash((self._holder, bot))):
            if self.leases and not self.holds(bot):
                self._leave_some(sql)
            with self._turn:
                found = self._take(sql, bot)
            if found is not None:
                others.append(found)
        return others

    def _leave_some(self, sql: Sql) -> None:
        """Give other hosts, if there are any, a moment to take a lease too; once in a run."""
        if not self._left_some:
            self._left_some = True
            with self._turn:
                others = sql.one(_OTHERS, (self._host,))
            if others is not None:
                time.sleep(waits.current().share)

    def _take(self, sql: Sql, bot: str) -> LeaseHolder | None:
        """Take the lease on a bot, or return who holds it."""
        if self.holds(bot):
            return None
        lasts, asked = int(LASTS_S * 1000), up_s()
        if sql.run(_FIRST, (bot, self._holder, lasts, self._host)):
            self._have(Lease(bot, self._holder, 1), asked)
            return None
        found = sql.one(_FOUND, (bot,))
        if found is None:  # somebody has just taken the row away
            return self._take(sql, bot)
        holder, term, host, since, until, renewed, spent, now = found
        if until > now:
            return LeaseHolder(bot, host, since, until, now - renewed)
        if not sql.run(_NEXT, (self._holder, lasts, self._host, bot, holder, term)):
            return self._take(sql, bot)  # another host was faster
        self._have(Lease(bot, self._holder, term + 1), asked)
        self._learn(spent, now - until)
        return None

    def _have(self, lease: Lease, asked: float) -> None:
        self.leases[lease.bot] = lease
        self._renewed[lease.bot] = asked

    def _learn(self, spent: str, ago: int) -> None:
        """Take over what the last holder used of the limit: milliseconds before its lease ended, which is `ago`."""
        now = time.monotonic()
        with suppress(ValueError):
            ages = [int(age) + ago for age in spent.split()]
            self.spent = tuple(sorted([*self.spent, *(now - age / 1000 for age in ages if age < _MATTERS_MS)]))

    def _ages(self) -> str:
        now = time.monotonic()
        return " ".join(str(max(0, round(1000 * (now - at)))) for at in self._noted)

    def _renew(self) -> None:
        """Renew what is held, each third of its time; sooner again if the database did not answer."""
        pause = RENEWED_S
        while not self._ended.wait(pause):
            try:
                with self._turn:
                    for lease in self.leases.values():
                        self._renew_one(lease)
            except StoreError:
                pause = _AGAIN_S
            else:
                pause = RENEWED_S

    def _renew_one(self, lease: Lease) -> None:
        asked = up_s()
        if self._sql().run(_RENEW, (int(LASTS_S * 1000), *lease)):
            if lease.bot in self._renewed:
                self._renewed[lease.bot] = asked
        else:  # it ended, or somebody took it over: what is its no more is not taken again while this run goes on
            self._renewed.pop(lease.bot, None)


@contextmanager
def leasing(connect: Callable[[], Sql]) -> Iterator[Leases]:
    """Hold a run's leases for a with-block; at first there are none."""
    leases = Leases(connect)
    try:
        yield leases
    finally:
        leases.close()
