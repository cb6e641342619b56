"""Moments said back to who typed them: in the zone that was typed, and in UTC."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import NamedTuple

from coachsync.clock import at, iso, relative
from coachsync.domain.model import MINUTE, Millis, Session
from coachsync.report.lines import together


class Typed(NamedTuple):
    """Shows moments as of `now` in the zone in which somebody typed one; None if that was UTC."""

    now: Millis
    zone: tzinfo | None = None

    def when(self, moment: Millis) -> str:
        """Return "Wed 14 Oct 2026 13:00 EDT (2026-10-14T17:00:00Z)"."""
        if self.zone is None:
            return iso(moment)
        there = at(moment).astimezone(self.zone)
        name = there.tzname() or ""
        zone = f"UTC{name}" if name[:1] in ("+", "-") else name
        return f"{there:%a} {there.day} {there:%b %Y %H:%M} {zone} ({iso(moment)})"

    def away(self, moment: Millis) -> str:
        """Return "in 2 h 10 min", "4 min ago" or "now"."""
        return relative(moment, self.now)


def whom_and_when(session: Session, typed: Typed) -> str:
    """Return "Nadja with Coach Mike, Wed 14 Oct 2026 13:00 EDT (2026-10-14T17:00:00Z), 60 min"."""
    length = f"{(session.end - session.start) // MINUTE} min"
    when = f"{typed.when(session.start)}, {length}" if session.start else ""
    return ", ".join(filter(None, (together(session.people), when)))


def zone_of(text: str, zone: tzinfo | None) -> tzinfo | None:
    """Return in which zone a moment was typed: that of `--tz`, else its own offset; None for UTC."""
    if zone is not None:
        return zone
    from datetime import datetime

    try:
        offset = datetime.fromisoformat(text).tzinfo
    except ValueError:
        return None
    return offset if offset is not None and offset.utcoffset(None) != UTC.utcoffset(None) else None
