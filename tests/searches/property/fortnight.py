"""Many days of one coaching platform: bookings and their changes, failing requests, an outage, a killed run a day."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from coachsync.domain.model import DAY, HOUR, Millis
from coachsync.engine.tick import tick
from coachsync.errors import OK, SOME_FAILED, UNUSABLE
from coachsync.standin import Fault, Request
from tests.kit.home import SQLITE
from tests.searches.property.bookings import Booking, Bookings
from tests.searches.property.oracle import LATE, OPENS
from tests.searches.property.platform import QUARTER, Platform
from tests.searches.property.ticks import Ticker
from tests.searches.property.watch import Made, Watch
from tests.searches.property.world import T0, Playground

FAILING = 0.03
PATIENCE = 3  # runs until what a failed one left is in order: the next two and, where one of them fails, one more
KINDS = [
    "reset_before",
    "reset_after",
    "status_before",
    "status_after",
    "html_before",
    "html",
    "truncated",
    "cut",
    "not_json",
    "empty",
    "forbidden",
    "rate_limited",
    "rate_limited_bare",
    "cloudflare",
    "hang_after",
    "drip",
]


@dataclass
class Tally:
    """What came of it; `late` names sessions booked in time whose people had no access 2 h before the start."""

    ticks: int = 0
    requests: int = 0
    failed_requests: int = 0
    killed: int = 0
    had_access: int = 0
    duplicates: int = 0
    orphans: int = 0
    leaks: int = 0
    late: tuple[str, ...] = ()


class Fortnight:
    """The days and what happens in them, all by one seed."""

    def __init__(self, town: Playground, folder: Path, days: int, sessions: int, seed: int) -> None:
        self.town = town
        self.random = random.Random(seed)
        self.days = days
        self.bookings = Bookings(folder, SQLITE)
        self.platform = Platform(self.bookings, town.bookable, [town.guilds[0].id], days * DAY, self.random)
        self.ticker = Ticker(town, town.settings(folder, SQLITE, "role"))
        self.watch = Watch(town)
        self.tally = Tally()
        self.outage = range(T0 + (days * DAY) // 2, T0 + (days * DAY) // 2 + 5 * HOUR)
        self.odd: Counter[str] = Counter()
        self.late: list[str] = []
        self.platform.plan(sessions)

    # what happens

    def _fault(self, request: Request) -> Fault | None:
        if self.random.random() >= FAILING:
            return None
        self.tally.failed_requests += 1
        return Fault(self.random.choice(KINDS), seconds=1.0, retry_after=0.02, interval=0.05)

    def run(self) -> Tally:
        """Live through all of it, and two days of quiet."""
        for day in range(self.days):
            kill_from = T0 + day * DAY + self.random.randrange(0, 20) * HOUR
            for slot in range(T0 + day * DAY, T0 + (day + 1) * DAY, QUARTER):
                self.town.clock.set(slot)
                self.platform.change(slot)
                if self._one_tick(slot, killing=slot >= kill_from and self.tally.killed <= day):
                    self.tally.killed += 1
                self._look(slot)
        self._end()
        self.tally.late = tuple(self.late)
        return self.tally

    def _one_tick(self, slot: Millis, killing: bool) -> bool:
        """Run a tick amid failing requests; tell whether it was killed."""
        faults = self.town.standin.faults
        faults.decide = self._fault
        if slot in self.outage:
            self.town.standin.down()
        self.watch.run_begins({b.id: b.people for b in self.bookings.known.values()})
        killed = False
        if killing:
            killed = self.ticker.run_killed(self.random.randrange(3, 9), after=self.random.random() < 0.5)
        else:
            report = tick(self.ticker.request())
            assert report.exit_code in (OK, SOME_FAILED, UNUSABLE)
            self.tally.requests += report.requests
            self.ticker.quiet()
        self.watch.run_ended()
        self.town.standin.up()
        faults.decide = None
        self.tally.ticks += 1
        return killed

    # what must be

    def _look(self, slot: Millis) -> None:
        rows = self.bookings.rows()
        for booking in list(self.bookings.known.values()):
            booking.status = rows[booking.id]["status"]
            if booking.start - LATE == slot and self._in_time(booking):
                self._hold_to_promise(booking)
        self.tally.leaks += len(self.watch.leaks)
        assert not self.watch.leaks, self.watch.leaks[0]
        live: dict[tuple[str, str], int] = Counter((m.session, m.kind) for m in self.watch.all_live())
        for (session, kind), count in live.items():
            self._patience(f"{session} {kind} twice", count > 1, slot)
            self._patience(f"{session} {kind} orphaned", self.platform.must_be_gone(session, slot), slot)
        self.tally.duplicates = sum(n > PATIENCE for key, n in self.odd.items() if key.endswith("twice"))
        self.tally.orphans = sum(n > PATIENCE for key, n in self.odd.items() if key.endswith("orphaned"))

    def _patience(self, what: str, odd: bool, slot: Millis) -> None:
        """Count the runs in a row in which something was odd; those of the outage do not count."""
        if not odd:
            self.odd[what] = 0
        elif slot not in self.outage:
            self.odd[what] += 1

    def _in_time(self, booking: Booking) -> bool:
        """Return whether a booking stood as it is since its window opened, and Discord was there since then."""
        opened = booking.start - OPENS
        under_outage = opened < self.outage.stop and self.outage.start <= booking.start - LATE
        return self.platform.in_time(booking) and not under_outage

    def _hold_to_promise(self, booking: Booking) -> None:
        rooms = self.watch.live(booking.id, "channel")
        if rooms and all(booking.people <= self.town.world.who_can_enter(room.id) for room in rooms):
            self.tally.had_access += 1
        else:
            self.late.append(booking.id)

    def _end(self) -> None:
        """Let everything be over, without trouble: nothing may be left."""
        end = self.platform.over()
        for slot in range(end, end + 3 * QUARTER, QUARTER):
            self.town.clock.set(slot)
            tick(self.ticker.request())
            self.ticker.quiet()
        left: list[Made] = self.watch.all_live()
        self.tally.orphans += len(left)
