"""`sessions export`: every booking, for another program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.clock import host_now
from coachsync.config.values import shown
from coachsync.errors import OK, UsageError

_FORMATS = ("json", "jsonl", "csv", "ics")


def export_sessions(
    ctx: typer.Context,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="json, jsonl, csv or ics.", show_default="json")
    ] = "json",
    names: Annotated[bool, typer.Option("--names", help="Name the people in the calendar (ics).")] = False,
) -> int:
    """Print every booking: as a JSON array, a JSON object on each line, a table (csv), or a calendar (ics).

    \b
    Examples:
      coachsync sessions export > bookings.json
      coachsync sessions export --format ics > coaching.ics
    """
    if form not in _FORMATS:
        raise UsageError(f"--format: found {shown(form)}", f"expected one of {', '.join(_FORMATS)}")
    if names and form != "ics":
        raise UsageError(f"--names is for --format ics: {form} holds the names anyway", "leave --names out")
    with opened(ctx) as (settings, store):
        rows = store.bookings.export()
        if form == "json":
            output.out_all(_array(rows))
        elif form == "jsonl":
            output.out_all(f"{output.json_text(row)}\n" for row in rows)
        elif form == "csv":
            from coachsync.bookings.export import table

            output.out_all(table(rows))
        else:
            from coachsync.bookings.export import calendar

            sessions = store.bookings.everything()
            output.out_all(calendar(sessions, settings.statuses, host_now(), names=names))
    return OK


def _array(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}\n{output.json_text(row)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"
