"""`sessions export`: every booking as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.errors import OK


def export_sessions(ctx: typer.Context) -> int:
    """Print every booking as a JSON array, a row on each line.

    \b
    Example:
      coachsync sessions export > bookings.json
    """
    with opened(ctx) as (_, store):
        output.out_all(_array(store.bookings.export()))
    return OK


def _array(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}\n{output.json_text(row)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"
