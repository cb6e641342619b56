"""Exceptions that no `except` can catch: reported like all others, not printed by Python with a traceback."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

Report = Callable[[BaseException], object]


def install(report: Report) -> None:
    """Call `report` with what ended a thread, and with what was raised while an object was destroyed."""

    def in_thread(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
            report(ended.exc_value)

    def unraisable(raised: sys.UnraisableHookArgs) -> None:
        if raised.exc_value is not None:
            report(raised.exc_value)

    threading.excepthook = in_thread
    sys.unraisablehook = unraisable
