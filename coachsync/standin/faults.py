"""Faults on demand: what the network, Discord's edge and Discord itself do wrong, at a chosen request.

A fault either takes the place of the act (`BEFORE`: the world is never asked) or spoils the answer to an act that
happened (`AFTER`). `Faults.add` says which request is hit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from coachsync.standin.log import Request
from coachsync.standin.model import Birth
from coachsync.standin.state import State

Match = Callable[[Request], bool] | tuple[str | None, str | None] | None


USUAL_CODE = -1


@dataclass
class Fault:
    """One fault and whom it hits.

    Attributes:
        kind: a key of `fault_kinds.BEFORE` or `AFTER`.
        match: method and template, either None for any; or a callable; None for every request.
        nth: number of the first matching request that is hit, from 1.
        count: how many in a row are hit; None for all from there on.
        seconds: how long a hang, a delay or a drip lasts; None until `release` or the stand-in's end.
        status, code, message, body, headers: of an answer that is made up; `code` None leaves it out,
            `USUAL_CODE` is the one that goes with the kind.
        retry_after, scope: of a 429.
        location: of a redirect.
        offset: seconds added to the `Date` header.
        interval: seconds between two bytes of a drip.
        overwrites: what a channel carries instead of the overwrites asked for.
        hits: how often it struck; `seen`: how many requests matched.
    """

    kind: str
    match: Match = None
    nth: int = 1
    count: int | None = 1
    seconds: float | None = None
    status: int = 500
    code: int | None = USUAL_CODE
    message: str | None = None
    body: bytes | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float = 1.0
    scope: str = "user"
    location: str = "http://127.0.0.1:9/"
    offset: float = 0.0
    interval: float = 0.2
    overwrites: tuple[tuple[str, int, int, int], ...] = ()
    hits: int = 0
    seen: int = 0
    _released: threading.Event = field(default_factory=threading.Event, repr=False)

    def release(self) -> None:
        """End all hangs and delays of this fault."""
        self._released.set()

    @property
    def released(self) -> bool:
        """Whether hangs of this fault are over."""
        return self._released.is_set()

    def strikes(self, request: Request) -> bool:
        """Count a request that matches, and tell whether it is one of those hit."""
        if not _matches(self.match, request):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.count is not None and self.seen >= self.nth + self.count):
            return False
        self.hits += 1
        return True


def _matches(match: Match, request: Request) -> bool:
    if match is None:
        return True
    if callable(match):
        return match(request)
    method, template = match
    return method in (None, request.method) and template in (None, request.template)


class Faults:
    """The faults planned, asked once per request. `decide` may choose one freely where none is planned."""

    def __init__(self) -> None:
        self.decide: Callable[[Request], Fault | None] | None = None
        self._planned: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: str,
        match: Match = None,
        nth: int = 1,
        count: int | None = 1,
        **options: object,
    ) -> Fault:
        """Plan a fault; `options` are further attributes of `Fault`. Tell it, to ask for its hits or release it."""
        from coachsync.standin.fault_kinds import AFTER, BEFORE

        if kind not in BEFORE and kind not in AFTER:
            raise ValueError(f"no such fault: {kind}")
        fault = Fault(kind, match, nth, count, **options)  # type: ignore[arg-type]
        with self._lock:
            self._planned.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take a fault back and end its hangs."""
        with self._lock:
            self._planned = [planned for planned in self._planned if planned is not fault]
        fault.release()

    def clear(self) -> None:
        """Take all faults back and end their hangs."""
        with self._lock:
            planned, self._planned = self._planned, []
            self.decide = None
        for fault in planned:
            fault.release()

    def pick(self, request: Request) -> Fault | None:
        """The fault that hits a request: of several the first planned."""
        with self._lock:
            struck = [fault for fault in self._planned if fault.strikes(request)]
        if struck:
            return struck[0]
        return self.decide(request) if self.decide else None


class Born(Protocol):
    """A thing that knows when it was made."""

    birth: Birth


B = TypeVar("B", bound=Born)


@dataclass
class Lag:
    """Lists that leave out what is younger than so many requests or monotonic seconds."""

    requests: int = 0
    seconds: float = 0.0

    def grown(self, things: Iterable[B], world: State) -> list[B]:
        """The things old enough to be listed."""
        if not self.requests and not self.seconds:
            return list(things)
        now = world.monotonic()
        return [
            thing
            for thing in things
            if world.served - thing.birth.requests > self.requests and now - thing.birth.seconds >= self.seconds
        ]
