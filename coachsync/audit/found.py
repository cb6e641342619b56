"""What an audit found of a room or a guild, and what would mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from coachsync.domain.drift import Drift
from coachsync.domain.finding import Finding


class Observed(NamedTuple):
    """One finding; `drift` is what a repair of its session mends, None if nothing of ours does."""

    finding: Finding
    drift: Drift | None = None


class Step(NamedTuple):
    """One thing that mending would do: `key` names it from one look to the next, `words` for people.

    `act` does it and returns what failed, "" if nothing did.
    """

    key: str
    words: str
    act: Callable[[], Awaitable[str]]
