"""Times as other systems write them, read into milliseconds: never a wrong hour.

A time that could mean two moments is refused with both: a local one without a zone, one that a change of clocks skips
or repeats, a date with slashes whose day and month could be exchanged.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from typing import NamedTuple

from coachsync.domain.booking import whole
from coachsync.domain.flaws import shown
from coachsync.domain.local_time import millis_of, readings
from coachsync.domain.model import Millis

NAMED_FORMATS = ("ms", "s", "iso", "timestamp")
_MOST_MINUTES = 1440
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")
_CLOCK = r"(?:,? | um | at | à )(\d{1,2})(?:[:h](\d{2}))(?::(\d{2}))?(?: ?(Uhr|[AaPp]\.?[Mm]\.?))?$"
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})" + _CLOCK)
_SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|(?<=/)\d{2})" + _CLOCK)
_YEAR_FIRST = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})" + _CLOCK)
_LENGTH = re.compile(
    r"(?:(\d{1,2}):(\d{2})(?::00)?|(?:(\d{1,2}) ?h(?:ours?)?)? ?(?:(\d{1,4}) ?(?:m|min|minutes?|Minuten)?\.?)?)$", re.I
)
_WORDS = (("YYYY", "%Y"), ("YY", "%y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%H"), ("hh", "%I"), ("mm", "%M"),
          ("ss", "%S"), ("A", "%p"))  # fmt: skip
NO_ZONE = "name the zone (--tz America/New_York), or write times with an offset"


class NoTime(NamedTuple):
    """Why a value is no moment, and what to do."""

    reason: str
    hint: str


def unfit_format(text: str) -> str:
    """Return what is wrong with a `COLUMN:FORMAT`'s format: "" if nothing is."""
    if text in NAMED_FORMATS:
        return ""
    form = as_strptime(text)
    signs = set(re.findall(r"%([A-Za-z])", form))
    if "Z" in signs:
        return "%Z is the name of a zone, which not every system means the same by: name the zone with --tz"
    day = bool(signs & {"j", "c", "x"} or ("d" in signs and signs & {"m", "b", "B"}))
    year = bool(signs & {"Y", "y", "c", "x"})
    hour = bool(signs & {"H", "c", "X"} or {"I", "p"} <= signs)
    lacking = [what for what, there in (("year", year), ("day", day), ("hour", hour)) if not there]
    if lacking:
        return f"it has no {' and no '.join(lacking)}"
    try:
        datetime.strptime(datetime(2026, 10, 14, 13, tzinfo=UTC).strftime(form), form)  # noqa: DTZ007 - a trial
    except ValueError as problem:
        return str(problem)
    return ""


def as_strptime(text: str) -> str:
    """Return a format in Python's signs: "DD.MM.YYYY HH:mm" is "%d.%m.%Y %H:%M"."""
    if "%" in text:
        return text
    for word, sign in _WORDS:
        text = re.sub(rf"(?<![%A-Za-z]){word}(?![A-Za-z])", sign, text)
    return text


def read_time(value: object, form: str = "", zone: tzinfo | None = None) -> Millis | NoTime:
    """Return the moment that a value is. `form`: one of `NAMED_FORMATS`, or as `strptime` takes it; "" finds out.

    `zone` is that of times that carry none. Whole numbers are milliseconds unless the format says seconds.
    """
    if isinstance(value, datetime):
        return in_zone(value, zone, str(value))
    number = whole(value) if form in ("", "ms", "s") and not isinstance(value, bool) else None
    if number is not None:
        return number * 1000 if form == "s" else number
    if not isinstance(value, str):
        return NoTime(f"{shown(value)} is no time", "write it as ISO 8601 with offset, or as milliseconds since 1970")
    text = _SPACES.sub(" ", value).strip()
    if form == "s" or form == "ms":
        return NoTime(f"{shown(value)} is no number of {'seconds' if form == 's' else 'milliseconds'}", "correct it")
    if form in ("iso", "timestamp", ""):
        return _iso(text, zone, sheets=not form)
    try:
        return in_zone(datetime.strptime(text, form), zone, text)  # noqa: DTZ007 - the zone follows
    except (ValueError, OverflowError):
        exact = _exact(text)  # which of two readings is meant can be said by an offset alone
        if exact is not None:
            return exact
        return NoTime(f"{shown(value)} is not as the format {form!r} says", "correct it, or the format in --map")


