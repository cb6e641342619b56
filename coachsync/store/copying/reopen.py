"""A store that was copied, taken back into use: the copy says then that it is not, so that never both are worked on."""

from __future__ import annotations

from contextlib import ExitStack
from typing import NamedTuple

from coachsync.errors import StoreError
from coachsync.store.copying import sides
from coachsync.store.copying.notes import COPYING, MOVED, Moved, forget, moved_of, notes_in, save, unusable
from coachsync.store.copying.sides import Side
from coachsync.store.open import Location, parse_url


class Reopened(NamedTuple):
    """What became of it: the copy's address, "" if the store was in use all along; why the copy could not be told."""

    target: str
    untold: StoreError | None = None


def moved_from(location: Location) -> Moved | None:
    """Return to where a store was copied, None if it is in use. Raises StoreError if it cannot be read."""
    with sides.opened(location, writable=False, ledger_only=True) as store:
        return moved_of(notes_in(store.ledger)) if store.ledger is not None else None


def reopen(location: Location, at: str, wait_s: float, *, force: bool) -> Reopened:
    """Take a store back into use.

    Args:
        location: where it is.
        at: now, as ISO 8601.
        wait_s: how long to wait for a run, in seconds.
        force: although runs worked on the copy, or nobody can tell.

    Raises:
        LockHeldError: a run is under way on one of them.
        StoreError: one of them cannot be used, or runs worked on the copy.
    """
    with ExitStack() as stack:
        store = stack.enter_context(sides.opened(location, writable=False, ledger_only=True))
        stack.enter_context(sides.at_rest(store, wait_s, f"store reopen since {at}"))
        notes = notes_in(store.ledger) if store.ledger is not None else {}
        moved = moved_of(notes)
        if COPYING in notes:
            error = unusable(notes, store.name, store.url)
            assert error is not None
            raise error
        if moved is None:
            return Reopened("")
        untold = None
        try:
            _close_copy(stack, store, moved, at, wait_s, force=force)
        except StoreError as error:
            if not force:
                raise
            untold = error
        with sides.writable_ledger(store) as sql, sql.immediate():
            forget(sql, MOVED)
    return Reopened(moved.target, untold)


def _close_copy(stack: ExitStack, store: Side, moved: Moved, at: str, wait_s: float, *, force: bool) -> None:
    """Let the copy say that the store itself is in use again."""
    location = parse_url(moved.target, "/")
    if not sides.is_there(location):
        return
    copy = stack.enter_context(sides.opened(location, writable=False, ledger_only=True))
    stack.enter_context(sides.at_rest(copy, wait_s, f"store reopen since {at}"))
    if copy.ledger is None or store.ledger is None:
        return
    runs = _runs(copy) - _runs(store)
    if runs > 0 and not force:
        told = f"{copy.name} was worked on since: by {runs} runs, of which {store.name} knows nothing"
        hint = f"copy that one into an empty store, and use it: coachsync store copy {copy.url} TO"
        raise StoreError(told, f"{hint}; or say --force if no room was opened or closed since")
    with sides.writable_ledger(copy) as sql, sql.immediate():
        save(sql, Moved(store.url, at))


def _runs(side: Side) -> int:
    """Return the number of the last run."""
    assert side.ledger is not None
    found = side.ledger.one("SELECT max(id) FROM coachsync_runs")
    return int(found[0]) if found is not None and found[0] is not None else 0
