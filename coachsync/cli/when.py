"""Moments and lengths of time as a person types them. The host's own time zone is never assumed."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from coachsync.config.values import UnfitError, parse_duration
from coachsync.domain.local_time import millis_of, readings
from coachsync.domain.model import MINUTE, Millis
from coachsync.errors import UsageError
from coachsync.secrets import redact

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_LEAST_MILLIS: Millis = 100_000_000_000  # less than this are seconds, or a slip: it would be before 1974
_MOST_MILLIS: Millis = 253_402_214_400_000
_FIRST_YEAR: Millis = 1_420_070_400_000  # 2015-01-01, UTC
_LAST_YEAR: Millis = 4_133_980_800_000  # 2101-01-01, UTC
_MOST_MINUTES = 1440
_START_FORMS = 'such as "2026-10-14 13:00" with --tz America/New_York'
_UNTIL_FORMS = f"{_START_FORMS}, or a length such as 2h"
_NOW_FORMS = "such as 2026-10-14T13:00:00Z, 2026-10-14T09:00-04:00 or epoch milliseconds"


def parse_now(text: str) -> Millis:
    """Return the moment that `--now` names: ISO 8601 with offset, or epoch milliseconds. Raises UsageError."""
    if _is_number(text):
        return _epoch_millis(text, "--now")
    moment = _iso(text, "--now", _NOW_FORMS)
    if moment.tzinfo is None:
        raise UsageError(f"--now {text}: no offset from UTC is given", f"expected a moment {_NOW_FORMS}")
    return millis_of(moment)


def parse_since(text: str, now: Millis, zone: str | None = None) -> Millis:
    """Return the moment that `--since` names, at the latest `now`. Raises UsageError.

    A length of time counts back from now; a date or a time without an offset is of `--tz`.
    """
    found = _epoch_millis(text, "--since") if _is_number(text) else _since(text, now, zone)
    if found > now:
        raise UsageError(f"--since {redact(text)[:60]} is in the future", "give a moment that is past")
    return found


def _since(text: str, now: Millis, zone: str | None) -> Millis:
    try:
        return now - parse_duration(text)
    except UnfitError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        forms = 'such as 24h, 7d, 2026-10-14T13:00:00Z, or "2026-10-14 13:00" with --tz'
        raise UsageError(f"--since {redact(text)[:60]!r} is no moment", f"expected one {forms}") from None
    if moment.tzinfo is not None:
        return millis_of(moment)
    if zone is None:
        raise UsageError(f"--since {text}: which zone's time is this?", "add the zone (--tz America/New_York)")
    return millis_of(moment.replace(tzinfo=given_zone(zone)))


def parse_until(text: str, now: Millis, zone: str | None = None) -> Millis:
    """Return the moment that `--until` names, after `now`. Raises UsageError.

    A length of time counts on from now; what `--start` takes is good as well.
    """
    try:
        found = now + parse_duration(text)
    except UnfitError:
        found = _epoch_millis(text, "--until") if _is_number(text) else _start(text, zone, "--until", _UNTIL_FORMS)
    if found <= now:
        raise UsageError(
            f"--until {redact(text)[:60]} is not in the future", "give a length such as 2h, or a later time"
        )
    return found


def parse_timeout(text: str) -> Millis:
    """Return how long `--timeout` says to wait. Raises UsageError."""
    try:
        return parse_duration(text)
    except UnfitError as unfit:
        hint = f"expected {unfit}"
        hint = f"did you mean {int(text)}s?" if _is_number(text) and len(text) < 6 and int(text) > 0 else hint
        raise UsageError(f"--timeout {redact(text)[:40]!r} is no length of time", hint) from None


def parse_older_than(text: str) -> Millis:
    """Return how long ago `--older-than` says that something ended. Raises UsageError."""
    try:
        found = parse_duration(text)
    except UnfitError as unfit:
        hint = (
            f"did you mean {int(text)}d?"
            if _is_number(text) and len(text) < 6 and int(text) > 0
            else f"expected {unfit}"
        )
        raise UsageError(f"--older-than {redact(text)[:40]!r} is no length of time", hint) from None
    if found <= 0:
        raise UsageError(f"--older-than {redact(text)[:40]} is nothing", "give a length such as 365d")
    return found


def parse_day(text: str, zone: tzinfo) -> Millis:
    """Return the moment that `--from` names: a date, or a date and a time, of that zone unless it has an offset.

    Raises UsageError.
    """
    if _is_number(text):
        return _epoch_millis(text, "--from")
    try:
        moment = datetime.fromisoformat(text)
        return millis_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        hint = 'expected a day such as 2026-10-14, or a moment such as "2026-10-14 13:00"'
        raise UsageError(f"--from {redact(text)[:60]!r} is no day", hint) from None


def parse_start(text: str, zone: str | None) -> Millis:
    """Return when a session starts: ISO 8601 with offset, or a local time with `--tz`. Raises UsageError.

    A local time that a change of clocks skips or repeats is refused, with both readings; so is a year outside
    2015 to 2100, which no store would take.
    """
    found = _epoch_millis(text, "--start") if _is_number(text) else _start(text, zone)
    if not _FIRST_YEAR <= found < _LAST_YEAR:
        raise UsageError(f"--start {redact(text)[:60]} is outside the years 2015 to 2100", "correct the year")
    return found


def _start(text: str, zone: str | None, option: str = "--start", forms: str = _START_FORMS) -> Millis:
    moment = _iso(text, option, forms)
    if zone is None and moment.tzinfo is None:
        hint = f'add the zone (--tz America/New_York) or an offset ("{text}-04:00", "{text}Z")'
        raise UsageError(f"{option} {text}: which zone's time is this?", hint)
    if zone is None:
        return millis_of(moment)
    if moment.tzinfo is not None:
        raise UsageError(f"{option} {text} has an offset, and --tz is given too", "leave one of the two out")
    return _in_zone(moment, given_zone(zone), text, zone, option)


def parse_length(text: str) -> int:
    """Return a session's length in whole minutes. Raises UsageError."""
    try:
        found = parse_duration(text)
    except UnfitError:
        found = 0
    if found % MINUTE or not 1 <= found // MINUTE <= _MOST_MINUTES:
        hint = "give 1m to 24h in whole minutes, such as 90m"
        if _is_number(text) and len(text) < 5 and 1 <= int(text) <= _MOST_MINUTES:
            hint = f"did you mean {int(text)}m?"
        raise UsageError(f"--duration {text} is no session's length", hint)
    return found // MINUTE


