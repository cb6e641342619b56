"""Whose turn it is for the last roles and rooms of a guild."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from coachsync.engine.slots import Slots


def turns(act: Callable[[Slots, list[int]], Awaitable[None]], setups: int = 4) -> list[int]:
    """Return the order in which setups got their turn, all of which wait; `act` is what happens meanwhile."""

    async def main() -> list[int]:
        slots, order = Slots(), list[int]()
        for number in range(setups):
            slots.want((number,))

        async def setup(number: int) -> None:
            await slots.freed((number,))
            order.append(number)

        waiting = [asyncio.ensure_future(setup(number)) for number in reversed(range(setups))]
        await asyncio.sleep(0.01)
        await act(slots, order)
        async with asyncio.timeout(5):
            await asyncio.gather(*waiting)
        return order

    return asyncio.run(main())


def test_setups_wait_for_those_that_start_earlier() -> None:
    async def one_by_one(slots: Slots, order: list[int]) -> None:
        seen = [list(order)]
        for number in (1, 0, 2):
            slots.served((number,))
            await asyncio.sleep(0.01)
            seen.append(list(order))
        assert seen == [[0], [0], [0, 1, 2], [0, 1, 2, 3]]

    turns(one_by_one)


def test_nobody_waits_when_nothing_more_is_sent() -> None:
    async def close(slots: Slots, order: list[int]) -> None:
        assert order == [0]
        slots.close()

    assert sorted(turns(close)) == [0, 1, 2, 3]
