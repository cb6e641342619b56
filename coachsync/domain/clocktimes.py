"""Times as databases write them, read into milliseconds. Pure.

A time that carries no zone is one in the zone that is given, and none at all without one: an hour is never guessed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from coachsync.domain.flaws import shown
from coachsync.domain.model import Millis

TimeForm = Literal["ms", "s", "iso", "timestamp"]
"""Milliseconds or seconds since 1970; ISO 8601; a database's own timestamp, which this host reads as text."""

TEXT_FORMS: tuple[TimeForm, ...] = ("iso", "timestamp")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST: Millis = 1_000_000_000_000  # 2001 in milliseconds, the year 33658 in seconds


class Misread(NamedTuple):
    """A value that cannot be understood: what is wrong with it ("starts_at is …"), what to do, and the value."""

    message: str
    hint: str
    value: object = None


class Twofold(NamedTuple):
    """What a local time can mean that a change of clocks skips (`twice` false) or repeats, both in UTC, in order."""

    twice: bool
    first: datetime
    second: datetime


def millis_of(moment: datetime) -> Millis:
    """Return an aware datetime in milliseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def at_utc(moment: Millis) -> datetime:
    """Return milliseconds since the epoch, of a year from 2 to 9998, as an aware datetime."""
    return _EPOCH + timedelta(milliseconds=moment)


def in_zone(moment: datetime, zone: tzinfo) -> Millis | Twofold:
    """Return a naive local time of a zone in milliseconds, or its two readings if the clocks change there and then."""
    moment = moment.replace(year=min(max(moment.year, 2), 9998))  # room for any offset; no booking's year anyway
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return millis_of(first)
    twice = first.astimezone(zone).replace(tzinfo=None) == moment
    return Twofold(twice, min(first, second), max(first, second))


def read_time(name: str, value: object, form: TimeForm, zone: tzinfo | None, zone_name: str = "") -> object:
    """Return a column's time in milliseconds, or a `Misread`; nothing is None, a number that is none stays as it is.

    `name` is what messages call the column, `zone_name` what they call the zone.
    """
    if value is None:
        return None
    if form == "ms":
        return value
    if form == "s":
        return _of_seconds(name, value)
    return _of_text(name, value, zone, zone_name)


def carries_no_zone(value: object) -> bool:
    """Return whether a value is a date and time as text, or a datetime, without an offset."""
    moment = value if isinstance(value, datetime) else _parsed(value) if isinstance(value, str) else None
    return moment is not None and moment.tzinfo is None


def _of_seconds(name: str, value: object) -> object:
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
        moment = None if seconds is None else int(seconds * 1000)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        return Misread(f"{name} is {shown(value)}, no number of seconds", "correct it, or [store] time", value)
    if abs(moment) >= _LEAST * 1000:
        hint = 'it looks like milliseconds: set [store] time = "ms"'
        return Misread(f"{name} is {shown(value)}, outside the years 2015 to 2100", hint, value)
    return moment


def _of_text(name: str, value: object, zone: tzinfo | None, zone_name: str) -> object:
    moment = value if isinstance(value, datetime) else _parsed(value) if isinstance(value, str) else None
    if moment is None:
        return Misread(f"{name} is {shown(value)}, no date and time", _mend(value), value)
    if moment.tzinfo is not None:
        try:
            return millis_of(moment)
        except OverflowError:
            return Misread(f"{name} is {shown(value)}, outside the years 2015 to 2100", "correct it", value)
    if zone is None:
        hint = 'name the zone that it is in: [store] timezone = "Europe/Berlin", or "UTC"'
        return Misread(f"{name} is {shown(value)}, which carries no zone", hint, value)
    found = in_zone(moment, zone)
    if not isinstance(found, Twofold):
        return found
    what = "exists twice" if found.twice else "does not exist"
    either = f"{found.first:%Y-%m-%dT%H:%M:%SZ} or {found.second:%Y-%m-%dT%H:%M:%SZ}"
    told = f"{name} is {shown(value)}, which {what} in {zone_name or zone}, because the clocks change: {either}?"
    return Misread(told, "move the booking, or have its system keep times in UTC", value)


def _parsed(text: str) -> datetime | None:
    """Return the moment that a text names, None if it is none; a date alone is no time."""
    text = text.strip()
    if text.endswith(" UTC"):
        text = text[:-4] + "Z"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return moment
    return None


def _mend(value: object) -> str:
    if isinstance(value, (int, float)):
        form = "ms" if abs(value) >= _LEAST / 10 else "s"
        return f'it is a number: set [store] time = "{form}"'
    return "write it as 2026-10-14 13:00:00, with an offset or without"
