"""What several of `sessions`' commands take, and the error that two of them end with."""

from __future__ import annotations

from typing import Annotated

import typer

from coachsync.errors import SessionError

Start = Annotated[str, typer.Option("--start", metavar="WHEN", help='"2026-10-14 13:00" with --tz, or with an offset.')]
Zone = Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="The zone of --start: America/New_York.")]
Length = Annotated[str | None, typer.Option("--duration", metavar="LENGTH", help="How long: 60m, 90m, 1h30m.")]


def changed_meanwhile(name: str) -> SessionError:
    """Return the error that somebody else changed the booking between our look and our change."""
    return SessionError("store_error", f"{name} was changed or removed meanwhile", "look at it, then try again")
