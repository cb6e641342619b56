"""`sessions add`: a new booking."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from string import ascii_letters, digits
from typing import Annotated, Any

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import Length, Start, Zone, case_of, sentence, typed_in
from coachsync.cli.context import opened
from coachsync.cli.when import parse_length, parse_start
from coachsync.clock import host_now
from coachsync.config import Settings
from coachsync.config.values import shown
from coachsync.domain.model import MINUTE
from coachsync.domain.snowflake import bare_id, is_snowflake
from coachsync.errors import OK, UsageError
from coachsync.report.ahead import what_follows
from coachsync.report.typed import whom_and_when
from coachsync.standing.past import note_brought_in

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 8
_LONGEST_ID = 200
_ALLOWED = frozenset(ascii_letters + digits + "._:@/+=-")  # what no shell takes for anything else
_NOT_FIRST = "-="
_EXPECTED = f"at most {_LONGEST_ID} letters, digits and . _ : @ / + = -, the first of them no - or ="


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
    """Add a booking and print its id; what was understood, and what happens next, goes to stderr.

    \b
    Example:
      coachsync sessions add --student 1100000000000000010 --coach 1100000000000000011 \\
        --start "2026-10-14 13:00" --tz America/New_York --duration 90m
    """
    now = host_now()
    given = {
        "_id": _checked_id(session_id),
        "scheduledDate": parse_start(start, tz),
        "duration": None if duration is None else parse_length(duration),
        "studentDiscordId": _checked_person(student, "--student"),
        "coachDiscordId": _checked_person(coach, "--coach"),
        "studentName": student_name,
        "coachName": coach_name,
        "guildId": None if guild is None else _checked_person(guild, "--guild"),
    }
    with opened(ctx, writable=True) as (settings, store):
        store.bookings.require_ours()
        fields = _fields(given, settings)
        store.bookings.add(fields)
        note_brought_in(store, [fields["_id"]], now)
        session = store.bookings.by_ids([fields["_id"]])[fields["_id"]]
        case = case_of(store, session, settings, now)
    typed = typed_in(start, tz, now)
    if session.end <= now:
        output.warning(f"this session has ended already: it gets no room ({whom_and_when(session, typed)})")
    else:
        told = what_follows(case, f"added: {whom_and_when(session, typed)}", typed)
        output.err(sentence(told, sys.stderr))
    output.out(session.id)
    return OK


def _checked_person(text: str, option: str) -> str:
    """Return a Discord id given on the command line. Raises UsageError."""
    bare = bare_id(text)
    if not is_snowflake(bare):
        hint = 'in Discord: settings, advanced, developer mode; then right-click, "Copy ID"'
        raise UsageError(f"{option}: found {shown(text)}, expected a Discord id of 15 to 20 digits", hint)
    return bare


def _checked_id(text: str | None) -> str:
    """Return the booking's id: the one given, or 8 random letters and digits. Raises UsageError."""
    if text is None:
        from secrets import choice

        return "".join(choice(_LETTERS) for _ in range(_ID_LENGTH))
    if not 1 <= len(text) <= _LONGEST_ID or not _ALLOWED.issuperset(text) or text[0] in _NOT_FIRST:
        hint = "leave --id out for a random one; a booking system's own ids come in as they are by `sessions import`"
        raise UsageError(f"--id: found {shown(text)}, expected {_EXPECTED}", hint)
    return text


def _fields(given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the booking's fields by JSON key: what is given, the first bookable status, the default duration."""
    fields = {key: value for key, value in given.items() if value is not None}
    fields["status"] = settings.statuses.bookable[0]
    if settings.windows.default_duration % MINUTE == 0:
        fields.setdefault("duration", settings.windows.default_duration // MINUTE)
    return fields
