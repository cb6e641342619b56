"""What befalls the hosts and the database in each round, all by one seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, NamedTuple

from coachsync.domain.model import HOUR, Millis
from tests.searches.week.child import Fate, Place

Wakes = Literal["first", "amid", "last"]
_STRUCK: tuple[Place, ...] = ("before", "sending", "sending", "after", "commit", "committed")


class Rates(NamedTuple):
    """How many of a hundred rounds have what.

    `fresh`: a run in an interpreter of its own. `lost`: how many of a thousand requests fail, or their answers.
    """

    kill: int = 25
    freeze: int = 25
    cut: int = 8
    pooler: int = 3
    restart: int = 1
    fresh: int = 3
    lost: int = 3


QUIET = Rates(0, 0, 0, 0, 0, 3, 0)


class Trouble(NamedTuple):
    """One round's.

    Attributes:
        order: in which the hosts begin.
        fate: what befalls the first run that comes there.
        frozen_for: how many rounds a run that freezes now stays so.
        wakes: when in a round one that was frozen goes on: before the others begin, amid their work, after it.
        cut, pooler, restart: at which request every connection to the database breaks, the pooler is restarted, or the
            database is.
        fresh: hosts whose run is an interpreter of its own.
        leases_stay: whether the leases of those who are gone still last.
        skew: by how much the last host's clock is off.
    """

    order: tuple[str, ...]
    fate: Fate | None
    frozen_for: int
    wakes: Wakes
    cut: int | None
    pooler: int | None
    restart: int | None
    fresh: frozenset[str]
    leases_stay: bool
    skew: Millis


def troubles(seed: random.Random, hosts: Sequence[str], rounds: int, rates: Rates) -> list[Trouble]:
    """Return the troubles of so many rounds."""
    return [_trouble(seed, hosts, number, number / rounds, rates) for number in range(rounds)]


def _trouble(seed: random.Random, hosts: Sequence[str], number: int, through: float, rates: Rates) -> Trouble:
    def happens(percent: int) -> bool:
        return seed.random() * 100 < percent

    order = tuple(seed.sample(list(hosts), len(hosts)))
    fate = None
    if happens(rates.kill + rates.freeze):
        how: Literal["kill", "freeze"] = (
            "kill" if seed.random() * (rates.kill + rates.freeze) < rates.kill else "freeze"
        )
        fate = Fate(how, seed.choice(_STRUCK), _nth(seed), number, how == "freeze" and seed.random() < 0.3)
    return Trouble(
        order=order,
        fate=fate,
        frozen_for=seed.choice((1, 1, 1, 2, 3)),
        wakes=seed.choice(("first", "amid", "last")),
        cut=seed.randrange(1, 16) if happens(rates.cut) else None,
        pooler=seed.randrange(1, 16) if happens(rates.pooler) else None,
        restart=seed.randrange(1, 16) if happens(rates.restart) else None,
        fresh=frozenset(host for host in hosts if happens(rates.fresh)),
        leases_stay=seed.random() < 0.15,
        skew=_skew(through) if rates.kill else 0,
    )


def _nth(seed: random.Random) -> int:
    return min(seed.randrange(1, 7), seed.randrange(1, 7))


def _skew(through: float) -> Millis:
    """Return by how much the last host's clock is off: for a while it is an hour ahead, for a while an hour behind."""
    if 0.15 <= through < 0.4:
        return HOUR
    return -HOUR if 0.55 <= through < 0.75 else 0
