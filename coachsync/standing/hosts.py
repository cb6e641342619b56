"""The hosts that share a store: who ran when, and which of them works with which bot now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.hosts import REMEMBERED, HostRuns
from coachsync.domain.model import Millis

if TYPE_CHECKING:
    from coachsync.store.base import Store
    from coachsync.store.leases import LeaseHolder
    from coachsync.store.ledger.ledger import Ledger

_LATELY = 4  # times `max_silence`: so many runs may be made in that time that a schedule shows


class Hosts(NamedTuple):
    """The hosts on which a `run` began lately, by name, and the leases that are held now, by bot.

    `silent` are the names of those that run no more, while others do.
    """

    runs: tuple[HostRuns, ...] = ()
    leases: tuple[LeaseHolder, ...] = ()
    silent: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Return every host's name, in order."""
        return tuple(sorted({run.host for run in self.runs} | {lease.host for lease in self.leases}))


def hosts_of(store: Store, max_silence: Millis, now: Millis) -> Hosts:
    """Return the hosts as of a moment. Raises StoreError."""
    runs = store.ledger.hosts(now - REMEMBERED, _LATELY * max_silence)
    leases = store.ledger.lease_holders() if store.shared else ()
    return Hosts(runs, leases, frozenset(run.host for run in runs if run.is_silent(now, max_silence)))


def others_work(ledger: Ledger, host: str, max_silence: Millis, now: Millis) -> bool:
    """Return whether a run worked on another host within `max_silence`. Raises StoreError."""
    runs = ledger.hosts(now - REMEMBERED, _LATELY * max_silence)
    return any(run.host != host and run.worked and now - run.since <= max_silence for run in runs)
