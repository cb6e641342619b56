"""What several of `sessions`' commands take, which booking they mean, and what they leave in its story."""

from __future__ import annotations

from typing import Annotated, TextIO

import typer

from coachsync.cli import output
from coachsync.cli.when import given_zone
from coachsync.clock import host_now, iso
from coachsync.config.settings import Settings
from coachsync.domain.case import Case, Facts
from coachsync.domain.model import Event, Millis, Session
from coachsync.domain.words import call
from coachsync.errors import SessionError
from coachsync.report.typed import Typed, zone_of
from coachsync.standing.find import find_one
from coachsync.store.base import Store

_CANCELLED, _MOVED, _RESTORED = "cancelled by hand, was", "moved by hand", "restored by hand"

Start = Annotated[str, typer.Option("--start", metavar="WHEN", help='"2026-10-14 13:00" with --tz, or with an offset.')]
Zone = Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="The zone of --start: America/New_York.")]
Length = Annotated[str | None, typer.Option("--duration", metavar="LENGTH", help="How long: 60m, 90m, 1h30m.")]


LOCK_WAIT_S = 10.0  # for a run that is under way


def say_what_remains(store: Store, free_before: int) -> None:
    """Say on stderr where what was erased now or before may still be read; `free_before`: pages free before that."""
    from coachsync.report.erased import remains_line

    if store.ledger.remnants:
        output.warning(f"what was erased may still be in {store.ledger.remnants}")
    remains = remains_line(store.ledger.name, free_before, log=store.ledger.remains()[1])
    if remains:
        output.warning(remains)


def place_of_bookings(store: Store, settings: Settings) -> str:
    """Return what the bookings are in: the store's file, or a table whose ledger may be in another one."""
    mapping = settings.store.mapping
    return store.path if mapping is None else f"the table {mapping.table}"


def sentence(text: str, stream: TextIO) -> str:
    """Return a sentence as a stream shows it: on a terminal it goes on in a further line between words."""
    if not output.is_terminal(stream):
        return text
    from coachsync.cli.reporting import canvas
    from coachsync.report.fitting import wrapped

    return "\n".join(wrapped(text, canvas().width))


def booked(store: Store, name: str) -> Session:
    """Return the one booking that goes by a name. Raises SessionError also if the store no longer has it.

    One whose id occurs twice is refused: nobody could say which row is meant.
    """
    session = find_one(store, name)
    there = store.bookings.raw(session.id) is not None
    if session.flaw is not None and (session.statuses or not there):  # an id that occurs twice, a row without one
        raise SessionError("invalid", session.flaw.message, session.flaw.hint)
    if not there:
        known = f"`{call('explain', session.id)}` tells what is remembered of it"
        raise SessionError("unknown_session", f"the booking {name} is no longer in the store", known)
    return session


def case_of(store: Store, session: Session, settings: Settings, now: Millis) -> Case:
    """Return how a booking stands after a change of it."""
    entry = store.ledger.entries([session.id]).get(session.id)
    return Case.of(session, entry, Facts(now, settings.policy, pauses=store.ledger.pauses(now)))


def typed_in(text: str, tz: str | None, now: Millis) -> Typed:
    """Return what says moments back in the zone in which one was typed."""
    return Typed(now, zone_of(text, None if tz is None else given_zone(tz)))


def remember_move(store: Store, session: Session, moved: Session) -> None:
    """Remember that a booking was moved by hand, and from when."""
    former = iso(session.start) if session.start else "no valid time"
    _remember(store, session.id, _MOVED, f"from {former} to {iso(moved.start)}")


def remember_restored(store: Store, session: Session, status: str) -> None:
    """Remember that a cancellation, or a closed room, was taken back by hand."""
    _remember(store, session.id, _RESTORED, status)


def _remember(store: Store, session_id: str, what: str, detail: str) -> None:
    with store.transaction() as transaction:
        transaction.ledger.event(Event(host_now(), session_id, what, "done", detail))


def remember_status(store: Store, session: Session) -> None:
    """Remember the status that a booking had before it was cancelled by hand."""
    _remember(store, session.id, _CANCELLED, session.status)


def remembered_status(store: Store, session: Session) -> str | None:
    """Return the status that a booking had when it was last cancelled by hand."""
    was = [event.detail for event in store.ledger.events(session.id) if event.what == _CANCELLED]
    return was[-1] if was else None


def changed_meanwhile(name: str) -> SessionError:
    """Return the error that somebody else changed the booking between our look and our change."""
    return SessionError("store_error", f"{name} was changed or removed meanwhile", "look at it, then try again")
