"""What one call of run, setup or cleanup asks of a tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from coachsync.clock import host_now
from coachsync.config import Settings, Tokens
from coachsync.domain.model import ACTION_KINDS, ActionKind, Millis, Warn

if TYPE_CHECKING:
    from coachsync.domain.reviewed import ReviewedStep
    from coachsync.store.base import Store

KINDS: dict[str, frozenset[ActionKind]] = {
    "run": frozenset(ACTION_KINDS),
    "setup": frozenset({"setup"}),
    "cleanup": frozenset({"cleanup"}),
}


class Pulled(NamedTuple):
    """What came of pulling sources: what is to be warned of, and what is right again, as (code, source)."""

    warnings: tuple[Warn, ...] = ()
    sound: frozenset[tuple[str, str]] = frozenset()


class TickRequest(NamedTuple):
    """What a person or cron asked for.

    `now` is None for the host's clock. `wait` is how many seconds to wait for the lock. `progress` is called
    with how far the run is, in words. `reviewed`: only this plan is carried out, and only if it still fits. `pull`
    brings bookings into the store before anything is read; None if there are no sources, or they are left alone.
    """

    settings: Settings
    command: str
    tokens: Tokens
    names: tuple[str, ...] = ()
    now: Millis | None = None
    dry_run: bool = False
    force: bool = False
    abandon: bool = False
    wait: float = 0.0
    progress: Callable[[str], None] | None = None
    reviewed: frozenset[ReviewedStep] | None = None
    pull: Callable[[Store, Millis], Pulled] | None = None


def host_time(request: TickRequest) -> Millis:
    """Return the time at which a run is said to have finished: on the clock it was started with."""
    return request.now if request.now is not None else host_now()
