"""The client keeps to every kind of limit, without being refused, and takes hardly longer than it must."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from coachsync.discord import routes
from coachsync.discord.client import Client
from coachsync.discord.pace.dispatch import Ceiling
from coachsync.discord.routes import Call
from tests.discord.simulation import (
    LATENCY,
    Fixed,
    Leaky,
    Server,
    SlidingLog,
    Window,
    by_major,
    by_route,
    send_all,
    simulate,
    unlimited,
)

KINDS: dict[str, Callable[[int, float], Window]] = {
    "fixed": Fixed,
    "sliding_oldest": SlidingLog,
    "sliding_newest": lambda limit, span: SlidingLog(limit, span, newest=True),
    "leaky": Leaky,
}


def grants(count: int, guilds: int = 1) -> list[Call]:
    return [
        routes.PUT_MEMBER_ROLE.at(guild_id=str(1 + n % guilds), user_id=str(1000 + n), role_id="7")
        for n in range(count)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_hundred_grants_take_hardly_longer_than_their_bound(kind: str) -> None:
    server = Server(lambda: KINDS[kind](10, 10.0), by_major)

    took = simulate(lambda: send_all(server, grants(100)))

    assert server.refused == 0
    assert took <= 1.02 * (90 + LATENCY)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("latency", [0.002, 0.06, 0.3])
@pytest.mark.parametrize(("limit", "span"), [(1, 1.0), (5, 5.0), (5, 1.0), (10, 10.0)])
def test_haste_meets_no_refusal_when_the_server_counts_by_major(
    kind: str, latency: float, limit: int, span: float
) -> None:
    server = Server(lambda: KINDS[kind](limit, span), by_major, latency=latency)

    took = simulate(lambda: send_all(server, grants(60, guilds=3)))

    assert server.refused == 0
    assert took <= (20 / limit - 1) * (span + 2 * latency + 0.1) + 8 * latency + span / 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("majors", [2, 7, 40])
def test_haste_meets_few_refusals_when_the_server_ignores_majors(kind: str, majors: int) -> None:
    server = Server(lambda: KINDS[kind](5, 5.0), by_route)

    took = simulate(lambda: send_all(server, grants(40, guilds=majors)))

    assert server.refused <= 1
    assert took <= 1.15 * 35 + LATENCY


@pytest.mark.parametrize("seed", range(40))
def test_haste_meets_no_refusal_when_answers_come_late_and_out_of_order(seed: int) -> None:
    dice = random.Random(seed)
    kind = KINDS[dice.choice(list(KINDS))]
    limit, span = dice.randint(1, 12), dice.choice([0.5, 1.0, 5.0, 10.0])
    server = Server(lambda: kind(limit, span), by_major, latency=lambda: dice.expovariate(1 / 0.1))

    async def main() -> None:
        client = Client(server)
        for call in grants(80, guilds=dice.randint(1, 6)):
            later = asyncio.get_running_loop().create_task(client.request(call))
            tasks.append(later)
            await asyncio.sleep(dice.choice([0, 0, 0, 0.01, span / 3]))
        await asyncio.gather(*tasks)

    tasks: list[asyncio.Task[object]] = []
    simulate(main)

    assert server.refused == 0


def test_routes_without_headers_run_at_the_global_limit() -> None:
    calls = [routes.DELETE_ROLE.at(guild_id="1", role_id=str(n)) for n in range(200)]
    server = Server(lambda: Fixed(1, 1.0), unlimited)

    took = simulate(lambda: send_all(server, calls))

    assert server.refused == 0
    assert took <= 1.1 * 3 + 6 * LATENCY


def test_global_limit_is_kept_in_every_second_when_routes_show_no_headers() -> None:
    calls = [routes.DELETE_CHANNEL.at(channel_id=str(n)) for n in range(300)]
    server = Server(lambda: Fixed(1, 1.0), unlimited, per_second=None, latency=0.02)

    simulate(lambda: send_all(server, calls, per_second=20))

    times = server.times()
    assert all(later - earlier > 1.0 for earlier, later in zip(times, times[20:], strict=False))


def test_two_routes_of_one_hash_share_their_bucket() -> None:
    calls = grants(20) + [routes.DELETE_MEMBER_ROLE.at(guild_id="1", user_id=str(n), role_id="7") for n in range(20)]
    server = Server(lambda: Fixed(10, 10.0), lambda call: f"member-role:{call.major}")

    took = simulate(lambda: send_all(server, calls))

    assert server.refused <= 1
    assert took <= 1.05 * 30 + LATENCY


def test_guilds_run_side_by_side_when_each_has_its_own_bucket() -> None:
    server = Server(lambda: Fixed(10, 10.0), by_major)

    took = simulate(lambda: send_all(server, grants(400, guilds=20)))

    assert server.refused == 0
    assert took <= 1.1 * (10 + 4)


def test_guild_with_an_earlier_run_behind_it_is_not_taken_for_shared() -> None:
    windows = {"fresh": 0, "used": 150}

    def window() -> Window:
        made = Fixed(250, 172_800.0)
        made.take(900.0)
        made.used = windows.popitem()[1] if windows else 0
        return made

    calls = [routes.CREATE_ROLE.at(guild_id=str(n % 2), name="x") for n in range(40)]
    server = Server(window, by_major)

    took = simulate(lambda: send_all(server, calls))

    assert server.refused == 0
    assert took < 1.0


def test_lower_priority_tuple_goes_first_when_a_bucket_is_scarce() -> None:
    server = Server(lambda: Fixed(2, 5.0), by_major)

    async def main() -> None:
        client = Client(server)
        order = [5, 3, 1, 4, 2, 0]
        await asyncio.gather(*(client.request(call, priority=(n,)) for n, call in zip(order, grants(6), strict=True)))

    simulate(main)

    users = [int(arrival.call.path.split("/")[4]) - 1000 for arrival in server.arrivals]
    assert users == [5, 2, 4, 1, 3, 0]


def test_exchanges_in_flight_never_exceed_the_ceiling() -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited, latency=0.5, per_second=None)
    calls = [routes.DELETE_CHANNEL.at(channel_id=str(n)) for n in range(100)]

    simulate(lambda: send_all(server, calls, ceiling=Ceiling(7)))

    assert server.most_in_flight == 7


def test_tokens_of_one_run_share_the_ceiling() -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited, latency=0.5, per_second=None)
    calls = [routes.DELETE_CHANNEL.at(channel_id=str(n)) for n in range(40)]
    ceiling = Ceiling(7)

    async def main() -> None:
        await asyncio.gather(*(send_all(server, calls, ceiling=ceiling) for _ in range(3)))

    simulate(main)

    assert (server.most_in_flight, len(server.arrivals)) == (7, 120)


def test_run_right_after_another_meets_no_refusal_when_it_knows_what_that_one_spent() -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited)
    calls = [routes.DELETE_CHANNEL.at(channel_id=str(n)) for n in range(70)]

    async def main() -> None:
        first = Client(server)
        await asyncio.gather(*(first.request(call) for call in calls[:45]))
        spent = first.lately
        await asyncio.sleep(0.3)
        await send_all(server, calls, spent=spent)

    simulate(main)

    assert server.refused == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_limit_of_days_is_kept_as_it_last_was(kind: str) -> None:
    server = Server(lambda: KINDS[kind](250, 172_800.0), by_major)
    made = [routes.CREATE_ROLE.at(guild_id=str(1 + n % 2)) for n in range(9)]
    heard: dict[str, int | None] = {}

    async def main() -> None:
        client = Client(server)
        await asyncio.gather(*(client.request(call, body={}) for call in made))
        for call in (*made[:2], routes.CREATE_ROLE.at(guild_id="3")):
            word = client.said(call)
            heard[call.major] = None if word is None else word.reading.remaining

    simulate(main)

    assert heard == {"1": 245, "2": 246, "3": None}


def test_nothing_is_kept_of_a_limit_of_seconds() -> None:
    server = Server(lambda: Fixed(10, 10.0), by_major)
    heard: list[object] = []

    async def main() -> None:
        client = Client(server)
        await client.request(grants(1)[0])
        heard.append(client.said(grants(1)[0]))

    simulate(main)

    assert heard == [None]
