"""A search replays: how fast the host is changes nothing of what a run does."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.standin import Request
from tests.kit.home import SQLITE
from tests.searches.property.bookings import Booking
from tests.searches.property.replay import replaying
from tests.searches.property.scene import Scene
from tests.searches.property.world import a_playground

TROUBLE = ("hang_after", "drip", "delay", "rate_limited_bare")


def _slow(request: Request) -> float:
    return random.uniform(0, 0.01)


def _told(folder: Path, kind: str, *, slowly: bool) -> list[str]:
    """Return all that one small day asks of Discord, in order."""
    folder.mkdir()
    with a_playground() as town, replaying(town.hangs):
        if slowly:
            town.standin.latency = _slow
        scene = Scene(town, folder, SQLITE, "role")
        asked: list[str] = []
        town.standin.after_request(lambda r, _: asked.append(f"{r.method} {r.path} {r.fault} {r.reason}"))
        for number in range(3):
            people = town.bookable[number], town.bookable[number + 1]
            start = scene.now + 150 * MINUTE
            scene.put(Booking(f"aaaa000{number}", "SCHEDULED", start, 60, *people, town.guilds[0].id))
        if kind == "delay":
            town.hangs.delay(("POST", None), 2, others=2)
        else:
            town.hangs.plan(town.standin.faults.add(kind, ("POST", None), 2))
        scene.spoil()
        scene.tick()
        scene.tick_killed(3, after=True)
        town.clock.advance(HOUR)
        scene.settle()
        return asked


@pytest.mark.parametrize("kind", TROUBLE)
def test_slow_host_changes_nothing_of_what_a_run_asks(tmp_path: Path, kind: str) -> None:
    assert _told(tmp_path / "fast", kind, slowly=False) == _told(tmp_path / "slow", kind, slowly=True)
