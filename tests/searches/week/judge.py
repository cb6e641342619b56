"""The judge of the week: at the end of every round what is at Discord is compared with what was promised.

`served` are the guilds in which some run came to the end of its work. A fault may leave something odd behind; that is
a broken promise if it is still there after two rounds in which the guild was served and nothing befell anybody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from typing import Any

import psycopg

from coachsync.domain.model import Millis
from coachsync.standin import Request
from coachsync.standin.answers import Reply
from tests.searches.property.bookings import Booking, Bookings
from tests.searches.property.oracle import BOOKABLE, COMPLETED, LATE, OPENS
from tests.searches.property.platform import QUARTER, Platform
from tests.searches.property.watch import Made, Watch
from tests.searches.week.figures import Figures
from tests.searches.week.town import WeekTown

_THERE = "SELECT snowflake FROM coachsync_resources WHERE snowflake IS NOT NULL AND deleted_at IS NULL"
_TICKS = 2
_SERVED_IN_TIME = 2  # of the five rounds of a setup window: then there is no excuse


class Judge:
    """Knows what was made for whom, and what was promised. `broken` are promises not kept, in words."""

    def __init__(
        self, town: WeekTown, platform: Platform, url: str, figures: Figures, tell: Callable[[str], None]
    ) -> None:
        self.town = town
        self.platform = platform
        self.figures = figures
        self.watch = Watch(town)
        self.broken: list[str] = []
        self._url = url
        self._tell = tell
        self._odd: Counter[tuple[str, str]] = Counter()
        self._served: dict[str, list[Millis]] = defaultdict(list)
        self._began: dict[str, Millis] = {}
        self._twins: set[str] = set()
        self._of: dict[str, str] = {}
        self._excuse: Millis = 0
        self._changed: dict[str, Millis] = {}
        town.standin.after_request(self._count)

    @property
    def bookings(self) -> Bookings:
        """The bookings."""
        return self.platform.bookings

    def _count(self, request: Request, reply: Reply) -> None:
        self.figures.asked(request)

    def round_begins(self) -> None:
        """Note whom runs that begin now may read."""
        self.watch.run_begins({b.id: b.people for b in self.bookings.known.values()})

    def round_ended(
        self, slot: Millis, served: Collection[str], *, disturbed: bool, late_grants: bool, twins_may_be: bool
    ) -> None:
        """Judge what is.

        Args:
            slot: when the round began.
            served: the guilds in which a run did what was due.
            disturbed: whether something befell somebody in this round.
            late_grants: whether somebody frozen is about, or has just gone on, who may let in whom it read of before.
            twins_may_be: whether somebody frozen has just gone on, or lines of the ledger were lost.
        """
        self.watch.run_ended()
        for guild in served:
            self._served[guild].append(slot)
        if twins_may_be:
            self._excuse = slot
        calm = frozenset(served) if not disturbed else frozenset()
        self._keep_rows(slot)
        live = self.watch.all_live()
        self._begin(live)
        self._look_for_leaks(live, slot, calm)
        self._look_for_twins(live, slot, calm)
        self._look_for_what_is_over(live, slot, calm)
        self._look_in_the_ledger(live, slot, calm)
        for booking in list(self.bookings.known.values()):
            if booking.start - LATE == slot:
                self._hold_to_promise(booking, slot)
        if not late_grants and not disturbed:
            self._settle(live, served)

    def ended(self, slot: Millis) -> None:
        """Judge what is left when all is over."""
        left = self.watch.all_live()
        self.figures.left = len(left)
        if left:
            self._break(slot, "nothing is left", f"{left[:3]} of {len(left)} are still there")

    def _break(self, slot: Millis, promise: str, what: str) -> None:
        self.figures.broken[promise] += 1
        self.broken.append(f"{self.figures.moment(slot)} {promise}: {what}")
        self._tell(f"  BROKEN {promise}: {what}")

    def _wait(self, promise: str, about: str, odd: bool, calm: bool) -> bool:
        """Note whether something is odd; return whether it has been so for too long, once."""
        key = (promise, about)
        if not odd:
            self._odd.pop(key, None)
            return False
        self._odd[key] += calm
        return calm and self._odd[key] == _TICKS

    # what must be

    def _keep_rows(self, slot: Millis) -> None:
        rows = self.bookings.rows()
        if rows.keys() != self.bookings.known.keys():
            self._break(slot, "bookings are kept", f"{rows.keys() ^ self.bookings.known.keys()}")
        for booking in self.bookings.known.values():
            row: dict[str, Any] = rows.get(booking.id, {})
            if row.get("status") == COMPLETED and booking.status in BOOKABLE:
                booking.status = COMPLETED
            lost = {k: v for k, v in booking.fields().items() if row.get(k, "") != v}
            if lost:
                self._break(slot, "bookings are kept", f"{booking.id}: {lost} in {row}")

    def _begin(self, live: Collection[Made]) -> None:
        there = {made.session for made in live}
        for session in [s for s in self._began if s not in there]:
            del self._began[session]
        for session in there - self._began.keys():
            booking = self.bookings.known.get(session)
            if booking is not None:
                self._began[session] = booking.start

    def _look_for_leaks(self, live: Collection[Made], slot: Millis, calm: Collection[str]) -> None:
        for leak in self.watch.leaks:
            self._break(slot, "nobody but the session's own", leak)
        self.watch.leaks.clear()
        for room in (m for m in live if m.kind == "channel"):
            booking = self.bookings.known.get(room.session)
            if booking is None:
                continue
            others = self.watch.seers(room) - booking.people
            self.figures.lingering += bool(others)
            if self._wait("who left is out", room.id, bool(others), room.guild in calm):
                self._break(slot, "who left is out", f"{self.watch.names(others)} in {room} of {booking}")

    def _look_for_twins(self, live: Collection[Made], slot: Millis, calm: Collection[str]) -> None:
        many: dict[tuple[str, str], list[Made]] = defaultdict(list)
        for made in live:
            many[made.session, made.kind].append(made)
        twins = {made.id for several in many.values() for made in sorted(several, key=lambda m: int(m.id))[1:]}
        for several in many.values():
            new = [made for made in several if made.id in twins - self._twins]
            if new and not self._may_be_twins(new[0], slot):
                self._break(slot, "one role, one room", f"twins without a cause: {several}")
            guild = several[-1].guild
            if self._wait("twins go", str(several[0][1:]), len(several) > 1, guild in calm):
                self._break(slot, "twins go", f"{several}")
        self.figures.twins_made += len(twins - self._twins)
        self.figures.twins_removed += len(self._twins - {made.id for made in live})
        self._twins = {i for i in self._twins | twins if i in {made.id for made in live}}

    def _may_be_twins(self, made: Made, slot: Millis) -> bool:
        replaced = slot - self.platform.promised.get(made.session, 0) <= 4 * QUARTER
        return replaced or slot - self._excuse <= QUARTER

    def _look_for_what_is_over(self, live: Collection[Made], slot: Millis, calm: Collection[str]) -> None:
        for made in live:
            booking = self.bookings.known.get(made.session)
            over = self.platform.must_be_gone(made.session, slot)
            ahead = booking is not None and slot < booking.start - OPENS and booking.status in BOOKABLE
            if ahead and booking is not None and self._began.get(made.session) == booking.start:
                over = False  # made by a clock that was ahead
            moved = booking is not None and booking.guild != made.guild
            if self._wait("what is over goes", made.id, over or moved, made.guild in calm):
                self._break(slot, "what is over goes", f"{made} of {booking}")

    def _look_in_the_ledger(self, live: Collection[Made], slot: Millis, calm: Collection[str]) -> None:
        with psycopg.connect(self._url) as connection:
            made = connection.execute("SELECT to_regclass('coachsync_resources')").fetchone()
            rows = connection.execute(_THERE).fetchall() if made is not None and made[0] is not None else []
        known = {row[0] for row in rows}
        for made in live:
            if self._wait("the ledger knows", made.id, made.id not in known, made.guild in calm):
                self._break(slot, "the ledger knows", f"{made} is not in the ledger")

    def _hold_to_promise(self, booking: Booking, slot: Millis) -> None:
        if not self.platform.in_time(booking):
            return
        self.figures.promised += 1
        rooms = self.watch.live(booking.id, "channel")
        world = self.town.world
        if any(r.guild == booking.guild and booking.people <= world.who_can_enter(r.id) for r in rooms):
            self.figures.on_time += 1
            return
        served = [at for at in self._served[booking.guild] if at >= booking.start - OPENS]
        if len(served) < _SERVED_IN_TIME:
            self.figures.excused += 1
            self._tell(f"  excused: {booking.id} in {booking.guild}, served {len(served)} times")
        else:
            self._break(slot, "rooms 2 h before", f"{booking} has {rooms}; served {len(served)} times")

    def _settle(self, live: Collection[Made], served: Collection[str]) -> None:
        """From now on nobody but the booked may be in rooms that are as they should be."""
        for room in (m for m in live if m.kind == "channel" and m.guild in served):
            booking = self.bookings.known.get(room.session)
            if booking is not None and self.watch.seers(room) == booking.people:
                self.watch.settled(room.session, booking.people)
