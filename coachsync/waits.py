"""The waits of the program that tests cut short: how long each is, in seconds, and how to hurry them.

A wait is read when it is needed, never kept, so that `hurried` holds for whatever runs inside its block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Waits(NamedTuple):
    """Every such wait, in seconds."""

    again: tuple[float, ...] = (0.3, 1.0)
    """Before a request that failed is sent again: the first time, the second time and so on."""

    settle: float = 2.0
    """For Discord's lists to show what a create without an answer may have made: they may lag by this much."""

    grace: float = 5.0
    """Beyond the run's budget and the last exchange's timeout, before a run counts as hung."""

    recording: float = 5.0
    """For a hung run's failure to be written to the ledger."""

    reading: float = 10.0
    """For the configuration or a token to be read from a file system that may hang."""

    sqlite_lock: float = 5.0
    """For another process to let go of an SQLite database."""

    connect: float = 10.0
    """For a PostgreSQL to take a connection; it takes whole seconds, two at least."""

    reconnect: tuple[float, ...] = (0.1, 0.5, 1.5)
    """Between the tries to connect anew to a PostgreSQL that was lost: one that restarts is away for a moment."""

    statement: float = 30.0
    """For a PostgreSQL to carry out one statement."""

    row_lock: float = 3.0
    """For others to let go of a PostgreSQL's table or row."""

    telling: float = 20.0
    """For another host to have told people its news, or to have pulled sources, before that is left to the next run."""

    turn: float = 20.0
    """For other hosts to write to a PostgreSQL's ledger before us; one of them may wait for some rows meanwhile."""

    idle: float = 60.0
    """For us between two statements of one transaction, before a PostgreSQL ends it."""

    idle_reading: float = 3600.0
    """The same where rows are only read, a few at a time: somebody may look at them on the way."""

    pruning: float = 1.0
    """For a run to forget what is old, beyond what it forgets in passing, if there is a backlog of it."""

    share: float = 0.5
    """Before a run takes a second bot's lease, for other hosts that begin in the same moment to take one too."""

    way: float = 3.0
    """Before a run of a host whose clock was off takes a lease, for hosts whose clock is right to take theirs."""

    migration: float = 5.0
    """For another command that brings an older ledger up to date; a run of an earlier release may last much longer."""

    json_lock: float = 10.0
    """For another process to let go of a JSON store's lock file."""

    checkup: float = 45.0
    """For Discord to answer all that `doctor` asks, all together."""

    poll: float = 1.0
    """Between two looks of `wait` at a session."""

    malformed: float = 2.0
    """For a JSON store that cannot be read: a booking system that does not rename may be writing it right now."""


_waits = Waits()


def current() -> Waits:
    """Return the waits that hold now."""
    return _waits


def hurry(**seconds: Any) -> None:
    """Let these waits hold from now on.

    Raises:
        ValueError: there is no wait of such a name.
    """
    global _waits
    _waits = _waits._replace(**seconds)


@contextmanager
def hurried(**seconds: Any) -> Iterator[None]:
    """Let these waits hold until the block ends; without any, let the pauses made for Discord's sake be short."""
    global _waits
    before = _waits
    hurry(**(seconds or {"again": (0.002, 0.004), "settle": 0.005}))
    try:
        yield
    finally:
        _waits = before
