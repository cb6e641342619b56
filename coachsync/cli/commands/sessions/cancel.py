"""`sessions cancel`: a booking that will not take place."""

from __future__ import annotations

import sys

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import booked, changed_meanwhile, remember_status, sentence
from coachsync.cli.context import opened
from coachsync.cli.display import moments
from coachsync.cli.options import One, checked_name
from coachsync.clock import host_now
from coachsync.domain.model import Entry, Session
from coachsync.domain.words import call
from coachsync.errors import OK, ConfigError, SessionError
from coachsync.report.text import word
from coachsync.report.typed import Typed, whom_and_when


def cancel(ctx: typer.Context, session: One) -> int:
    """Cancel a booking: the next run takes its room away.

    \b
    Example:
      coachsync sessions cancel abc12345
    """
    name = checked_name(session)
    with opened(ctx, writable=True) as (settings, store):
        store.bookings.require_ours()
        statuses = settings.statuses
        if not statuses.cancelled:
            raise ConfigError("no status means cancelled", "name one in statuses.cancelled")
        found = booked(store, name)
        entry = store.ledger.entries([found.id]).get(found.id)
        now = host_now()
        typed = Typed(now, moments(settings, now).zone)
        if found.status in statuses.cancelled:
            return _say(_words(found, entry, f"is {found.status} already", typed))
        if found.status == statuses.completed:
            raise SessionError("ended", f"{name} is {found.status}: it is over", "nothing is left to cancel")
        if not store.bookings.change(found.id, {"status": statuses.cancelled[0]}, found.status):
            raise changed_meanwhile(name)
        remember_status(store, found)
    was = found.status or "without status"
    return _say(_words(found, entry, f"is {statuses.cancelled[0]} (was {was})", typed))


def _say(text: str) -> int:
    output.out(sentence(text, sys.stdout))
    return OK


def _words(session: Session, entry: Entry | None, what: str, typed: Typed) -> str:
    """Say that a booking is cancelled, and what becomes of its room."""
    about = whom_and_when(session, typed)
    has_room = entry.live if entry is not None else session.set_up and not session.cleaned_up
    after = "its room goes at the next run" if has_room else "it has no room"
    back = f"; `{call('sessions restore', session.id)}` takes that back" if typed.now < session.end else ""
    return f"{word(session.id)} {what}{f', {about}' if about else ''}: {after}{back}"
