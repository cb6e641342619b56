"""A tick in this process or in a fork of it: the real program, its waits shortened, struck where the case says.

To be used in processes of the matrix's own: what is replaced in coachsync's modules stays replaced.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from coachsync import waits
from coachsync.__main__ import main
from coachsync.cli import app, ticks
from coachsync.cli.context import Invocation
from coachsync.discord.gateway import Gateway
from coachsync.domain.model import Millis
from coachsync.engine import loop
from tests.searches.crash.line import Line
from tests.searches.crash.steps import Steps, watch_database, watch_postgres, watch_swaps

TIMEOUT_S = 0.25
_LOCK_WAIT_S = 0.1


class _Prompt:
    """Stands for the parsed command line `coachsync --config PATH run --now NOW`: parsing takes longer than a tick."""

    def __init__(self, config: str, now: Millis) -> None:
        self._config = config
        self._now = now

    def make_context(self, _program: str, _arguments: list[str], obj: Invocation) -> Any:
        """Say what stands before the command."""
        obj.config = self._config
        return contextlib.nullcontext(obj)

    def invoke(self, said: Invocation) -> int:
        """Run the command."""
        return ticks.run_tick(said, ticks.TickCall("run", (), self._now, False, False, 0.0, False, False))


class _HurriedGateway(Gateway):
    """A way to Discord on which no exchange takes as long as the configuration would let it."""

    def __init__(self, base: str, **settings: Any) -> None:
        super().__init__(base, **{**settings, "timeout": TIMEOUT_S})


def hurry() -> None:
    """Shorten what every tick of this process and its forks waits for."""
    loop.Gateway = _HurriedGateway  # type: ignore[attr-defined]
    waits.hurry(again=(0.01, 0.02), settle=0.02, sqlite_lock=_LOCK_WAIT_S, json_lock=_LOCK_WAIT_S)
    waits.hurry(turn=_LOCK_WAIT_S, row_lock=_LOCK_WAIT_S, reconnect=(0.01, 0.02))


def tick_here(config: str, now: Millis, environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a tick in this process; return exit status and output."""
    kept, handler = (sys.stdout, sys.stderr), signal.getsignal(signal.SIGTERM)
    out, err = sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    os.environ.update(environ)
    app.build = lambda: _Prompt(config, now)
    try:
        return main(["run"]), out.getvalue(), err.getvalue()
    finally:
        sys.stdout, sys.stderr = kept
        signal.signal(signal.SIGTERM, handler)


def become_tick(
    config: str,
    now: Millis,
    environ: Mapping[str, str],
    outputs: tuple[int, int],
    steps: Steps,
    line: Line | None,
) -> NoReturn:
    """Run a tick in this process, which was forked for it, and end."""
    code = 99
    try:
        for target, source in enumerate(outputs, start=1):
            os.dup2(source, target)
        sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(environ)
        app.build = lambda: _Prompt(config, now)
        watch_database(steps)
        watch_postgres(steps)
        watch_swaps(steps)
        if line is not None:
            line.cut()
        code = main(["run"])
    finally:
        os._exit(code)
