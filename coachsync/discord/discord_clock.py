"""What time it is at Discord, from the Date of its answers.

A Date is cut to whole seconds and was written between sending and receiving, so each answer bounds the offset
between Discord's clock and our monotonic one from both sides; the bounds tighten with every answer that agrees.
One answer may err, or come from somebody else: of the latest answers, what most of them agree on is believed.
Pure: local times are passed in.
"""

from __future__ import annotations

from collections import deque
from email.utils import parsedate_to_datetime

from coachsync.domain.model import Millis

_TICK_MS = 1000
_LATEST = 9
"""Of so many answers the majority counts: an odd number, small enough for a clock that was set to be followed."""


class _Opinion:
    """What answers that do not contradict each other say of the offset, in milliseconds."""

    __slots__ = ("least", "most")

    def __init__(self, least: float, most: float) -> None:
        self.least = least
        self.most = most

    def agrees(self, least: float, most: float) -> bool:
        return least <= self.most and most >= self.least

    def narrow(self, least: float, most: float) -> None:
        self.least, self.most = max(self.least, least), min(self.most, most)


class DiscordClock:
    """Discord's clock as far as answers have shown it."""

    def __init__(self) -> None:
        self._held: deque[_Opinion] = deque(maxlen=_LATEST)

    def learn(self, date: str, sent_at: float, received_at: float) -> None:
        """Learn from one answer's Date header; the instants are monotonic seconds. An unreadable one is ignored."""
        try:
            stamp = parsedate_to_datetime(date).timestamp() * 1000
        except (ValueError, TypeError, OverflowError):
            return
        least, most = stamp - received_at * 1000, stamp + _TICK_MS - sent_at * 1000
        opinion = next((o for o in reversed(self._held) if o.agrees(least, most)), None)
        if opinion is None:
            opinion = _Opinion(least, most)
        else:
            opinion.narrow(least, most)
        self._held.append(opinion)

    def now(self, monotonic: float) -> Millis | None:
        """Return Discord's time at an instant of ours, None while no answer has shown it."""
        if not self._held:
            return None
        believed = max(reversed(self._held), key=self._held.count)  # as many for two: the later one
        return int((believed.least + believed.most) / 2 + monotonic * 1000)
