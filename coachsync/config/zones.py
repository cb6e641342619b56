"""Zones as people name them: by an offset, by letters, by a city that has no zone of its own.

Owns what is said about such a name. A suggestion is never hours off what was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_FORMS = "expected a zone's name, such as America/New_York or Europe/Berlin"
_CLOSE = 0.8
_SHORTEST = 5  # letters of a city: fewer are like too many others

# the letters that people say, and the zones that keep that time in winter or in summer
_LETTERS = {
    "EST": "America/New_York", "EDT": "America/New_York", "CST": "America/Chicago or Asia/Shanghai",
    "CDT": "America/Chicago", "MST": "America/Denver or America/Phoenix", "MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "AKST": "America/Anchorage",
    "AKDT": "America/Anchorage", "HST": "Pacific/Honolulu", "AST": "America/Halifax or Asia/Riyadh",
    "ADT": "America/Halifax", "NST": "America/St_Johns", "BRT": "America/Sao_Paulo", "BST": "Europe/London",
    "WEST": "Europe/Lisbon", "CEST": "Europe/Berlin or Europe/Paris", "EEST": "Europe/Athens or Europe/Kyiv",
    "MSK": "Europe/Moscow", "TRT": "Europe/Istanbul", "SAST": "Africa/Johannesburg", "GST": "Asia/Dubai",
    "PKT": "Asia/Karachi", "IST": "Asia/Kolkata, Europe/Dublin or Asia/Jerusalem", "ICT": "Asia/Bangkok",
    "WIB": "Asia/Jakarta", "HKT": "Asia/Hong_Kong", "SGT": "Asia/Singapore", "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul", "AWST": "Australia/Perth", "ACST": "Australia/Adelaide", "AEST": "Australia/Sydney",
    "AEDT": "Australia/Sydney", "NZST": "Pacific/Auckland", "NZDT": "Pacific/Auckland",
}  # fmt: skip
_CITIES = {
    "san_francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles", "las_vegas": "America/Los_Angeles",
    "boston": "America/New_York", "miami": "America/New_York", "washington": "America/New_York",
    "atlanta": "America/New_York", "philadelphia": "America/New_York", "houston": "America/Chicago",
    "dallas": "America/Chicago", "austin": "America/Chicago", "montreal": "America/Toronto",
    "ottawa": "America/Toronto", "rio": "America/Sao_Paulo", "rio_de_janeiro": "America/Sao_Paulo",
    "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "frankfurt": "Europe/Berlin", "cologne": "Europe/Berlin",
    "barcelona": "Europe/Madrid", "milan": "Europe/Rome", "geneva": "Europe/Zurich", "lyon": "Europe/Paris",
    "manchester": "Europe/London", "edinburgh": "Europe/London", "the_hague": "Europe/Amsterdam",
    "delhi": "Asia/Kolkata", "new_delhi": "Asia/Kolkata", "mumbai": "Asia/Kolkata", "bangalore": "Asia/Kolkata",
    "chennai": "Asia/Kolkata", "beijing": "Asia/Shanghai", "shenzhen": "Asia/Shanghai", "osaka": "Asia/Tokyo",
    "abu_dhabi": "Asia/Dubai", "hanoi": "Asia/Ho_Chi_Minh", "canberra": "Australia/Sydney",
    "wellington": "Pacific/Auckland",
}  # fmt: skip
_FIXED = ("EST", "MST", "HST")  # names of tzdata's own that never change to summer time, though their places may


class Odd(NamedTuple):
    """What is wrong with a name that the system may know, and what to write instead."""

    flaw: str
    hint: str


def zone_named(name: str) -> ZoneInfo | Odd:
    """Return the zone of this name, or what is wrong with the name."""
    from zoneinfo import ZoneInfo

    odd = about(name)
    if odd is not None:
        return odd
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return Odd("is no time zone", hint(name))


def about(name: str) -> Odd | None:
    """Return what is wrong with an offset or with letters; None if the name is neither."""
    letters = name.strip().upper()
    if letters in _LETTERS:
        flaw = "has no daylight saving" if letters in _FIXED else "is no time zone's name"
        return Odd(flaw, f"did you mean {_LETTERS[letters]}?")
    minutes = _offset(letters)
    if minutes is None:
        return None
    flaw = "is an offset, which has no daylight saving"
    sign, hours, rest = "+" if minutes >= 0 else "-", abs(minutes) // 60, abs(minutes) % 60
    if rest or not -14 <= -minutes // 60 <= 12:
        example = f"2026-10-14T13:00{sign}{hours:02}:{rest:02}"
        return Odd(flaw, f'name the zone, or write the offset into --start ("{example}")')
    same = f"Etc/GMT{'-' if sign == '+' else '+'}{hours}" if hours else "UTC"
    told = f"always {hours} hours {'ahead of' if sign == '+' else 'behind'} UTC; its sign is the other way round"
    return Odd(flaw, f"did you mean {same}{f' ({told})' if hours else ''}? A zone such as Europe/Berlin has both times")


def _offset(letters: str) -> int | None:
    """Return the minutes ahead of UTC that "UTC+2", "GMT-3", "+05:30" or "Z+1" say, None for anything else."""
    text = letters.replace(" ", "").replace("\u2212", "-")
    for before in ("UTC", "GMT", "Z"):
        text = text.removeprefix(before)
    if not text or text[0] not in "+-" or (letters in ("GMT+0", "GMT-0")):
        return None
    hours, colon, minutes = text[1:].partition(":")
    if not colon and len(hours) in (3, 4):
        hours, minutes = hours[:-2], hours[-2:]
    digits = hours + (minutes or "0")
    if not (digits.isascii() and digits.isdigit()) or not 1 <= len(hours) <= 2 or len(minutes) not in (0, 2):
        return None
    found = int(hours) * 60 + int(minutes or 0)
    return -found if text[0] == "-" else found


def hint(name: str) -> str:
    """Return which zone may be meant by a name that is none."""
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    wanted = name.strip().casefold().replace(" ", "_")
    city = wanted.rpartition("/")[2]
    if city in _CITIES:
        return f"did you mean {_CITIES[city]}?"
    by_fold = {z.casefold(): z for z in sorted(available_timezones()) if "/" in z and not z.startswith("Etc/")}
    by_city = {zone.rpartition("/")[2].casefold(): zone for zone in by_fold.values()}
    if wanted in by_city:
        return f"did you mean {by_city[wanted]}?"
    near = get_close_matches(wanted, list(by_fold), 1, _CLOSE)
    if near:
        return f"did you mean {by_fold[near[0]]}?"
    near = get_close_matches(wanted, list(by_city), 1, _CLOSE) if len(wanted) >= _SHORTEST else []
    return f"did you mean {by_city[near[0]]}?" if near else _FORMS
