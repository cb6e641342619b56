"""The count of refused answers across runs: read from the ledger, and written as soon as there are more."""

from __future__ import annotations

import time

from coachsync.discord.refused import RefusedAnswers
from coachsync.domain.model import MINUTE, Millis
from coachsync.domain.refusals import REFUSED_WINDOW
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.ledger.writer import LedgerWriter


class Counts:
    """The counts of one run, by host. `now` is the time at which the run began."""

    def __init__(self, ledger: Ledger, now: Millis) -> None:
        self._ledger = ledger
        self._began = now, time.monotonic()
        self._counts: dict[str, RefusedAnswers] = {}

    def of(self, host: str) -> RefusedAnswers:
        """Return the count of one host. Reads the ledger, if it was not asked for before."""
        if host not in self._counts:
            now = self._now()
            before = self._ledger.refused_answers(host, now - REFUSED_WINDOW - MINUTE, now)
            self._counts[host] = RefusedAnswers(before, self._now)
        return self._counts[host]

    @property
    def rate_limited(self) -> int:
        """Return how many answers of this run were a 429."""
        return sum(count.rate_limited for count in self._counts.values())

    @property
    def fresh(self) -> bool:
        """Return whether there is something to write."""
        return any(count.fresh for count in self._counts.values())

    def save(self, ledger: LedgerWriter) -> None:
        """Write what is in no ledger yet."""
        for host, count in self._counts.items():
            if count.fresh:
                ledger.add_refused(host, count.take(), count.since)

    def _now(self) -> Millis:
        began, at = self._began
        return began + int((time.monotonic() - at) * 1000)
