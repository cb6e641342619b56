"""The heartbeat: an address that hears of every run, by healthchecks' convention (<https://healthchecks.io/docs>).

One POST after a run: to the address itself if it went well, with `/EXIT` behind it if it did not; `?rid=` joins it to
the run's `/start`. A server that hangs, drips or lies costs five seconds and a warning, never the run's exit status.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from coachsync.config.settings import HeartbeatSettings
from coachsync.config.values import on_this_host
from coachsync.domain.model import Warn
from coachsync.errors import LOCKED, OK

if TYPE_CHECKING:
    from requests import PreparedRequest

HEARTBEAT_FAILED = "heartbeat_failed"
_WITHIN_S = 5.0
_MOST = 10_000  # bytes of a body


class Heartbeat:
    """One run's heartbeat."""

    def __init__(self, settings: HeartbeatSettings, rid: str) -> None:
        self._settings = settings
        self._rid = rid
        self._begun: _Ping | None = None

    def begin(self) -> None:
        """Say that the run begins if that is wanted; nothing waits for the answer."""
        if self._settings.start:
            self._begun = _Ping(self._address("start"), b"")

    def end(self, exit_code: int, body: str) -> Warn | None:
        """Say how the run ended; return what went wrong with that."""
        if self._begun is not None:
            self._begun.wait()  # it must not overtake the start
        if exit_code == LOCKED:  # the run that holds the lock speaks for itself
            return None
        told = exit_code if exit_code >= self._settings.fail_on else OK
        ping = _Ping(self._address(str(told) if told != OK else ""), _short(body))
        problem = ping.wait()
        if problem is None:
            return None
        host = urlsplit(self._settings.url or "").hostname  # the rest of the address is as good as a password
        return Warn(HEARTBEAT_FAILED, None, f"the heartbeat to {host} failed: {problem}")

    def _address(self, last: str) -> str:
        parts = urlsplit(self._settings.url or "")
        path = parts.path.rstrip("/") + (f"/{last}" if last else "")
        query = "&".join(filter(None, (parts.query, urlencode({"rid": self._rid}))))
        return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


class _Ping:
    """One POST, sent from a thread of its own: nothing else bounds a name look-up, or an answer that drips."""

    def __init__(self, address: str, body: bytes) -> None:
        self._address = address
        self._body = body
        self._problem: str | None = f"no answer within {_WITHIN_S:.0f} s"
        self._until = time.monotonic() + _WITHIN_S
        self._thread = threading.Thread(target=self._send, name="coachsync-heartbeat", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # no thread can be started
            self._problem = str(error)

    def wait(self) -> str | None:
        """Return what went wrong, None if nothing did, as soon as that is known and in time."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, self._until - time.monotonic()))
        return self._problem

    def _send(self) -> None:
        import requests

        try:
            with requests.Session() as session:
                session.trust_env = not on_this_host(self._address)  # loopback never goes through a proxy
                with session.post(
                    self._address,
                    data=self._body,
                    headers={"Content-Type": "text/plain; charset=utf-8"},
                    auth=_nobody,
                    timeout=_WITHIN_S,
                    allow_redirects=False,
                    stream=True,  # what the answer holds is nobody's business here
                ) as answer:
                    self._problem = None if answer.ok and answer.status_code < 300 else f"HTTP {answer.status_code}"
        except (requests.RequestException, OSError, ValueError) as error:
            self._problem = _why(error)


def _short(body: str) -> bytes:
    """Return a text as it is sent, cut between two letters if it is too long."""
    return body.encode("utf-8", "replace")[:_MOST].decode("utf-8", "ignore").encode()


def _nobody(request: PreparedRequest) -> PreparedRequest:
    """Send no user name: without this a `.netrc` would add one."""
    return request


def _why(error: Exception) -> str:
    """Return an error's kind in plain words: its own text holds the address."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted, or it does not speak TLS"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {_WITHIN_S:.0f} s"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy that the environment names cannot be used"
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached, or ended the connection"
    return type(error).__name__
