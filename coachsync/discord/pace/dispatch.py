"""Who goes next: requests wait here, sorted by priority, until a limit lets one through.

Requests that the same limit holds back share a lane (`Limits.lane`), a heap by priority. Lanes that may go stand in a
heap by their first request; lanes that must wait stand in a heap by time, or idle until an answer comes. So each
sending costs the logarithm of what waits, however much that is. All of it lives in the event loop's thread.

Owns the order of sending, the ceiling, and failing what cannot be sent in time.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Hashable
from itertools import count
from math import inf
from typing import NamedTuple

from coachsync.discord.errors import DiscordError, RateLimited, Stopped
from coachsync.discord.exchange import Answer, Outgoing, Result, Sender
from coachsync.discord.pace.headers import Reading
from coachsync.discord.pace.limits import Limits, Ticket, Wait

_LONG = 2.0
"""A closure of everything for longer than this is no matter of the usual second; seconds."""

TIME_SPENT = "the run's time is spent"
Priority = tuple[int, ...]
Reader = Callable[[Answer, float], Reading]
"""Reads an answer's limits; takes when the request was sent, too."""


class Progress(NamedTuple):
    """How the sending stands: requests in flight and waiting, and what the longest queue waits for."""

    in_flight: int
    waiting: int
    wait: Wait | None


class _Waiting:
    """One request that waits to be sent."""

    __slots__ = ("before", "future", "max_wait", "outgoing", "priority", "seq")

    def __init__(
        self,
        outgoing: Outgoing,
        priority: Priority,
        seq: int,
        max_wait: float,
        before: float,
        future: asyncio.Future[Result],
    ) -> None:
        self.outgoing = outgoing
        self.priority = priority
        self.seq = seq
        self.max_wait = max_wait
        self.before = before
        self.future = future

    def __lt__(self, other: _Waiting) -> bool:
        return (self.priority, self.seq) < (other.priority, other.seq)


class _Lane:
    """The requests that one limit holds back.

    It may stand in the dispatcher's heaps several times; only the entry with its newest `stamp` counts.
    """

    __slots__ = ("key", "parked_until", "requests", "stamp")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.requests: list[_Waiting] = []
        self.stamp = 0
        self.parked_until = -inf

    def head(self) -> _Waiting | None:
        """Return the first request that someone still waits for."""
        while self.requests and self.requests[0].future.done():
            heapq.heappop(self.requests)
        return self.requests[0] if self.requests else None


