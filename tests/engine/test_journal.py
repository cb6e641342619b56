"""What the journal does if the connection to the database breaks: it writes again what may be written again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from coachsync.engine.journal import Change, Journal
from coachsync.errors import ConnectionLostError
from coachsync.store.base import Store


class Ledger:
    def pauses(self, _now: int) -> tuple[()]:
        return ()


class Breaking:
    """A store whose first transactions break when they are committed."""

    def __init__(self, breaks: int) -> None:
        self.breaks = breaks
        self.ledger = Ledger()
        self.written: list[str] = []

    @contextmanager
    def transaction(self) -> Iterator[list[str]]:
        changes: list[str] = []
        yield changes
        self.written += changes
        if self.breaks:
            self.breaks -= 1
            raise ConnectionLostError("the connection was lost", "see the server's log")


def adding(text: str) -> Change:
    change: Change = cast(Any, lambda transaction: transaction.append(text))
    return change


async def written(store: Breaking, *, once: bool) -> None:
    journal = Journal(cast(Store, store))
    try:
        await journal.write(adding("change"), once=once)
    finally:
        await journal.close()


def test_change_is_written_again_over_a_new_connection() -> None:
    store = Breaking(2)
    asyncio.run(written(store, once=False))
    assert store.written == ["change"] * 3


def test_attempt_is_never_written_again() -> None:
    store = Breaking(1)
    with pytest.raises(ConnectionLostError):
        asyncio.run(written(store, once=True))
    assert store.written == ["change"]


def test_change_reports_a_database_that_stays_away() -> None:
    store = Breaking(99)
    with pytest.raises(ConnectionLostError):
        asyncio.run(written(store, once=False))
