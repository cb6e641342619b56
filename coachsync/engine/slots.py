"""Whose turn it is while a guild has few slots left for roles and rooms.

Cleanups free slots, and of the setups that wait the earlier one goes first (CONTRACT §6).
"""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from coachsync.discord.pace.dispatch import Priority
from coachsync.domain.model import Outcome


class Slots:
    """One guild's setups without a room, by priority, and its cleanups under way."""

    def __init__(self) -> None:
        self.cleanups: set[asyncio.Task[Outcome]] = set()
        self._without: set[Priority] = set()
        self._order: list[Priority] = []
        self._queue: list[tuple[Priority, int, asyncio.Event]] = []
        self._seq = count()
        self._cleaning: asyncio.Future[object] | None = None
        self._closed = False

    @property
    def wanted(self) -> int:
        """Return how many setups have no room yet."""
        return len(self._without)

    def want(self, priority: Priority) -> None:
        """Note that a setup begins, without a room."""
        self._without.add(priority)
        heapq.heappush(self._order, priority)

    def served(self, priority: Priority) -> None:
        """Note that a setup has its room, or has given up: who waits behind it may try."""
        self._without.discard(priority)
        self._wake()

    def close(self) -> None:
        """Let nobody wait any more: nothing is sent from now on, so that all give up at once, not one by one."""
        self._closed = True
        self._wake()

    async def freed(self, priority: Priority) -> bool:
        """Wait for the cleanups under way and for whoever goes first; return whether there was any cleanup."""
        cleaning = not all(c.done() for c in self.cleanups)
        if cleaning:
            self._cleaning = self._cleaning or asyncio.ensure_future(asyncio.wait(self.cleanups))
            await asyncio.shield(self._cleaning)
        turn = asyncio.Event()
        heapq.heappush(self._queue, (priority, next(self._seq), turn))
        self._wake()
        await turn.wait()
        return cleaning

    def _wake(self) -> None:
        """Wake whoever has no setup without a room before it."""
        while self._order and self._order[0] not in self._without:
            heapq.heappop(self._order)
        while self._queue and (self._closed or not self._order or self._queue[0][0] <= self._order[0]):
            heapq.heappop(self._queue)[2].set()
