"""What a booking must look like: one row of a store, whatever is behind it, read into a `Session` (CONTRACT §4).

Pure. A row that cannot be understood is a `Session` with a `Failure`, never an exception, so a bad row fails alone.
A start counts from 2015-01-01 to before 2101-01-01 UTC: seconds, microseconds and text fall outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from coachsync.domain.clocktimes import Misread
from coachsync.domain.failure import Failure
from coachsync.domain.flaws import no_id, shown
from coachsync.domain.model import MINUTE, Millis, Person, Session
from coachsync.domain.participants import read_people
from coachsync.domain.snowflake import bare_id, is_snowflake

EARLIEST: Millis = 1_420_070_400_000  # 2015-01-01T00:00:00Z, inclusive
LATEST: Millis = 4_133_980_800_000  # 2101-01-01T00:00:00Z, exclusive
LONGEST_MINUTES = 1440

_DIGITS = frozenset("0123456789")
_LONGEST_NUMBER = 20  # digits of a time, or of an id in a mark
_YES = frozenset({"1", "1.0", "true", "t"})
_NO = frozenset({"", "0", "0.0", "false", "f"})


class Defaults(NamedTuple):
    """What a row may leave out: the guild (id) and the duration (milliseconds). `guilds`: all ids known as guilds'."""

    guild_id: str
    duration: Millis
    guilds: frozenset[str] = frozenset()


def read_booking(fields: Mapping[str, object], defaults: Defaults, position: int = 0) -> Session:
    """Read one row, its fields by the contract's SQL names; what is absent or None counts as left out.

    `position` is the row's number from 1: a row without a usable id goes by "row 17". Of several flaws the first,
    in the order of the contract's table, is told.
    """
    flaws: list[Failure] = []
    get = fields.get
    session_id = _id(get("id"), position, flaws)
    status = _status(get("status"), flaws)
    start, end = _times(get("scheduled_date"), get("duration"), defaults.duration, flaws)
    own_guild = bare_id(value) if isinstance(value := get("guild_id"), str) else ""
    people = read_people(get, {defaults.guild_id, own_guild, *defaults.guilds}, flaws)
    return Session(
        id=session_id,
        status=status,
        start=start,
        end=end,
        people=people,
        guild_id=_guild(value, flaws) or defaults.guild_id,
        set_up=_flag("discordSetupComplete", get("discord_setup_complete"), flaws),
        cleaned_up=_flag("discordCleanedUp", get("discord_cleaned_up"), flaws),
        channel_id=_made("discordChannelId", get("discord_channel_id"), flaws),
        role_id=_made("discordRoleId", get("discord_role_id"), flaws),
        flaw=flaws[0] if flaws else None,
    )


def not_a_row(value: object, position: int, defaults: Defaults) -> Session:
    """Return the invalid session that stands for a row which is no object at all."""
    flaw = Failure(
        "invalid", f"row {position} is {shown(value)}, not an object", "remove it, or write the booking as an object"
    )
    return read_booking({}, defaults, position)._replace(flaw=flaw)


def occurs_twice(rows: Sequence[Session]) -> Session:
    """Return the one invalid session that all the rows of one id are; an earlier flaw is told first.

    What the rows do not agree on cannot be read: a person's field, and the status, unless every one of them says that
    it is cancelled (see `Session.statuses`).
    """
    first = rows[0]
    flaw = Failure(
        "invalid",
        f"_id {shown(first.id)} occurs more than once",
        "give each booking its own id, or remove the ones too many",
    )
    people = _agreed_on([row.people for row in rows])
    statuses = tuple(sorted({r.status for r in rows}))
    return first._replace(people=people, statuses=statuses, flaw=first.flaw or flaw)


def _agreed_on(told: Sequence[tuple[Person, ...]]) -> tuple[Person, ...]:
    """Return the people that several rows tell of; whoever they do not agree on is unread, with more or less of them
    anybody."""
    if len({len(people) for people in told}) > 1:
        return (Person(None, "observer", unread=True),)
    return tuple(_agreed(fields[0], fields) for fields in zip(*told, strict=True))


def _agreed(person: Person, told: Sequence[Person]) -> Person:
    """Return a person as several rows tell of them: unread unless all say the same."""
    same = all((p.id or p.discord_name, p.kind) == (person.id or person.discord_name, person.kind) for p in told)
    same = same and not any(p.unread for p in told)
    return person if same else person._replace(id=None, unread=True)


