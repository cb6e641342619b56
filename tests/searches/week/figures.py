"""The figures of a week, and how they are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from coachsync.domain.model import DAY, HOUR, Millis
from coachsync.standin import Request
from tests.searches.property.world import T0

PROMISES = (
    "nobody but the session's own",
    "who left is out",
    "one role, one room",
    "twins go",
    "rooms 2 h before",
    "what is over goes",
    "the ledger knows",
    "bookings are kept",
    "nothing is left",
    "no 429 of our own",
    "no bug",
)


@dataclass
class Figures:
    """What came of it.

    Attributes:
        runs: by host and exit status. `leases`, `deeds`: by host; what was taken, and what was done.
        faults: what befell somebody, by kind.
        promised: sessions booked in time; `on_time` those whose people could enter 2 h before, `excused` those in whose
            guild hardly any run came to its end.
        lingering: how often, at the end of a round, somebody who had left the booking could still enter.
    """

    rounds: int = 0
    sessions: int = 0
    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    leases: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    shared_rounds: int = 0
    leased_rounds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    fenced: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    promised: int = 0
    on_time: int = 0
    excused: int = 0
    twins_made: int = 0
    twins_removed: int = 0
    lingering: int = 0
    left: int = 0
    broken: Counter[str] = field(default_factory=Counter)

    def asked(self, request: Request) -> None:
        """Count a request."""
        self.requests[f"{request.method} {(request.template or '?').replace('{', '').replace('}', '')}"] += 1
        self.refused += request.status == 429

    def moment(self, slot: Millis) -> str:
        """Return a moment of the week in words."""
        day, rest = divmod(slot - T0, DAY)
        return f"day {day + 1} {rest // HOUR:02}:{rest % HOUR * 60 // HOUR:02}"

    @property
    def setup_requests(self) -> int:
        """Return the writes that make rooms and let people in."""
        made = [n for r, n in self.requests.items() if r.startswith("POST ")]
        return sum(made) + sum(n for r, n in self.requests.items() if r.startswith("PUT ") and "/roles/" in r)

    def told(self) -> Iterator[str]:
        """Yield the figures line by line, and each promise with whether it was kept."""
        hosts = sorted({host for host, _ in self.runs})
        yield f"rounds {self.rounds}, sessions {self.sessions}"
        for host in hosts:
            ends = ", ".join(f"{n} {how}" for (h, how), n in sorted(self.runs.items()) if h == host)
            yield f"{host}: {ends}; {self.leases[host]} leases taken, {self.deeds[host]} actions done"
        yield f"rounds with leases: {self.leased_rounds}, of which by more than one host: {self.shared_rounds}"
        yield f"faults: {_counts(self.faults)}; fenced writes: {self.fenced}"
        yield f"booked in time: {self.promised}, with a room 2 h before: {self.on_time}, excused: {self.excused}"
        twins = f"twins: {self.twins_made} made, {self.twins_removed} removed"
        yield f"{twins}; lingering people: {self.lingering}; left at the end: {self.left}"
        yield f"requests: {self.requests.total()}, of setups {self.setup_requests}, answered 429: {self.refused}"
        yield f"  {_counts(self.requests)}"
        for promise in PROMISES:
            wrong = self.broken[promise]
            yield f"{'BROKEN' if wrong else 'kept  '} {promise}" + (f": {wrong} times" if wrong else "")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(counts.items())) or "none"
