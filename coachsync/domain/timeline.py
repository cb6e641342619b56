"""Sessions as bars on a line of time: when each room may open, the session itself, the time until the room goes. Pure.

A chart is a block for each day, and a day's bars in groups. A block begins and ends with its bars, not with the day:
three sessions in an afternoon are not lost between two midnights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from coachsync.domain.model import HOUR, Millis

BarState = Literal["booked", "open", "wrong", "over", "cancelled"]
"""Its room is still to come; is there; a promise is broken or about to be; is gone, as it should be; was called off."""

Part = Literal["window", "session", "grace", "none"]


class Bar(NamedTuple):
    """One session: when its room may open, when the session starts and ends, when the room goes."""

    session_id: str
    who: str
    group: str
    opens: Millis
    start: Millis
    end: Millis
    closes: Millis
    state: BarState

    def part_at(self, moment: Millis) -> Part:
        """Return what of the session a moment falls into."""
        if not self.opens <= moment < self.closes:
            return "none"
        if moment < self.start:
            return "window"
        return "session" if moment < self.end else "grace"


class BarGroup(NamedTuple):
    """The bars of one guild, or of one coach, by start."""

    name: str
    bars: tuple[Bar, ...]


class Block(NamedTuple):
    """One day: the line of time from `first` to `last`, both on a full hour, and its bars.

    `headed`: the groups need their names, for there are several, here or on another day.
    """

    day: Millis
    first: Millis
    last: Millis
    groups: tuple[BarGroup, ...]
    headed: bool = False

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Return all bars, group by group."""
        return tuple(bar for group in self.groups for bar in group.bars)


def blocks(bars: Iterable[Bar], day_of: Callable[[Millis], Millis]) -> tuple[Block, ...]:
    """Return the days on which sessions start, in order. `day_of` returns when the day of a moment began."""
    days: dict[Millis, list[Bar]] = {}
    ordered = sorted(bars, key=lambda bar: (bar.start, bar.session_id))
    for bar in ordered:
        days.setdefault(day_of(bar.start), []).append(bar)
    headed = len({bar.group for bar in ordered}) > 1
    return tuple(_block(day, found)._replace(headed=headed) for day, found in sorted(days.items()))


def _block(day: Millis, bars: Sequence[Bar]) -> Block:
    first = min(bar.opens for bar in bars) // HOUR * HOUR
    last = -(-max(bar.closes for bar in bars) // HOUR) * HOUR
    names = sorted({bar.group for bar in bars})
    groups = tuple(BarGroup(name, tuple(bar for bar in bars if bar.group == name)) for name in names)
    return Block(day, first, last, groups)


def ticks(first: Millis, last: Millis, at_most: int) -> tuple[Millis, ...]:
    """Return the full hours to mark on a line of time: every hour, or every second, third … so that they have room."""
    hours = (last - first) // HOUR
    step = next(step for step in (1, 2, 3, 4, 6, 12, 24, 48, hours + 1) if hours // step <= max(at_most, 1))
    return tuple(range(first, last + 1, step * HOUR))
