"""Time that jumps: a run waits for a limit of Discord's in no time, and the stand-in counts it in full."""

from __future__ import annotations

import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from coachsync.discord.exchange import Outgoing
from coachsync.discord.transport.sending import TokenSender
from tests.kit.scene import Scene

_LONGEST_S = 60.0  # what is due later is no wait for a limit, but the end of the run


class Jumps:
    """How many seconds were passed over so far."""

    def __init__(self, scene: Scene) -> None:
        self.seconds = 0.0
        self.in_flight = 0
        self._clock = scene.clock

    def over(self, seconds: float) -> None:
        """Let so many seconds pass, in the stand-in's world too."""
        self.seconds += seconds
        self._clock.advance(round(seconds * 1000))


@contextmanager
def jumping(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jumps]:
    """Let time jump in a scene's ticks, whenever nothing is on its way and something is due within a minute."""
    jumps = Jumps(scene)
    begin, monotonic = TokenSender.start, time.monotonic

    def now() -> float:
        return monotonic() + jumps.seconds

    class Selector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout is not None and 0 < timeout < _LONGEST_S and not jumps.in_flight:
                found = super().select(0)
                if not found:
                    jumps.over(timeout)
                return found
            return super().select(timeout)

    def start(sender: TokenSender, outgoing: Outgoing, done: object) -> None:
        def answered(result: object) -> None:
            jumps.in_flight -= 1
            done(result)  # type: ignore[operator]

        jumps.in_flight += 1
        begin(sender, outgoing, answered)

    with monkeypatch.context() as patch:
        patch.setattr(selectors, "DefaultSelector", Selector)
        patch.setattr(time, "monotonic", now)
        patch.setattr(scene.world, "monotonic", now)
        patch.setattr(TokenSender, "start", start)
        yield jumps
