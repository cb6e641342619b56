"""Figures of a run for Prometheus, in a file that node_exporter's textfile collector reads.

Source of the form: <https://prometheus.io/docs/instrumenting/exposition_formats/>; the library writes it. The file is
replaced whole, and readable by whoever collects it: it names guilds, and nobody.
"""

from __future__ import annotations

import os
from collections import Counter as Count
from collections.abc import Iterable, Mapping
from typing import NamedTuple, get_args

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from coachsync.config import Settings
from coachsync.domain.causes import Urgency
from coachsync.domain.model import Millis
from coachsync.domain.remembered import is_rehearsal
from coachsync.host.files import replace
from coachsync.standing.health import RUN, attention
from coachsync.standing.hosts import Hosts, hosts_of
from coachsync.store.base import Store

_ACTIONS = "actions:"


class Figures(NamedTuple):
    """One run: when it ended, how long it took, its exit status, and what the ledger says, if it can be read."""

    ended_at: Millis
    duration_s: float
    exit_code: int
    of_ledger: OfLedger | None


class OfLedger(NamedTuple):
    """What the ledger says after a run. `rooms` and `role_budget` are by guild, `causes` by urgency."""

    last_success_at: Millis | None
    counters: Mapping[str, int]
    rooms: Mapping[str, int]
    causes: Mapping[str, int]
    role_budget: Mapping[str, int]
    hosts: Hosts


def of_ledger(store: Store, settings: Settings, now: Millis) -> OfLedger:
    """Read what the ledger says. Raises StoreError."""
    rooms = Count(dict.fromkeys(settings.guild_ids, 0))
    live = [entry for entry in store.ledger.live_entries() if not is_rehearsal(entry.session_id)]
    rooms.update(entry.guild_id for entry in live if entry.current("channel") is not None)
    causes = Count(dict.fromkeys(get_args(Urgency), 0))
    causes.update(cause.urgency for cause in attention(store, settings, now))
    budget = {guild: store.ledger.role_budget(guild, now).left(now) for guild in rooms}
    hosts = hosts_of(store, settings.schedule.max_silence, now)
    return OfLedger(store.ledger.last_success_at(RUN), store.ledger.counters(), rooms, causes, budget, hosts)


def write_metrics(path: str, figures: Figures) -> None:
    """Replace the file by these figures. Raises OSError."""
    target = os.path.realpath(path)
    replace(target, text_of(figures), like=None, beside=f"{target}.{os.getpid()}", mode=0o644)


def text_of(figures: Figures) -> bytes:
    """Return the figures as Prometheus reads them."""
    registry = CollectorRegistry()
    _gauge(registry, "last_run_timestamp_seconds", "When the last run ended.", figures.ended_at / 1000)
    _gauge(registry, "run_duration_seconds", "How long the last run took.", figures.duration_s)
    _gauge(registry, "last_exit_code", "The exit status of the last run.", figures.exit_code)
    known = figures.of_ledger
    if known is not None:
        if known.last_success_at is not None:
            at = known.last_success_at / 1000
            _gauge(registry, "last_success_timestamp_seconds", "When a run last ended with exit 0.", at)
        _labelled(registry, "rooms_open", "Rooms that are there.", "guild", known.rooms)
        _labelled(registry, "causes", "Things that are wrong.", "urgency", known.causes)
        budget = "Roles that Discord still makes in 48 h."
        _labelled(registry, "role_budget_remaining", budget, "guild", known.role_budget)
        _of_hosts(registry, known.hosts)
        registry.register(_Counters(known.counters))
    return generate_latest(registry)


def _of_hosts(registry: CollectorRegistry, hosts: Hosts) -> None:
    ended = {run.host: run.since / 1000 for run in hosts.runs if run.worked}
    _labelled(registry, "host_last_run_timestamp_seconds", "When a run last worked on a host.", "host", ended)
    held = Gauge("coachsync_lease_held", "Which host works with which bot: 1.", ["bot", "host"], registry=registry)
    for lease in hosts.leases:
        held.labels(lease.bot, lease.host).set(1)


def _gauge(registry: CollectorRegistry, name: str, what: str, value: float) -> None:
    Gauge(f"coachsync_{name}", what, registry=registry).set(value)


def _labelled(registry: CollectorRegistry, name: str, what: str, label: str, values: Mapping[str, float]) -> None:
    gauge = Gauge(f"coachsync_{name}", what, [label], registry=registry)
    for key, value in values.items():
        gauge.labels(key).set(value)


class _Counters(Collector):
    """The ledger's counts, which outlive every process."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Yield requests, refusals for speed, and actions."""
        actions = CounterMetricFamily("coachsync_actions", "What runs did.", labels=("action", "outcome"))
        for name, value in sorted(self._counts.items()):
            if name.startswith(_ACTIONS):
                actions.add_metric(name.removeprefix(_ACTIONS).split(":"), value)
        yield actions
        for name, what in (("requests", "Requests to Discord."), ("rate_limited", "Answers of 429.")):
            yield CounterMetricFamily(f"coachsync_{name}", what, value=self._counts.get(name, 0))
