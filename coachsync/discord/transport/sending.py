"""One HTTP exchange with Discord, bounded by its own clock, its outcome certain.

requests bounds neither name look-up nor an answer that drips, so each exchange runs in a daemon thread and is
abandoned when its time has passed, whatever it is doing. What came of it is one of three: a whole answer, a request
that never left, or one that did and whose answer is lost.

Owns headers, proxies, time and size limits. Knows nothing of Discord's limits or of what answers mean.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from math import inf
from typing import TypeVar
from urllib.parse import quote, urlsplit

from requests import Request, RequestException
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError

from coachsync import __version__
from coachsync.discord.exchange import Answer, Lost, NeverSent, Outgoing, Result
from coachsync.discord.transport.connection import AbandonedError, Adapter, Exchange
from coachsync.discord.transport.surroundings import surroundings, tls_context
from coachsync.discord.transport.workers import Workers
from coachsync.domain.limits import LONGEST_REASON
from coachsync.secrets import Token, redact

logger = logging.getLogger(__name__)

T = TypeVar("T")

USER_AGENT = f"DiscordBot (https://github.com/coachsync/coachsync, {__version__})"

_LARGEST_BODY = 8 * 1024 * 1024  # 500 channels with 180 overwrites each
_TOO_LARGE = b"too large to be Discord's"  # no JSON: whoever reads it says so
_CHUNK = 256 * 1024
_JUST_USED_S = 1.0
"""A create goes over no connection that was idle for longer: it may be dead, and a create is not sent twice."""
_DOUBT_S = 10.0
"""No connection is used again for so long after one died under a request that was not its first."""


def encoded_reason(reason: str) -> str:
    """Percent-encode an audit-log reason, cut so that the header stays within Discord's limit.

    Source: discord-api-docs resources/audit-log.mdx.
    """
    text = quote(reason.strip()[:LONGEST_REASON], safe=" /", errors="replace")
    while len(text) > LONGEST_REASON:
        reason = reason[: max(len(reason) - 1 - (len(text) - LONGEST_REASON) // 12, 0)].strip()
        text = quote(reason, safe=" /", errors="replace")
    return text


class Transport:
    """The way to one API base: connections kept alive, threads reused. Shared by all tokens.

    To be made and used in the event loop's thread.

    Args:
        base: the API's base address.
        timeout: seconds, for one whole exchange.
        connections: the most exchanges at once.
        adapter: what requests sends by, if it is not to be the network.

    Raises:
        EnvironmentalError: the environment's words about the way make no sense.
    """

    def __init__(self, base: str, *, timeout: float, connections: int, adapter: BaseAdapter | None = None) -> None:
        self._base = base.rstrip("/")
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._workers = Workers(connections)
        self._reuse_failed_at: float | None = None
        self._proxies, bundle = surroundings(base)
        self._adapter = adapter or Adapter(
            connections=connections, context=tls_context(bundle) if urlsplit(base).scheme == "https" else None
        )

    def sender(self, token: Token) -> TokenSender:
        """Return what sends requests under `token`."""
        return TokenSender(self, token)

    def close(self) -> None:
        """Let go of idle threads and connections; exchanges in flight end by themselves."""
        self._workers.close()
        self._adapter.close()

    def start(self, request: Request, label: str, done: Callable[[Result], None], *, once: bool = False) -> None:
        """Begin an exchange; `done` gets its result in the loop's thread, within the timeout.

        `once`: the request must not be sent again if its answer is lost, so that it needs a connection that is alive.
        """
        exchange = Exchange(self._most_idle(once=once))
        open_ = True

        def settle(result: Result) -> None:
            nonlocal open_
            if not open_:
                self._workers.returned()
                return
            open_ = False
            alarm.cancel()
            self._workers.finished()
            if exchange.reused and isinstance(result, Lost):
                self._reuse_failed_at = self._loop.time()
            done(result)

        def abandon() -> None:
            nonlocal open_
            open_ = False
            never = exchange.abandon()
            self._workers.written_off()
            logger.debug("%s abandoned after %.1f s", label, self._timeout)
            why = f"no answer within {self._timeout:g} s"
            done(NeverSent(f"no connection within {self._timeout:g} s") if never else Lost(why))

        def job() -> None:
            try:
                result = self._exchange(request, exchange, label)
            except Exception as bug:  # noqa: BLE001 - raised again in the loop's thread, where it is heard
                self._call_back(_raise, bug, label)
            else:
                self._call_back(settle, result, label)

        alarm = self._loop.call_later(self._timeout, abandon)
        self._workers.run(job)

    def _most_idle(self, *, once: bool) -> float | None:
        """Return the seconds that a connection may have been idle to be used again; None: none is used again."""
        failed_at = self._reuse_failed_at
        if failed_at is not None and (once or self._loop.time() - failed_at < _DOUBT_S):
            return None
        return _JUST_USED_S if once else inf

    def _call_back(self, callback: Callable[[T], None], value: T, label: str) -> None:
        """Call `callback` in the loop's thread."""
        try:
            self._loop.call_soon_threadsafe(callback, value)
        except RuntimeError:  # the loop is closed: nobody waits any more
            logger.debug("%s came too late", label)

    def _exchange(self, request: Request, exchange: Exchange, label: str) -> Result:
        exchange.run_here()
        began = time.monotonic()
        try:
            answer = self._send(request, exchange)
        except (RequestException, HTTPError, OSError, ValueError, AbandonedError) as error:
            why = _reason_of(error)
            logger.debug("%s failed: %s", label, why)
            return Lost(why) if exchange.sent else NeverSent(why)
        logger.debug("%s → %d in %.0f ms", label, answer.status, (time.monotonic() - began) * 1000)
        return answer

    def _send(self, request: Request, exchange: Exchange) -> Answer:
        """Send a request and read its answer to the end. `Request.prepare` takes nothing from the environment."""
        prepared = request.prepare()
        response = self._adapter.send(prepared, stream=True, timeout=self._timeout, proxies=self._proxies)
        exchange.claim()  # an answer proves it, whatever the adapter
        try:
            body = bytearray()
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > _LARGEST_BODY:
                    body = bytearray(_TOO_LARGE)
                    response.close()
                    break
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, bytes(body))
        except BaseException:
            response.close()
            raise

    def url(self, path: str) -> str:
        """Return the whole address of `path`."""
        return self._base + path


