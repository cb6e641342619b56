"""`sessions list`: the bookings, one line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.options import Json, Now, chosen_now
from coachsync.clock import iso
from coachsync.domain.model import MINUTE, Session
from coachsync.errors import OK
from coachsync.report.lines import people
from coachsync.report.text import word
from coachsync.standing.rows import all_rows, recent_rows


def list_sessions(
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
    moment = chosen_now(now)
    with opened(ctx) as (settings, store):
        rows = (all_rows if everything else recent_rows)(store, settings.policy, moment)
        raw: list[dict[str, Any]] = [
            fields for row in rows if (fields := store.bookings.raw(row.session.id)) is not None
        ]
    if json:
        output.json_document({"version": 1, "sessions": raw})
    else:
        output.out_all(f"{line}\n" for line in _lines(row.session for row in rows))
    return OK


def _lines(sessions: Iterable[Session]) -> Iterator[str]:
    """Yield "abc12345 SCHEDULED 2026-10-14T13:00:00Z 60m for John Doe and Coach Sarah", one line each."""
    for session in sessions:
        when = f"{iso(session.start)} {(session.end - session.start) // MINUTE}m" if session.start else "no valid time"
        who = people(session)
        yield f"{word(session.id)} {word(session.status)} {when}{' for ' + who if who else ''}"