class Ceiling:
    """Counts exchanges in flight up to `most`, over all tokens and API bases of a run.

    Used from the event loop's thread alone.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken = 0
        self._waiting: dict[Callable[[], None], None] = {}

    @property
    def reached(self) -> bool:
        """Return whether no further exchange may begin."""
        return self._taken >= self.most

    def take(self) -> None:
        """Count an exchange that begins."""
        self._taken += 1

    def wait(self, wake: Callable[[], None]) -> None:
        """Have `wake` called once when an exchange has ended."""
        self._waiting[wake] = None

    def give_back(self) -> None:
        """Count an exchange that ended, and wake whoever waits, first come first served."""
        self._taken -= 1
        waiting, self._waiting = self._waiting, {}
        for wake in waiting:
            wake()


class Dispatcher:
    """Sends requests as their limits and the ceiling allow, the least priority tuple first.

    `deadline` is in the loop's monotonic seconds: what could only be sent later fails at once with `RateLimited`.
    `may_send` is asked right before each request; who returns False calls `stop`.
    """

    def __init__(
        self,
        sender: Sender,
        limits: Limits,
        read: Reader,
        *,
        ceiling: Ceiling,
        deadline: float = inf,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self.requests_sent = 0
        self._sender = sender
        self._limits = limits
        self._read = read
        self._ceiling = ceiling
        self._deadline = deadline
        self._may_send = may_send
        self._loop = asyncio.get_running_loop()
        self._seq = count()
        self._lanes: dict[Hashable, _Lane] = {}
        self._ready: list[tuple[_Waiting, int, _Lane]] = []
        self._timed: list[tuple[float, int, _Lane]] = []
        self._idle: list[_Lane] = []
        self._generation = limits.generation
        self._in_flight = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._pumping = False
        self._stopped: Callable[[], DiscordError] | None = None

    def submit(
        self, outgoing: Outgoing, priority: Priority, max_wait: float, before: float = inf
    ) -> asyncio.Future[Result]:
        """Queue a request. The future brings its result, or `RateLimited`, or what `stop` was given.

        `before` is in the loop's seconds: if its turn comes later, it is not sent.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._stopped is not None:
            future.set_exception(self._stopped())
            return future
        request = _Waiting(outgoing, priority, next(self._seq), max_wait, before, future)
        self._limits.expect(outgoing.call)
        self._enqueue(request)
        self._pump_soon()
        return future

    def stop(self, error: Callable[[], DiscordError]) -> None:
        """Fail everything that waits, now and from now on, with a fresh `error()`; what is in flight goes on."""
        if self._stopped is None:
            self._stopped = error
        self._fail_waiting(self._stopped)

    def progress(self) -> Progress:
        """Return how the sending stands."""
        longest: _Lane | None = None
        waiting = 0
        for lane in self._lanes.values():
            waiting += len(lane.requests)
            if longest is None or len(lane.requests) > len(longest.requests):
                longest = lane
        head = longest.head() if longest else None
        wait = self._limits.why(head.outgoing.call, self._loop.time()) if head else None
        return Progress(self._in_flight, waiting, wait)

    def _enqueue(self, request: _Waiting) -> None:
        key = self._limits.lane(request.outgoing.call)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
        heapq.heappush(lane.requests, request)
        if lane.requests[0] is request:
            self._make_ready(lane)
        else:
            self._fail_late([request], lane.parked_until, self._loop.time())

    def _make_ready(self, lane: _Lane) -> None:
        head = lane.head()
        lane.parked_until = -inf
        lane.stamp = next(self._seq)
        if head is None:
            self._lanes.pop(lane.key, None)
        else:
            heapq.heappush(self._ready, (head, lane.stamp, lane))

    def _pump_soon(self) -> None:
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Send whatever may go now, and set the alarm for what may go later."""
        self._pumping = False
        now = self._loop.time()
        if now >= self._deadline:
            self._fail_waiting(lambda: Stopped(TIME_SPENT))
            return
        if self._generation != self._limits.generation:
            self._sort_anew()
        self._wake_timed(now)
        opens = now
        while self._ready and not self._ceiling.reached:
            if not self._may_send():
                break  # whoever says so has stopped us
            opens = self._limits.open_at(now)
            if opens > now:
                break
            self._try_lane(now)
        if self._ready and self._ceiling.reached:
            self._ceiling.wait(self._pump_soon)
        if opens - now > _LONG:
            self._fail_all_late(opens, now)
        self._set_alarm(opens if opens > now else inf, now)

    def _fail_all_late(self, at: float, now: float) -> None:
        if at < inf:
            for lane in self._lanes.values():
                self._fail_late(lane.requests, at, now)

    def _wake_timed(self, now: float) -> None:
        while self._timed and self._timed[0][0] <= now:
            _, stamp, lane = heapq.heappop(self._timed)
            if stamp == lane.stamp:
                self._make_ready(lane)

    def _try_lane(self, now: float) -> None:
        expected, stamp, lane = heapq.heappop(self._ready)
        if stamp != lane.stamp:
            return
        head = lane.head()
        if head is expected:
            self._advance(lane, head, now)
        else:
            self._make_ready(lane)

    def _advance(self, lane: _Lane, head: _Waiting, now: float) -> None:
        at = self._limits.ready_at(head.outgoing.call, now)
        if at <= now:
            heapq.heappop(lane.requests)
            if now <= head.before:
                self._send(head, now)
            elif not head.future.done():
                head.future.set_exception(self._too_long(head, now, now))
            self._make_ready(lane)
        elif at == inf:
            self._idle.append(lane)
        else:
            lane.parked_until = at
            self._fail_late(lane.requests, at, now)
            heapq.heappush(self._timed, (at, lane.stamp, lane))

    def _fail_late(self, requests: list[_Waiting], at: float, now: float) -> None:
        for request in requests:
            late = at > min(self._deadline, request.before) or at - now > request.max_wait
            if late and not request.future.done():
                request.future.set_exception(self._too_long(request, at, now))

    def _too_long(self, request: _Waiting, at: float, now: float) -> RateLimited:
        wait = self._limits.why(request.outgoing.call, now)
        return RateLimited(
            f"Discord's limit on {request.outgoing.call.route} opens in {at - now:.0f} s",
            "nothing to do: a later run goes on when the limit has opened again",
            retry_after_s=at - now,
            scope=wait.scope if wait else "bucket",
            route=str(request.outgoing.call.route),
            sent=False,
            too_late=at > request.before and at <= self._deadline and at - now <= request.max_wait,
        )

    def _set_alarm(self, opens: float, now: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not self._lanes:
            return
        at = min(opens, self._timed[0][0] if self._timed else inf, self._deadline)
        if at < inf:
            self._alarm = self._loop.call_at(max(at, now), self._pump)

    def _sort_anew(self) -> None:
        """Put every waiting request into the lane it now belongs to."""
        self._generation = self._limits.generation
        requests = self._take_all()
        for request in requests:
            if not request.future.done():
                self._enqueue(request)

    def _take_all(self) -> list[_Waiting]:
        requests = [request for lane in self._lanes.values() for request in lane.requests]
        self._lanes.clear()
        self._ready.clear()
        self._timed.clear()
        self._idle.clear()
        return requests

    def _fail_waiting(self, error: Callable[[], DiscordError]) -> None:
        for request in self._take_all():
            if not request.future.done():
                request.future.set_exception(error())

    def _send(self, request: _Waiting, now: float) -> None:
        ticket = self._limits.sent(request.outgoing.call, now)
        self._ceiling.take()
        self._in_flight += 1
        self.requests_sent += 1
        self._sender.start(request.outgoing, lambda result: self._answered(request, ticket, result))

    def _answered(self, request: _Waiting, ticket: Ticket, result: Result) -> None:
        now = self._loop.time()
        self._in_flight -= 1
        if isinstance(result, Answer):
            self._limits.answered(ticket, self._read(result, ticket.sent_at), now)
        else:
            self._limits.lost(ticket, now)
        if not request.future.done():
            request.future.set_result(result)
        self._wake_idle(request)
        self._ceiling.give_back()  # whoever asked hears first: an answer may stop what would go next
        self._pump_soon()

    def _wake_idle(self, answered: _Waiting) -> None:
        """Look again at what waited for an answer, and at the lane whose limit the answer may have loosened."""
        own = self._lanes.get(self._limits.lane(answered.outgoing.call))
        if own is not None and own.parked_until > -inf:
            self._make_ready(own)
        idle, self._idle = self._idle, []
        for lane in idle:
            self._make_ready(lane)
