"""Whose turn it is while a guild has few slots left for roles and rooms.

Cleanups free slots, and of the setups that wait the earlier one goes first (CONTRACT §6).
"""

from __future__ import annotations

import asyncio

from coachsync.discord.pace.dispatch import Priority
from coachsync.domain.model import Outcome


class Slots:
    """One guild's setups without a room, by priority, and its cleanups under way."""

    def __init__(self) -> None:
        self.cleanups: set[asyncio.Task[Outcome]] = set()
        self._waiting: dict[Priority, asyncio.Event] = {}

    @property
    def wanted(self) -> int:
        """Return how many setups have no room yet."""
        return len(self._waiting)

    def want(self, priority: Priority) -> None:
        """Note that a setup begins, without a room."""
        self._waiting[priority] = asyncio.Event()

    def served(self, priority: Priority) -> None:
        """Note that a setup has its room, or has given up: who waits behind it may try."""
        waited_for = self._waiting.pop(priority, None)
        if waited_for is not None:
            waited_for.set()

    async def freed(self, priority: Priority) -> bool:
        """Wait for the cleanups under way and for whoever goes first; return whether there was any cleanup."""
        cleanups = [c for c in self.cleanups if not c.done()]
        if cleanups:
            await asyncio.wait(cleanups)
        for earlier in sorted(p for p in self._waiting if p < priority):
            event = self._waiting.get(earlier)
            if event is not None:
                await event.wait()
        return bool(cleanups)
