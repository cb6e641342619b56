"""A bug in one of the event loop's callbacks: the run ends with it, instead of waiting for what never comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
