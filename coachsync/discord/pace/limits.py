"""When may a request be sent? The table of rate limits that all work under one token shares.

The theory. Discord counts requests in buckets. Which bucket a route belongs to is known from the X-RateLimit-Bucket
of its answers alone, so the first request of a route goes by itself; after that the bucket is the hash together
with the value of the route's major parameter (guild or channel), and routes that show the same hash share it
(`groups`, `buckets`). A route whose good answer shows no such headers has no bucket: only the global limit holds it
back. Limits that no header announces are met as a 429: its wait is kept, for that bucket or for everything.

The global limit is kept by proof, not by guess: a request counts from its sending until a second after its answer,
so no second anywhere in Discord's clock can hold more than allowed.

Owns all of that state and nothing else: pure, `now` is passed in (monotonic seconds), waiting is the caller's.

Source: https://docs.discord.com/developers/topics/rate-limits
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from math import inf
from typing import NamedTuple

from coachsync.discord.pace.buckets import MARGIN, Bucket, floor_wait
from coachsync.discord.pace.groups import Group
from coachsync.discord.pace.headers import Reading
from coachsync.discord.routes import Call, Route
from coachsync.domain.limits import REQUESTS_PER_SECOND

_SECOND = 1.004


class Wait(NamedTuple):
    """What holds a request back: "bucket", "user", "shared" (a 429), "global" or "answer", and until when.

    `until` is in monotonic seconds, inf while an answer is awaited.
    """

    scope: str
    until: float
    route: Route


class Ticket:
    """One request on its way, with what its bucket looked like when it left."""

    __slots__ = ("answers", "bucket", "call", "group", "sent_at", "window")

    def __init__(self, call: Call, group: Group | None, bucket: Bucket | None, now: float) -> None:
        self.call = call
        self.group = group
        self.bucket = bucket
        self.sent_at = now
        self.window = bucket.window if bucket else 0
        self.answers = bucket.answers if bucket else 0


class _RouteState:
    """What is known of one route: its hash, that it has none (`plain`), or nothing yet."""

    __slots__ = ("expected", "hash", "in_flight", "learnt_from", "odd", "own", "plain", "probe")

    def __init__(self) -> None:
        self.hash: str | None = None
        self.learnt_from = ""
        self.plain = False
        self.probe: Ticket | None = None
        self.in_flight = 0
        self.odd: dict[str, str] = {}
        self.own: dict[str, Bucket] = {}
        self.expected: set[str] = set()


class Limits:
    """The limits of one token.

    `generation` grows whenever requests may have changed lanes: queues sorted by `lane` are then to be sorted anew.
    `spent` is what a run just before this one told by `lately`: when its requests were answered, in order.
    """

    def __init__(self, per_second: int = REQUESTS_PER_SECOND, spent: Sequence[float] = ()) -> None:
        self.generation = 0
        self._per_second = per_second
        self._routes: dict[Route, _RouteState] = {}
        self._groups: dict[str, Group] = {}
        self._in_flight = 0
        self._answered: deque[float] = deque(spent[-per_second:])
        self._closed_until = -inf
        self._global_strikes = 0

    def _state(self, route: Route) -> _RouteState:
        state = self._routes.get(route)
        if state is None:
            state = self._routes[route] = _RouteState()
        return state

    def _group(self, state: _RouteState, major: str) -> Group | None:
        name = state.odd.get(major, state.hash)
        return None if name is None else self._groups[name]

    def expect(self, call: Call) -> None:
        """Note that `call` waits to be sent."""
        state = self._state(call.route)
        group = self._group(state, call.major)
        if group is not None:
            group.expect(call.major)
        elif not state.plain:
            state.expected.add(call.major)

    def lane(self, call: Call) -> Hashable:
        """Return the queue that `call` belongs to: of all requests in one, none may go where the first may not."""
        state = self._state(call.route)
        if call.major in state.own:
            return (call.route, call.major)
        name = state.odd.get(call.major, state.hash)
        return call.route if name is None else (name, self._groups[name].lane(call.major))

    def ready_at(self, call: Call, now: float) -> float:
        """Return when `call` may be sent, the global limit aside: `now`, later, or inf for "when an answer comes"."""
        state = self._state(call.route)
        own = state.own.get(call.major)
        if own is not None:
            return own.ready_at(now)
        group = self._group(state, call.major)
        if group is not None:
            return group.ready_at(call.major, now)
        return now if state.plain or state.probe is None else inf

    def open_at(self, now: float) -> float:
        """Return when the global limit lets anything through: `now`, later, or inf for "when an answer comes"."""
        if now < self._closed_until:
            return self._closed_until
        while self._answered and self._answered[0] + _SECOND <= now:
            self._answered.popleft()
        if self._in_flight + len(self._answered) < self._per_second:
            return now
        return self._answered[0] + _SECOND if self._answered else inf

    def lately(self, now: float) -> list[float]:
        """Return when the requests that still count against the global limit were answered, those in flight as now."""
        return [at for at in self._answered if at + _SECOND > now] + [now] * self._in_flight

    def why(self, call: Call, now: float) -> Wait | None:
        """Tell what holds `call` back, None for nothing."""
        opens = self.open_at(now)
        if opens > now:
            return Wait("global", opens, call.route)
        at = self.ready_at(call, now)
        if at <= now:
            return None
        bucket = self._bucket_of(call)
        blocked = bucket is not None and now < bucket.blocked_until
        scope = bucket.scope if bucket and blocked else "bucket"
        return Wait("answer" if at == inf else scope, at, call.route)

    def _bucket_of(self, call: Call) -> Bucket | None:
        state = self._state(call.route)
        group = self._group(state, call.major)
        return state.own.get(call.major) or (group.bucket(call.major) if group else None)

    def sent(self, call: Call, now: float) -> Ticket:
        """Count `call` as being sent; the ticket is to be handed to `answered` or `lost`, once."""
        state = self._state(call.route)
        own = state.own.get(call.major)
        group = None if own else self._group(state, call.major)
        window_of = own
        if own is not None:
            own.sent(now)
        elif group is not None:
            window_of = group.sent(call.major, now)
        ticket = Ticket(call, group, window_of, now)
        if window_of is None:
            state.in_flight += 1
            if not state.plain:
                state.probe = ticket
        self._in_flight += 1
        return ticket

    def _arrived(self, ticket: Ticket, now: float) -> _RouteState:
        state = self._state(ticket.call.route)
        self._in_flight -= 1
        self._answered.append(now)
        if ticket.bucket is None:
            state.in_flight -= 1
        if state.probe is ticket:
            state.probe = None
            self.generation += 1
        return state

    def lost(self, ticket: Ticket, now: float) -> None:
        """Note that no answer to this request will come."""
        self._arrived(ticket, now)
        if ticket.bucket is None:
            return
        ticket.bucket.home().lost()
        if ticket.group is not None and ticket.group.judge(ticket.bucket, Reading()):
            self.generation += 1

    def answered(self, ticket: Ticket, reading: Reading, now: float) -> None:
        """Learn from an answer."""
        state = self._arrived(ticket, now)
        self._learn_route(state, ticket.call.major, reading)
        if reading.refused:
            self._refused(state, ticket, reading, now)
            return
        self._global_strikes = 0
        if ticket.bucket is None:
            self._first_answer(state, ticket, reading, now)
        else:
            self._count(state, ticket, ticket.bucket, reading, now)

    def _learn_route(self, state: _RouteState, major: str, reading: Reading) -> None:
        name = reading.bucket
        if name is None or not (reading.counts or reading.refused):
            if reading.teaches and state.hash is None and not state.plain:
                state.plain = True
                self.generation += 1
            return
        if name == state.odd.get(major, state.hash):
            return
        self._groups.setdefault(name, Group())
        if state.hash is None or major == state.learnt_from:
            state.hash, state.learnt_from, state.plain = name, major, False
        else:
            state.odd[major] = name
        self._introduce(state, self._groups[name])

    def _introduce(self, state: _RouteState, group: Group) -> None:
        for major in state.expected:
            group.expect(major)
        state.expected.clear()
        self.generation += 1

    def _first_answer(self, state: _RouteState, ticket: Ticket, reading: Reading, now: float) -> None:
        group = self._group(state, ticket.call.major)
        if group is None or not reading.counts:
            return
        bucket = group.bucket(ticket.call.major)
        late = bucket.answers > 0
        window, held = bucket.window, bucket.remaining
        bucket.in_flight += 1
        bucket.used += 1
        if not late:
            bucket.remaining = 0
        bucket.answered(reading, ticket.sent_at, window, bucket.answers, now)
        spare = (reading.remaining or 0) - state.in_flight
        bucket.remaining = max(min(bucket.remaining, spare, held if late else spare), 0)
        group.heard(ticket.call.major, bucket, reading)

    def _count(self, state: _RouteState, ticket: Ticket, known: Bucket, reading: Reading, now: float) -> None:
        bucket = known.home()
        bucket.answered(reading, ticket.sent_at, ticket.window, ticket.answers, now)
        if ticket.group is None:
            if reading.teaches and ticket.call.major in state.own:
                del state.own[ticket.call.major]
                self.generation += 1
            return
        if ticket.group.judge(bucket, reading):
            self.generation += 1
        ticket.group.heard(ticket.call.major, bucket, reading)

    def _refused(self, state: _RouteState, ticket: Ticket, reading: Reading, now: float) -> None:
        wait = reading.retry_after or 0.0
        if reading.scope == "global":
            self._close(wait, now)
            self._drop(ticket, reading)
            return
        bucket = self._refusing_bucket(state, ticket)
        group = self._group(state, ticket.call.major)
        if group is not None and ticket.bucket is not None and ticket.group is group:
            joined = group.judge(bucket, reading) | group.refused(bucket, reading, now)
            group.heard(ticket.call.major, bucket, reading._replace(remaining=None))
            self.generation += joined
        bucket.home().refused(wait, reading.scope, ticket.window, now)

    def _refusing_bucket(self, state: _RouteState, ticket: Ticket) -> Bucket:
        if ticket.bucket is not None:
            return ticket.bucket.home()
        major = ticket.call.major
        group = self._group(state, major)
        if group is not None:
            bucket = group.bucket(major)
        else:
            bucket = state.own.setdefault(major, Bucket())
            self.generation += 1
        bucket.in_flight += 1
        ticket.window = bucket.window
        return bucket

    def _close(self, wait: float, now: float) -> None:
        if now >= self._closed_until:
            self._global_strikes += 1
        until = now + max(wait, floor_wait(self._global_strikes)) + MARGIN
        self._closed_until = max(self._closed_until, until)

    def _drop(self, ticket: Ticket, reading: Reading) -> None:
        if ticket.bucket is not None:
            ticket.bucket.home().lost()
            if ticket.group is not None and ticket.group.judge(ticket.bucket, reading._replace(limit=None)):
                self.generation += 1
