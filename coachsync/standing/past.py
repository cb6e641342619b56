"""Bookings that were over already when coachsync itself brought them in: remembered, so that they count as past."""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain.model import Millis, Session
from coachsync.store.base import Store

_PAST = "past"


def brought_over(store: Store, sessions: Iterable[Session], now: Millis) -> frozenset[tuple[str, Millis]]:
    """Return the (id, start) of those of the sessions that were over when they were brought in."""
    over = [(s.id, _PAST, s.start) for s in sessions if s.end and s.end <= now]
    return frozenset((i, start) for i, _, start in store.ledger.was_reported(over)) if over else frozenset()


def note_brought_in(store: Store, session_ids: Iterable[str], now: Millis) -> None:
    """Remember which of the bookings that were just added are over.

    Before the first run there is nothing to remember: what is over then is past anyway.
    """
    if store.ledger.first_run_at() is None:
        return
    over = [s for s in store.bookings.by_ids(list(session_ids)).values() if s.end and s.end <= now]
    if over:
        with store.transaction() as transaction:
            for session in over:
                transaction.ledger.reported(session.id, _PAST, session.start)