def _exact(text: str) -> Millis | None:
    """Return the moment of a text that is ISO 8601 with an offset; None for others."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else millis_of(moment)
    except (ValueError, OverflowError):
        return None


def in_zone(moment: datetime, zone: tzinfo | None, text: str) -> Millis | NoTime:
    """Return the moment that a date and time is: by its own offset, else by the zone."""
    if moment.tzinfo is not None and moment.utcoffset() is not None:
        try:
            return millis_of(moment)
        except OverflowError:
            return NoTime(f"{shown(text)} is no time", "correct it")
    if zone is None:
        return NoTime(f"{shown(text)} has neither offset nor zone", NO_ZONE)
    found, why = readings(moment, zone)
    if not why:
        return millis_of(found[0])
    early, late = (one.isoformat() for one in found)
    reason = f"{shown(text)} {why} in {zone}, because the clocks change: it may be {early} or {late}"
    return NoTime(reason, f"write which of the two it is: {early} or {late}")


def read_minutes(value: object) -> object:
    """Return a length in minutes as other systems write it ("60", "1:30", "90 min", "1h30m"); others as they are."""
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    text = _SPACES.sub(" ", value).strip()
    if not text:
        return None
    number = whole(text.replace(",", ".") if re.fullmatch(r"\d+,0+", text) else text)
    if number is not None:
        return number
    found = _LENGTH.match(text)
    if found is None:
        return value
    hours, minutes = (int(found[1] or found[3] or 0), int(found[2] or found[4] or 0))
    return hours * 60 + minutes


def length_between(start: Millis, end: Millis) -> int | NoTime:
    """Return the whole minutes from start to end."""
    minutes, rest = divmod(end - start, 60_000)
    if minutes < 1 or (minutes == 0 and rest):
        return NoTime("it ends before it starts, or at once", "correct start or end")
    if rest or minutes > _MOST_MINUTES:
        what = "is no whole number of minutes" if rest else "is more than a day"
        return NoTime(f"from start to end {what}", "correct start or end")
    return minutes


def _iso(text: str, zone: tzinfo | None, *, sheets: bool) -> Millis | NoTime:
    if _is_date(text):
        return NoTime(f"{shown(text)} is a day without a time", "write the time too")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        if sheets:
            return _of_a_sheet(text, zone)
        return NoTime(f"{shown(text)} is no time in ISO 8601", "write it as 2026-10-14T13:00:00Z")
    return in_zone(moment, zone, text)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _of_a_sheet(text: str, zone: tzinfo | None) -> Millis | NoTime:
    """Return the moment of a time as spreadsheets in English, German and French show it."""
    if found := _DOTTED.match(text):
        day, month, year, *clock = found.groups()
    elif found := _YEAR_FIRST.match(text):
        year, month, day, *clock = found.groups()
    elif found := _SLASHED.match(text):
        first, mark, second, year, *clock = found.groups()
        if int(first) <= 12 and int(second) <= 12 and first.lstrip("0") != second.lstrip("0"):
            forms = (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y")
            reason = f"{shown(text)} may be day {int(first)} of month {int(second)}, or the other way round"
            return NoTime(reason, f"say which: --map 'start=COLUMN:{forms[0]} %H:%M', or {forms[1]} …")
        day, month = (first, second) if int(second) <= 12 else (second, first)
    else:
        hint = "write it as ISO 8601 with offset, or name its format: --map 'start=COLUMN:%d.%m.%Y %H:%M'"
        return NoTime(f"{shown(text)} is no time", hint)
    return _moment(text, (year, month, day), clock, zone)


def _moment(text: str, day: tuple[str, str, str], clock: list[str | None], zone: tzinfo | None) -> Millis | NoTime:
    year, month, date_ = (int(part) for part in day)
    hour, minute, second = (int(part or 0) for part in clock[:3])
    half = (clock[3] or "").replace(".", "").lower()
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            return NoTime(f"{shown(text)} is no time", "correct it")
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        moment = datetime(year + 2000 if year < 100 else year, month, date_, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return NoTime(f"{shown(text)} is no time", "correct it")
    return in_zone(moment, zone, text)
