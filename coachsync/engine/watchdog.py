"""The end of a run that hangs: soon after its budget it is recorded as failed and the process ends.

A thread stuck in a name look-up or on a dead disk cannot be interrupted in Python, but the process can be ended.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from coachsync import waits
from coachsync.errors import CoachsyncError

_SAYING_S = 1.0


class Watchdog:
    """Ends the process with exit status 1 when a run outlives `limit_s` seconds. `record` says so in the ledger."""

    def __init__(self, limit_s: float, record: Callable[[], None], say: Callable[[str], None]) -> None:
        self._record = record
        self._say = say
        self._timer = threading.Timer(limit_s, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Watchdog:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        try:
            _within(waits.current().recording, self._try_to_record)
            _within(_SAYING_S, self._tell)
        finally:
            os._exit(1)

    def _tell(self) -> None:
        self._say("error: the run hung and was ended after its run_budget\nhint: the next run goes on from here")

    def _try_to_record(self) -> None:
        with suppress(CoachsyncError):  # the store may be what hangs
            self._record()


def _within(seconds: float, act: Callable[[], None]) -> None:
    """Do something for so long at most: a store, or a reader of stderr that reads no more, may be what hangs."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(seconds)


logger = logging.getLogger(__name__)


@contextmanager
def bugs_end_the_run() -> Iterator[None]:
    """Cancel the current task when a callback raises, and raise that in its place."""
    main = asyncio.current_task()
    found: list[Exception] = []

    def heard(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "handle" not in context or not isinstance(error, Exception):
            logger.debug("%s", context.get("message"))
        elif main is not None:
            found.append(error)
            main.cancel()

    asyncio.get_running_loop().set_exception_handler(heard)
    try:
        yield
    except asyncio.CancelledError:
        if found:
            raise found[0] from None
        raise
