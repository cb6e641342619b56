"""What is sent again and what is not, and when everything else is spared the attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from coachsync.discord import routes
from coachsync.discord.circuit import UNREACHABLE_IN_A_ROW, Circuit
from coachsync.discord.client import Client, metered
from coachsync.discord.errors import (
    AnswerLost,
    DiscordError,
    ServerError,
    Stopped,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
)
from coachsync.discord.exchange import Answer, Lost, NeverSent, Outgoing, Result
from coachsync.discord.pace.dispatch import Ceiling
from coachsync.discord.routes import Call
from tests.discord.simulation import Fixed, Server, simulate, unlimited

GET = routes.GET_ROLES.at(guild_id="1")
PUT = routes.PUT_MEMBER_ROLE.at(guild_id="1", user_id="2", role_id="3")
DELETE = routes.DELETE_ROLE.at(guild_id="1", role_id="3")
POST = routes.CREATE_ROLE.at(guild_id="1")

BROKEN = Answer(502, {}, b"<html>bad gateway</html>")
TORN = Answer(200, {}, b'[{"id": "1')
RESET = Lost("connection reset")
REFUSED = NeverSent("connection refused")


def scripted(*results: Result | None) -> Server:
    """Return a server whose first answers are these, None and all later ones being good."""

    def script(_outgoing: Outgoing, nth: int) -> Result | None:
        return results[nth] if nth < len(results) else None

    return Server(lambda: Fixed(1, 1.0), unlimited, script=script)


def ask(server: Server, call: Call, **settings: float) -> object:
    async def main() -> object:
        return await Client(server, **settings).request(call)  # type: ignore[arg-type]  # deadline alone is passed

    return simulate(main)


@pytest.mark.parametrize("call", [GET, PUT, DELETE], ids=["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("failure", [BROKEN, TORN, RESET, REFUSED], ids=["502", "torn", "reset", "refused"])
def test_repeatable_request_succeeds_when_the_third_try_does(call: Call, failure: Result) -> None:
    server = scripted(failure, failure)

    ask(server, call)

    assert len(server.arrivals) == 3


@pytest.mark.parametrize(
    ("failure", "error"),
    [(BROKEN, ServerError), (TORN, UnexpectedAnswer), (RESET, AnswerLost), (REFUSED, Unreachable)],
    ids=["502", "torn", "reset", "refused"],
)
def test_repeatable_request_fails_by_meaning_when_three_tries_do(failure: Result, error: type[DiscordError]) -> None:
    server = scripted(failure, failure, failure)

    with pytest.raises(error):
        ask(server, GET)

    assert len(server.arrivals) == 3


@pytest.mark.parametrize(
    ("failure", "code"),
    [(BROKEN, "discord_error"), (TORN, "unexpected_answer"), (RESET, "unreachable")],
    ids=["502", "torn", "reset"],
)
def test_create_is_sent_once_when_it_may_have_been_done(failure: Result, code: str) -> None:
    server = scripted(failure)

    with pytest.raises(AnswerLost) as caught:
        ask(server, POST)

    assert (len(server.arrivals), caught.value.settled, caught.value.code) == (1, False, code)


def test_create_is_sent_again_when_it_never_left() -> None:
    server = scripted(REFUSED, REFUSED)

    ask(server, POST)

    assert len(server.arrivals) == 3


def test_create_that_never_left_is_settled_when_tries_run_out() -> None:
    with pytest.raises(Unreachable) as caught:
        ask(scripted(REFUSED, REFUSED, REFUSED), POST)

    assert caught.value.settled


def test_retry_is_left_out_when_the_deadline_is_nearer() -> None:
    server = scripted(BROKEN)

    with pytest.raises(ServerError):
        ask(server, GET, deadline=1000.2)

    assert len(server.arrivals) == 1


def test_retries_count_on_the_meter_of_who_asked() -> None:
    server = scripted(BROKEN, RESET)

    async def main() -> tuple[int, int]:
        client = Client(server)
        with metered() as meter:
            await client.request(GET)
        await client.request(GET)
        return meter.requests, client.requests_sent

    assert simulate(main) == (3, 4)


def crowd(server: Server, circuit: Circuit | None = None) -> list[object]:
    async def main() -> list[object]:
        client = Client(server, circuit=circuit, ceiling=Ceiling(2))
        calls = [client.request(GET, priority=(n,)) for n in range(50)]
        return await asyncio.gather(*calls, return_exceptions=True)

    return simulate(main)


def test_everything_stops_when_nothing_can_be_reached() -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited, script=lambda _o, _n: REFUSED)

    results = crowd(server)

    assert all(isinstance(result, DiscordError) and result.code == "unreachable" for result in results)
    assert len(server.arrivals) <= UNREACHABLE_IN_A_ROW + 2


def test_circuit_stays_closed_when_a_connection_comes_about_now_and_then() -> None:
    every_fifth: Callable[[Outgoing, int], Result | None] = lambda _o, nth: None if nth % 3 == 2 else REFUSED  # noqa: E731

    results = crowd(Server(lambda: Fixed(1, 1.0), unlimited, script=every_fifth), circuit := Circuit())

    assert circuit.broken is None
    assert not any(isinstance(result, Stopped) for result in results)


def test_everything_under_a_token_stops_when_it_is_refused() -> None:
    refused = Answer(401, {}, b'{"message": "401: Unauthorized", "code": 0}')
    server = Server(lambda: Fixed(1, 1.0), unlimited, script=lambda _o, _n: refused)

    results = crowd(server, circuit := Circuit())

    assert isinstance(results[0], Unauthorized)
    assert {result.code for result in results if isinstance(result, DiscordError)} == {"unauthorized"}
    assert len(server.arrivals) <= 2
    assert circuit.broken is None


def test_waiting_requests_stop_and_those_in_flight_are_answered_when_the_run_is_told_to_stop() -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited)

    async def main() -> list[object]:
        client = Client(server, ceiling=Ceiling(2))
        await client.request(GET)
        calls = [asyncio.ensure_future(client.request(GET, priority=(n,))) for n in range(5)]
        await asyncio.sleep(0.01)
        client.stop("SIGTERM")
        late = client.request(GET)
        return await asyncio.gather(*calls, late, return_exceptions=True)

    results = simulate(main)

    assert [type(result) for result in results] == [type(None)] * 2 + [Stopped] * 4
    assert len(server.arrivals) == 3
