"""`sessions show`: one booking's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.options import Json, One, checked_name
from coachsync.clock import iso
from coachsync.domain.words import call
from coachsync.errors import OK, SessionError
from coachsync.report.text import clean
from coachsync.standing.find import find_one


def show(ctx: typer.Context, session: One, json: Json = False) -> int:
    """Show one booking's fields as the store holds them.

    \b
    Example:
      coachsync sessions show abc12345
    """
    name = checked_name(session)
    with opened(ctx) as (_, store):
        fields = store.bookings.raw(find_one(store, name).id)
    if fields is None:
        raise SessionError("unknown_session", f"{name} is no longer in the store", f"`{call('explain', name)}`")
    if json:
        output.json_document(fields)
    else:
        output.out_all(f"{line}\n" for line in _lines(fields))
    return OK


def _lines(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield a booking's fields, one line each; the start also as a date."""
    width = max((len(key) for key in fields), default=0) + 2
    for key, value in fields.items():
        shown = clean(value) if isinstance(value, str) else clean(str(value))
        if key == "scheduledDate" and isinstance(value, int) and not isinstance(value, bool):
            shown += f"  ({iso(value)})"
        yield f"{clean(key) + ':':<{width}}{shown}"
