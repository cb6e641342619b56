"""A bare TCP server for misbehaving as no HTTP library would, and exchanges with it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coachsync.discord.exchange import Outgoing, Result
from coachsync.discord.routes import Call
from coachsync.discord.transport.sending import Transport
from coachsync.secrets import Token

TOKEN = "loopback.test.token"
Handler = Callable[[socket.socket, bytes], None]


class Listener:
    """Gives every connection to `handler`, request by request; `requests` keeps what arrived."""

    def __init__(self, handler: Handler) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._handler = handler
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def base(self) -> str:
        """The address to point a transport at."""
        return f"http://127.0.0.1:{self.port}/api/v10"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while request := _whole_message(connection):
                self.requests.append(request)
                try:
                    self._handler(connection, request)
                except OSError:
                    return

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


def _whole_message(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            part = connection.recv(65536)
        except OSError:
            return b""
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            missing = int(line.split(b":")[1]) - len(body)
            while missing > 0:
                part = connection.recv(missing)
                data, missing = data + part, missing - len(part)
    return data


@contextmanager
def listening(handler: Handler) -> Iterator[Listener]:
    """Run a server while the block runs."""
    listener = Listener(handler)
    try:
        yield listener
    finally:
        listener.close()


def answering(head: str, body: bytes = b"") -> Handler:
    """Return a handler that always gives this answer; `head` is the status line and headers."""
    text = head.replace("\n", "\r\n") + f"\r\nContent-Length: {len(body)}\r\n\r\n"
    return lambda connection, _request: connection.sendall(text.encode() + body)


def only_once(handler: Handler) -> Handler:
    """Return a handler under which each connection dies at its second request."""
    served: list[socket.socket] = []

    def handle(connection: socket.socket, request: bytes) -> None:
        if any(known is connection for known in served):
            raise OSError
        served.append(connection)
        handler(connection, request)

    return handle


def forwarding(port: int) -> Handler:
    """Return a handler that asks the server at a port of this host, over a connection for each request."""

    def handle(connection: socket.socket, request: bytes) -> None:
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(request)
            connection.sendall(_whole_message(other))

    return handle


def exchange(
    base: str, *calls: Call, timeout: float = 2.0, body: bytes | None = None, reason: str = ""
) -> list[Result]:
    """Send the calls one after the other and return what came of them."""

    async def one(transport: Transport, call: Call) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        transport.sender(Token(TOKEN)).start(Outgoing(call, body, reason), future.set_result)
        return await future

    async def main() -> list[Result]:
        transport = Transport(base, timeout=timeout, connections=4)
        try:
            return [await one(transport, call) for call in calls]
        finally:
            transport.close()

    return asyncio.run(main())


def timed(base: str, call: Call, timeout: float) -> tuple[Result, float]:
    """Send one call and return what came of it, and how many seconds that took."""
    began = time.monotonic()
    (result,) = exchange(base, call, timeout=timeout)
    return result, time.monotonic() - began
