"""Telling a person who watches how far a run is: sessions done, and which limit is being waited for until when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection

from coachsync.discord.api import Discord

_EVERY_S = 0.2
_WORTH_TELLING_S = 1.0


class ProgressTeller:
    """Calls `tell(words)` a few times a second while its with-block runs; does nothing without one."""

    def __init__(self, tell: Callable[[str], None] | None, ways: Collection[Discord]) -> None:
        self._tell = tell
        self._ways = set(ways)
        self._task: asyncio.Task[None] | None = None
        self.done = 0
        self.total = 0

    def __enter__(self) -> ProgressTeller:
        if self._tell is not None:
            self._task = asyncio.ensure_future(self._run(self._tell))
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()

    def one_done(self, _: object) -> None:
        """Count one more session as dealt with."""
        self.done += 1

    async def _run(self, tell: Callable[[str], None]) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            tell(self._words())

    def _words(self) -> str:
        done = f"{self.done} of {self.total} sessions done" if self.total else "looking at Discord"
        waits = [w for w in (d.client.progress().wait for d in self._ways) if w is not None]
        ahead = [(w.until - asyncio.get_running_loop().time(), w) for w in waits]
        worth = [(s, w) for s, w in ahead if _WORTH_TELLING_S < s < float("inf")]
        if not worth:
            return done
        seconds, wait = max(worth, key=lambda pair: pair[0])
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
        return f"{done}; waiting for Discord's limit on {wait.route} until {until}"
