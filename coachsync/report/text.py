"""Texts from the store made harmless, and times made readable. Used by every rendering."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coachsync.domain.model import DAY, HOUR, MINUTE, Millis

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Millis = -62_135_596_800_000  # the year 1, where datetime begins
_LAST: Millis = 253_402_214_400_000  # the last day of 9999, less a day for any zone
_JOINERS = "\u200c\u200d"  # what holds emoji and some scripts together; harmless


def clean(text: str) -> str:
    """Return a text on one line in which control, ANSI and bidirectional characters are shown, not obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else ascii(c)[1:-1] for c in text)


def word(text: str) -> str:
    """Return an id as one word of a line: as it is, or quoted where it holds white space or quotes."""
    shown = clean(text)
    if shown and not any(c.isspace() or c in "\"'" for c in shown):
        return shown
    return '"' + shown.replace('"', '\\"') + '"'


def at(ms: Millis) -> datetime:
    """Return an aware datetime in UTC; what datetime cannot hold becomes the nearest that it can."""
    return _EPOCH + timedelta(milliseconds=min(max(ms, _FIRST), _LAST))


def iso(ms: Millis) -> str:
    """Return ISO 8601 with Z; milliseconds are shown only where they are not zero."""
    when = at(ms)
    fraction = f".{when.microsecond // 1000:03}" if when.microsecond else ""
    return f"{when:%Y-%m-%dT%H:%M:%S}{fraction}Z".rjust(20, "0")


def local(ms: Millis) -> str:
    """Return a moment in the host's zone and in UTC: "Wed 14 Oct 09:00 EDT (13:00 UTC)"."""
    utc = at(ms)
    here = utc.astimezone()
    if not here.utcoffset():
        return f"{utc:%a %d %b %H:%M} UTC"
    other = f"{utc:%H:%M}" if utc.date() == here.date() else f"{utc:%a %H:%M}"
    return f"{here:%a %d %b %H:%M %Z} ({other} UTC)"


def span(ms: Millis) -> str:
    """Return a length of time in its two largest units: "2 h 0 min", "3 d 4 h", "45 s"."""
    ms = abs(ms)
    if ms >= DAY:
        return f"{ms // DAY} d {ms % DAY // HOUR} h"
    if ms >= HOUR:
        return f"{ms // HOUR} h {ms % HOUR // MINUTE} min"
    return f"{ms // MINUTE} min" if ms >= MINUTE else f"{ms // 1000} s"


def relative(ms: Millis, now: Millis) -> str:
    """Return how far a moment is from now: "in 2 h 0 min", "5 min ago", "now"."""
    if abs(ms - now) < 1000:
        return "now"
    return f"in {span(ms - now)}" if ms > now else f"{span(now - ms)} ago"
