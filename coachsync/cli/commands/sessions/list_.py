"""`sessions list`: the bookings, one line each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, moments
from coachsync.cli.options import Json, Now, chosen_now
from coachsync.clock import iso
from coachsync.domain.model import MINUTE, Session
from coachsync.errors import OK
from coachsync.report.lines import people
from coachsync.report.text import word
from coachsync.standing.rows import all_rows, recent_rows

if TYPE_CHECKING:
    from coachsync.report.moments import Moments
    from coachsync.standing.row import StatusRow

_NONE, _RECENT = "no booking", "is live, coming or less than 7 days past; --all lists every one"


def list_sessions(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what ended more than 7 days ago.")] = False,
    tz: Tz = None,
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
        shown = moments(settings, moment, tz)
        rows = (all_rows if everything else recent_rows)(store, settings.policy, moment)
        raw = [store.bookings.raw(row.session.id) for row in rows] if json else []
    if json:
        output.json_document({"version": 1, "sessions": [fields for fields in raw if fields is not None]})
    elif output.is_terminal(sys.stdout):
        output.out(_table(rows, shown) if rows else _NONE if everything else f"{_NONE} {_RECENT}")
    else:
        output.out_all(f"{line}\n" for line in _lines(row.session for row in rows))
    return OK


def _table(rows: Sequence[StatusRow], shown: Moments) -> str:
    from coachsync.cli.reporting import canvas
    from coachsync.report.bookings import bookings_grid

    return bookings_grid(rows, shown, canvas())


def _lines(sessions: Iterable[Session]) -> Iterator[str]:
    """Yield "abc12345 SCHEDULED 2026-10-14T13:00:00Z 60m for John Doe and Coach Sarah", one line each."""
    for session in sessions:
        when = f"{iso(session.start)} {(session.end - session.start) // MINUTE}m" if session.start else "no valid time"
        who = people(session)
        yield f"{word(session.id)} {word(session.status)} {when}{' for ' + who if who else ''}"
