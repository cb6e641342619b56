"""`sessions`: the bookings themselves, for operators and for scripts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.booking import (
    booked_fields,
    cancelled_words,
    checked_id,
    checked_person,
    moved_words,
)
from coachsync.cli.commands.sessions.import_ import export_sessions, import_sessions
from coachsync.cli.commands.sessions.listing import booking_lines, field_lines
from coachsync.cli.context import invocation, open_settled_store
from coachsync.cli.frame import new_app
from coachsync.cli.options import Json, Now, One, chosen_now, host_now, refuse_empty
from coachsync.cli.when import parse_length, parse_start
from coachsync.domain.words import call
from coachsync.errors import OK, ConfigError, SessionError
from coachsync.report.text import word
from coachsync.standing.find import find_one
from coachsync.standing.rows import all_rows, recent_rows

app = new_app(help="Add, list, change, import and export bookings.")

Start = Annotated[str, typer.Option("--start", metavar="WHEN", help='"2026-10-14 13:00" with --tz, or with an offset.')]
Zone = Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="The zone of --start: America/New_York.")]
Length = Annotated[str | None, typer.Option("--duration", metavar="LENGTH", help="How long: 60m, 90m, 1h30m.")]


@app.command()
def add(
    ctx: typer.Context,
    student: Annotated[str, typer.Option("--student", metavar="ID", help="The student's Discord user id.")],
    coach: Annotated[str, typer.Option("--coach", metavar="ID", help="The coach's Discord user id.")],
    start: Start,
    tz: Zone = None,
    duration: Length = None,
    session_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="The booking's own id.")] = None,
    student_name: Annotated[str | None, typer.Option("--student-name", metavar="NAME", help="For people.")] = None,
    coach_name: Annotated[str | None, typer.Option("--coach-name", metavar="NAME", help="For people.")] = None,
    guild: Annotated[str | None, typer.Option("--guild", metavar="ID", help="Another guild than the default.")] = None,
) -> int:
    """Add a booking and print its id.

    \b
    Example:
      coachsync sessions add --student 1100000000000000010 --coach 1100000000000000011 \\
        --start "2026-10-14 13:00" --tz America/New_York --duration 90m
    """
    given = {
        "_id": checked_id(session_id),
        "scheduledDate": parse_start(start, tz),
        "duration": None if duration is None else parse_length(duration),
        "studentDiscordId": checked_person(student, "--student"),
        "coachDiscordId": checked_person(coach, "--coach"),
        "studentName": student_name,
        "coachName": coach_name,
        "guildId": None if guild is None else checked_person(guild, "--guild"),
    }
    settings = invocation(ctx).settings()
    fields = booked_fields(given, settings)
    store = open_settled_store(settings, writable=True)
    try:
        store.add(fields)
    finally:
        store.close()
    if fields["scheduledDate"] + fields.get("duration", 0) * 60_000 <= host_now():
        output.warning("this session has ended already: it gets no room")
    output.out(fields["_id"])
    return OK


@app.command("list")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what ended more than 7 days ago.")] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """List the bookings.

    Lists what is live, coming, or less than 7 days past.

    \b
    Example:
      coachsync sessions list --all --json
    """
    pretended = chosen_now(now)
    moment = host_now() if pretended is None else pretended
    settings = invocation(ctx).settings()
    store = open_settled_store(settings, writable=False)
    try:
        rows = (all_rows if everything else recent_rows)(store, settings.policy, moment)
        raw: list[dict[str, Any]] = [fields for row in rows if (fields := store.raw(row.session.id)) is not None]
    finally:
        store.close()
    if json:
        output.json_document({"version": 1, "sessions": raw})
    else:
        output.out_all(f"{line}\n" for line in booking_lines([row.session for row in rows]))
    return OK


@app.command()
def show(ctx: typer.Context, session: One, json: Json = False) -> int:
    """Show one booking's fields as the store holds them."""
    (name,) = refuse_empty([session])
    store = open_settled_store(invocation(ctx).settings(), writable=False)
    try:
        fields = store.raw(find_one(store, name).id)
    finally:
        store.close()
    if fields is None:
        raise SessionError("unknown_session", f"{name} is no longer in the store", f"`{call('explain', name)}`")
    if json:
        output.json_document(fields)
    else:
        output.out_all(f"{line}\n" for line in field_lines(fields))
    return OK


@app.command()
def cancel(ctx: typer.Context, session: One) -> int:
    """Cancel a booking: the next run takes its room away."""
    (name,) = refuse_empty([session])
    settings = invocation(ctx).settings()
    if not settings.statuses.cancelled:
        raise ConfigError("no status means cancelled", "name one in statuses.cancelled")
    store = open_settled_store(settings, writable=True)
    try:
        found = find_one(store, name)
        if found.status in settings.statuses.cancelled:
            output.out(f"{word(found.id)} is {found.status} already")
            return OK
        if found.status == settings.statuses.completed:
            raise SessionError("ended", f"{name} is {found.status}: it is over", "nothing is left to cancel")
        if not store.change(found.id, {"status": settings.statuses.cancelled[0]}, found.status):
            raise _changed_meanwhile(name)
        entry = store.entries([found.id]).get(found.id)
    finally:
        store.close()
    output.out(cancelled_words(found, entry, settings.statuses.cancelled[0]))
    return OK


@app.command()
def reschedule(
    ctx: typer.Context, session: One, start: Start, tz: Zone = None, duration: Length = None, now: Now = None
) -> int:
    """Move a booking, and say what becomes of a room that is open.

    \b
    Example:
      coachsync sessions reschedule abc12345 --start "2026-10-15 09:00" --tz Europe/Berlin
    """
    (name,) = refuse_empty([session])
    pretended = chosen_now(now)
    moment, minutes = parse_start(start, tz), None if duration is None else parse_length(duration)
    settings = invocation(ctx).settings()
    store = open_settled_store(settings, writable=True)
    try:
        found = find_one(store, name)
        fields = {"scheduledDate": moment} | ({} if minutes is None else {"duration": minutes})
        if not store.change(found.id, fields):
            raise _changed_meanwhile(name)
        moved = store.by_ids([found.id]).get(found.id, found)
        entry = store.entries([found.id]).get(found.id)
    finally:
        store.close()
    output.out(moved_words(moved, entry, settings.policy, host_now() if pretended is None else pretended))
    return OK


def _changed_meanwhile(name: str) -> SessionError:
    return SessionError("store_error", f"{name} was changed or removed meanwhile", "look at it, then try again")


app.command("import")(import_sessions)
app.command("export")(export_sessions)
