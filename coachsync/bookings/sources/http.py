"""A source at an address: one GET, bounded in time and size, that asks only for what is new.

The token goes to the host that the configuration names and to no other; a redirect elsewhere is followed without it.
Source: RFC 9110 sections 13.1 (If-None-Match, If-Modified-Since), 15.4 (redirects) and 10.2.3 (Retry-After).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.exceptions import ConnectionError as NotConnectedError
from requests.exceptions import ProxyError, SSLError, Timeout

from coachsync.bookings.sources.answer import LARGEST, PullError, SourceAnswer, Validators, too_large, too_slow
from coachsync.domain.loopback import is_loopback
from coachsync.secrets import Token, redact

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_WAIT_S = 3600.0
_PORTS = {"https": 443, "http": 80}
_ACCEPT = {
    "ics": "text/calendar, */*;q=0.5",
    "json": "application/json, */*;q=0.5",
    "jsonl": "application/x-ndjson, application/json;q=0.9, */*;q=0.5",
    "csv": "text/csv, */*;q=0.5",
}


def ask(
    address: str,
    form: str,
    token: Token | None,
    asked: Validators,
    timeout_s: float,
    agent: str,
    more: Mapping[str, str] = {},
) -> SourceAnswer:
    """Return what an address answers within a time, in seconds; `more` are further headers. Raises PullError."""
    until = time.monotonic() + timeout_s
    headers = {"Accept": _ACCEPT.get(form, "*/*"), "User-Agent": agent, **more}
    if asked.etag:
        headers["If-None-Match"] = asked.etag
    if asked.modified:
        headers["If-Modified-Since"] = asked.modified
    first = here = urlsplit(_as_https(address))
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            own = token if _origin(here) == _origin(first) else None
            with _get(here, headers, own, until - time.monotonic()) as response:
                if response.status_code not in _REDIRECTS:
                    return _answer(response, first, until, timeout_s)
                here = _next(here, response)
    except (requests.RequestException, OSError, ValueError) as problem:
        raise _unreachable(problem, first, timeout_s) from None
    raise PullError(f"{first.hostname} redirects more than {_MOST_REDIRECTS} times", "correct its url")


def _as_https(address: str) -> str:
    """Return the address itself: calendars write https as webcal, too."""
    return "https" + address.removeprefix("webcal") if address.startswith("webcal://") else address


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


class _Bearer(requests.auth.AuthBase):
    """Send this token and nothing else: without it a `.netrc` would add a user name."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


def _get(parts: SplitResult, headers: dict[str, str], token: Token | None, left_s: float) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = not is_loopback(parts.hostname or "")  # loopback never goes through a proxy
        return session.get(
            parts._replace(fragment="").geturl(),
            headers=headers,
            auth=_Bearer(token),
            timeout=max(0.001, left_s),
            allow_redirects=False,
            stream=True,
        )


def _next(here: SplitResult, response: requests.Response) -> SplitResult:
    """Return where a redirect leads. Raises PullError if nobody may follow it there."""
    there = urlsplit(urljoin(here.geturl(), response.headers.get("Location", "")))
    host = there.hostname or ""
    local = is_loopback(here.hostname or "")
    if there.scheme not in _PORTS or not host or "@" in there.netloc or not response.headers.get("Location"):
        raise PullError(f"{here.hostname} redirects to no address of the web", "correct its url")
    if there.scheme == "http" and not (local and is_loopback(host)):
        raise PullError(f"{here.hostname} redirects to {host} without TLS", "name an https address as its url")
    if is_loopback(host) and not local:
        raise PullError(f"{here.hostname} redirects to this very host", "correct its url")
    return there


def _answer(response: requests.Response, first: SplitResult, until: float, timeout_s: float) -> SourceAnswer:
    status = response.status_code
    etag, modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
    if status == 304:
        return SourceAnswer(b"", etag, modified, unchanged=True)
    if status != 200:
        raise _refused(response, first.hostname or "")
    content = bytearray()
    for piece in response.iter_content(1 << 16):
        content += piece
        if len(content) > LARGEST:
            raise too_large()
        if time.monotonic() > until:
            raise too_slow(timeout_s)
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        hint = "look at the address in a browser: it may ask to log in, or be the page instead of the file"
        raise PullError(f"{first.hostname} answers with a web page", hint)
    return SourceAnswer(bytes(content), etag, modified)


def _refused(response: requests.Response, host: str) -> PullError:
    """Return what an answer means that brings no document."""
    status = response.status_code
    wait = min(max(_retry_after(response.headers.get("Retry-After", "")), 0.0), _LONGEST_WAIT_S)
    if status in (401, 403, 407):
        return PullError(
            f"{host} answers {status}: it refuses the secret, or wants one", "correct its token_file or url"
        )
    if status in (404, 410):
        return PullError(f"{host} answers {status}: nothing is there", "correct its url")
    if status == 429:
        return PullError(f"{host} answers 429: it is asked too often", "raise its `every`", wait)
    if status >= 500:
        return PullError(
            f"{host} answers {status}: it is out of order", "nothing if it passes; else ask whoever runs it", wait
        )
    return PullError(f"{host} answers {status}", "correct its url", wait)


def _retry_after(text: str) -> float:
    """Return for how many seconds one should wait: a number of them, or a date."""
    if text.strip().isascii() and text.strip().isdigit() and len(text.strip()) < 10:
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, AttributeError):
        return 0.0


def _unreachable(problem: Exception, first: SplitResult, timeout_s: float) -> PullError:
    """Return why nobody answered, in plain words: an error's own text holds the address, which may be a secret."""
    host = first.hostname
    if isinstance(problem, SSLError):
        return PullError(f"the certificate of {host} is not trusted, or it speaks no TLS", "correct its url")
    if isinstance(problem, ProxyError):
        return PullError("the proxy that the environment names cannot be used", "correct $HTTPS_PROXY")
    if isinstance(problem, Timeout) or "timed out" in str(problem).lower():
        return too_slow(timeout_s)
    if isinstance(problem, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return PullError(
            f"the answer of {host} broke off, or is damaged", "nothing if it passes; else ask whoever runs it"
        )
    if isinstance(problem, NotConnectedError):
        return PullError(
            f"{host} cannot be reached, or ended the connection", "correct its url, or see whether it is up"
        )
    if isinstance(problem, OSError) and not isinstance(problem, requests.RequestException):
        return PullError(f"{host} cannot be asked: {redact(str(problem), foreign=True)[:200]}", "mend what it names")
    return PullError(f"{host} cannot be asked: {type(problem).__name__}", "correct its url")
