"""When a request may be sent: the table of rate limits that all work under one token shares.

Discord counts requests in buckets. Which one a request belongs to is known from the hash in its route's answers
alone, so the first request of a route goes by itself, as a probe; after that the hash and the major say which
(`groups`, `buckets`). A route whose good answer shows no hash has no bucket: only the global limit holds it back.
Limits that no header announces are met as a refusal: its wait is kept, for that bucket or for everything.

The global limit is kept by proof: a request counts from its sending until a second after its answer,
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
_LONG = 60.0  # a window of two days may end soon, or free one place after another
_SAME_END = 1.0  # seconds by which two answers of one window may differ in its end


class Wait(NamedTuple):
    """What holds a request back: "bucket", "user", "shared" (a 429), "global" or "answer", and until when.

    `until` is in monotonic seconds, inf while an answer is awaited.
    """

    scope: str
    until: float
    route: Route


class LimitWord(NamedTuple):
    """What an answer said of a limit, and when it came, in monotonic seconds."""

    reading: Reading
    at: float


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
    """What is known of one route: its hash, that it has none (`hashless`), or nothing yet.

    `hash_of` holds the hash of each major for which it is another; `learnt_from` is the major whose answer showed the
    route's. `unnamed` are the buckets, by major, that a refusal without a hash made known. `expected` are the majors
    that wait while nothing is known.
    """

    __slots__ = ("expected", "hash", "hash_of", "hashless", "in_flight", "learnt_from", "probe", "unnamed")

    def __init__(self) -> None:
        self.hash: str | None = None
        self.learnt_from = ""
        self.hashless = False
        self.probe: Ticket | None = None
        self.in_flight = 0
        self.hash_of: dict[str, str] = {}
        self.unnamed: dict[str, Bucket] = {}
        self.expected: set[str] = set()


class Limits:
    """The limits of one token.

    `generation` grows whenever requests may have changed lanes: queues sorted by `lane` are then to be sorted anew.
    `spent` is what `lately` returned to a run just before this one: when its requests were answered, in order.
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
        self._long: dict[tuple[Route, str], LimitWord] = {}

    def _state(self, route: Route) -> _RouteState:
        state = self._routes.get(route)
        if state is None:
            state = self._routes[route] = _RouteState()
        return state

    def _group(self, state: _RouteState, major: str) -> Group | None:
        bucket_hash = state.hash_of.get(major, state.hash)
        return None if bucket_hash is None else self._groups[bucket_hash]

    def expect(self, call: Call) -> None:
        """Note that `call` waits to be sent."""
        state = self._state(call.route)
        group = self._group(state, call.major)
        if group is not None:
            group.expect(call.major)
        elif not state.hashless:
            state.expected.add(call.major)

    def lane(self, call: Call) -> Hashable:
        """Return the lane of `call`: of all requests in one, none may go while the first may not."""
        state = self._state(call.route)
        if call.major in state.unnamed:
            return (call.route, call.major)
        bucket_hash = state.hash_of.get(call.major, state.hash)
        return call.route if bucket_hash is None else (bucket_hash, self._groups[bucket_hash].lane(call.major))

    def ready_at(self, call: Call, now: float) -> float:
        """Return when `call` may be sent, the global limit aside: `now`, later, or inf for "when an answer comes"."""
        state = self._state(call.route)
        unnamed = state.unnamed.get(call.major)
        if unnamed is not None:
            return unnamed.ready_at(now)
        group = self._group(state, call.major)
        if group is not None:
            return group.ready_at(call.major, now)
        return now if state.hashless or state.probe is None else inf

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
        """Return what holds `call` back, None if nothing does."""
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
        return state.unnamed.get(call.major) or (group.bucket(call.major) if group else None)

    def sent(self, call: Call, now: float) -> Ticket:
        """Count `call` as being sent; the ticket is to be handed to `answered` or `lost`, once."""
        state = self._state(call.route)
        bucket = state.unnamed.get(call.major)
        group = None if bucket else self._group(state, call.major)
        if bucket is not None:
            bucket.sent(now)
        elif group is not None:
            bucket = group.sent(call.major, now)
        ticket = Ticket(call, group, bucket, now)
        if bucket is None:
            state.in_flight += 1
            if not state.hashless:
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
        if ticket.group is not None and ticket.group.end_trial(ticket.bucket, Reading()):
            self.generation += 1

    def answered(self, ticket: Ticket, reading: Reading, now: float) -> None:
        """Learn from an answer."""
        state = self._arrived(ticket, now)
        self._hear(ticket.call, reading, now)
        self._learn_route(state, ticket.call.major, reading)
        if reading.refused:
            self._refused(state, ticket, reading, now)
            return
        self._global_strikes = 0
        if ticket.bucket is None:
            self._first_answer(state, ticket, reading, now)
        else:
            self._count(state, ticket, ticket.bucket, reading, now)

    def said(self, call: Call) -> LimitWord | None:
        """Return what was last said of the limit of `call`, if that is a long one; None if nothing was."""
        return self._long.get((call.route, call.major))

    def _hear(self, call: Call, reading: Reading, now: float) -> None:
        """Keep what is said of a long limit: the latest window's, and of answers side by side the least left."""
        if not reading.counts or (reading.reset_after or 0.0) < _LONG:
            return
        former = self._long.get((call.route, call.major))
        if former is None or _later(LimitWord(reading, now), former):
            self._long[call.route, call.major] = LimitWord(reading, now)

    def _learn_route(self, state: _RouteState, major: str, reading: Reading) -> None:
        bucket_hash = reading.hash
        if bucket_hash is None or not (reading.counts or reading.refused):
            if reading.teaches and state.hash is None and not state.hashless:
                state.hashless = True
                self.generation += 1
            return
        if bucket_hash == state.hash_of.get(major, state.hash):
            return
        self._groups.setdefault(bucket_hash, Group())
        if state.hash is None or major == state.learnt_from:
            state.hash, state.learnt_from, state.hashless = bucket_hash, major, False
        else:
            state.hash_of[major] = bucket_hash
        self._introduce(state, self._groups[bucket_hash])

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
        group.learn(ticket.call.major, bucket, reading)

    def _count(self, state: _RouteState, ticket: Ticket, known: Bucket, reading: Reading, now: float) -> None:
        bucket = known.home()
        bucket.answered(reading, ticket.sent_at, ticket.window, ticket.answers, now)
        if ticket.group is None:
            if reading.teaches and ticket.call.major in state.unnamed:
                del state.unnamed[ticket.call.major]
                self.generation += 1
            return
        if ticket.group.end_trial(bucket, reading):
            self.generation += 1
        ticket.group.learn(ticket.call.major, bucket, reading)

    def _refused(self, state: _RouteState, ticket: Ticket, reading: Reading, now: float) -> None:
        wait = reading.retry_after or 0.0
        if reading.scope == "global":
            self._close(wait, now)
            self._drop(ticket, reading)
            return
        bucket = self._refusing_bucket(state, ticket)
        group = self._group(state, ticket.call.major)
        if group is not None and ticket.bucket is not None and ticket.group is group:
            joined = group.end_trial(bucket, reading) | group.refused(bucket, reading, now)
            group.learn(ticket.call.major, bucket, reading._replace(remaining=None))
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
            bucket = state.unnamed.setdefault(major, Bucket())
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
            if ticket.group is not None and ticket.group.end_trial(ticket.bucket, reading._replace(limit=None)):
                self.generation += 1


def _later(new: LimitWord, former: LimitWord) -> bool:
    """Return whether an answer tells of a later state of a limit than another."""
    ends, before = ((said.reading.reset_after or 0.0) + said.at for said in (new, former))
    if abs(ends - before) > _SAME_END:
        return ends > before
    return (new.reading.remaining or 0) <= (former.reading.remaining or 0)
