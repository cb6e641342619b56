"""Runs that replay: the same seed tells the same story on a busy host and on an idle one.

A run's event loop lives by a clock of its own. It stands still while a request or a write is under way, so nothing
times out because the host is slow, and leaps to the next timer if nothing is, or nothing but a request that Discord
lets hang on purpose. What threads bring is heard once all that is under way has come in, in one order. Requests go
out one at a time; sessions take turns between them as ever.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import Context
from typing import Any, NamedTuple
from unittest import mock

from requests import Request as Outgoing

from coachsync.discord.exchange import Result
from coachsync.discord.transport.sending import Transport
from coachsync.discord.transport.workers import Job, Workers
from coachsync.engine.journal import Change, Journal
from coachsync.standin import Fault, Request, Standin
from coachsync.standin.answers import Reply

LONGEST_TIMER_S = 0.25
"""How far time leaps at most for a timer that is not a limit's: Discord's clock stands still meanwhile."""
_LOOK_S = 0.005
_SILENT_S = 3.0
"""A child cannot see what hangs at its parent's Discord: so long without an answer, in real seconds, is a hang."""


class _Late:
    """A request that acts only when so many others have come, or the run has ended; its client has given up by then."""

    def __init__(self, request: Request, others: int | None) -> None:
        self.request = request
        self.others = others
        self.go = threading.Event()

    def act(self) -> None:
        """Let it act, and return when it has."""
        self.go.set()
        while self.request.finished is None:
            time.sleep(0.001)


class Hangs:
    """What hangs at Discord on purpose, and for how long: counted in requests, never in seconds."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._faults: list[Fault] = []
        self._planned: list[tuple[Fault, int | None]] = []
        self._late: list[_Late] = []
        self._waited_for: list[object] = []
        standin.before_request(self._before)
        standin.after_request(self._after)

    def plan(self, fault: Fault) -> None:
        """Count whom a planned fault lets hang."""
        self._faults.append(fault)

    def delay(self, match: Any, nth: int, others: int | None) -> None:
        """Have the nth request that matches act only after so many others; None: after the run."""
        self._planned.append((Fault("delay", match, nth), others))

    def now(self) -> int:
        """Return how many requests hang whose client still waits."""
        return sum(fault.hanging for fault in self._faults if not fault.released) + len(self._waited_for)

    def given_up(self) -> None:
        """Note that the client waits no longer: a request that only hangs is over."""
        self._waited_for.clear()
        over = [fault for fault in self._faults if fault.hanging]
        for fault in over:
            fault.release()
        late = {one.request.seq for one in self._late}
        while over and any(r.finished is None and r.seq not in late for r in self._standin.requests):
            time.sleep(0.001)

    def end(self) -> None:
        """Let everything act that is late, and nothing be late any more."""
        self._planned.clear()
        self._waited_for.clear()
        late, self._late = self._late, []
        for one in late:
            one.act()

    def _before(self, request: Request) -> None:
        for one in list(self._late):
            if one.others is not None:
                one.others -= 1
                if one.others <= 0:
                    self._late.remove(one)
                    one.act()
        for fault, others in list(self._planned):
            if fault.strikes(request):
                request.fault = "delay"
                late = _Late(request, others)
                self._late.append(late)
                self._waited_for.append(late)
                late.go.wait()
                return

    def _after(self, request: Request, reply: Reply) -> None:
        if reply.manner == "drip":
            self._waited_for.append(request)


class _Word(NamedTuple):
    """What a thread brings to the loop; `token` is the exchange's, 0 for a write."""

    what: str
    token: int
    callback: Callable[..., object]
    args: tuple[Any, ...]
    context: Context | None


class _Selector(selectors.DefaultSelector):
    """Looks at what came in only if nothing is left to be done, and lets time leap instead of waiting for it."""

    loop: ReplayLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        silent_since = time.monotonic()
        while not self.loop.hear():
            found = super().select(_LOOK_S)
            if found:
                return found
            silent = self.loop.owner != os.getpid() and time.monotonic() - silent_since > _SILENT_S
            if timeout is not None and self.loop.only_hangs(silent=silent):
                self.loop.leap(timeout)
                break
        return []


