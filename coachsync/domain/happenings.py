"""A session's story, folded: what repeats is told once, with how often and when last. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from coachsync.domain.model import Event, Millis


class Happening(NamedTuple):
    """Something that happened, once or again and again: its first event, how often, when last, and on which hosts."""

    event: Event
    times: int
    last: Millis
    hosts: tuple[str, ...] = ()


def fold(events: Sequence[Event]) -> tuple[Happening, ...]:
    """Return what happened, oldest first. `events` are the ledger's, oldest first.

    What failed the same way again counts with the first time, until something else was done between.
    """
    found: list[Happening] = []
    places: dict[object, int] = {}
    for event in _worth_telling(events):
        if event.failure is None and event.outcome == "done":
            places.clear()
        key = (event.what, event.outcome, event.detail, event.failure)
        if key in places:
            before = found[places[key]]
            hosts = before.hosts if event.host in before.hosts else (*before.hosts, *_host(event))
            found[places[key]] = before._replace(times=before.times + 1, last=event.at, hosts=hosts)
        else:
            places[key] = len(found)
            found.append(Happening(event, 1, event.at, _host(event)))
    return tuple(found)


def _host(event: Event) -> tuple[str, ...]:
    return (event.host,) if event.host else ()


def _worth_telling(events: Sequence[Event]) -> Iterable[Event]:
    """Yield the events but for those that only say what the failure of that very run says, too."""
    failed = {event.at for event in events if event.failure is not None}
    return (e for e in events if not (e.at in failed and e.what == "let in" and e.outcome == "not in the guild"))