def _is_number(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit()


def _epoch_millis(text: str, option: str) -> Millis:
    value = int(text) if len(text) < 20 else _MOST_MILLIS
    if not _LEAST_MILLIS <= value < _MOST_MILLIS:
        hint = f"expected a moment {_NOW_FORMS}; seconds need three zeros more"
        raise UsageError(f"{option} {redact(text)[:40]} is no time in milliseconds since 1970", hint)
    return value


def _iso(text: str, option: str, forms: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if not _is_date(text):
            return moment
    except ValueError:
        pass
    raise UsageError(f"{option} {redact(text)[:60]!r} is no date and time", f"expected a moment {forms}")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def given_zone(name: str) -> ZoneInfo:
    """Return the zone that `--tz` names. Raises UsageError."""
    from coachsync.config.zones import Odd, zone_named

    found = zone_named(name)
    if isinstance(found, Odd):
        raise UsageError(f"--tz {redact(name)[:60]!r} {found.flaw}", found.hint)
    return found


def _in_zone(moment: datetime, zone: ZoneInfo, text: str, name: str, option: str = "--start") -> Millis:
    found, why = readings(moment, zone)
    if not why:
        return millis_of(found[0])
    early, late = found
    raise UsageError(
        f"{option} {text}: this time {why} in {name}, because the clocks change",
        f"say which one: {option} {early.isoformat()} or {option} {late.isoformat()}, without --tz",
    )
