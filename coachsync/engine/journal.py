"""The one thread that writes the store during a run.

Sessions are worked on side by side, and each must have its ledger entry on disk before its next request. Whatever
waits while a commit is under way goes into the next one together: as many sessions as there are share one fsync.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.model import Millis
from coachsync.errors import ConnectionLostError
from coachsync.store.base import Store, Transaction

if TYPE_CHECKING:
    from coachsync.domain.pauses import Pause

Change = Callable[[Transaction], None]


class _Entry(NamedTuple):
    change: Change
    done: asyncio.Future[None]
    once: bool


class Journal:
    """Writes changes to a store from a thread of its own, in order, many in one transaction.

    Made inside a running event loop and used from it alone. `close()` must be awaited before anybody else uses
    the store again.

    `pauses` are an operator's that stand at `now`, as they were known to the store when it last was written: so a run
    under way hears of one.
    """

    def __init__(self, store: Store, now: Millis = 0, pauses: tuple[Pause, ...] = ()) -> None:
        self.pauses = pauses
        self._now = now
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._ended = self._loop.create_future()
        threading.Thread(target=self._work, name="coachsync-journal", daemon=True).start()

    async def write(self, change: Change, *, once: bool = False) -> None:
        """Return when `change` is on disk. Raises what the store raised; then nothing of it is.

        A change is written again if the connection to the database breaks, over a new one: whoever wrote it meanwhile
        is seen by an entry's revision. `once`: it is an attempt to make something, and never written again. After a
        ConnectionLostError it is not known whether it is there.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Entry(change, done, once))
        await done

    async def close(self) -> None:
        """Write what is waiting and end the thread."""
        self._queue.put(None)
        await self._ended

    def _work(self) -> None:
        last = False
        while not last:
            batch, last = self._batch()
            self._write(batch)
        self._loop.call_soon_threadsafe(self._ended.set_result, None)

    def _batch(self) -> tuple[list[_Entry], bool]:
        """Return all that waits, at least one, and whether it is the last."""
        batch = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _write(self, batch: list[_Entry]) -> None:
        """Write what waits in one transaction; if that fails, each change in one of its own."""
        failed = self._commit(batch) if batch else None
        if failed is None:
            return
        for entry in batch:
            error = failed if entry.once and isinstance(failed, ConnectionLostError) else self._commit([entry])
            if isinstance(error, ConnectionLostError) and not entry.once:
                error = self._commit([entry])
            if error is not None:
                self._loop.call_soon_threadsafe(_fail, entry.done, error)

    def _commit(self, batch: list[_Entry]) -> Exception | None:
        """Write a batch in one transaction; return what kept it from being written."""
        try:
            with self._store.transaction() as transaction:
                for entry in batch:
                    entry.change(transaction)
            self.pauses = self._store.ledger.pauses(self._now)
        except Exception as error:  # noqa: BLE001 - whoever waits for the change gets it
            return error
        for entry in batch:
            self._loop.call_soon_threadsafe(_succeed, entry.done)
        return None


class Unrecorded(Journal):
    """The journal of a run that cannot write its store: what it takes away, a later run finds gone and records."""

    def __init__(self, pauses: tuple[Pause, ...] = ()) -> None:
        """Start nothing."""
        self.pauses = pauses

    async def write(self, change: Change, *, once: bool = False) -> None:
        """Let it be."""

    async def close(self) -> None:
        """Let go of nothing."""


def _succeed(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _fail(done: asyncio.Future[None], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
