"""Lag: Discord's lists may leave out what was made a moment ago."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from coachsync.standin.model import Birth
from coachsync.standin.state import State


class Born(Protocol):
    """A thing that knows when it was made."""

    birth: Birth


B = TypeVar("B", bound=Born)


@dataclass
class Lag:
    """Lists that leave out what is younger than so many requests or monotonic seconds."""

    requests: int = 0
    seconds: float = 0.0

    def grown(self, things: Iterable[B], world: State) -> list[B]:
        """The things old enough to be listed."""
        if not self.requests and not self.seconds:
            return list(things)
        now = world.monotonic()
        return [
            thing
            for thing in things
            if world.served - thing.birth.requests > self.requests and now - thing.birth.seconds >= self.seconds
        ]
