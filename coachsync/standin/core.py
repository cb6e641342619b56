"""The road of one request through the stand-in: hooks, faults, limits, latency, the handler, the record.

Knows nothing of sockets: a `Link` tells whether the client is still there, a `Reply` says how the answer leaves.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote

from coachsync.standin.answers import ApiError, Reply, plain_error, refuse
from coachsync.standin.call import ROUTER, Call, Handler
from coachsync.standin.fault import Fault
from coachsync.standin.fault_kinds import AFTER, BEFORE
from coachsync.standin.faults import Faults
from coachsync.standin.forms import invalid
from coachsync.standin.lag import Lag
from coachsync.standin.limits import Limits
from coachsync.standin.log import Request, fingerprint
from coachsync.standin.model import Application
from coachsync.standin.routes import on_arrival
from coachsync.standin.watch import Watch
from coachsync.standin.world import World

PREFIX = "/api/v10"
_TICK = 0.02
_USER_AGENT = re.compile(r"DiscordBot \(\S+[, ] ?\S+\)")


class Raw(NamedTuple):
    """A request as it came off the wire; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Link(Protocol):
    """The connection a request came by."""

    def gone(self) -> bool: ...


BeforeHook = Callable[[Request], None]
AfterHook = Callable[[Request, Reply], None]


class Core:
    """Everything of a stand-in but its sockets. Attributes are read anew for each request."""

    def __init__(self, world: World, go_down: Callable[[], None]) -> None:
        self.world = world
        self.go_down = go_down
        self.limits = Limits.none()
        self.faults = Faults()
        self.lag = Lag()
        self.watch = Watch()
        self.latency: float | Callable[[Request], float] = 0.0
        self.record_bodies = False
        self.requests: list[Request] = []
        self.before: list[BeforeHook] = []
        self.after: list[AfterHook] = []
        self.answered: list[AfterHook] = []
        self.closing = threading.Event()

    def serve(self, raw: Raw, link: Link) -> tuple[Request, Reply]:
        """Take one request from arrival to the answer that is to be sent."""
        request, handler = self._arrive(raw)
        reply = self._through(raw, request, handler, link)
        for hook in self.after:
            hook(request, reply)
        self._note(request, reply)
        return request, reply

    def sent(self, request: Request, reply: Reply) -> None:
        """Call the hooks that wait until the answer is out."""
        for hook in self.answered:
            hook(request, reply)

    def _arrive(self, raw: Raw) -> tuple[Request, Handler | None]:
        path, _, query = raw.target.partition("?")
        path = path.removeprefix(PREFIX) if path.startswith(PREFIX + "/") else f"?{path}"
        found = ROUTER.find(raw.method, path)
        reason = raw.headers.get("x-audit-log-reason")
        authorization = raw.headers.get("authorization", "")
        app = self._app(authorization)
        with self.world.lock:
            self.world.served += 1
            request = Request(
                seq=self.world.served,
                at=self.world.clock.now(),
                arrived=self.world.monotonic(),
                method=raw.method,
                path=path.removeprefix("?"),
                query=dict(parse_qsl(query)),
                template=found[0].template if found else None,
                params=found[1] if found else {},
                authorization=fingerprint(authorization),
                bot_id=app.id if app else None,
                body=_parsed(raw.body),
                reason=None if reason is None else unquote(reason),
                user_agent=raw.headers.get("user-agent", ""),
                x_headers={k: v for k, v in raw.headers.items() if k.startswith("x-")},
            )
            self.requests.append(request)
        return request, found[0].handler if found else None

    def _app(self, authorization: str) -> Application | None:
        scheme, _, token = authorization.partition(" ")
        return self.world.app_of_token(token) if scheme == "Bot" else None

    def _through(self, raw: Raw, request: Request, handler: Handler | None, link: Link) -> Reply:
        self.watch.arrived(request)
        for hook in self.before:
            hook(request)
        fault = self.faults.pick(request)
        scene = Stage(self, link)
        if fault is not None:
            request.fault = fault.kind
            if fault.kind in BEFORE:
                early = BEFORE[fault.kind](fault, scene)
                if early is not None:
                    return self._told(request, early, self.world.monotonic(), fault.retry_after)
        reply = self._answer(raw, request, handler)
        if fault is not None and fault.kind in AFTER:
            reply = AFTER[fault.kind](fault, scene, reply)
        return reply

    def _told(self, request: Request, reply: Reply, decided: float, retry_after: float) -> Reply:
        scope = reply.headers.get("X-RateLimit-Scope")
        if reply.status == 429 and scope:
            request.scope = scope
            self.watch.told(request, scope, retry_after, decided, self.world.monotonic())
        return reply

    def _answer(self, raw: Raw, request: Request, handler: Handler | None) -> Reply:
        try:
            app = self._admit(raw, request, handler)
            verdict = self.limits.admit(request, request.arrived, self.world.clock.now())
            if verdict.refused is not None:
                self._pause(request)
                return self._told(request, verdict.refused, request.arrived, verdict.retry_after)
            assert handler is not None
            reply = self._act(raw, request, handler, app)
            reply.headers.update(verdict.headers)
        except ApiError as error:
            return error.reply()
        return reply

    def _admit(self, raw: Raw, request: Request, handler: Handler | None) -> Application:
        if not _valid_user_agent(request.user_agent):
            raise refuse(40333)
        if handler is None:
            raise plain_error(404)
        app = self.world.apps.get(request.bot_id or "")
        if app is None:
            raise plain_error(401)
        return app

    def _act(self, raw: Raw, request: Request, handler: Handler, app: Application) -> Reply:
        if app.flagged and request.write:
            raise refuse(20026)
        call = Call(self.world, app, request, self.lag)
        on_arrival(call)
        self._pause(request)
        try:
            _check_body(raw, request)
            with self.world.lock:
                request.acted = True
                return handler(call)
        except ApiError as error:
            return error.reply()

    def _pause(self, request: Request) -> None:
        seconds = self.latency(request) if callable(self.latency) else self.latency
        if seconds > 0:
            self.closing.wait(seconds)

    def _note(self, request: Request, reply: Reply) -> None:
        request.status = reply.status
        request.finished = self.world.monotonic()
        if self.record_bodies:
            request.answer = _parsed(reply.body)
            request.answer_headers = dict(reply.headers)


