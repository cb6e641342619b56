"""A source on loopback that answers as a test says, and the bookings that it holds."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple

STUDENT, COACH = "1300000000000000001", "1300000000000000002"


class Reply(NamedTuple):
    """One answer. `length`: what it says of its length, if that is not true."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    length: int | None = None


class Feed:
    """A server whose `reply` is given what was asked (path and headers), kept in `heard`."""

    def __init__(self, reply: Reply | Callable[[dict[str, str]], Reply]) -> None:
        self.reply = reply
        self.heard: list[tuple[str, dict[str, str]]] = []
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                feed.heard.append((self.path, headers))
                reply = feed.reply if isinstance(feed.reply, Reply) else feed.reply(headers | {":path": self.path})
                self.send_response(reply.status)
                length = len(reply.body) if reply.length is None else reply.length
                for name, value in ({"Content-Length": str(length)} | dict(reply.headers)).items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(ConnectionError):  # whoever asked may have had enough
                    self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Feed:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def entry(key: str, start: int, **fields: Any) -> dict[str, Any]:
    """Return a booking as a source has it."""
    own = {"_id": key, "status": "SCHEDULED", "scheduledDate": start, "duration": 60}
    return own | {"studentDiscordId": STUDENT, "coachDiscordId": COACH} | fields


def document(*entries: dict[str, Any]) -> bytes:
    """Return bookings as JSON."""
    return json.dumps(list(entries)).encode()
