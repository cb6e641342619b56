"""HTTP/1.1 on one socket: reads requests, writes answers whole, cut, dripping or not at all.

Written by hand rather than on `http.server` because a stand-in has to break connections in exact ways and to
answer hundreds of requests a second beside the program it serves.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable

from coachsync.standin.answers import REASONS, Reply
from coachsync.standin.clock import Millis, http_date
from coachsync.standin.core import Raw

_MAX_HEAD = 65_536
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: <https://discord.com>; rel=preconnect\r\n\r\n"
_DROP_AT_ONCE = struct.pack("ii", 1, 0)


class Wire:
    """One client's connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._rest = b""
        self.busy = False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> Raw | None:
        """Wait for the next request; None when the client has gone or speaks no HTTP."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        start = lines[0].split(" ")
        if len(start) != 3:
            return None
        headers = _headers(lines[1:])
        if headers.get("expect", "").lower() == "100-continue":
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._exactly(int(headers.get("content-length") or 0))
        return None if body is None else Raw(start[0], start[1], headers, body)

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._rest:
            if len(self._rest) > _MAX_HEAD or not self._more():
                return None
        head, _, self._rest = self._rest.partition(mark)
        self.busy = True
        return head

    def _exactly(self, size: int) -> bytes | None:
        while len(self._rest) < size:
            if not self._more():
                return None
        body, self._rest = self._rest[:size], self._rest[size:]
        return body

    def _more(self) -> bool:
        got = self._sock.recv(65_536)
        self._rest += got
        return bool(got)

    def gone(self) -> bool:
        """Whether the client has closed its end."""
        try:
            readable, _, _ = select.select([self._sock], [], [], 0)
            return bool(readable) and not self._sock.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def write(self, reply: Reply, now: Millis, last: bool, stop: Callable[[], bool]) -> bool:
        """Send an answer in its manner; tell whether the connection goes on.

        Args:
            reply: the answer.
            now: the world's time, for the `Date` header.
            last: whether to say that the connection closes.
            stop: asked between the bytes of a drip; true ends it.
        """
        if reply.manner == "reset":
            self.drop()
            return False
        head = (EARLY_HINTS if reply.early_hints else b"") + _head(reply, now, last)
        if reply.manner == "drip":
            return self._drip(head, reply, stop) and not last
        if reply.manner == "cut":
            self._sock.sendall(head + reply.body[: len(reply.body) // 2])
            return False
        self._sock.sendall(head + reply.body)
        return not last

    def _drip(self, head: bytes, reply: Reply, stop: Callable[[], bool]) -> bool:
        """Send byte by byte: the body, or the head's last lines where there is no body."""
        whole = head + reply.body
        at_once = len(head) if reply.body else head.index(b"\r\n") + 2
        self._sock.sendall(whole[:at_once])
        for n in range(at_once, len(whole)):
            if stop() or self.gone():
                return False
            time.sleep(reply.interval)
            self._sock.sendall(whole[n : n + 1])
        return True

    def drop(self) -> None:
        """Break the connection so that the client sees a reset."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_AT_ONCE)
            self._sock.close()
        except OSError:
            return

    def hang_up(self) -> None:
        """Close the connection in order; also wakes a thread that reads from it."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Give the socket back."""
        self._sock.close()


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _head(reply: Reply, now: Millis, last: bool) -> bytes:
    headers = {
        "Date": http_date(now + int(reply.date_offset * 1000)),
        "Via": "1.1 google",
        "Server": "cloudflare",
        **reply.headers,
    }
    if reply.status != 204:
        headers["Content-Length"] = str(len(reply.body))
    if last or reply.manner == "cut":
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
