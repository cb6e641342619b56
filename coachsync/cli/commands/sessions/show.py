"""`sessions show`: one booking's fields."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, moments
from coachsync.cli.options import Json, Now, One, checked_name, chosen_now
from coachsync.clock import iso
from coachsync.domain.words import call
from coachsync.errors import OK, SessionError
from coachsync.report.bookings import plain
from coachsync.report.text import clean
from coachsync.standing.find import find_one


def show(ctx: typer.Context, session: One, tz: Tz = None, now: Now = None, json: Json = False) -> int:
    """Show one booking's fields as the store holds them.

    \b
    Example:
      coachsync sessions show abc12345
    """
    name, moment = checked_name(session), chosen_now(now)
    with opened(ctx) as (settings, store):
        shown = moments(settings, moment, tz)
        fields = store.bookings.raw(find_one(store, name).id)
    if fields is None:
        known = f"`{call('explain', name)}` tells what is remembered of it"
        raise SessionError("unknown_session", f"the booking {name} is no longer in the store", known)
    if json:
        output.json_document(fields)
    elif output.is_terminal(sys.stdout):
        from coachsync.cli.reporting import canvas
        from coachsync.report.bookings import fields_screen

        output.out(fields_screen(fields, shown, canvas()))
    else:
        output.out_all(f"{line}\n" for line in _lines(fields))
    return OK


def _lines(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield a booking's fields, one line each; the start also as a date."""
    width = max((len(key) for key in fields), default=0) + 2
    for key, value in fields.items():
        shown = plain(value)
        if key == "scheduledDate" and isinstance(value, int) and not isinstance(value, bool):
            shown += f"  ({iso(value)})"
        yield f"{clean(key) + ':':<{width}}{shown}"
