"""`sessions reschedule`: a booking at another time."""

from __future__ import annotations

import sys

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import (
    Length,
    Start,
    Zone,
    booked,
    case_of,
    changed_meanwhile,
    remember_move,
    sentence,
    typed_in,
)
from coachsync.cli.context import opened
from coachsync.cli.options import Now, One, checked_name, chosen_now
from coachsync.cli.when import parse_length, parse_start
from coachsync.domain.model import MINUTE, Session
from coachsync.errors import OK
from coachsync.report.ahead import what_follows
from coachsync.report.lines import together
from coachsync.report.text import word
from coachsync.report.typed import Typed


def reschedule(
    ctx: typer.Context, session: One, start: Start, tz: Zone = None, duration: Length = None, now: Now = None
) -> int:
    """Move a booking, and say what becomes of a room that is open.

    \b
    Example:
      coachsync sessions reschedule abc12345 --start "2026-10-15 09:00" --tz Europe/Berlin
    """
    name, moment = checked_name(session), chosen_now(now)
    typed = typed_in(start, tz, moment)
    fields = {"scheduledDate": parse_start(start, tz)}
    if duration is not None:
        fields["duration"] = parse_length(duration)
    with opened(ctx, writable=True) as (settings, store):
        store.bookings.require_ours()
        found = booked(store, name)
        if not store.bookings.change(found.id, fields):
            raise changed_meanwhile(name)
        moved = store.bookings.by_ids([found.id]).get(found.id, found)
        if (moved.start, moved.end) != (found.start, found.end):
            remember_move(store, found, moved)
        case = case_of(store, moved, settings, moment)
    output.out(sentence(what_follows(case, _words(found, moved, typed), typed), sys.stdout))
    return OK


def _words(former: Session, moved: Session, typed: Typed) -> str:
    """Say when a moved booking starts now, and when it did."""
    who = together(moved.people)
    length = f"{(moved.end - moved.start) // MINUTE} min"
    was = f"was {typed.when(former.start)}, " if former.start and former.start != moved.start else ""
    times = f"starts {typed.when(moved.start)}, {was}and ends {typed.when(moved.end)}, {length}"
    return f"{word(moved.id)} {times}{f', for {who}' if who else ''}"
