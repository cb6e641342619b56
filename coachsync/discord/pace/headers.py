"""Discord's rate-limit headers and 429 bodies, read into numbers.

Owns the spelling of the headers and the distrust of their values. Pure: whoever reads an answer passes in the
local time for servers that send X-RateLimit-Reset without Reset-After.

Source: https://docs.discord.com/developers/topics/rate-limits
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple


class Reading(NamedTuple):
    """What one answer says about limits. Durations are seconds; None if it says nothing.

    `teaches` is False for answers that a proxy or a failing backend may have given: their silence means nothing.
    `retry_after` is set for a 429 alone: the longest wait that the answer names, a second if it names none.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_after: float | None = None
    hash: str | None = None
    refused: bool = False
    retry_after: float | None = None
    scope: str = ""
    teaches: bool = False

    @property
    def counts(self) -> bool:
        """Return whether the answer describes a bucket."""
        return self.limit is not None and self.remaining is not None and self.reset_after is not None


_MOST_DIGITS = 9
_LONGEST_WAIT = 7 * 86_400.0  # Discord's longest window is one of two days
_UNSAID = 1.0
"""The wait in seconds if a refusal names none that makes sense. Source: https://github.com/Rapptz/discord.py/issues/2544"""
_TEACHING = frozenset({200, 201, 202, 204, 404})


def read_limits(status: int, headers: Mapping[str, str], body: object, now_s: float) -> Reading:
    """Read an answer. `headers` have lower-case names, `body` is the decoded JSON, `now_s` seconds since 1970."""
    reset_after = _reset_after(headers, now_s)
    reading = Reading(
        limit=_whole(headers.get("x-ratelimit-limit")),
        remaining=_whole(headers.get("x-ratelimit-remaining")),
        reset_after=reset_after,
        hash=headers.get("x-ratelimit-bucket") or None,
        teaches=status in _TEACHING,
    )
    if status != 429:
        return reading
    scope = _scope(headers, body)
    waits = [_seconds(headers.get("retry-after")), _body_wait(body)]
    stated = [wait for wait in waits if wait is not None and wait <= _LONGEST_WAIT]
    if scope != "global" and reset_after is not None and reset_after <= _LONGEST_WAIT:
        stated.append(reset_after)
    return reading._replace(refused=True, retry_after=max(stated, default=_UNSAID), scope=scope)


def _reset_after(headers: Mapping[str, str], now_s: float) -> float | None:
    after = _seconds(headers.get("x-ratelimit-reset-after"))
    if after is not None:
        return after
    at = _seconds(headers.get("x-ratelimit-reset"))
    return None if at is None else max(at - now_s, 0.0)


def _scope(headers: Mapping[str, str], body: object) -> str:
    if headers.get("x-ratelimit-global", "").lower() == "true":
        return "global"
    if isinstance(body, dict) and body.get("global") is True:
        return "global"
    scope = headers.get("x-ratelimit-scope", "").lower()
    return scope if scope in ("global", "shared") else "user"


def _body_wait(body: object) -> float | None:
    value = body.get("retry_after") if isinstance(body, dict) else None
    return None if isinstance(value, bool) or not isinstance(value, (int, float, str)) else _seconds(value)


def _seconds(value: float | str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _whole(value: str | None) -> int | None:
    if value is None or not value.isascii() or not value.isdigit() or len(value) > _MOST_DIGITS:
        return None
    return int(value)