class Stage:
    """The scene of a fault: the world, and a wait that ends with the fault, the client or the stand-in."""

    def __init__(self, core: Core, link: Link) -> None:
        self.world = core.world
        self._core = core
        self._link = link

    def wait(self, fault: Fault) -> None:
        """Wait as long as the fault says, unless it is released, the client goes or the stand-in closes."""
        until = None if fault.seconds is None else time.monotonic() + fault.seconds
        with self._core.world.lock:
            fault.hanging += 1
        while not (fault.released or self._link.gone()):
            left = _TICK if until is None else min(_TICK, until - time.monotonic())
            if left <= 0 or self._core.closing.wait(left):
                break
        with self._core.world.lock:
            fault.hanging -= 1

    def go_down(self) -> None:
        """Refuse connections from now on."""
        self._core.go_down()


def _parsed(body: bytes) -> object:
    try:
        parsed: object = json.loads(body) if body else None
    except ValueError:
        return None
    return parsed


def _check_body(raw: Raw, request: Request) -> None:
    if not raw.body:
        return
    kind = raw.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise invalid(
            "",
            "CONTENT_TYPE_INVALID",
            'Expected "Content-Type" header to be one of {"application/json"}.',
        )
    if request.body is None and raw.body.strip() != b"null":
        raise refuse(50109)


def _valid_user_agent(value: str) -> bool:
    return _USER_AGENT.match(value) is not None
