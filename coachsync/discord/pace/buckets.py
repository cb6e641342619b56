"""One rate-limit bucket: how many requests may be on their way, and until when.

Discord counts requests in windows that may be fixed, sliding or leaking; the headers do not say which.
What holds for all of them: an answer's Remaining was true at one instant between sending and receiving, and every
request that may have been counted since is either still in flight or was answered after the first was sent.
So `Remaining - in flight - answered since` can always be sent without being refused, as long as nobody else uses
the token; and once all are answered, the least of their Remainings can be. Within a window our own count (one less
at each sending) is as good, and the larger of both is taken.

The window's end is known to lie between `sent + Reset-After` and `received + Reset-After`. If these spans
overlap, all answers speak of the same end and the tightest bound is taken; a span that lies later means that the
end moved (leaky windows, a new window), and replaces the older. After the end nothing is assumed to be free: one
request goes ahead, and its answer says how many may follow. That costs one round trip per window and no refusal.

Pure: `now` is passed in, in monotonic seconds.
"""

from __future__ import annotations

from math import inf

from coachsync.discord.pace.headers import Reading

MARGIN = 0.015
"""Added to every instant Discord names: header rounding and the scheduler's jitter."""

_PATIENCE = 1.0
"""For so long after a window's end a request still in flight is waited for: it may take what the end set free."""

_UNSEEN = 1 << 30
_LEAST_WAIT = 0.05
_MOST_FLOOR = 5.0


def floor_wait(strikes: int) -> float:
    """Return the least wait after `strikes` refusals in a row: a server that says "0 s" for ever is not spun on."""
    return 0.0 if strikes < 2 else min(_LEAST_WAIT * 2**strikes, _MOST_FLOOR)


class Bucket:
    """What is known of one bucket. `limit` is assumed to be wholly free until the first answer."""

    __slots__ = (
        "absorbed_by",
        "answers",
        "batch_least",
        "blocked_until",
        "earliest",
        "in_flight",
        "latest",
        "limit",
        "period",
        "remaining",
        "reserve",
        "scope",
        "seen",
        "strikes",
        "until",
        "used",
        "window",
    )

    def __init__(self, limit: int = 1, remaining: int | None = None) -> None:
        self.limit = limit
        self.remaining = limit if remaining is None else remaining
        self.period = 0.0
        self.reserve = 0
        self.in_flight = 0
        self.answers = 0
        self.strikes = 0
        self.blocked_until = -inf
        self.scope = "bucket"
        self.window = 0
        self.batch_least = _UNSEEN
        self.absorbed_by: Bucket | None = None
        self._open_window()

    def _open_window(self) -> None:
        self.window += 1
        self.used = 0
        self.seen = _UNSEEN
        self.earliest, self.latest, self.until = -inf, inf, inf

    def home(self) -> Bucket:
        """Return the bucket that this one turned out to be a part of, or itself."""
        bucket = self
        while bucket.absorbed_by is not None:
            bucket = bucket.absorbed_by
        return bucket

    def running(self, now: float) -> bool:
        """Return whether the window that `remaining` counts in is still open."""
        waiting_for_first = self.until == inf and (self.in_flight > 0 or self.remaining > 0)
        return waiting_for_first or now < self.until < inf

    def rested(self, now: float) -> bool:
        """Return whether a whole period has passed since the window's end: then any kind of window is empty again."""
        return self.strikes == 0 and self.period > 0 and now >= self.until + self.period

    def ready_at(self, now: float) -> float:
        """Return when the next request may go: `now`, a later instant, or inf for "when an answer comes"."""
        if now < self.blocked_until:
            return self.blocked_until
        if not self.running(now):
            patience = self.until + _PATIENCE
            return patience if self.in_flight and now < patience else now
        return now if self.remaining > self.reserve else self.until

    def sent(self, now: float) -> None:
        """Count a request that is being sent."""
        if not self.running(now):
            full = self.rested(now)
            self._open_window()
            self.remaining = max(self.limit - self.in_flight, 1) if full else 1
        if self.in_flight == 0:
            self.batch_least = _UNSEEN
        self.remaining -= 1
        self.in_flight += 1
        self.used += 1

    def lost(self) -> None:
        """Note that a request will get no answer. It may have been counted, so nothing is given back."""
        self._arrived()
        self.batch_least = -1

    def _arrived(self) -> None:
        self.in_flight -= 1
        self.answers += 1

    def answered(self, reading: Reading, sent_at: float, window: int, answers: int, now: float) -> None:
        """Learn from an answer; `window` and `answers` are this bucket's as of the request's sending."""
        others = self.answers - answers
        self._arrived()
        if reading.limit is None or reading.remaining is None or reading.reset_after is None:
            self.batch_least = -1
            return
        self.limit = max(reading.limit, 1)
        self.period = max(self.period, reading.reset_after)
        self.batch_least = min(self.batch_least, reading.remaining)
        provable = reading.remaining - self.in_flight - others if self.in_flight else self.batch_least
        counted = self.remaining
        if window == self.window:
            self.strikes = 0
            self.seen = min(self.seen, reading.remaining)
            counted = min(counted, reading.remaining)
            self._narrow_end(sent_at + reading.reset_after, now + reading.reset_after)
        self.remaining = max(provable, counted, 0)

    def _narrow_end(self, earliest: float, latest: float) -> None:
        if latest < self.earliest:
            return
        if earliest > self.latest:
            self.earliest, self.latest = earliest, latest
        else:
            self.earliest, self.latest = max(self.earliest, earliest), min(self.latest, latest)
        self.until = self.latest + MARGIN

    def refused(self, wait: float, scope: str, window: int, now: float) -> None:
        """Obey a 429: nothing may go for `wait` seconds, then a single request."""
        self.lost()
        if window == self.window:
            self.strikes += 1
            self._open_window()
        self.remaining = 0
        self.block(now + max(wait, floor_wait(self.strikes)) + MARGIN, scope)

    def block(self, until: float, scope: str) -> None:
        """Let nothing go before `until`."""
        if until > self.blocked_until:
            self.blocked_until, self.scope = until, scope
        self.until = self.blocked_until

    def absorb(self, other: Bucket) -> None:
        """Take over what `other` counted: both are one bucket for Discord."""
        self.in_flight += other.in_flight
        self.answers += other.answers
        self.used += other.used
        self.remaining = max(min(self.remaining, self.limit - self.used), 0)
        if other.blocked_until > self.blocked_until:
            self.block(other.blocked_until, other.scope)
        other.absorbed_by = self
