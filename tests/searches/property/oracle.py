"""What CONTRACT §5 and §6 promise, worked out from the bookings and what happened, without coachsync's planning.

`expected` tells whether a session should have its room now: yes, no, or None where what happened (a run cut short,
an operator's word that may not have been heard) allows both.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from coachsync.domain.model import HOUR, Millis
from tests.searches.property.bookings import Booking

BOOKABLE = ("SCHEDULED", "CONFIRMED", "IN_PROGRESS")
CANCELLED = "CANCELLED"
COMPLETED = "COMPLETED"
OPENS: Millis = 3 * HOUR
LATE: Millis = 2 * HOUR
LINGERS: Millis = HOUR


@dataclass
class Memory:
    """What became of one session so far, as seen from outside.

    Attributes:
        has: whether it had its room when last it was certain; None while that is not.
        guild, setup_start: where, and the session's start when that room was made.
        closed_start: the start of the appointment that an operator closed. `perhaps_closed`: or may have.
            `closed_guild`: where, if it was given up: that is closed there alone; else "".
        sure: whether nothing went wrong since the session was last as it should be.
        harm: what moderators took from this session that is made again once only, by kind of thing.
        accesses: by which access its room may have been made.
        crowded: runs in a row that did not tell of holders of its role who are not booked.
        told: the booking's times as runs may have read them.
        missed: finished runs since the booking vanished, each with whether it could be taken for an accident.
        claimed: the store names what is foreign; nothing is promised but that it is not touched.
    """

    has: bool | None = False
    guild: str = ""
    setup_start: Millis | None = None
    closed_start: Millis | None = None
    closed_guild: str = ""
    perhaps_closed: bool = False
    sure: bool = True
    harm: Counter[str] = field(default_factory=Counter)
    told: list[Booking] = field(default_factory=list)
    missed: list[bool | None] = field(default_factory=list)
    claimed: bool = False
    accesses: set[str] = field(default_factory=set)
    crowded: int = 0

    @property
    def certain(self) -> bool | None:
        """Return whether the session had its room; None where something went wrong since that was seen."""
        return self.has if self.sure else None

    @property
    def spoilt(self) -> bool:
        """Return whether moderators broke the same kind of thing again: a repair is made once only."""
        return any(count > 1 for count in self.harm.values())


def expected(booking: Booking | None, memory: Memory, now: Millis) -> bool | None:
    """Return whether the session should have its room, in the booking's guild."""
    if memory.claimed:
        return None
    if booking is None:
        return _vanished(memory, now)
    if booking.unread:  # a cancelled one goes at once, unless so many are that it is taken for an accident
        changed = not booking.garbled and any(booking.end != told.end for told in memory.told)
        return None if booking.status == CANCELLED or changed else _by_what_was_told(memory, now)
    if booking.status == CANCELLED or now >= booking.end + LINGERS:
        return False
    elsewhere = memory.guild not in ("", booking.guild)
    had = False if elsewhere and memory.sure else memory.certain
    if booking.status not in BOOKABLE:
        return had if now >= booking.start - OPENS else _ahead(booking, memory, had)
    if now >= booking.end:
        return had
    if memory.perhaps_closed:
        return None
    closed = memory.closed_start == booking.start and memory.closed_guild in ("", booking.guild)
    if not had and closed:
        return False
    return True if now >= booking.start - OPENS else _ahead(booking, memory, had)


def _ahead(booking: Booking, memory: Memory, had: bool | None) -> bool | None:
    """A room before its window: an operator asked for it ahead of time, or the booking was moved away from it."""
    if not had or memory.setup_start is None:
        return had
    return booking.start == memory.setup_start


def _by_what_was_told(memory: Memory, now: Millis) -> bool | None:
    """A booking that cannot be understood keeps what it has, by the times of its last good version."""
    if memory.has is False:
        return memory.certain
    ends = {told.end + LINGERS for told in memory.told}
    if ends and now >= max(ends):
        return False
    return memory.certain if ends and now < min(ends) else None


def _vanished(memory: Memory, now: Millis) -> bool | None:
    kept = _by_what_was_told(memory, now)
    if not kept or not memory.told:
        return kept
    accidents = set(memory.missed)
    if accidents == {True} or not memory.missed:
        return kept
    started = now >= min(told.start for told in memory.told)
    if memory.missed.count(False) >= 3 and not started:
        return False
    return None
