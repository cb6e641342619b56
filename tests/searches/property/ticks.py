"""Ticks of the real program in this process: foretold by a dry run, run, killed at a request, two at once."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from typing import NamedTuple

from coachsync.config import Settings, Tokens
from coachsync.domain.model import Report
from coachsync.engine.request import TickRequest
from coachsync.engine.tick import tick
from coachsync.errors import LockHeldError
from coachsync.standin import Request
from coachsync.standin.answers import Reply
from tests.searches.property.world import Playground

Deed = tuple[str, str]


class Ticked(NamedTuple):
    """A tick that ended, and what the dry run before it said it would do: (session, kind), sorted."""

    report: Report
    foretold: list[Deed]

    @property
    def deeds(self) -> list[Deed]:
        """Return what the tick did or tried to do, repairs aside, which only looking can find."""
        return deeds(self.report)


def deeds(report: Report) -> list[Deed]:
    """Return a report's outcomes without the repairs."""
    return sorted((o.action.session.id, o.action.kind) for o in report.outcomes if o.action.kind != "repair")


class _Blow:
    """Kills a process at its nth request.

    The request is done all the same, and the answer finds nobody; or, if `after`, the process dies when it has read
    the nth answer and written down what it made of that: the request after it never reaches Discord.
    """

    def __init__(self, nth: int, *, after: bool) -> None:
        self.left = nth + after
        self.after = after
        self.child = 0
        self.known = threading.Event()

    def before(self, request: Request) -> None:
        """Strike when a request comes in. Raises ConnectionAbortedError if that one is not to be done."""
        if self._strike() and self.after:
            request.fault, request.finished = "killed", request.arrived
            raise ConnectionAbortedError

    def _strike(self) -> bool:
        self.left -= 1
        if self.left or not self.known.wait(10):
            return False
        os.kill(self.child, signal.SIGKILL)
        return True


class Ticker:
    """Runs ticks of one configuration at the town's time."""

    def __init__(self, town: Playground, settings: Settings) -> None:
        self.town = town
        self.settings = settings
        self.count = 0
        self.refused_seconds = 0

    def request(self, command: str = "run", *names: str, **options: bool) -> TickRequest:
        """Return the request for a tick now."""
        return TickRequest(
            self.settings,
            command,
            Tokens(self.settings, self.town.environ),
            names,
            now=self.town.clock.now(),
            **options,  # type: ignore[arg-type]
        )

    def run(self, command: str = "run", *names: str, **options: bool) -> Ticked:
        """Run one tick after a dry run of the same."""
        self.count += 1
        request = self.request(command, *names, **options)
        foretold = deeds(tick(request._replace(dry_run=True)))
        done = Ticked(tick(request), foretold)
        self.quiet()
        return done

    def run_with_second(self) -> Ticked:
        """Run a tick during which a second one is tried at the first request: that one must be turned away."""
        tried: list[object] = []

        def second(request: Request, reply: Reply) -> None:
            if not tried:
                tried.append(None)
                try:
                    tried[0] = tick(self.request())
                except LockHeldError as held:
                    tried[0] = held

        hooks = self.town.standin._core.after
        hooks.append(second)
        try:
            done = self.run()
        finally:
            hooks.remove(second)
        if tried:
            self.refused_seconds += 1
            left = isinstance(tried[0], LockHeldError) or (isinstance(tried[0], Report) and tried[0].elsewhere)
            assert left, f"a second run was let in: {tried[0]}"
        return done

    def run_killed(self, nth: int, after: bool) -> bool:
        """Run a tick in a process of its own that dies at its nth request; tell whether it came so far.

        `after`: when it has done with the answer, else before Discord does what was asked (which it then does).
        """
        self.count += 1
        blow = _Blow(nth, after=after)
        core = self.town.standin._core
        core.before.append(blow.before)
        try:
            blow.child = self._fork()
            blow.known.set()
            _, status = os.waitpid(blow.child, 0)
            self.quiet()
        finally:
            core.before[:] = [h for h in core.before if h != blow.before]
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) in (0, 1, 3), f"a run ended with {status}"
        return os.WIFSIGNALED(status)

    def quiet(self) -> None:
        """Wait until Discord has done what it was asked by clients that are gone."""
        self.town.hangs.end()
        time.sleep(0.002)
        while any(r.finished is None for r in self.town.standin.requests):
            time.sleep(0.002)
        self.town.standin.clear_requests()

    def _fork(self) -> int:
        request = self.request()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child:
            return child
        code = 70
        try:
            code = tick(request).exit_code
        finally:
            os._exit(code)
