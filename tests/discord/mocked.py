"""requests with the network taken out: the transport sends by a requests-mock adapter, and all above it is real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import requests_mock

from coachsync import waits
from coachsync.discord.client import Client
from coachsync.discord.exchange import Outgoing, Result
from coachsync.discord.routes import Call
from coachsync.discord.transport.sending import Transport
from coachsync.secrets import Token

TOKEN = "MTQwMDAwMDAwMDAwMDAwMDAwMA.MoCkEd.mocked-secret-of-this-test-alone"
BASE = "https://discord.test/api/v10"

T = TypeVar("T")


def _within(adapter: requests_mock.Adapter, base: str, work: Callable[[Transport], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        transport = Transport(base, timeout=5.0, connections=2, adapter=adapter)
        try:
            return await work(transport)
        finally:
            transport.close()

    return asyncio.run(main())


def exchanged(
    adapter: requests_mock.Adapter, call: Call, *, base: str = BASE, body: bytes | None = None, reason: str = ""
) -> Result:
    """Return what one exchange came to."""

    async def work(transport: Transport) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        transport.sender(Token(TOKEN)).start(Outgoing(call, body, reason), future.set_result)
        return await future

    return _within(adapter, base, work)


def asked(adapter: requests_mock.Adapter, call: Call, *, body: object = None) -> object:
    """Return what the client makes of one request, its tries and refusals included."""

    async def work(transport: Transport) -> object:
        return await Client(transport.sender(Token(TOKEN))).request(call, body=body)

    with waits.hurried():
        return _within(adapter, BASE, work)
