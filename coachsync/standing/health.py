"""What needs a person, as of now: the ledger's causes, and what only the passing of time shows (OPERATOR "Causes").

Every screen that says whether something is wrong asks here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.causes import Cause, as_of, in_order
from coachsync.domain.model import MINUTE, Millis, RunRecord
from coachsync.domain.words import span
from coachsync.standing.hosts import others_work
from coachsync.standing.paused import paused_causes

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.store.base import Store

RUN = "run"
_AFTER_BUDGET: Millis = 2 * MINUTE  # a run outlives its budget by a time-out and the watchdog's patience at most
_FAILED = (3, 70)
_EXPLAINS = frozenset({"unauthorized", "store_error", "environment"})
"""What a run ends with 3 for, and is a cause by itself."""

_NO_TICK_HINT = "see whether cron or the timer is alive and calls `coachsync run`; then run it once by hand"
_FAILED_HINT = "run `coachsync run` by hand: it shows what is wrong and what to do"
_KILLED_HINT = "see the host's log: something killed it, or the host went down; the next run goes on from there"


class LastTick(NamedTuple):
    """The last `run`, whoever called it.

    `finished_at` and `exit_code` are None for one that is under way or never ended. `age` is how long ago it ended (or
    began, if it did not), in milliseconds. `overdue`: no `run` finished for `schedule.max_silence`. `host`: the name of
    the one that it ran on, "" if that is not known.
    """

    started_at: Millis
    finished_at: Millis | None
    exit_code: int | None
    age: Millis
    overdue: bool
    host: str = ""


def attention(store: Store, settings: Settings, now: Millis) -> tuple[Cause, ...]:
    """Return all that is wrong at a moment, the most urgent first, then the oldest. Raises StoreError."""
    kept = [as_of(cause, now) for cause in store.ledger.causes() if cause.code != "paused"]
    kept += paused_causes(store, settings, now)  # as they are now, whatever runs have seen of them
    runs = store.ledger.last_runs(1, RUN)
    finished = store.ledger.last_finished_at(RUN)
    last = runs[0] if runs else None
    failed = None if last is None else _failed(store, settings, last, now)
    if failed is not None:
        kept = _with_failed(kept, failed, last, now)
    silence = _silence(settings, last, finished, now, explained=failed is not None)
    if silence is not None and _others_work(store, settings, last, now):  # the last one's clock is behind
        silence = None
    return in_order([*kept, *([silence] if silence is not None else [])])


def last_tick(store: Store, settings: Settings, now: Millis) -> LastTick | None:
    """Return the last `run`; None if there was none yet. Raises StoreError."""
    runs = store.ledger.last_runs(1, RUN)
    if not runs:
        return None
    last = runs[0]
    finished = store.ledger.last_finished_at(RUN)
    ended = last.started_at if last.finished_at is None else last.finished_at
    quiet_since = _first_start(store, last) if finished is None else finished
    overdue = now - quiet_since > settings.schedule.max_silence and not _others_work(store, settings, last, now)
    return LastTick(last.started_at, last.finished_at, last.exit_code, max(0, now - ended), overdue, last.host)


def _first_start(store: Store, last: RunRecord) -> Millis:
    """Return when the silence began if no run ever finished: with the first that was begun."""
    first = store.ledger.first_run_at()
    return last.started_at if first is None else min(first, last.started_at)


def _failed(store: Store, settings: Settings, last: RunRecord, now: Millis) -> Cause | None:
    """Return that the last `run` ended badly or never; None if it did not, or may still be under way.

    Of one host among several it is `host_silent` if it lasts: nothing waits for it while another works.
    """
    if (last.finished_at is None or last.exit_code in _FAILED) and _others_work(store, settings, last, now):
        return None
    if last.finished_at is None:
        limit = settings.discord.run_budget + settings.discord.timeout + _AFTER_BUDGET
        later = store.ledger.last_runs(1)[0]
        if later == last and now - last.started_at <= limit:
            return None
        ago = span(now - last.started_at)
        return _of_host("tick_failed", f"the last run never ended: it began {ago} ago", _KILLED_HINT, last, now)
    if last.exit_code not in _FAILED:
        return None
    why = "coachsync has a bug" if last.exit_code == 70 else "nothing could work"
    return _of_host("tick_failed", f"the last run ended with exit {last.exit_code}: {why}", _FAILED_HINT, last, now)


def _others_work(store: Store, settings: Settings, last: RunRecord | None, now: Millis) -> bool:
    """Return whether a run worked lately on another host than that of the last one."""
    if last is None or not last.host:
        return False
    return others_work(store.ledger, last.host, settings.schedule.max_silence, now)


def _with_failed(kept: list[Cause], failed: Cause, last: RunRecord | None, now: Millis) -> list[Cause]:
    """Add that the last run failed, if none of its causes says why: that one is late then."""
    assert last is not None
    if any(cause.code == "tick_failed" for cause in kept):
        return kept
    why = [c for c in kept if last.exit_code == 3 and c.code in _EXPLAINS and c.last_seen >= last.started_at]
    if not why:
        return [*kept, failed]
    return [cause._replace(urgency="late") if cause in why else cause for cause in kept]


def _silence(
    settings: Settings, last: RunRecord | None, finished: Millis | None, now: Millis, *, explained: bool
) -> Cause | None:
    """Return that no `run` finished for too long; None if runs come, or that they fail is said already."""
    longest = settings.schedule.max_silence
    if last is None:
        configured = _written_at(settings.path)
        if configured is None or now - configured <= longest:
            return None
        message = f"no run ever finished; the configuration is {span(now - configured)} old"
        return Cause("no_tick", "", message, _NO_TICK_HINT, (), configured + longest, now, "late")
    since = last.started_at if finished is None else finished
    if now - since <= longest or (explained and now - last.started_at <= longest):
        return None
    message = f"no run finished for {span(now - since)}"
    return Cause("no_tick", "", message, _NO_TICK_HINT, (), since + longest, now, "late")


def _of_host(code: str, message: str, hint: str, last: RunRecord, now: Millis) -> Cause:
    since = last.started_at if last.finished_at is None else last.finished_at
    return Cause(code, "", message, hint, (), since, now, "late")


def _written_at(path: str) -> Millis | None:
    try:
        return os.stat(path).st_mtime_ns // 1_000_000
    except OSError:
        return None
