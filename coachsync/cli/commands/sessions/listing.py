"""Bookings as plain lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from coachsync.domain.model import MINUTE, Session
from coachsync.report.lines import people
from coachsync.report.text import clean, iso, word


def booking_lines(sessions: Iterable[Session]) -> Iterator[str]:
    """Yield "abc12345 SCHEDULED 2026-10-14T13:00:00Z 60m for John Doe and Coach Sarah", one line each."""
    for session in sessions:
        when = f"{iso(session.start)} {(session.end - session.start) // MINUTE}m" if session.start else "no valid time"
        who = people(session)
        yield f"{word(session.id)} {word(session.status)} {when}{' for ' + who if who else ''}"


def field_lines(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield a booking's fields, one line each; the start also as a date."""
    width = max((len(key) for key in fields), default=0) + 2
    for key, value in fields.items():
        shown = clean(value) if isinstance(value, str) else clean(str(value))
        if key == "scheduledDate" and isinstance(value, int) and not isinstance(value, bool):
            shown += f"  ({iso(value)})"
        yield f"{clean(key) + ':':<{width}}{shown}"
