"""One HTTP exchange with Discord, bounded by its own clock, its outcome told without doubt.

requests bounds neither name look-up nor an answer that drips, so each exchange runs in a daemon thread and is
given up when its time has passed, whatever it is doing. What came of it is one of three: a whole answer, a request
that never left, or one that did and whose answer is lost.

Owns headers, proxies, time and size limits. Knows nothing of Discord's limits or of what answers mean.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote, urlsplit

from urllib3.exceptions import HTTPError

from coachsync import __version__
from coachsync.discord.exchange import Answer, Lost, NeverSent, Outgoing, Result
from coachsync.discord.transport.connection import Adapter, Exchange, GivenUpError
from coachsync.discord.transport.lean import CaseInsensitiveDict, PreparedRequest, RequestException, get_environ_proxies
from coachsync.discord.transport.workers import Workers
from coachsync.domain.limits import LONGEST_REASON
from coachsync.domain.loopback import is_loopback
from coachsync.secrets import Token, redact

logger = logging.getLogger(__name__)

T = TypeVar("T")

USER_AGENT = f"DiscordBot (https://github.com/coachsync/coachsync, {__version__})"

_LARGEST_BODY = 32 * 1024 * 1024
_CHUNK = 256 * 1024


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

    `timeout` bounds one whole exchange, in seconds. To be made and used in the event loop's thread.
    """

    def __init__(self, base: str, *, timeout: float, connections: int) -> None:
        parts = urlsplit(base)
        self._base = base.rstrip("/")
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._workers = Workers(connections)
        self._adapter = Adapter(connections=connections, tls=parts.scheme == "https")
        loopback = is_loopback(parts.hostname or "")
        self._proxies: dict[str, str] = {} if loopback else dict(get_environ_proxies(base, no_proxy=None))

    def sender(self, token: Token) -> TokenSender:
        """Return what sends requests under `token`."""
        return TokenSender(self, token)

    def close(self) -> None:
        """Let go of idle threads and connections; exchanges in flight end by themselves."""
        self._workers.close()
        self._adapter.close()

    def start(self, request: PreparedRequest, label: str, done: Callable[[Result], None]) -> None:
        """Begin an exchange; `done` gets its result in the loop's thread, within the timeout."""
        exchange = Exchange()
        open_ = True

        def settle(result: Result) -> None:
            nonlocal open_
            if not open_:
                self._workers.returned()
                return
            open_ = False
            alarm.cancel()
            self._workers.finished()
            done(result)

        def give_up() -> None:
            nonlocal open_
            open_ = False
            never = exchange.abandon()
            self._workers.written_off()
            logger.debug("%s given up after %.1f s", label, self._timeout)
            why = f"no answer within {self._timeout:g} s"
            done(NeverSent(f"no connection within {self._timeout:g} s") if never else Lost(why))

        def job() -> None:
            try:
                result = self._exchange(request, exchange, label)
            except Exception as bug:  # noqa: BLE001 - raised where it is heard, in the loop's thread
                self._tell(_raise, bug, label)
            else:
                self._tell(settle, result, label)

        alarm = self._loop.call_later(self._timeout, give_up)
        self._workers.run(job)

    def _tell(self, callback: Callable[[T], None], value: T, label: str) -> None:
        """Call back in the loop's thread."""
        try:
            self._loop.call_soon_threadsafe(callback, value)
        except RuntimeError:  # the loop is closed: nobody waits any more
            logger.debug("%s came too late", label)

    def _exchange(self, request: PreparedRequest, exchange: Exchange, label: str) -> Result:
        exchange.run_here()
        began = time.monotonic()
        try:
            answer = self._send(request)
        except (RequestException, HTTPError, OSError, ValueError, GivenUpError) as error:
            why = _reason_of(error)
            logger.debug("%s failed: %s", label, why)
            return Lost(why) if exchange.sent else NeverSent(why)
        logger.debug("%s → %d in %.0f ms", label, answer.status, (time.monotonic() - began) * 1000)
        return answer

    def _send(self, request: PreparedRequest) -> Answer:
        response = self._adapter.send(request, stream=True, timeout=self._timeout, proxies=self._proxies)
        try:
            body = bytearray()
            for chunk in response.raw.stream(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise ValueError("the answer is too large to be Discord's")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, bytes(body))
        except BaseException:
            response.close()
            raise

    def url(self, path: str) -> str:
        """Return the whole address of `path`."""
        return self._base + path


class TokenSender:
    """Sends requests under one token. Satisfies `wire.Sender`."""

    def __init__(self, transport: Transport, token: Token) -> None:
        self._transport = transport
        self._token = token

    def start(self, outgoing: Outgoing, done: Callable[[Result], None]) -> None:
        """Begin an exchange; `done` gets its result in the loop's thread."""
        self._transport.start(self._prepare(outgoing), str(outgoing.call.route), done)

    def _prepare(self, outgoing: Outgoing) -> PreparedRequest:
        """Build the request by hand: nothing is guessed from the environment, nothing is taken over from before."""
        request = PreparedRequest()
        request.method = outgoing.call.route.method
        request.url = self._transport.url(outgoing.call.path)
        request.headers = CaseInsensitiveDict(self._headers(outgoing))
        request.body = outgoing.body
        request._cookies = None  # type: ignore[attr-defined]  # what requests itself would set
        return request

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
            headers["Content-Length"] = str(len(outgoing.body))
        elif outgoing.call.route.method in ("PUT", "POST"):
            headers["Content-Length"] = "0"
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
