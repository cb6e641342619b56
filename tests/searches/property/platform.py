"""The bookings of a coaching platform over many days, and how they change, all by one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from tests.searches.property.bookings import Booking, Bookings
from tests.searches.property.oracle import BOOKABLE, CANCELLED, LINGERS, OPENS
from tests.searches.property.world import T0

QUARTER: Millis = 15 * MINUTE
CHANGES = ("cancel", "move", "student", "coach", "longer", "delete", "postpone")
ELSEWHERE = "elsewhere"
"""A change of the guild, on platforms of several."""
_CHANGED = 0.09


class Platform:
    """What is booked when.

    Args:
        bookings: where to.
        bookable: who may be booked.
        guilds: where sessions are.
        span: how long all of it lasts.
        seed: of all that is random.

    Attributes:
        agenda: what happens to which session, by slot of a quarter of an hour.
        promised: since when each session's booking stands as it is.
    """

    def __init__(
        self, bookings: Bookings, bookable: Sequence[str], guilds: Sequence[str], span: Millis, seed: random.Random
    ) -> None:
        self.bookings = bookings
        self.bookable = bookable
        self.guilds = guilds
        self.end = T0 + span
        self.random = seed
        self.agenda: dict[Millis, list[tuple[str, str]]] = {}
        self.promised: dict[str, Millis] = {}

    def plan(self, sessions: int) -> None:
        """Make the agenda of so many sessions."""
        changes = CHANGES if len(self.guilds) == 1 else (*CHANGES, ELSEWHERE)
        for number in range(sessions):
            session = f"session-{number:04d}"
            start = T0 + self.random.randrange(4 * HOUR, self.end - T0 - 4 * HOUR, QUARTER)
            booked = max(T0, start - self.random.randrange(HOUR, 3 * DAY, QUARTER))
            self._at(booked, session, f"book {start}")
            for change in changes:
                if self.random.random() < _CHANGED:
                    self._at(self.random.randrange(booked, start + HOUR, QUARTER), session, change)

    def _at(self, when: Millis, session: str, what: str) -> None:
        slot = T0 + (when - T0) // QUARTER * QUARTER
        self.agenda.setdefault(slot, []).append((session, what))

    def change(self, slot: Millis) -> None:
        """Let happen what the agenda has for a slot."""
        for session, what in self.agenda.get(slot, ()):
            booking = self.bookings.known.get(session)
            if what.startswith("book "):
                self.bookings.put(self._fresh(session, int(what[5:])))
            elif what == "delete" and booking is not None and slot < booking.start - HOUR:
                self.bookings.delete(session)
            elif booking is not None:
                self.bookings.put(self._changed(booking, what, slot))
            self.promised[session] = slot

    def _fresh(self, session: str, start: Millis) -> Booking:
        student, coach = self.random.sample(list(self.bookable), 2)
        return Booking(session, "SCHEDULED", start, self.random.choice((30, 60, 90)), student, coach, self._guild())

    def _guild(self) -> str:
        return self.guilds[0] if len(self.guilds) == 1 else self.random.choice(self.guilds)

    def _changed(self, booking: Booking, what: str, slot: Millis) -> Booking:
        if what == "cancel":
            return replace(booking, status=CANCELLED)
        if what == "longer":
            return replace(booking, minutes=booking.minutes + 30)
        if what == ELSEWHERE:
            return replace(booking, guild=self._guild())
        if what in ("student", "coach"):
            return replace(booking, **{what: self.random.choice(self.bookable)})  # type: ignore[arg-type]
        later = booking.start + (QUARTER if what == "move" else 9 * HOUR)
        ended = booking.status not in BOOKABLE or slot >= booking.end
        return booking if ended or later > self.end - 4 * HOUR else replace(booking, start=later)

    def must_be_gone(self, session: str, slot: Millis) -> bool:
        """Return whether nothing of a session should be there."""
        booking = self.bookings.known.get(session)
        if booking is None:  # two runs must have missed it, and only before its start
            return slot - self.promised[session] > 3 * QUARTER and slot - self.promised[session] > 4 * HOUR
        moved_out = booking.status in BOOKABLE and slot < booking.start - OPENS
        return moved_out or booking.status == CANCELLED or slot >= booking.end + LINGERS

    def in_time(self, booking: Booking) -> bool:
        """Return whether a booking stood as it is since its window opened."""
        return booking.status in BOOKABLE and self.promised[booking.id] <= booking.start - OPENS

    def over(self) -> Millis:
        """Return when the last session is over, and its room with it."""
        return max([self.end, *(b.end + LINGERS for b in self.bookings.known.values())])
