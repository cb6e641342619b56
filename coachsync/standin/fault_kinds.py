"""What each kind of fault does to a request: a reply in place of the act, or a reply spoilt after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

from coachsync.domain.permissions import Overwrite
from coachsync.standin import shapes
from coachsync.standin.answers import CODES, REASONS, ApiError, Reply, rate_limited
from coachsync.standin.fault import USUAL_CODE, Fault
from coachsync.standin.model import Channel
from coachsync.standin.world import World

CLOUDFLARE = (
    "<!DOCTYPE html><html><head><title>Access denied | discord.com</title></head><body>error code: 1015</body></html>"
)
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"


class Scene(Protocol):
    """Where a fault plays: the world, and a way to wait that ends with the fault, the client or the stand-in."""

    world: World

    def wait(self, fault: Fault) -> None: ...

    def go_down(self) -> None: ...


def _reset(fault: Fault, scene: Scene) -> Reply:
    return Reply.reset()


def _hang(fault: Fault, scene: Scene) -> Reply:
    scene.wait(fault)
    return Reply.reset()


def _delay(fault: Fault, scene: Scene) -> None:
    scene.wait(fault)


def _status(fault: Fault, scene: Scene) -> Reply:
    code = 0 if fault.code == USUAL_CODE else fault.code
    text = fault.message or f"{fault.status}: {REASONS.get(fault.status, 'Error')}"
    return ApiError(fault.status, code, text).reply()


def _gateway_page(fault: Fault, scene: Scene) -> Reply:
    return Reply.of_html(fault.status, BAD_GATEWAY)


def _coded(default: int, status: int) -> Callable[[Fault, Scene], Reply]:
    def refused(fault: Fault, scene: Scene) -> Reply:
        code = default if fault.code == USUAL_CODE else fault.code
        message = CODES.get(code or 0, (0, f"{status}: {REASONS[status]}"))[1]
        return ApiError(status, code, fault.message or message).reply()

    return refused


def _rate_limited(fault: Fault, scene: Scene) -> Reply:
    return rate_limited(fault.retry_after, fault.scope, fault.headers)


def _rate_limited_bare(fault: Fault, scene: Scene) -> Reply:
    reply = rate_limited(fault.retry_after, fault.scope, fault.headers, bare=True)
    reply.body = json.dumps({"message": "You are being rate limited.", "code": 0}).encode()
    del reply.headers["X-RateLimit-Scope"]
    return reply


def _rate_limited_unsaid(fault: Fault, scene: Scene) -> Reply:
    """A 429 of Discord's own that leaves the wait to the headers given, if any.

    Source: https://github.com/Rapptz/discord.py/issues/2544
    """
    reply = rate_limited(fault.retry_after, fault.scope, fault.headers, bare=True)
    body = {"message": "You are being rate limited.", "global": fault.scope == "global"}
    return Reply.of_json(429, body, reply.headers)


def _cloudflare(fault: Fault, scene: Scene) -> Reply:
    return Reply.of_html(fault.status if fault.status in (403, 429) else 429, CLOUDFLARE)


def _unauthorized(fault: Fault, scene: Scene) -> Reply:
    return ApiError(401, 0, "401: Unauthorized").reply()


def _redirect(fault: Fault, scene: Scene) -> Reply:
    status = fault.status if fault.status in (301, 302, 307, 308) else 302
    return Reply(status, b"", {"Location": fault.location})


def _answer(fault: Fault, scene: Scene) -> Reply:
    return Reply(fault.status, _bytes(fault.body, b"{}"), {"Content-Type": "application/json", **fault.headers})


def _bytes(body: bytes | str | None, default: bytes) -> bytes:
    if body is None:
        return default
    return body.encode() if isinstance(body, str) else body


BEFORE: dict[str, Callable[[Fault, Scene], Reply | None]] = {
    "reset_before": _reset,
    "hang_before": _hang,
    "delay": _delay,
    "status_before": _status,
    "html_before": _gateway_page,
    "forbidden": _coded(50013, 403),
    "not_found": _coded(10003, 404),
    "bad_request": _coded(50035, 400),
    "unauthorized": _unauthorized,
    "rate_limited": _rate_limited,
    "rate_limited_bare": _rate_limited_bare,
    "rate_limited_unsaid": _rate_limited_unsaid,
    "cloudflare": _cloudflare,
    "redirect": _redirect,
    "answer": _answer,
}
"""Kinds that keep the world from being asked; `delay` alone lets the request go on."""


def _reset_after(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    return Reply.reset()


def _hang_after(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    return _hang(fault, scene)


def _status_after(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    return _status(fault, scene)


def _html(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    return Reply.of_html(reply.status if fault.status == 500 else fault.status, BAD_GATEWAY)


def _truncated(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    reply.body = reply.body[: len(reply.body) // 2]
    return reply


def _cut(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    reply.manner = "cut"
    return reply


def _not_json(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    reply.body = _bytes(fault.body, b"upstream says hello")
    return reply


def _empty(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    reply.body = b""
    return reply


def _drip(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    reply.manner, reply.interval = "drip", fault.interval
    return reply


def _date(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    reply.date_offset = fault.offset
    return reply


def _overwrites(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    with scene.world.lock:
        channel = _channel_of(scene, reply)
        if channel is None:
            return reply
        home = scene.world.guilds[channel.guild_id]
        scene.world.put_overwrites(home, channel, (Overwrite(*item) for item in fault.overwrites))
        return Reply.of_json(reply.status, shapes.channel(channel))


def _more_allowed(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    with scene.world.lock:
        channel = _channel_of(scene, reply)
        if channel is None:
            return reply
        for one in list(channel.overwrites.values()):
            if fault.target in (None, one.id):
                more = one._replace(allow=one.allow | fault.bits)
                scene.world.put_overwrite(scene.world.guilds[channel.guild_id], channel, more)
        return Reply.of_json(reply.status, shapes.channel(channel))


def _channel_of(scene: Scene, reply: Reply) -> Channel | None:
    made = json.loads(reply.body) if reply.body else None
    return scene.world.channel(made["id"]) if isinstance(made, dict) and "id" in made else None


def _lie(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    told = json.loads(reply.body) if reply.body and reply.status < 400 else None
    things = told if isinstance(told, list) else [told]
    chosen = [t for t in things if isinstance(t, dict) and fault.target in (None, t.get("id"))]
    for thing in chosen[:1]:
        thing.update(fault.fields)
        reply.body = json.dumps(told, ensure_ascii=False).encode()
    return reply


def _answer_after(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    return _answer(fault, scene)


def _early_hints(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    reply.early_hints = True
    return reply


def _then_refuse(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    scene.go_down()
    return reply


AFTER: dict[str, Callable[[Fault, Scene, Reply], Reply]] = {
    "reset_after": _reset_after,
    "hang_after": _hang_after,
    "status_after": _status_after,
    "html": _html,
    "truncated": _truncated,
    "cut": _cut,
    "not_json": _not_json,
    "empty": _empty,
    "drip": _drip,
    "date": _date,
    "overwrites": _overwrites,
    "then_refuse": _then_refuse,
    "more_allowed": _more_allowed,
    "lie": _lie,
    "answer_after": _answer_after,
    "early_hints": _early_hints,
}
"""Kinds that strike when the world has been asked and changed."""
