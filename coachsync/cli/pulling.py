"""How `run` and `sync` pull sources of bookings. Loaded only if the configuration has some."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from coachsync import __version__
from coachsync.bookings.sources.asking import SourceAsking
from coachsync.bookings.sources.pull import PulledSource, PullRequest, due_sources, pull
from coachsync.domain.causes import OF_SOURCES, Times, Wrong, follow_alone
from coachsync.engine.request import Pulled

if TYPE_CHECKING:
    from coachsync.cli.context import Invocation
    from coachsync.config import Settings
    from coachsync.domain.model import Millis
    from coachsync.store.base import Store


def asking_of(said: Invocation, settings: Settings, now: Millis) -> SourceAsking:
    """Return what asking sources needs to know."""
    return SourceAsking(settings, said.environ, now, f"coachsync/{__version__}")


def puller(
    said: Invocation, settings: Settings, *, force: bool, tell: Callable[[str], None] | None
) -> Callable[[Store, Millis], Pulled]:
    """Return what a run does to pull its sources before it reads anything."""

    def pull_due(store: Store, now: Millis) -> Pulled:
        request = PullRequest(asking_of(said, settings, now), force=force)
        due = due_sources(store, request)
        if not due:
            return Pulled()
        if tell is not None:
            tell(f"pulling {', '.join(source.name for source in due)}")
        found = pull(store, due, request)
        warnings = tuple(warning for one in found for warning in one.warnings)
        return Pulled(warnings, frozenset().union(*(one.sound for one in found)))

    return pull_due


def follow_sources(store: Store, settings: Settings, pulled: list[PulledSource], now: Millis) -> None:
    """Let the ledger's causes be what these pulls saw of their sources; those of other sources stand as they are."""
    old = store.ledger.causes()
    warnings = [w for one in pulled for w in one.warnings if w.code in OF_SOURCES]
    sound = frozenset().union(*(one.sound for one in pulled))
    seen = sound | {(warning.code, warning.about) for warning in warnings}
    concerned = [cause for cause in old if (cause.code, cause.about) in seen]
    if not concerned and not warnings:
        return
    times = Times(now, settings.policy, settings.schedule.max_silence)
    wrongs = [Wrong(w.code, "", w.message, w.hint, about=w.about) for w in warnings]
    with store.transaction() as transaction:
        for code in sorted(OF_SOURCES):
            followed = follow_alone(code, concerned, [wrong for wrong in wrongs if wrong.code == code], times)
            transaction.ledger.keep_causes(followed, now)
