"""How many answers of a host were refusals lately: Discord bans an address that collects 10,000 in ten minutes.

Source: https://docs.discord.com/developers/topics/rate-limits (invalid requests: 401, 403 and 429)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from coachsync.domain.model import MINUTE, Millis
from coachsync.domain.refusals import MOST_REFUSED, REFUSED_WINDOW

REFUSALS = frozenset({401, 403, 429})


class RefusedAnswers:
    """Counts refused answers by the minute. `before` are those of earlier runs; `now` tells the time.

    `fresh` are those that are in no ledger yet, `rate_limited` how many of this run's were a 429.
    """

    def __init__(self, before: Mapping[Millis, int], now: Callable[[], Millis]) -> None:
        self.fresh: Counter[Millis] = Counter()
        self.rate_limited = 0
        self._counts = Counter(before)
        self._now = now
        self._listeners: list[Callable[[], None]] = []

    @property
    def since(self) -> Millis:
        """Return the first minute that still counts."""
        return _minute(self._now() - REFUSED_WINDOW)

    @property
    def too_many(self) -> bool:
        """Return whether any further refusal would put the address at risk."""
        since = self.since
        return sum(count for minute, count in self._counts.items() if minute >= since) >= MOST_REFUSED

    def when_too_many(self, listener: Callable[[], None]) -> None:
        """Have `listener` called when it is so; at once if it is."""
        self._listeners.append(listener)
        if self.too_many:
            listener()

    def note(self, status: int) -> None:
        """Count an answer, if it is a refusal."""
        if status not in REFUSALS:
            return
        self.rate_limited += status == 429
        minute = _minute(self._now())
        self._counts[minute] += 1
        self.fresh[minute] += 1
        if self.too_many:
            for listener in self._listeners:
                listener()

    def take(self) -> dict[Millis, int]:
        """Return what is in no ledger yet, for it to be written."""
        taken, self.fresh = dict(self.fresh), Counter()
        return taken


def _minute(moment: Millis) -> Millis:
    return moment - moment % MINUTE
