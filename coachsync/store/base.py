"""A store, composed: the bookings of one platform and coachsync's ledger of what it made for them.

The bookings belong to the booking system, the ledger is ours alone; `transaction()` changes both at once.
Threads: an open store is used from one thread at a time; the engine hands all its writes to one writer thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from coachsync import waits
from coachsync.domain.marks import Marks
from coachsync.store.bookings import Bookings
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.ledger.writer import LedgerWriter
from coachsync.store.lock import run_lock

if TYPE_CHECKING:
    from coachsync.store.leases import RunLock


Locks = Callable[[float, str], AbstractContextManager["RunLock"]]
"""How long to wait for a run that holds it, in seconds, and what others are told of this one → the lock."""


class Transaction(NamedTuple):
    """Changes that become true together when the transaction ends without an exception.

    `mark` writes marks on a booking; it returns False if the booking is gone (nothing is written then).
    """

    mark: Callable[[Marks], bool]
    ledger: LedgerWriter


class Store:
    """See the module's text. Every method of its parts raises StoreError if the store cannot be read or written.

    `path` is the file that locks and neighbours are named after, symbolic links resolved; of a store that is no file,
    what messages call it. `locks` gives the lock of one run, if that is not an flock beside the file: then
    the store may be `shared` by several hosts.
    """

    def __init__(self, path: str, bookings: Bookings, ledger: Ledger, locks: Locks | None = None) -> None:
        self.path = path
        self.shared = locks is not None
        self._locks: Locks = locks or partial(run_lock, path)
        self.bookings = bookings
        bookings.lookups = ledger.lookups
        self.ledger = ledger

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction over marks and ledger. Not nested. Makes the ledger if there is none."""
        with self.ledger.changing() as changes, self.bookings.marking(changes) as mark:
            yield Transaction(mark, changes)

    def run_lock(self, wait_s: float, since: str) -> AbstractContextManager[RunLock]:
        """Return the lock of one run on this store, see `store.lock` and `store.leases`."""
        return self._locks(wait_s, since)

    def telling(self) -> AbstractContextManager[bool]:
        """Hold the turn to tell people what is new for a with-block: two hosts are not to tell them the same.

        The block gets False if another host tells for so long that this one's news wait for its next run.
        """
        return self._turn("telling")

    def pulling(self) -> AbstractContextManager[bool]:
        """Hold the turn to pull sources for a with-block: of two answers the later one is to stay.

        The block gets False if another host pulls for longer than is waited for.
        """
        return self._turn("pulling")

    @contextmanager
    def _turn(self, what: str) -> Iterator[bool]:
        if not self.shared:
            yield True
            return
        with self._locks(0, what) as lock:
            yield not lock.take([what], waits.current().telling)

    def close(self) -> None:
        """Release everything."""
        self.ledger.close()
        self.bookings.close()
