"""Buckets that bear one hash: one for each major, unless the server turns out to count them together.

Discord counts each guild and channel by itself. Servers that send its headers and count a route as a whole exist:
Concord's hatsu makes the bucket of the caller's address and the route's name, and so do simple test servers. Taking
their buckets for several would have every further guild's first requests refused.

So the first request for a second major is a trial: sent alone, its Remaining shows whether it was counted together
with the first major's requests. Until its answer the first major's bucket, the reference, keeps one request in
reserve, so that the trial itself is not refused. A refusal that no bucket of ours explains leads to the same verdict.

Pure: `now` is passed in, in monotonic seconds.

Source: https://github.com/concordchat-legacy/api-docs, ratelimiting.rst
"""

from __future__ import annotations

from math import inf

from coachsync.discord.pace.buckets import Bucket
from coachsync.discord.pace.headers import Reading

_LOOK_AGAIN = 0.25
_LONG_PERIOD = 30.0
"""A window that outlives the pause between two runs may hold requests of an earlier run."""


class Trial:
    """The request that shows whether two majors count together; `reference` is the one it is compared with.

    Until its answer the reference keeps one of its own requests back, in case the trial is counted there.
    """

    __slots__ = ("bucket", "decisive", "expected", "reference", "window")

    def __init__(self, bucket: Bucket, reference: Bucket, now: float) -> None:
        self.bucket = bucket
        self.reference = reference
        self.window = reference.window
        self.expected = reference.seen - 1
        reference.reserve = 1
        self.decisive = reference.used > 0 and reference.running(now) and reference.until < inf


class Group:
    """All buckets of one hash. `together` is True or False once it is known whether majors are counted together."""

    def __init__(self) -> None:
        self.together: bool | None = None
        self.limit = 1
        self.period = 0.0
        self.trial: Trial | None = None
        self.reference: Bucket | None = None
        self._majors: dict[str, Bucket] = {}
        self._newcomers: set[str] = set()

    def bucket(self, major: str) -> Bucket:
        """Return the bucket that a request for `major` is counted in."""
        if self.together and self.reference is not None:
            return self.reference
        found = self._majors.get(major)
        if found is None:
            found = self._majors[major] = Bucket(self._assumed_limit())
        return found.home()

    def _assumed_limit(self) -> int:
        return self.limit if self.together is False and self.period <= _LONG_PERIOD else 1

    def expect(self, major: str) -> None:
        """Note that a request for `major` waits."""
        if self.together is None and major not in self._majors:
            self._newcomers.add(major)

    def lane(self, major: str) -> str:
        """Return what distinguishes the lanes of this group."""
        return "" if self.together else major

    def ready_at(self, major: str, now: float) -> float:
        """Return when a request for `major` may go; inf for "when an answer comes"."""
        bucket = self.bucket(major)
        if self.together is not None or self.reference is None:
            return bucket.ready_at(now)
        if bucket is not self.reference and bucket.answers == 0:
            return inf if self.trial is not None else max(bucket.ready_at(now), now)
        at = bucket.ready_at(now)
        return now + _LOOK_AGAIN if at == now and self._kept_for_trial(major, bucket, now) else at

    def _kept_for_trial(self, major: str, bucket: Bucket, now: float) -> bool:
        if bucket.remaining > 1 or bucket is not self.reference or not bucket.running(now):
            return False
        return self.trial is None and bool(self._newcomers - {major}) and bucket.limit > 1

    def sent(self, major: str, now: float) -> Bucket:
        """Count a request that is being sent, and return its bucket."""
        bucket = self.bucket(major)
        reference = self.reference
        if self.together is None and reference is not None and bucket is not reference and bucket.answers == 0:
            self.trial = Trial(bucket, reference, now)
        bucket.sent(now)
        return bucket

    def learn(self, major: str, bucket: Bucket, reading: Reading) -> None:
        """Learn what holds for all of the group's buckets."""
        self.limit = reading.limit or self.limit
        self.period = max(self.period, reading.reset_after or 0.0)
        self._majors.setdefault(major, bucket)
        self._newcomers.discard(major)
        if self.together is None and reading.counts:
            self.reference = bucket

    def end_trial(self, bucket: Bucket, reading: Reading) -> bool:
        """End the trial, if `bucket` was on trial, with its answer. Returns whether it ended.

        To be called before `learn`.
        """
        trial = self.trial
        if trial is None or trial.bucket is not bucket:
            return False
        self.trial = None
        trial.reference.reserve = 0
        if not reading.counts or not trial.decisive or trial.reference.window != trial.window:
            return True
        self._decide(trial, reading.remaining or 0, reading)
        return True

    def _decide(self, trial: Trial, remaining: int, reading: Reading) -> None:
        reference = trial.reference
        joined = reference.remaining - 1 <= remaining <= trial.expected
        if reading.refused:
            joined = remaining == 0
        if joined and trial.bucket.latest >= reference.earliest:
            self._join(reference)
        elif not reading.refused:
            self.together = False

    def refused(self, bucket: Bucket, reading: Reading, now: float) -> bool:
        """Look for what explains a 429 that `bucket` did not expect. Returns whether buckets were joined."""
        used = [b for b in self._majors.values() if b.used and b.until >= now and b is not bucket]
        unexpected = reading.remaining == 0 and reading.scope == "user" and bucket.used <= self.limit
        if self.together or not unexpected or sum(b.used for b in used) + bucket.used <= self.limit:
            return False
        self._join(bucket)
        return True

    def _join(self, bucket: Bucket) -> None:
        self.together = True
        self.reference = bucket
        for other in {id(b): b for b in self._majors.values()}.values():
            if other is not bucket:
                bucket.absorb(other)
        self._majors.clear()
        self._newcomers.clear()
