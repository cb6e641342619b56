"""What Python would print by itself, traceback and all: told in words instead, and without tokens."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

Tell = Callable[[BaseException], object]


def install(tell: Tell) -> None:
    """Have `tell` told what no `except` can catch: what ended a thread, or was raised while something was let go of."""

    def in_thread(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
            tell(ended.exc_value)

    def unraisable(raised: sys.UnraisableHookArgs) -> None:
        if raised.exc_value is not None:
            tell(raised.exc_value)

    threading.excepthook = in_thread
    sys.unraisablehook = unraisable
