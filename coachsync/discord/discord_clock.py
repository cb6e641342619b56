"""What time it is at Discord, from the Date of its answers.

A Date is cut to whole seconds and was written between sending and receiving, so each answer bounds the offset
between Discord's clock and our monotonic one from both sides; the bounds tighten with every answer.
Pure: local times are passed in.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from math import inf

from coachsync.domain.model import Millis

_TICK_MS = 1000


class DiscordClock:
    """Discord's clock as far as answers have shown it."""

    def __init__(self) -> None:
        self._least = -inf
        self._most = inf

    def learn(self, date: str, sent_at: float, received_at: float) -> None:
        """Learn from one answer's Date header; the instants are monotonic seconds. An unreadable one is ignored."""
        try:
            stamp = parsedate_to_datetime(date).timestamp() * 1000
        except (ValueError, TypeError, OverflowError):
            return
        least, most = stamp - received_at * 1000, stamp + _TICK_MS - sent_at * 1000
        if least > self._most or most < self._least:
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)

    def now(self, monotonic: float) -> Millis | None:
        """Return Discord's time, None while no answer has shown it."""
        if self._most == inf:
            return None
        return int((self._least + self._most) / 2 + monotonic * 1000)
