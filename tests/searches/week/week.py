"""A week, round by round: bookings change, the hosts run at once, something befalls them, and the judge looks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from coachsync.domain.model import DAY, Millis
from coachsync.errors import BUG, OK, SOME_FAILED
from coachsync.standin import Fault, Request
from coachsync.store.open import create_store
from tests.kit.failover import Replica
from tests.kit.pgbouncer import PgBouncer
from tests.kit.postgres import Postgres
from tests.searches.property.bookings import Bookings
from tests.searches.property.platform import QUARTER, Platform
from tests.searches.property.world import T0
from tests.searches.week.bookings import PostgresSystem
from tests.searches.week.child import Fate, Orders
from tests.searches.week.figures import Figures
from tests.searches.week.hosts import Ended, Host, a_host
from tests.searches.week.judge import Judge
from tests.searches.week.town import WeekTown
from tests.searches.week.trouble import QUIET, Rates, Trouble, troubles

_FAILING = ("reset_before", "reset_after", "status_before", "status_after", "truncated", "cut")
_AFTER = 5  # rounds without trouble when all is over
_CALM = Trouble((), None, 1, "first", None, None, None, frozenset(), False, 0)


class Size(NamedTuple):
    """How much is played."""

    days: float = 7.0
    hosts: int = 2
    guilds: int = 20
    sessions: int = 420
    seed: int = 20261126
    rates: Rates = Rates()
    unsafe: bool = False

    @property
    def rounds(self) -> int:
        """Return how many quarters of an hour that are."""
        return round(self.days * DAY / QUARTER)


class Week:
    """Plays a week. `tell` hears of each day as it goes by, `broken` are the promises not kept."""

    def __init__(
        self, town: WeekTown, folder: Path, server: Postgres, pooler: PgBouncer, size: Size, tell: Callable[[str], None]
    ) -> None:
        self.town, self.server, self.pooler, self.size = town, server, pooler, size
        self.figures = Figures(sessions=size.sessions)
        url = server.fresh()
        create_store(url, folder)
        self._role = url.partition("//")[2].partition("@")[0]
        self._told = folder / "told"
        self._told.touch()
        self._heard = 0
        self._clock = folder / "clock"
        bookings = Bookings(folder, system=PostgresSystem(url))
        homes = [home.id for home in town.guilds]
        span = size.rounds * QUARTER
        self.platform = Platform(bookings, town.bookable, homes, span, random.Random(f"{size.seed} bookings"))
        self.platform.plan(size.sessions)
        self.story: list[str] = []
        self.judge = Judge(town, self.platform, url, self.figures, self.story.append)
        self.hosts = [a_host(f"host{n}", folder, pooler.through(url)) for n in range(1, size.hosts + 1)]
        for host in self.hosts:
            town.configure(host.home)
        self._troubles = self._planned()
        self._failover = size.rounds // 2 if size.rates != QUIET else -1
        self._frozen: dict[str, int] = {}
        self._acts: list[tuple[int, Callable[[], None]]] = []
        self._asked = 0
        self._tell = tell
        self._late_until: Millis = 0
        self._chance = random.Random(f"{size.seed} answers")
        town.standin.before_request(self._at_request)
        town.standin.faults.decide = self._fault

    @property
    def broken(self) -> list[str]:
        """Return what was promised and not kept, in words."""
        return self.judge.broken

    def _planned(self) -> list[Trouble]:
        """Return the troubles; before the failover a host freezes, and goes on after it."""
        seed = random.Random(f"{self.size.seed} trouble")
        names = [host.name for host in self.hosts]
        planned = troubles(seed, names, self.size.rounds, self.size.rates)
        half = self.size.rounds // 2
        if self.size.rates != QUIET and half >= 1:
            for number in range(max(0, half - 3), half):
                fate = Fate("freeze", "sending", 1, number)
                planned[number] = planned[number]._replace(fate=fate, frozen_for=half - number + 1)
        return planned

    def run(self) -> Figures:
        """Live through all of it, and a while of quiet."""
        try:
            for number, trouble in enumerate(self._troubles):
                self._round(T0 + number * QUARTER, trouble, failing_over=number == self._failover)
                if number % 96 == 95:
                    self._tell(f"day {number // 96 + 1} is over: {len(self.broken)} promises broken")
            self._end()
        finally:
            for host in self.hosts:
                host.end()
        if self.figures.refused:
            self.figures.broken["no 429 of our own"] += self.figures.refused
            self.broken.append(f"{self.figures.refused} requests were answered 429")
        return self.figures

    def _end(self) -> None:
        self.town.standin.faults.decide = None
        slot = max(self.platform.over(), T0 + self.size.rounds * QUARTER)
        for number in range(_AFTER):
            calm = _CALM._replace(order=tuple(host.name for host in self.hosts))
            self._round(slot + number * QUARTER, calm, failing_over=False)
        self.judge.ended(slot + _AFTER * QUARTER)

    # one round

    def _round(self, slot: Millis, trouble: Trouble, *, failing_over: bool) -> None:
        self.town.clock.set(slot)
        self.story.append(f"{self.figures.moment(slot)} skew {trouble.skew // 60_000} min")
        self.platform.change(slot)
        self.judge.round_begins()
        if not trouble.leases_stay:
            self._run_out()
        struck = self.figures.faults.total()
        waking = [host for host in self.hosts if host.run is not None and self._frozen[host.name] <= 0]
        self._plan_acts(trouble, waking, failing_over)
        if waking and trouble.wakes == "first":
            self._wake(waking)
        ended = list(self._play(slot, trouble))
        self._carry_out_rest()
        if waking and trouble.wakes == "last":
            self._wake(waking)
        ended += self._awaited(waking)
        self._settle_discord()
        self._note(ended)
        for name in self._frozen:
            self._frozen[name] -= 1
        self._hear()
        served = self._served(ended, trouble)
        if waking or failing_over:
            self._late_until = slot + 2 * QUARTER
        frozen = any(host.run is not None for host in self.hosts)
        self.judge.round_ended(
            slot,
            served,
            disturbed=self.figures.faults.total() > struck or bool(waking),
            late_grants=frozen or slot <= self._late_until,
            twins_may_be=bool(waking) or failing_over,
        )
        self.figures.rounds += 1
        self.town.standin.clear_requests()

    def _play(self, slot: Millis, trouble: Trouble) -> Iterator[Ended]:
        """Start a run on each host that is not frozen, and wait for their ends."""
        started = []
        for host in sorted(self.hosts, key=lambda host: trouble.order.index(host.name)):
            if host.run is None:
                skew = trouble.skew if host is self.hosts[-1] else 0
                told = str(self._told)
                host.begin(
                    Orders(host.name, str(self._clock), told, skew, trouble.fate, self.size.unsafe),
                    fresh=host.name in trouble.fresh,
                )
                started.append(host)
        for host in started:
            ended = host.wait()
            if ended is None:
                self._frozen[host.name] = trouble.frozen_for - 1
            else:
                yield ended

    def _plan_acts(self, trouble: Trouble, waking: Collection[Host], failing_over: bool) -> None:
        self._asked = 0
        self._acts = []
        if trouble.cut is not None:
            self._acts.append((trouble.cut, lambda: self._struck("cut", lambda: self.server.cut_off(self._role))))
        if trouble.pooler is not None:
            self._acts.append((trouble.pooler, lambda: self._struck("pooler restarted", self.pooler.restart)))
        if trouble.restart is not None:
            self._acts.append((trouble.restart, lambda: self._struck("database restarted", self.server.restart)))
        if failing_over:
            replica = Replica(self.server)
            self._acts.append((6, lambda: self._struck("failover", replica.take_over)))
        if waking and trouble.wakes == "amid":
            self._acts.append((4, lambda: self._wake(waking)))
        self._acts.sort(key=lambda act: act[0])

    def _at_request(self, request: Request) -> None:
        with self.town.world.lock:
            self._asked += 1
            due = [act for at, act in self._acts if at == self._asked]
            self._acts = [act for act in self._acts if act[0] > self._asked]
        for act in due:
            act()

    def _fault(self, request: Request) -> Fault | None:
        if self._chance.random() * 1000 >= self.size.rates.lost:
            return None
        kind = self._chance.choice(_FAILING)
        self.figures.faults[f"answer {kind}"] += 1
        self.story.append(f"  {request.method} {request.path} meets {kind}")
        return Fault(kind)

    def _carry_out_rest(self) -> None:
        """Do what so few requests did not come to, as far as it must be done."""
        rest, self._acts = self._acts, []
        for _, act in rest:
            act()

    def _struck(self, kind: str, act: Callable[[], None]) -> None:
        self.figures.faults[kind] += 1
        self.story.append(f"  {kind}")
        act()

    def _wake(self, hosts: Collection[Host]) -> None:
        for host in hosts:
            self.story.append(f"  {host.name} goes on")
            host.go_on()

    def _awaited(self, hosts: Collection[Host]) -> Iterator[Ended]:
        for host in hosts:
            ended = host.wait()
            if ended is not None:
                self._frozen.pop(host.name)
                yield ended

    def _run_out(self) -> None:
        """Let more than a minute have passed: nobody renews a lease between two rounds."""
        lapse = f"UPDATE {self._role}.coachsync_leases SET until = since - 1"
        self.server.run(f"DO $$ BEGIN {lapse}; EXCEPTION WHEN undefined_table THEN NULL; END $$")

    def _settle_discord(self) -> None:
        """Wait until Discord has done what it was asked by clients that are gone."""
        until = time.monotonic() + 5
        while any(r.finished is None for r in self.town.standin.requests) and time.monotonic() < until:
            time.sleep(0.002)

    # what came of it

    def _note(self, ended: Collection[Ended]) -> None:
        for run in ended:
            self.figures.runs[run.host, str(run.code)] += 1
            report = run.report or {}
            self.story.append(f"  {run.host} ended with {run.code}{_words(run)}")
            self.figures.deeds[run.host] += sum(a["outcome"] == "done" for a in report.get("actions", ()))
            if run.code in (BUG, 99) or "Traceback" in run.said:
                self.figures.broken["no bug"] += 1
                self.broken.append(f"{run.host} ended with {run.code}: {run.said[-1500:]}")

    def _served(self, ended: Collection[Ended], trouble: Trouble) -> set[str]:
        """Return the guilds in which a run whose clock was right did all that was due."""
        served: set[str] = set()
        skewed = self.hosts[-1].name if trouble.skew else ""
        for run in ended:
            if run.code in (OK, SOME_FAILED) and run.report is not None and run.host != skewed:
                elsewhere = {guild for left in run.report["elsewhere"] for guild in left["guild_ids"]}
                unfinished = {a["guild_id"] for a in run.report["actions"] if a["outcome"] == "deferred"}
                served |= {home.id for home in self.town.guilds} - elsewhere - unfinished
        return served

    def _hear(self) -> None:
        """Take in what the runs told of themselves."""
        with self._told.open() as file:
            file.seek(self._heard)
            lines = file.read().splitlines()
            self._heard = file.tell()
        holders = set()
        for line in lines:
            self.story.append(f"  {line}")
            host, what, *more = line.split()
            if what == "lease":
                self.figures.leases[host] += 1
                holders.add(host)
            elif what == "fenced":
                self.figures.fenced += 1
            else:
                self.figures.faults[f"{what} {more[0]}"] += 1
        self.figures.leased_rounds += bool(holders)
        self.figures.shared_rounds += len(holders) > 1


def _words(run: Ended) -> str:
    """Return what a run did, or why it did nothing, in a line."""
    if run.report is None:
        return f": {run.said[-400:]}" if run.code >= 0 else ""
    failure = run.report.get("error")
    if failure is not None:
        return f": {failure['message']}"
    deeds = [f"{a['session']} {a['action']} {a['outcome']}{_why(a)}" for a in run.report["actions"]]
    left = [f"{len(e['guild_ids'])} guilds left to {e['host']}" for e in run.report["elsewhere"]]
    return f": {', '.join([*deeds, *left])}"


def _why(action: dict[str, Any]) -> str:
    return "" if action["error"] is None else f" ({action['error']['code']}: {action['error']['message']})"


def play(
    folder: Path, size: Size, tell: Callable[[str], None] = lambda _: None, story: Path | None = None
) -> tuple[Figures, list[str]]:
    """Play a week with servers of its own; return its figures and which promises were broken.

    `story`: a file to which all that happened is written.
    """
    from coachsync import waits
    from tests.kit.pgbouncer import pgbouncer
    from tests.kit.postgres import postgres
    from tests.searches.week.child import HURRIED
    from tests.searches.week.town import a_week_town

    with ExitStack() as stack:
        stack.enter_context(waits.hurried(**HURRIED))
        server = stack.enter_context(postgres())
        pooler = stack.enter_context(pgbouncer(server))
        town = stack.enter_context(a_week_town(folder / "clock", size.guilds))
        week = Week(town, folder, server, pooler, size, tell)
        try:
            return week.run(), week.broken
        finally:
            if story is not None:
                story.write_text("\n".join(week.story), "utf-8")
