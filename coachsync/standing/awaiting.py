"""Waiting for a session to be open or closed: by looking again and again at store and ledger alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from coachsync.domain.awaited import REACHED, Goal, Verdict, judge, never
from coachsync.domain.case import Case, Facts
from coachsync.domain.failure import Failure
from coachsync.domain.model import Entry, Event, Millis, Session
from coachsync.domain.remembered import ghost
from coachsync.domain.windows import Policy
from coachsync.errors import StoreError
from coachsync.store.base import Store

_RACY_NS = 2_000_000_000  # a file that was written so lately may be written again without a later time
_GONE = Failure(
    "unknown_session", "its booking is not in the store any more", "bring it back, or book the session anew"
)


class Clock(NamedTuple):
    """The clocks of a wait: `now` is the host's, `elapsed` counts seconds and never leaps, `sleep` takes seconds."""

    now: Callable[[], Millis]
    elapsed: Callable[[], float]
    sleep: Callable[[float], None]


class Glance(NamedTuple):
    """How a session stood when it was last looked at."""

    verdict: Verdict
    session: Session | None
    entry: Entry | None


class _Read(NamedTuple):
    session: Session | None
    entry: Entry | None
    error: Event | None
    facts: Facts


class Watcher:
    """Looks at one session. The store is read again only if its files changed; what the clock changes is seen always.

    `opened` opens the store for a block: each look is at the files that are there then.
    """

    def __init__(
        self, opened: Callable[[], AbstractContextManager[Store]], session_id: str, goal: Goal, policy: Policy
    ) -> None:
        self._opened = opened
        self._id = session_id
        self._goal: Goal = goal
        self._policy = policy
        self._read: _Read | None = None
        self._path = ""
        self._print: tuple[object, ...] | None = None

    def look(self, now: Millis, deadline: Millis) -> Glance:
        """Return how the session stands. Raises StoreError."""
        before = _fingerprint(self._path) if self._path else None
        if self._read is None or before is None or before != self._print:
            self._read = self._read_again(now)
            self._print = _fingerprint(self._path) if before is None else before
        session, entry, error, facts = self._read
        facts = facts._replace(now=now)
        if session is None and (entry is None or self._goal == "open"):
            return Glance(never(_GONE) if self._goal == "open" else REACHED, None, entry)
        believed = session if session is not None or entry is None else ghost(entry)
        assert believed is not None
        case = Case.of(believed, entry, facts)
        failure = error.failure if error is not None and error.failure is not None else None
        passing = failure is not None and failure.code == "paused"
        return Glance(judge(case, self._goal, deadline, None if passing else failure), session, entry)

    def _read_again(self, now: Millis) -> _Read:
        with self._opened() as store:
            self._path = store.path
            first = store.ledger.first_run_at()
            facts = Facts(now, self._policy, now if first is None else min(first, now), pauses=store.ledger.pauses(now))
            return _Read(
                store.bookings.by_ids([self._id]).get(self._id),
                store.ledger.entries([self._id]).get(self._id),
                store.ledger.last_errors([self._id]).get(self._id),
                facts,
            )


def wait_for(
    watcher: Watcher, timeout: Millis, poll_s: float, clock: Clock, told: Callable[[Glance, Millis], None]
) -> Glance:
    """Look until it is so, can no longer be, or the time is over; return the last look.

    A store that cannot be read for a moment is looked at again. `told` hears of each look, with what is left of the
    time. Raises StoreError if the store cannot be read at the first look or the last.
    """
    began = clock.elapsed()
    seen: Glance | None = None
    while True:
        left = timeout - int((clock.elapsed() - began) * 1000)
        now = clock.now()
        try:
            seen = watcher.look(now, now + max(left, 0))
        except StoreError:
            if seen is None or left <= 0:
                raise
        if seen.verdict.hope != "waiting" or left <= 0:
            return seen
        told(seen, left)
        clock.sleep(min(poll_s, left / 1000))


def _fingerprint(path: str) -> tuple[object, ...] | None:
    """Return what changes if a store's files are written; None if that cannot be told."""
    found: list[object] = []
    newest = 0
    for name in (path, f"{path}-wal", f"{path}.coachsync.db", f"{path}.coachsync.db-wal"):
        try:
            known = os.stat(name)
        except FileNotFoundError:
            found.append(None)
            continue
        except OSError:
            return None
        newest = max(newest, known.st_mtime_ns)
        found.append((known.st_ino, known.st_size, known.st_mtime_ns))
    return None if _is_racy(newest) else tuple(found)


def _is_racy(written_ns: int) -> bool:
    return time.time_ns() - written_ns < _RACY_NS
