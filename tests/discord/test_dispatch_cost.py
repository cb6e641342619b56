"""Sending costs little however much waits."""

from __future__ import annotations

import asyncio

import pytest

from coachsync.discord import routes
from coachsync.discord.client import Client
from coachsync.discord.pace.limits import Limits
from coachsync.discord.routes import Call
from tests.discord.simulation import Fixed, Server, by_major, simulate, unlimited


@pytest.mark.parametrize("bucket_of", [by_major, unlimited])
def test_questions_asked_of_the_limits_grow_with_the_sendings_alone(
    bucket_of: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    ready_at = Limits.ready_at

    def counting(self: Limits, call: Call, now: float) -> float:
        nonlocal asked
        asked += 1
        return ready_at(self, call, now)

    monkeypatch.setattr(Limits, "ready_at", counting)
    server = Server(lambda: Fixed(10, 10.0), bucket_of)  # type: ignore[arg-type]  # either of two functions
    grants = [routes.PUT_MEMBER_ROLE.at(guild_id=str(n % 20), user_id=str(n), role_id="7") for n in range(1000)]
    deletes = [routes.DELETE_CHANNEL.at(channel_id=str(n)) for n in range(1000)]

    async def main() -> None:
        client = Client(server)
        await asyncio.gather(*(client.request(call, priority=(n,)) for n, call in enumerate(grants + deletes)))

    simulate(main)

    assert server.refused == 0
    assert asked < 6 * len(server.arrivals)


def test_progress_names_what_the_longest_queue_waits_for() -> None:
    server = Server(lambda: Fixed(5, 10.0), by_major)

    async def main() -> tuple[int, str, float]:
        client = Client(server)
        calls = [routes.PUT_MEMBER_ROLE.at(guild_id="1", user_id=str(n), role_id="7") for n in range(12)]
        work = asyncio.gather(*(client.request(call) for call in calls))
        await asyncio.sleep(1.0)
        progress = client.progress()
        await work
        assert progress.wait is not None
        return progress.waiting, progress.wait.scope, progress.wait.until

    waiting, scope, until = simulate(main)

    assert (waiting, scope) == (7, "bucket")
    assert until == pytest.approx(1010, abs=0.2)
