"""A 429 is obeyed to the instant: by its bucket, by everything for a global one, and never slept on too long."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from coachsync.discord import routes
from coachsync.discord.client import Client
from coachsync.discord.errors import Blocked, RateLimited, Stopped
from coachsync.discord.exchange import Answer, Lost, Outgoing, Result
from coachsync.discord.pace.dispatch import Ceiling
from coachsync.discord.routes import Call
from tests.discord.simulation import Arrival, Fixed, Server, by_major, by_route, refusal, send_all, simulate, unlimited

HOURS = 3600.0


def refuse_first(wait: float, scope: str = "user") -> Callable[[Outgoing, int], Result | None]:
    return lambda _outgoing, nth: refusal(wait, scope) if nth == 0 else None


def grant(guild: str = "1", user: str = "9") -> Call:
    return routes.PUT_MEMBER_ROLE.at(guild_id=guild, user_id=user, role_id="7")


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
@pytest.mark.parametrize("bucket_of", [by_major, by_route, unlimited])
def test_refused_request_is_sent_again_when_its_wait_is_over(scope: str, bucket_of: Callable[[Call], str]) -> None:
    server = Server(lambda: Fixed(5, 5.0), bucket_of, script=refuse_first(7.5, scope))

    simulate(lambda: send_all(server, [grant()]))

    first, second = server.times()
    assert 7.5 <= second - first <= 8.2


def test_global_refusal_holds_back_every_route() -> None:
    server = Server(lambda: Fixed(5, 5.0), by_major, script=refuse_first(3.0, "global"))

    async def main() -> None:
        client = Client(server)
        first = asyncio.create_task(client.request(grant()))
        await asyncio.sleep(0.1)
        await asyncio.gather(first, client.request(routes.GET_ME.at()), client.request(grant("2")))

    simulate(main)

    began, *later = server.times()
    assert all(at - began >= 3.0 for at in later)


def test_user_refusal_leaves_other_routes_alone() -> None:
    server = Server(lambda: Fixed(5, 5.0), by_major, script=refuse_first(30.0))

    async def main() -> None:
        client = Client(server)
        first = asyncio.create_task(client.request(grant()))
        await asyncio.sleep(0.1)
        await client.request(routes.GET_ME.at())
        assert asyncio.get_running_loop().time() < 1001.0
        await first

    simulate(main)


def test_longest_named_wait_is_obeyed_when_they_differ() -> None:
    answer = refusal(2.0, "user", {"x-ratelimit-reset-after": "11.0"})
    server = Server(lambda: Fixed(5, 5.0), by_major, script=lambda _o, nth: answer if nth == 0 else None)

    simulate(lambda: send_all(server, [grant()]))

    first, second = server.times()
    assert second - first >= 11.0


def test_tiny_waits_for_ever_end_in_an_error_instead_of_a_spin() -> None:
    server = Server(lambda: Fixed(5, 5.0), by_major, script=lambda _o, _n: Answer(429, {}, b'{"retry_after": 0.0}'))

    with pytest.raises(RateLimited):
        simulate(lambda: send_all(server, [grant()]))

    assert len(server.arrivals) <= 12
    assert server.times()[-1] - server.times()[0] >= 10.0


def test_wait_of_hours_is_reported_at_once_when_it_passes_the_deadline() -> None:
    server = Server(lambda: Fixed(5, 5.0), by_major, script=refuse_first(40 * HOURS))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        client = Client(server, deadline=loop.time() + 600)
        with pytest.raises(RateLimited) as caught:
            await client.request(routes.CREATE_ROLE.at(guild_id="1"))
        assert caught.value.retry_after_s == pytest.approx(40 * HOURS, abs=2)
        assert (caught.value.http_status, caught.value.sent, caught.value.settled) == (429, True, True)
        with pytest.raises(RateLimited) as second:
            await client.request(routes.CREATE_ROLE.at(guild_id="1"))
        assert (second.value.http_status, second.value.sent) == (None, False)
        assert loop.time() < 1001.0

    simulate(main)

    assert len(server.arrivals) == 1


def test_wait_longer_than_the_call_allows_is_reported_when_the_deadline_would_allow_it() -> None:
    server = Server(lambda: Fixed(1, 50.0), by_major)

    async def main() -> None:
        client = Client(server)
        await client.request(grant())
        with pytest.raises(RateLimited):
            await client.request(grant(), max_wait=20.0)
        await client.request(grant(), max_wait=60.0)

    simulate(main)


def test_requests_beyond_the_deadline_fail_while_the_earlier_ones_are_sent() -> None:
    server = Server(lambda: Fixed(5, 10.0), by_major)

    async def main() -> list[object]:
        client = Client(server, deadline=1025.0)
        calls = [client.request(grant(user=str(n)), priority=(n,)) for n in range(30)]
        return await asyncio.gather(*calls, return_exceptions=True)

    results = simulate(main)

    assert [type(result) for result in results] == [type(None)] * 15 + [RateLimited] * 15


def test_everything_that_waits_stops_when_the_edge_blocks() -> None:
    page = Answer(429, {"content-type": "text/html"}, b"<html>1015</html>")
    server = Server(lambda: Fixed(5, 5.0), by_major, script=lambda _o, nth: page if nth >= 3 else None)

    async def main() -> list[object]:
        client = Client(server, ceiling=Ceiling(1))
        calls = [client.request(grant(user=str(n)), priority=(n,)) for n in range(20)]
        return await asyncio.gather(*calls, return_exceptions=True)

    results = simulate(main)

    assert isinstance(results[3], Blocked)
    assert all(isinstance(result, Stopped) and result.code == "blocked" for result in results[4:])
    assert len(server.arrivals) == 5


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({}, b'{"message": "no"}', 1.0),
        ({}, b'{"message": "no", "retry_after": -5.0}', 1.0),
        ({}, b'{"message": "no", "retry_after": "soon"}', 1.0),
        ({}, b'{"message": "no", "retry_after": 1e300}', 1.0),
        ({"retry-after": "4"}, b'{"message": "no", "retry_after": -1}', 4.0),
        ({"retry-after": "4"}, b'{"message": "no", "retry_after": 99999999999}', 4.0),
        ({"x-ratelimit-reset-after": "3.5"}, b'{"message": "no"}', 3.5),
    ],
)
def test_senseless_wait_is_taken_from_the_headers_or_is_a_second(
    headers: dict[str, str], body: bytes, wait: float
) -> None:
    answer = Answer(429, headers, body)
    server = Server(lambda: Fixed(5, 5.0), by_major, script=lambda _o, nth: answer if nth == 0 else None)

    simulate(lambda: send_all(server, [grant()]))

    first, second = server.times()
    assert wait <= second - first <= wait + 0.5


def test_page_for_one_request_alone_stops_no_other() -> None:
    page = Answer(403, {"content-type": "text/html"}, b"<html>denied</html>")
    server = Server(lambda: Fixed(5, 5.0), by_major, script=lambda _o, nth: page if nth == 3 else None)

    async def main() -> list[object]:
        client = Client(server, ceiling=Ceiling(1))
        calls = [client.request(grant(user=str(n)), priority=(n,)) for n in range(8)]
        return await asyncio.gather(*calls, return_exceptions=True)

    results = simulate(main)

    assert [type(r) for r in results] == [type(None)] * 3 + [Blocked] + [type(None)] * 4


def early(arrivals: list[Arrival]) -> list[tuple[Arrival, Arrival]]:
    """Return the pairs where a request followed the refusal of its bucket before the wait was over."""
    found = []
    for nth, refused in enumerate(arrivals):
        if refused.status != 429:
            continue
        for later in arrivals[nth + 1 :]:
            told = refused.at + 0.3  # what left before the refusal was known does not count
            same = refused.scope == "global" or later.call[::2] == refused.call[::2]
            if same and told < later.at < refused.at + refused.wait:
                found.append((refused, later))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_rough_server_is_served_wholly_and_never_before_a_wait_is_over(seed: int) -> None:
    dice = random.Random(seed)
    server = Server(lambda: Fixed(5, 5.0), by_route if seed % 2 else by_major, latency=0.3)

    def script(outgoing: Outgoing, _nth: int) -> Result | None:
        luck = dice.random()
        if luck < 0.02:
            return Lost("connection reset")
        if luck < 0.06:
            scope, wait = dice.choice(["user", "shared", "global"]), dice.uniform(0.1, 6.0)
            server.arrivals.append(Arrival(asyncio.get_running_loop().time(), outgoing.call, 429, scope, wait))
            return refusal(wait, scope)
        return None

    server._script = script
    calls = [grant(str(n % 4), str(n)) for n in range(40)]
    calls += [routes.DELETE_ROLE.at(guild_id=str(n % 4), role_id=str(n)) for n in range(40)]

    simulate(lambda: send_all(server, calls))

    assert early(server.arrivals) == []