def whole(value: object) -> int | None:
    """Return a number as somebody may have written it: an integer, a whole float, digits as text; None for others."""
    if type(value) is int:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        digits = value.strip().partition(".")
        plain = digits[0].removeprefix("-")
        fits = 0 < len(plain) <= _LONGEST_NUMBER and _DIGITS.issuperset(plain) and not digits[2].strip("0")
        return int(digits[0]) if fits else None
    return None


def is_start(value: object) -> bool:
    """Return whether a value is a whole number within the years 2015 to 2100."""
    number = whole(value)
    return number is not None and EARLIEST <= number < LATEST


def _id(value: object, position: int, flaws: list[Failure]) -> str:
    if isinstance(value, str) and value:
        return value
    what = "is missing" if value is None else f"is {shown(value)}, not a non-empty text"
    flaws.append(
        Failure(
            "invalid", f"_id {what} in row {position}", "give the booking an id: any non-empty text that is its own"
        )
    )
    return f"row {position}"


def _status(value: object, flaws: list[Failure]) -> str:
    if isinstance(value, str):
        return value
    what = "is missing" if value is None else f"is {shown(value)}, not a text"
    flaws.append(
        Failure("invalid", f"status {what}", "write one of the statuses that the configuration's [statuses] lists")
    )
    return ""


def _times(start: object, duration: object, default: Millis, flaws: list[Failure]) -> tuple[Millis, Millis]:
    """Return start and end, both 0 if either cannot be understood."""
    length = _length(duration, default)
    begins = whole(start)
    if begins is None or not is_start(begins):
        flaws.append(_bad_start(start))
    if isinstance(duration, Misread):
        flaws.append(Failure("invalid", duration.message, duration.hint))
    elif length is None:
        message = f"duration is {shown(duration)}, not a whole number of minutes from 1 to {LONGEST_MINUTES}"
        flaws.append(Failure("invalid", message, "write the duration in minutes, or leave it out"))
    if length is None or begins is None or not is_start(begins):
        return 0, 0
    return begins, begins + length


def _length(value: object, default: Millis) -> Millis | None:
    if value is None:
        return default
    minutes = whole(value)
    return minutes * MINUTE if minutes is not None and 1 <= minutes <= LONGEST_MINUTES else None


def _bad_start(value: object) -> Failure:
    hint = "write the start as an integer: milliseconds since 1970-01-01 UTC"
    if isinstance(value, Misread):
        return Failure("invalid", value.message, value.hint)
    if value is None:
        return Failure("invalid", "scheduledDate is missing", hint)
    number = whole(value)
    if number is None:
        return Failure("invalid", f"scheduledDate is {shown(value)}, not an integer", hint)
    if is_start(number * 1000):
        hint = "it looks like seconds: multiply by 1000"
    return Failure("invalid", f"scheduledDate is {shown(value)}, outside the years 2015 to 2100", hint)


def _guild(value: object, flaws: list[Failure]) -> str | None:
    """Return the guild's id, None if there is none or it cannot be read."""
    hint = "write the id that Discord shows under Copy Server ID: digits only, as text"
    if isinstance(value, str):
        bare = value.strip()
        if not bare or is_snowflake(bare):
            return bare or None
    no_id("guildId", value, hint, flaws)
    return None


def _made(key: str, value: object, flaws: list[Failure]) -> str | None:
    """Return one of our own ids, whatever type the booking system's column gave it."""
    if type(value) is int and value.bit_length() <= 64:
        value = str(value) if value else ""  # 0 stands for nothing if NULL is refused
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and len(value.strip()) <= _LONGEST_NUMBER and _DIGITS.issuperset(value.strip()):
        return value.strip()
    hint = "remove it: coachsync remembers by itself what it made"
    flaws.append(Failure("invalid", f"{key} is {shown(value)}, not an id that coachsync wrote", hint))
    return None


def _flag(key: str, value: object, flaws: list[Failure]) -> bool:
    """Return one of our own flags, whatever type the booking system's column gave it."""
    found = flag(value)
    if found is None:
        hint = "remove it: coachsync remembers by itself what it made"
        flaws.append(Failure("invalid", f"{key} is {shown(value)}, neither true nor false", hint))
    return bool(found)


def flag(value: object) -> bool | None:
    """Return what a flag says: true or false, 0 or 1, as a number or as text; absent is false, None for others."""
    if value is None or (isinstance(value, (int, float)) and value in (0, 1)):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else "?"
    return word in _YES if word in _YES | _NO else None
