"""What several of `sessions`' commands take, and the error that two of them end with."""

from __future__ import annotations

from typing import Annotated

import typer

from coachsync.clock import host_now
from coachsync.domain.model import Event, Session
from coachsync.errors import SessionError
from coachsync.store.base import Store

_CANCELLED = "cancelled by hand, was"

Start = Annotated[str, typer.Option("--start", metavar="WHEN", help='"2026-10-14 13:00" with --tz, or with an offset.')]
Zone = Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="The zone of --start: America/New_York.")]
Length = Annotated[str | None, typer.Option("--duration", metavar="LENGTH", help="How long: 60m, 90m, 1h30m.")]


def remember_status(store: Store, session: Session) -> None:
    """Remember the status that a booking had before it was cancelled by hand."""
    with store.transaction() as transaction:
        transaction.ledger.event(Event(host_now(), session.id, _CANCELLED, "done", session.status))


def remembered_status(store: Store, session: Session) -> str | None:
    """Return the status that a booking had when it was last cancelled by hand."""
    was = [event.detail for event in store.ledger.events(session.id) if event.what == _CANCELLED]
    return was[-1] if was else None


def changed_meanwhile(name: str) -> SessionError:
    """Return the error that somebody else changed the booking between our look and our change."""
    return SessionError("store_error", f"{name} was changed or removed meanwhile", "look at it, then try again")
