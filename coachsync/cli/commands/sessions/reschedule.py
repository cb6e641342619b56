"""`sessions reschedule`: a booking at another time."""

from __future__ import annotations

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import Length, Start, Zone, changed_meanwhile
from coachsync.cli.context import opened
from coachsync.cli.options import Now, One, checked_name, chosen_now
from coachsync.cli.when import parse_length, parse_start
from coachsync.clock import iso, relative
from coachsync.domain.case import Case, Facts
from coachsync.errors import OK
from coachsync.report.text import word
from coachsync.standing.find import find_one


def reschedule(
    ctx: typer.Context, session: One, start: Start, tz: Zone = None, duration: Length = None, now: Now = None
) -> int:
    """Move a booking, and say what becomes of a room that is open.

    \b
    Example:
      coachsync sessions reschedule abc12345 --start "2026-10-15 09:00" --tz Europe/Berlin
    """
    name, moment = checked_name(session), chosen_now(now)
    fields = {"scheduledDate": parse_start(start, tz)}
    if duration is not None:
        fields["duration"] = parse_length(duration)
    with opened(ctx, writable=True) as (settings, store):
        found = find_one(store, name)
        if not store.bookings.change(found.id, fields):
            raise changed_meanwhile(name)
        moved = store.bookings.by_ids([found.id]).get(found.id, found)
        entry = store.ledger.entries([found.id]).get(found.id)
    output.out(_words(Case.of(moved, entry, Facts(moment, settings.policy))))
    return OK


def _words(case: Case) -> str:
    """Say when a moved booking starts now, and what becomes of its room."""
    session = case.session
    return what_follows(case, f"{word(session.id)} starts {iso(session.start)} and ends {iso(session.end)}")


def what_follows(case: Case, head: str) -> str:
    """Return `head` with what becomes of a booking's room, and what happens next."""
    now = case.now
    action, moment = case.next
    if action == "revoke":
        return f"{head}: its room is taken away by the next run, and made again from {iso(case.opens)}"
    if action is None or moment is None:
        return f"{head}: {_no_room(case)}"
    head += ": its room stays" if case.live is not None and action == "cleanup" else ""
    when = "by the next run" if moment <= now else f"at {iso(moment)}, {relative(moment, now)}"
    return f"{head}; next: {action} {when}"


def _no_room(case: Case) -> str:
    """Say why no run will do anything for a session."""
    session = case.session
    if session.flaw is not None:
        return f"its row is invalid, so it gets no room: {session.flaw.message}"
    if not case.bookable:
        status = session.status
        return f"its status {word(status)} gets no room" if status else "without a status it gets no room"
    if case.now >= session.end:
        return "it has ended already: it gets no room"
    if case.late:
        return "it is too late for its room: windows.catch_up is off"
    return f"it is closed: `coachsync setup {word(session.id)}` gives it a room"
