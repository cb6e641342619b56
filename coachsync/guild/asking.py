"""Asking a guild for something new: one create alone until the guild has answered, and none after it refused.

So a guild that refuses costs one refused answer a run, however many sessions wait for it. What only one session is
refused (its name, its person, a room hidden from the bot) does not come through here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from coachsync.discord.errors import Forbidden, failure_of
from coachsync.domain.failure import Failure

Thing = Literal["role", "channel"]


_OF_THE_BOT = frozenset({"bot_flagged", "needs_2fa"})


class Asking:
    """One guild's creates in one run. `refused` is why none is sent; None while the guild has not refused.

    `asked` is what it refused, "" if it was not this run that asked. `made` are the things that it let us make.
    `sure`: nothing is known of it that would have it refuse.
    """

    def __init__(self, refused: Failure | None = None) -> None:
        self.refused = refused
        self.asked: Thing | Literal[""] = ""
        self.made: set[Thing] = set()
        self.sure = True
        self._closed: Failure | None = None
        self._alone = asyncio.Lock()
        self._locks: dict[Thing, asyncio.Lock] = {"role": asyncio.Lock(), "channel": asyncio.Lock()}

    def demand(self) -> None:
        """Raise Forbidden, without an answer, if the guild has refused."""
        _demand(self.refused)

    def demand_writes(self) -> None:
        """Raise Forbidden, without an answer, if in this run the bot was refused a change for what it is."""
        _demand(self._closed)

    @asynccontextmanager
    async def change(self) -> AsyncIterator[None]:
        """Change something inside the block; alone, if the guild refused lately and has not let anything pass yet.

        What is refused for what the bot itself is (flagged, without the second factor) is refused to all that follows.
        """
        if not self.sure:
            async with self._alone:
                self.demand_writes()
                if not self.sure:  # meanwhile another change may have passed
                    async with self._changing():
                        yield
                    self.sure = True
                    return
        async with self._changing():
            yield

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        try:
            yield
        except Forbidden as error:
            if error.code in _OF_THE_BOT:
                self._closed = failure_of(error)
            raise

    @asynccontextmanager
    async def turn(self, thing: Thing) -> AsyncIterator[None]:
        """Make something inside the block: alone as long as nobody knows what the guild will say.

        A Forbidden that leaves the block is the guild's refusal, unless the guild has let us make such a thing before.
        """
        self.demand()
        if thing not in self.made:
            async with self._locks[thing]:
                self.demand()
                if thing not in self.made:  # meanwhile another may have been made
                    async with self._first(thing):
                        yield
                    return
        yield

    @asynccontextmanager
    async def _first(self, thing: Thing) -> AsyncIterator[None]:
        try:
            yield
        except Forbidden as error:
            if error.http_status is not None:
                self.refused, self.asked = failure_of(error), thing
            raise
        self.made.add(thing)


def _demand(refused: Failure | None) -> None:
    if refused is not None:
        raise Forbidden(refused.message, refused.hint, code=refused.code)