class ReplayLoop(asyncio.SelectorEventLoop):
    """An event loop whose order does not hang on how fast threads are."""

    def __init__(self, hangs: Hangs, owner: int) -> None:
        self.hangs = hangs
        self.owner = owner
        self._clock = time.monotonic()
        self._home = threading.get_ident()
        self._exchanges: set[int] = set()
        self._writes = 0
        self._came_in: list[_Word] = []
        self._door = threading.Condition()
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return this loop's time, in seconds."""
        return self._clock

    def leap(self, seconds: float) -> None:
        """Let time pass."""
        self._clock += seconds

    def call_later(  # type: ignore[override]  # typeshed ties callback and arguments together
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer that is never long."""
        return super().call_later(min(delay, LONGEST_TIMER_S), callback, *args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]  # nobody asks a thread's word back
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle | None:
        """Take what a thread brings; it is heard when the rest has come in."""
        if threading.get_ident() == self._home:
            return super().call_soon_threadsafe(callback, *args, context=context)
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        with self._door:
            word = _Word(getattr(callback, "__qualname__", ""), _here.token, callback, args, context)
            self._came_in.append(word)
        return None

    # what is under way

    def sent(self, token: int) -> None:
        """Note that an exchange begins."""
        self._exchanges.add(token)

    def answered(self, token: int) -> None:
        """Note that whoever waits for an exchange hears of it: by its answer, or because its time is over."""
        if all(word.token != token for word in self._heard):
            self.hangs.given_up()
        self._exchanges.discard(token)

    def writes(self, more: int) -> None:
        """Note that a write begins, or that its end was heard."""
        self._writes += more

    _heard: tuple[_Word, ...] = ()

    def hear(self) -> bool:
        """Hear what came in if all that does not hang has come in; return whether there was anything."""
        with self._door:
            if not self._came_in or not self._is_all_in():
                return False
            words, self._came_in = self._came_in, []
        words.sort(key=lambda word: word.token)
        self._heard = tuple(words)
        for word in words:
            self.call_soon(word.callback, *word.args, context=word.context)
        return True

    def only_hangs(self, *, silent: bool) -> bool:
        """Return whether nothing is under way but what hangs on purpose. `silent`: whatever is under way hangs."""
        with self._door:
            return not self._came_in and (silent or self._is_all_in())

    def _is_all_in(self) -> bool:
        written = sum(word.token == 0 for word in self._came_in)
        answered = {word.token for word in self._came_in}
        waiting = len(self._exchanges - answered)
        return written >= self._writes and waiting <= self.hangs.now()


class _Here(threading.local):
    """The exchange that this thread works at."""

    token = 0


_here = _Here()
_tokens = iter(range(1, 1 << 62))


@contextmanager
def replaying(hangs: Hangs) -> Iterator[None]:
    """Let runs replay, of this process and of children that it forks, until the block ends."""
    owner = os.getpid()
    with ExitStack() as stack:
        for thing, name, wrapped in _WRAPPED:
            stack.enter_context(mock.patch.object(thing, name, wrapped))
        stack.enter_context(mock.patch.object(asyncio.events, "new_event_loop", lambda: ReplayLoop(hangs, owner)))
        yield


_start, _run, _write, _close = Transport.start, Workers.run, Journal.write, Journal.close
_begun = _Here()


def _loop() -> ReplayLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ReplayLoop)
    return loop


def _started(
    self: Transport, request: Outgoing, label: str, done: Callable[[Result], None], *, once: bool = False
) -> None:
    loop, token = _loop(), next(_tokens)
    loop.sent(token)

    def heard(result: Result) -> None:
        loop.answered(token)
        done(result)

    _begun.token = token
    _start(self, request, label, heard, once=once)


def _ran(self: Workers, job: Job) -> None:
    token = _begun.token

    def tagged() -> None:
        _here.token = token
        job()

    _run(self, tagged)


async def _written(self: Journal, change: Change, *, once: bool = False) -> None:
    loop = _loop()
    loop.writes(1)
    try:
        await _write(self, change, once=once)
    finally:
        loop.writes(-1)


async def _closed(self: Journal) -> None:
    loop = _loop()
    loop.writes(1)
    try:
        await _close(self)
    finally:
        loop.writes(-1)


_WRAPPED: tuple[tuple[type, str, object], ...] = (
    (Transport, "start", _started),
    (Workers, "run", _ran),
    (Journal, "write", _written),
    (Journal, "close", _closed),
)
