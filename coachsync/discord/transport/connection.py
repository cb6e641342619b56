"""Connections that know whether a request has left the house.

An exchange may be given up while it is still looking up a name or shaking hands. Whether its request was sent then
decides if a create may be tried again, so it must not be a guess: the connection asks its `Exchange` before
the first byte of a request, and one that was given up in time never sends it.

Also owns what of requests' adapter is used: no session, hence no cookies, no redirects and no .netrc.
"""

from __future__ import annotations

import os
import ssl
import threading
from http.client import HTTPConnection as StdlibConnection
from typing import TYPE_CHECKING, Any

from certifi import where
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from coachsync.discord.transport.lean import HTTPAdapter

if TYPE_CHECKING:
    from urllib3.poolmanager import PoolManager

_thread = threading.local()


class GivenUpError(Exception):
    """The exchange was abandoned before its request was sent."""


class Exchange:
    """One request's way out: sent or abandoned, whichever comes first, and never both."""

    __slots__ = ("_lock", "_state")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = ""

    def claim(self) -> None:
        """Mark the request as sent.

        Raises:
            GivenUpError: nobody waits for it any more.
        """
        with self._lock:
            if self._state == "abandoned":
                raise GivenUpError
            self._state = "sent"

    def abandon(self) -> bool:
        """Give the exchange up; True where its request has not been sent and never will be."""
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


class _Claiming:
    """Claims the thread's exchange before the first byte that is not part of connecting."""

    _connecting = False

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]  # a mix-in before urllib3's connections
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if not self._connecting:
            assert isinstance(self, StdlibConnection)
            if self.sock is None:
                self.connect()
            _thread.exchange.claim()
        super().send(data)  # type: ignore[misc]  # as above


class _PlainConnection(_Claiming, HTTPConnection):
    pass


class _TlsConnection(_Claiming, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class Adapter(HTTPAdapter):
    """requests' adapter with claiming connections and one TLS context for all of them."""

    def __init__(self, *, connections: int, tls: bool) -> None:
        self._context = _tls_context() if tls else None
        super().__init__(pool_connections=4, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the pool as it is: its context has the certificates loaded, once for all connections."""
        if self._context is not None:
            conn.cert_reqs = "CERT_REQUIRED"
        else:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # not in the stubs


def _tls_context() -> ssl.SSLContext:
    context = create_urllib3_context()
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or where()
    if os.path.isdir(bundle):
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context