class TokenSender:
    """Sends requests under one token. Satisfies `exchange.Sender`."""

    def __init__(self, transport: Transport, token: Token) -> None:
        self._transport = transport
        self._token = token

    def start(self, outgoing: Outgoing, done: Callable[[Result], None]) -> None:
        """Begin an exchange; `done` gets its result in the loop's thread."""
        route = outgoing.call.route
        self._transport.start(self._request(outgoing), str(route), done, once=not route.safe_to_repeat)

    def _request(self, outgoing: Outgoing) -> Request:
        url = self._transport.url(outgoing.call.path)
        return Request(outgoing.call.route.method, url, headers=self._headers(outgoing), data=outgoing.body)

    def _headers(self, outgoing: Outgoing) -> dict[str, str]:
        headers = {
            "Authorization": f"Bot {self._token.reveal()}",
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
        }
        if outgoing.body is not None:
            headers["Content-Type"] = "application/json"
        if outgoing.reason:
            headers["X-Audit-Log-Reason"] = encoded_reason(outgoing.reason)
        return headers


def _raise(bug: Exception) -> None:
    raise bug


def _reason_of(error: Exception) -> str:
    """Say in one line what broke, in the innermost cause's words."""
    cause: BaseException = error
    for _ in range(5):
        inner = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        if not isinstance(inner, BaseException):
            break
        cause = inner
    text = redact(" ".join(str(cause).split()), foreign=True)  # before it is cut, or half a token might be left
    return text.split("): ", 1)[-1][:200] or type(cause).__name__
