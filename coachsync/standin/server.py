"""The stand-in as a server: listens on loopback, one daemon thread per connection, can go down and come back.

    with Standin(SimClock(ms)) as standin:
        bot = standin.world.add_bot("token", "coachsync")
        ...  # point a client at standin.base_url

A process that holds a running stand-in may fork: the child lets go of the sockets at once and is a client only.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable
from types import TracebackType

from coachsync.standin.clock import Clock
from coachsync.standin.core import PREFIX, AfterHook, BeforeHook, Core, Raw
from coachsync.standin.faults import Faults
from coachsync.standin.lag import Lag
from coachsync.standin.limits import Limits
from coachsync.standin.log import Request
from coachsync.standin.watch import Violation
from coachsync.standin.wire import Wire
from coachsync.standin.world import World

_BACKLOG = 1024
_HOST = "127.0.0.1"


class Standin:
    """A loopback Discord. A context manager; `start` and `close` do the same.

    Args:
        clock: the world's time; the host's clock by default.
        limits: rate limits; none by default.
        latency: seconds from the arrival of a request to its act, or a callable that tells them.
        monotonic: seconds for rate limits, lag and records.
        port: where to listen; 0 takes any free one.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        limits: Limits | None = None,
        latency: float | Callable[[Request], float] = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
        port: int = 0,
    ) -> None:
        self.world = World(clock, monotonic)
        self._core = Core(self.world, self.down)
        self._core.limits = limits or Limits.none()
        self._core.latency = latency
        self._reserved = _bound(port)
        self.port: int = self._reserved.getsockname()[1]
        self._listening: socket.socket | None = None
        self._wires: set[Wire] = set()
        self._lock = threading.Lock()
        self._owner = os.getpid()
        _ALIVE.add(self)

    @property
    def base_url(self) -> str:
        """What a client puts before a route: `http://127.0.0.1:PORT/api/v10`."""
        return f"http://{_HOST}:{self.port}{PREFIX}"

    def __enter__(self) -> Standin:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Standin:
        """Begin to listen."""
        self.up()
        return self

    def close(self) -> None:
        """Stop listening, end all hangs and close all connections; for good. Nothing in a forked child."""
        if os.getpid() != self._owner:
            return
        self._core.closing.set()
        self._core.faults.clear()
        self._stop_listening()
        self._reserved.close()
        for wire in self._all_wires():
            wire.hang_up()
        _ALIVE.discard(self)

    def down(self) -> None:
        """Refuse connections until `up`. Idle ones are closed, busy ones after the answer they wait for."""
        self._stop_listening()
        for wire in self._all_wires():
            if not wire.busy:
                wire.hang_up()

    def up(self) -> None:
        """Listen, again on the same port after `down`."""
        if self._listening is not None:
            return
        listening = _bound(self.port)
        listening.listen(_BACKLOG)
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), name="standin", daemon=True).start()

    @property
    def is_down(self) -> bool:
        """Whether connections are refused."""
        return self._listening is None

    def _stop_listening(self) -> None:
        listening, self._listening = self._listening, None
        if listening is None:
            return
        try:
            listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
        finally:
            listening.close()

    def _all_wires(self) -> list[Wire]:
        with self._lock:
            return list(self._wires)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(sock,), name="standin client", daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        wire = Wire(sock)
        with self._lock:
            self._wires.add(wire)
        try:
            while (raw := wire.read()) and self._exchange(wire, raw):
                wire.busy = False
        except OSError:
            return
        finally:
            with self._lock:
                self._wires.discard(wire)
            wire.close()

    def _exchange(self, wire: Wire, raw: Raw) -> bool:
        request, reply = self._core.serve(raw, wire)
        last = self.is_down or raw.headers.get("connection", "").lower() == "close"
        goes_on = wire.write(reply, self.world.clock.now(), last, self._core.closing.is_set)
        self._core.sent(request, reply)
        return goes_on

    @property
    def requests(self) -> list[Request]:
        """Every request since the start or the last `clear_requests`, in order of arrival."""
        return list(self._core.requests)

    def clear_requests(self) -> None:
        """Forget the requests and the violations so far."""
        with self.world.lock:
            self._core.requests.clear()
        self._core.watch.clear()

    def count_429(self, scope: str | None = None, faults: bool = True) -> int:
        """How many answers were 429; of one scope alone, or without those that a fault made."""
        return sum(r.status == 429 and scope in (None, r.scope) and (faults or r.fault is None) for r in self.requests)

    @property
    def violations(self) -> list[Violation]:
        """Requests sent before the wait that a 429 asked for was over."""
        return list(self._core.watch.violations)

    @property
    def limits(self) -> Limits:
        """The rate limits in force."""
        return self._core.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._core.limits = limits

    @property
    def latency(self) -> float | Callable[[Request], float]:
        """Seconds from the arrival of a request to its act."""
        return self._core.latency

    @latency.setter
    def latency(self, latency: float | Callable[[Request], float]) -> None:
        self._core.latency = latency

    @property
    def faults(self) -> Faults:
        """The faults planned."""
        return self._core.faults

    @property
    def lag(self) -> Lag:
        """How far lists lag behind."""
        return self._core.lag

    @property
    def record_bodies(self) -> bool:
        """Whether answers are kept in the records."""
        return self._core.record_bodies

    @record_bodies.setter
    def record_bodies(self, record: bool) -> None:
        self._core.record_bodies = record

    def before_request(self, hook: BeforeHook) -> None:
        """Call `hook(request)` for every request before anything is done about it."""
        self._core.before.append(hook)

    def after_request(self, hook: AfterHook) -> None:
        """Call `hook(request, reply)` for every request when all is done but the sending of the answer."""
        self._core.after.append(hook)

    def after_answer(self, hook: AfterHook) -> None:
        """Call `hook(request, reply)` for every request when its answer is sent."""
        self._core.answered.append(hook)

    def clear_hooks(self) -> None:
        """Call no hook any more."""
        for hooks in (self._core.before, self._core.after, self._core.answered):
            hooks.clear()

    def _let_go(self) -> None:
        """In a forked child: give up sockets, so that the parent alone decides when they close."""
        for wire in self._wires:
            wire.close()
        if self._listening is not None:
            self._listening.close()
        self._reserved.close()


def _bound(port: int) -> socket.socket:
    """A bound socket. Several may share the port: one that never listens keeps it while the other is down."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((_HOST, port))
    return sock


_ALIVE: weakref.WeakSet[Standin] = weakref.WeakSet()


def _after_fork() -> None:
    for standin in list(_ALIVE):
        standin._let_go()


os.register_at_fork(after_in_child=_after_fork)
