"""Connections that know whether a request has left the host.

An exchange may be abandoned while it is still looking up a name or shaking hands. Whether its request was sent then
decides if a create may be tried again, so it must not be a guess: the connection asks its `Exchange` between
connecting and the first byte of the request, and one that was abandoned in time never sends it.

Built from what requests and urllib3 document for this: an `HTTPAdapter` whose pools make connections of ours. The
adapter is used without a session, hence without cookies, redirects and .netrc.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPResponse
from math import inf
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_thread = threading.local()


class AbandonedError(Exception):
    """The exchange was abandoned before its request was sent."""


class Exchange:
    """One request's way out: sent or abandoned, whichever comes first, and never both.

    `most_idle`: seconds since its last answer after which a connection is not used again; None: none is used again.
    `reused` says whether the request went over a connection that had served another.
    """

    __slots__ = ("_lock", "_state", "most_idle", "reused")

    def __init__(self, most_idle: float | None = inf) -> None:
        self.most_idle = most_idle
        self.reused = False
        self._lock = threading.Lock()
        self._state = ""

    def claim(self) -> None:
        """Mark the request as sent.

        Raises:
            AbandonedError: nobody waits for it any more.
        """
        with self._lock:
            if self._state == "abandoned":
                raise AbandonedError
            self._state = "sent"

    def abandon(self) -> bool:
        """Abandon the exchange; return whether its request has not been sent, and so never will be."""
        with self._lock:
            if self._state == "sent":
                return False
            self._state = "abandoned"
            return True

    @property
    def sent(self) -> bool:
        """Return whether the request may have reached the server."""
        return self._state == "sent"

    def run_here(self) -> None:
        """Make this the exchange that the current thread's connections answer to."""
        _thread.exchange = self


class _Response(HTTPResponse):
    """An answer, once it has come: what a server says before it (1xx, such as 103 Early Hints) is skipped."""

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first line was read
            super().begin()


class _Connection(HTTPConnection):
    """What both kinds of connections have of ours."""

    response_class = _Response
    _answered_at: float | None = None

    @property
    def is_connected(self) -> bool:
        """Return whether the current exchange may use this connection; urllib3 closes it and connects anew if not."""
        most = _thread.exchange.most_idle
        fresh = self._answered_at is None or (most is not None and time.monotonic() - self._answered_at <= most)
        return fresh and super().is_connected

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Connect first, if that is still to be done: what fails until then was never sent."""
        exchange: Exchange = _thread.exchange
        exchange.reused = self.sock is not None and self._answered_at is not None
        if self.sock is None:
            _connect(self)
        exchange.claim()
        super().request(*args, **kwargs)

    def getresponse(self) -> Any:
        """Note when the answer began."""
        response = super().getresponse()
        self._answered_at = time.monotonic()
        return response

    def close(self) -> None:
        """Close; connected anew, it is as good as new."""
        self._answered_at = None
        super().close()


class _PlainConnection(_Connection):
    pass


class _TlsConnection(_Connection, HTTPSConnection):
    pass


def _connect(connection: HTTPConnection) -> None:
    """Connect, each address of the host with its share of the time: urllib3 gives the whole of it to the first."""
    whole = connection.timeout
    assert isinstance(whole, int | float)  # seconds, as every exchange has
    connection.timeout = whole / _addresses(connection)
    try:
        connection.connect()
    finally:
        connection.timeout = whole
    connection.sock.settimeout(whole)


def _addresses(connection: HTTPConnection) -> int:
    """Return how many addresses the host has that is connected to, a proxy's if there is one; 1 if nobody knows."""
    with suppress(OSError, UnicodeError):  # `connect` comes upon the same, and says so in urllib3's words
        return len(socket.getaddrinfo(connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)) or 1
    return 1


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class Adapter(HTTPAdapter):
    """requests' adapter with claiming connections and one TLS context for all of them.

    Args:
        connections: the most that are kept open to one host.
        context: for TLS; None for an address without.
    """

    def __init__(self, *, connections: int, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the pool as it is: its context has the certificates loaded, once for all connections."""
        if self._context is not None:
            conn.cert_reqs = "CERT_REQUIRED"
        else:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # not in the stubs
