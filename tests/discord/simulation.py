"""A simulated Discord on a simulated clock: hours pass in milliseconds, and nothing sleeps.

`SimulatedLoop` is a real event loop whose time jumps to the next thing that is due. `Server` is a `exchange.Sender`
that counts requests in windows of each kind that Discord or others use, and keeps every arrival for the tests.
"""

from __future__ import annotations

import asyncio
import json
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from coachsync.discord.client import Client
from coachsync.discord.exchange import Answer, Outgoing, Result
from coachsync.discord.routes import Call

T = TypeVar("T")
LATENCY = 0.06


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting it moves the clock."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits and nothing is due: a deadlock")
        self.now += max(timeout, 0.0)
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop on simulated time."""

    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def simulate(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main` to its end on simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main())


class Taken(NamedTuple):
    """What a window says to one request; `reset_after` and `wait` in seconds."""

    granted: bool
    remaining: int
    reset_after: float
    wait: float


class Window(Protocol):
    """Anything that counts requests."""

    def take(self, now: float) -> Taken: ...


class Fixed:
    """All places come back `span` seconds after the first was taken."""

    def __init__(self, limit: int, span: float) -> None:
        self.limit, self.span, self.used, self.ends = limit, span, 0, -1.0

    def take(self, now: float) -> Taken:
        if now >= self.ends:
            self.used, self.ends = 0, now + self.span
        granted = self.used < self.limit
        self.used += granted
        return Taken(granted, self.limit - self.used, self.ends - now, self.ends - now)


class SlidingLog:
    """Each place comes back `span` seconds after it was taken; Reset-After speaks of the oldest or the newest."""

    def __init__(self, limit: int, span: float, *, newest: bool = False) -> None:
        self.limit, self.span, self.newest = limit, span, newest
        self.taken: deque[float] = deque()

    def take(self, now: float) -> Taken:
        while self.taken and self.taken[0] + self.span <= now:
            self.taken.popleft()
        granted = len(self.taken) < self.limit
        if granted:
            self.taken.append(now)
        back = self.taken[-1 if self.newest else 0] + self.span - now
        return Taken(granted, self.limit - len(self.taken), back, self.taken[0] + self.span - now)


class Leaky:
    """A place comes back every `span / limit` seconds; Reset-After is the time until all are back."""

    def __init__(self, limit: int, span: float) -> None:
        self.limit, self.period, self.level, self.at = limit, span / limit, 0.0, 0.0

    def take(self, now: float) -> Taken:
        self.level = max(0.0, self.level - (now - self.at) / self.period)
        self.at = now
        granted = self.level + 1 <= self.limit + 1e-9
        self.level += granted
        wait = max(0.0, (self.level + 1 - self.limit) * self.period)
        return Taken(granted, int(self.limit - self.level + 1e-9), self.level * self.period, wait)


class Arrival(NamedTuple):
    """One request as the server saw it."""

    at: float
    call: Call
    status: int
    scope: str = ""
    wait: float = 0.0


Bucket = Callable[[Call], str | None]
Script = Callable[[Outgoing, int], Result | None]


class Server:
    """Answers after `latency`, half of it on the way in; `bucket_of` names a call's bucket, None for none."""

    def __init__(
        self,
        window: Callable[[], Window],
        bucket_of: Bucket,
        *,
        latency: float | Callable[[], float] = LATENCY,
        per_second: int | None = 50,
        script: Script | None = None,
    ) -> None:
        self.arrivals: list[Arrival] = []
        self.in_flight = self.most_in_flight = 0
        self._window = window
        self._bucket_of = bucket_of
        self._trip = latency if callable(latency) else lambda: latency
        self._script = script
        self._windows: dict[str, Window] = {}
        self._global: Window | None = SlidingLog(per_second, 1.0) if per_second else None

    def start(self, outgoing: Outgoing, done: Callable[[Result], None]) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        loop = asyncio.get_running_loop()
        loop.call_later(self._trip() / 2, self._arrive, outgoing, done)

    def _arrive(self, outgoing: Outgoing, done: Callable[[Result], None]) -> None:
        loop = asyncio.get_running_loop()
        result = self._script(outgoing, len(self.arrivals)) if self._script else None
        if result is None:
            result = self._count(outgoing.call, loop.time())
        else:
            status = result.status if isinstance(result, Answer) else 0
            self.arrivals.append(Arrival(loop.time(), outgoing.call, status))
        loop.call_later(self._trip() / 2, self._leave, result, done)

    def _leave(self, result: Result, done: Callable[[Result], None]) -> None:
        self.in_flight -= 1
        done(result)

    def _count(self, call: Call, now: float) -> Answer:
        if self._global is not None and not (taken := self._global.take(now)).granted:
            self.arrivals.append(Arrival(now, call, 429, "global", taken.wait))
            return refusal(taken.wait, "global")
        name = self._bucket_of(call)
        if name is None:
            self.arrivals.append(Arrival(now, call, 204))
            return Answer(204, {}, b"")
        taken = self._windows.setdefault(name, self._window()).take(now)
        headers = {
            "x-ratelimit-limit": str(getattr(self._windows[name], "limit", 1)),
            "x-ratelimit-remaining": str(taken.remaining),
            "x-ratelimit-reset-after": f"{taken.reset_after:.3f}",
            "x-ratelimit-bucket": name.split(":")[0],
        }
        self.arrivals.append(Arrival(now, call, 204 if taken.granted else 429, "user", taken.wait))
        return Answer(204, headers, b"") if taken.granted else refusal(taken.wait, "user", headers)

    @property
    def refused(self) -> int:
        """Return how many requests were answered 429."""
        return sum(arrival.status == 429 for arrival in self.arrivals)

    def times(self) -> list[float]:
        """Return when each request arrived."""
        return [arrival.at for arrival in self.arrivals]


def refusal(wait: float, scope: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a 429 as Discord words it."""
    body = json.dumps({"message": "slow down", "retry_after": round(wait, 3), "global": scope == "global"})
    told = {"retry-after": str(int(wait) + 1), "x-ratelimit-scope": scope}
    return Answer(429, {**(headers or {}), **told}, body.encode())


def by_major(call: Call) -> str:
    """Name a call's bucket as Discord does: the route's hash and the major parameter."""
    return f"{call.route.method}{len(call.route.template)}:{call.major}"


def by_route(call: Call) -> str:
    """Name a call's bucket as a server does that ignores major parameters."""
    return f"{call.route.method}{len(call.route.template)}"


def unlimited(_call: Call) -> None:
    """Name no bucket: the route shows no headers."""


async def send_all(server: Server, calls: list[Call], **settings: Any) -> float:
    """Send all calls at once through a client, in this priority, and return the seconds until the last answer."""
    client = Client(server, **settings)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(client.request(call, priority=(n,)) for n, call in enumerate(calls)))
    return loop.time() - began
