"""Old sessions taken out of store and ledger for good, and one person's ids and names.

A session that lives, or of which anything may still be at Discord, is left as it is, and so is one still to come. Store
and ledger change in one transaction; a JSON file is replaced right before it ends, and the same command mends what a
crash in between left. For a look the same is done on a copy of the ledger, and nothing to the bookings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from coachsync.domain.forgotten import Somebody, cleared
from coachsync.domain.model import Millis, Person, Session
from coachsync.domain.user_names import plain_name
from coachsync.store.base import Store
from coachsync.store.bookings import Edit
from coachsync.store.ledger.eraser import Eraser

BOOKINGS = "bookings"
_STEP = 500


class Erased(NamedTuple):
    """What was, or would be, erased: `counts` is table → rows; "bookings" are the store's rows.

    `sessions` are those concerned, `left` those that were left as they are because they live or are still to come.
    """

    counts: dict[str, int]
    sessions: tuple[str, ...]
    left: tuple[str, ...]


def prune(store: Store, before: Millis, *, receipts: bool, dry_run: bool) -> Erased:
    """Erase the sessions that ended before a moment; their bookings only if the store is coachsync's own."""
    own = not store.bookings.why_foreign()
    with _erasing(store, dry_run=dry_run) as eraser:
        held = eraser.held() if eraser is not None else set()
        known = eraser.ended() if eraser is not None else set()
        over = eraser.ended(before) if eraser is not None else set()
        rows = _old_rows(store, before) if own else {}
        left = {i for i, is_open in rows.items() if is_open or i in held or (i in known and i not in over)}
        left |= over & held
        removed = rows.keys() - left
        looked_up = eraser.names_ended(before) if eraser is not None else set()
        going = removed | _not_coming(store, (over | looked_up) - left - held, before)
        if eraser is not None:
            eraser.drop(sorted(going), sorted(removed), receipts=receipts)
            eraser.drop_events(before)
        counts = Counter(eraser.counts) if eraser is not None else Counter[str]()
        if dry_run:
            counts[BOOKINGS] = len(removed)
        elif removed:
            counts[BOOKINGS] = _remove(store, removed)
    return Erased(_told(counts), tuple(sorted(going)), tuple(sorted(left)))


def whoever(store: Store, user_id: str | None, name: str | None) -> tuple[Somebody, frozenset[str]]:
    """Return whom an id or a name means, and the ids that were found for the name: nobody is meant if several were."""
    with store.ledger.rehearsing() as copy:
        eraser = None if copy is None else copy.eraser
        if name is not None:
            called = Somebody((), (name,), by_name=True)
            ids = set() if eraser is None else eraser.ids_called(called)
            ids |= {
                p.id for s in store.bookings.everything() for p in s.people if p.id and called.is_called(*_names(p))
            }
        else:
            ids = {user_id} if user_id else set()
        names = {name} if name is not None else set()
        if len(ids) == 1:
            (one,) = ids
            names |= set() if eraser is None else eraser.names_of(one)
            people = (p for s in store.bookings.everything() for p in s.people if p.id == one)
            names |= {text for p in people for text in _names(p)}
    return Somebody(ids, names, by_name=name is not None), frozenset(ids)


def _names(person: Person) -> tuple[str, str]:
    return person.name, person.discord_name


def forget(
    store: Store, somebody: Somebody, now: Millis, cancelled: Collection[str], *, in_store: bool, dry_run: bool
) -> Erased:
    """Erase somebody's ids and names; with `in_store` in the bookings too, which must be coachsync's own.

    `cancelled`: the statuses of bookings that will not take place.
    """
    with _erasing(store, dry_run=dry_run) as eraser:
        booked = {s.id: s for s in store.bookings.everything() if somebody.is_among(s.people)}
        theirs = set(booked) | (eraser.sessions_of(somebody) if eraser is not None else set())
        left = {s.id for s in booked.values() if _is_coming(s, now, cancelled) or _is_open(s)}
        if eraser is not None:
            left |= theirs & eraser.held()
            missing = (theirs - left).difference(booked)  # who left a booking that is still to come
            left |= {s.id for s in _named(store, missing) if _is_coming(s, now, cancelled) or _is_open(s)}
            eraser.forget(somebody, sorted(theirs - left), sorted(left))
        counts = Counter(eraser.counts) if eraser is not None else Counter[str]()
        naming = {i: s for i, s in booked.items() if i not in left}
        if in_store and naming:
            counts[BOOKINGS] = len(naming) if dry_run else _clear(store, somebody, naming)
    return Erased(_told(counts), tuple(sorted(theirs - left)), tuple(sorted(left)))


def naming(store: Store, somebody: Somebody, besides: Collection[str]) -> int:
    """Return how many bookings name somebody, besides some."""
    theirs = (s for s in store.bookings.everything() if somebody.is_among(s.people))
    return sum(1 for session in theirs if session.id not in besides)


@contextmanager
def _erasing(store: Store, *, dry_run: bool) -> Iterator[Eraser | None]:
    """Open the ledger, or for a look a copy of it; None if there is none."""
    if dry_run:
        with store.ledger.rehearsing() as copy:
            yield None if copy is None else copy.eraser
    else:
        with store.ledger.erasing(), store.ledger.changing() as writer:
            yield writer.eraser


def _old_rows(store: Store, before: Millis) -> dict[str, bool]:
    """Return the bookings that ended before a moment: id → whether their marks say that a room may be there.

    Left out is what nobody can tell the end of: a row without valid times, an id that occurs twice.
    """
    every = store.bookings.everything()
    return {s.id: _is_open(s) for s in every if 0 < s.end < before and not s.statuses}


def _not_coming(store: Store, session_ids: Collection[str], before: Millis) -> set[str]:
    """Return those of the sessions whose booking is gone or ended before a moment: not those that were moved."""
    return set(session_ids) - {s.id for s in _named(store, session_ids) if not 0 < s.end < before}


def _named(store: Store, session_ids: Collection[str]) -> Iterator[Session]:
    left = iter(sorted(session_ids))
    while part := list(islice(left, _STEP)):
        yield from store.bookings.by_ids(part).values()


def _is_open(session: Session) -> bool:
    """Return whether marks say that something was made for a session and that it is not cleaned up."""
    made = session.set_up or session.channel_id or session.role_id
    return bool(made) and not session.cleaned_up


def _is_coming(session: Session, now: Millis, cancelled: Collection[str]) -> bool:
    """Return whether a session may still take place; times that cannot be read say nothing of that."""
    return session.status not in cancelled and not 0 < session.end <= now


def _remove(store: Store, session_ids: Collection[str]) -> int:
    gone = 0

    def remove(rows: Edit) -> None:
        nonlocal gone
        gone = sum(map(rows.remove, session_ids))

    store.bookings.edit_within(remove)
    return gone


def _clear(store: Store, somebody: Somebody, sessions: dict[str, Session]) -> int:
    """Take somebody out of these bookings; return how many were changed."""
    changed = 0

    def clear(rows: Edit) -> None:
        nonlocal changed
        changed = 0
        for session in sessions.values():
            row = rows.row(session.id)
            looked_up = {plain_name(p.discord_name) for p in session.people if p.id in somebody.ids and p.discord_name}
            fields = cleared(row, somebody, looked_up) if row is not None else {}
            changed += bool(fields) and rows.update(session.id, fields)

    store.bookings.edit_within(clear)
    return changed


def _told(counts: Counter[str]) -> dict[str, int]:
    return {table: rows for table, rows in sorted(counts.items()) if rows}
