"""Rate limits of the stand-in: buckets, their headers and the 429s, and who sent before a wait was over.

A bucket is what requests of some routes share for one bot and one major parameter. Its hash leaves the parameter
out, as Discord's does. Time is monotonic seconds, given by the caller.

Source: https://docs.discord.com/developers/topics/rate-limits
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from coachsync.standin.answers import Reply, rate_limited
from coachsync.standin.clock import Millis
from coachsync.standin.log import Request
from coachsync.standin.windows import KINDS, Taken, Window

RouteKey = tuple[str, str]

ROLES = "/guilds/{guild_id}/roles"
MEMBER = "/guilds/{guild_id}/members/{user_id}"
MEMBER_ROLE = MEMBER + "/roles/{role_id}"
CHANNEL = "/channels/{channel_id}"
OVERWRITE = CHANNEL + "/permissions/{overwrite_id}"
VOICE_STATE = "/guilds/{guild_id}/voice-states/{user_id}"


class Bucket(NamedTuple):
    """A limit of `limit` requests per `span` seconds for one value of `major`, None being the whole bot.

    A `hidden` one sends no headers and shows only as a 429; `applies` picks the requests that count.
    """

    name: str
    limit: int
    span: float
    major: str | None
    window: str = "fixed"
    scope: str = "user"
    hidden: bool = False
    applies: Callable[[Request], bool] | None = None


class Refusal(NamedTuple):
    """A 429 that was given: when, to whom, for what bucket, until when, in monotonic seconds."""

    at: float
    key: str
    until: float


class Verdict(NamedTuple):
    """What the limits say to a request: headers for its answer, or the 429 that is its answer."""

    headers: dict[str, str]
    refused: Reply | None
    key: str = ""
    retry_after: float = 0.0


class Limits:
    """The limits in force. Made by `none`, `discord` or `uniform`, or of buckets of one's own.

    Args:
        buckets: for each method and template its buckets; at most one of them shows headers.
        every_route: a bucket for all routes that have none, each route and major parameter its own.
        per_second: the global limit of a bot, over all routes; None for none.
        window: form of the global window.
    """

    def __init__(
        self,
        buckets: Mapping[RouteKey, Iterable[Bucket]] | None = None,
        every_route: Bucket | None = None,
        per_second: int | None = None,
        window: str = "fixed",
    ) -> None:
        self._buckets = {route: tuple(found) for route, found in (buckets or {}).items()}
        self._every_route = every_route
        self._global = Bucket("global", per_second, 1.0, None, window, "global") if per_second else None
        self._windows: dict[str, Window] = {}
        self._lock = threading.Lock()

    @classmethod
    def none(cls) -> Limits:
        """No limits and no headers."""
        return cls()

    @classmethod
    def uniform(cls, limit: int, span: float, window: str = "fixed", per_second: int | None = None) -> Limits:
        """Every route of the job limited alike, with headers, by its own bucket per major parameter."""
        return cls(every_route=Bucket("uniform", limit, span, None, window), per_second=per_second)

    @classmethod
    def discord(cls, window: str = "fixed", per_second: int | None = 50) -> Limits:
        """The limits observed at Discord; routes that are not named here send no headers."""
        member_role = (Bucket("member role", 10, 10.0, "guild_id", window),)
        overwrite = (Bucket("overwrite", 10, 15.0, "channel_id", window),)
        rename = Bucket("rename", 2, 600.0, "channel_id", window, hidden=True, applies=lambda r: _names(r.body))
        return cls(
            {
                ("POST", ROLES): (Bucket("create role", 250, 172_800.0, "guild_id", window),),
                ("PUT", MEMBER_ROLE): member_role,
                ("DELETE", MEMBER_ROLE): member_role,
                ("GET", MEMBER): (Bucket("member", 5, 1.0, "guild_id", window),),
                ("GET", "/guilds/{guild_id}/members"): (Bucket("members", 10, 10.0, "guild_id", window),),
                ("GET", VOICE_STATE): (Bucket("voice state", 15, 5.0, None, window),),
                ("GET", "/guilds/{guild_id}/members/search"): (Bucket("search", 10, 10.0, "guild_id", window),),
                ("PUT", OVERWRITE): overwrite,
                ("DELETE", OVERWRITE): overwrite,
                ("PATCH", CHANNEL): (Bucket("edit channel", 5, 15.0, "channel_id", window), rename),
            },
            per_second=per_second,
            window=window,
        )

    def admit(self, request: Request, now: float, epoch: Millis) -> Verdict:
        """Count a request that arrived at `now` and tell whether it may pass.

        Args:
            request: the request, its bot and template known.
            now: monotonic seconds.
            epoch: the world's time, for the header that names an absolute one.
        """
        with self._lock:
            headers: dict[str, str] = {}
            for bucket in self._of(request):
                key = _key(bucket, request)
                taken = self._window(key, bucket).take(now)
                if bucket is not self._global and not bucket.hidden:
                    headers = _headers(bucket, request, taken, epoch)
                if not taken.granted:
                    reply = rate_limited(taken.next_after, bucket.scope, headers)
                    return Verdict({}, reply, key, taken.next_after)
            return Verdict(headers, None)

    def _of(self, request: Request) -> list[Bucket]:
        route = (request.method, request.template or "")
        found = list(self._buckets.get(route, ()))
        if not found and self._every_route:
            found = [self._every_route]
        found = [bucket for bucket in found if bucket.applies is None or bucket.applies(request)]
        return [self._global, *found] if self._global else found

    def _window(self, key: str, bucket: Bucket) -> Window:
        if key not in self._windows:
            self._windows[key] = KINDS[bucket.window](bucket.limit, bucket.span)
        return self._windows[key]


def _names(body: object) -> bool:
    return isinstance(body, dict) and "name" in body


def route_key(request: Request) -> str:
    """A route with its major parameter, for one bot."""
    major = request.params.get("guild_id") or request.params.get("channel_id") or ""
    return f"{request.bot_id}/{request.method} {request.template}/{major}"


def _key(bucket: Bucket, request: Request) -> str:
    if bucket.name == "uniform":
        return route_key(request)
    return f"{request.bot_id}/{bucket.name}/{request.params.get(bucket.major or '', '')}"


def _headers(bucket: Bucket, request: Request, taken: Taken, epoch: Millis) -> dict[str, str]:
    named = f"{request.method} {request.template}" if bucket.name == "uniform" else bucket.name
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(taken.remaining),
        "X-RateLimit-Reset": f"{epoch / 1000 + taken.reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{taken.reset_after:.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(named.encode()).hexdigest()[:32],
    }
