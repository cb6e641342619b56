"""What a booking must look like: one row of a store, whatever is behind it, read into a `Session` (CONTRACT §4).

Pure. A row that cannot be understood is a `Session` with a `Failure`, never an exception, so a bad row fails alone.
A start counts from 2015-01-01 to before 2101-01-01 UTC: seconds, microseconds and text fall outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from coachsync.domain.failure import Failure
from coachsync.domain.model import MINUTE, Millis, Person, Session

EARLIEST: Millis = 1_420_070_400_000  # 2015-01-01T00:00:00Z, inclusive
LATEST: Millis = 4_133_980_800_000  # 2101-01-01T00:00:00Z, exclusive
LONGEST_MINUTES = 1440

_DIGITS = frozenset("0123456789")
_LONGEST_SNOWFLAKE = 20
_SHOWN = 40


class Defaults(NamedTuple):
    """What a row may leave out: the guild (id) and the duration (milliseconds)."""

    guild_id: str
    duration: Millis


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
    return Session(
        id=session_id,
        status=status,
        start=start,
        end=end,
        people=_pair(get, flaws),
        guild_id=_snowflake("guildId", get("guild_id"), flaws) or defaults.guild_id,
        set_up=_flag("discordSetupComplete", get("discord_setup_complete"), flaws),
        cleaned_up=_flag("discordCleanedUp", get("discord_cleaned_up"), flaws),
        channel_id=_snowflake("discordChannelId", get("discord_channel_id"), flaws),
        role_id=_snowflake("discordRoleId", get("discord_role_id"), flaws),
        flaw=flaws[0] if flaws else None,
    )


def not_a_row(value: object, position: int, defaults: Defaults) -> Session:
    """Return the invalid session that stands for a row which is no object at all."""
    flaw = Failure(
        "invalid", f"row {position} is {shown(value)}, not an object", "remove it, or write the booking as an object"
    )
    return read_booking({}, defaults, position)._replace(flaw=flaw)


def occurs_twice(session: Session) -> Session:
    """Return the session as invalid because another row has the same id; an earlier flaw is told first."""
    flaw = Failure(
        "invalid",
        f"_id {shown(session.id)} occurs more than once",
        "give each booking its own id, or remove the ones too many",
    )
    return session if session.flaw is not None else session._replace(flaw=flaw)


def is_start(value: object) -> bool:
    """Return whether a value is an integer within the years 2015 to 2100."""
    return type(value) is int and EARLIEST <= value < LATEST


def shown(value: object) -> str:
    """Return a value for a message: quoted, in one line, shortened."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return "a very long number"
    text = ascii(value[:_SHOWN]) if isinstance(value, (str, bytes)) and not _plain(value) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _plain(value: str | bytes) -> bool:
    return isinstance(value, str) and len(value) <= _SHOWN and value.isprintable()


def _pair(get: Callable[[str], object], flaws: list[Failure]) -> tuple[Person, ...]:
    """Return student and coach."""
    student = _snowflake("studentDiscordId", get("student_discord_id"), flaws)
    coach = _snowflake("coachDiscordId", get("coach_discord_id"), flaws)
    return (
        Person(student, "student", _name("studentName", get("student_name"), flaws)),
        Person(coach, "coach", _name("coachName", get("coach_name"), flaws)),
    )


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
    """Return start and end, both 0 where either cannot be understood."""
    length = _length(duration, default)
    if not is_start(start):
        flaws.append(_bad_start(start))
    if length is None:
        message = f"duration is {shown(duration)}, not a whole number of minutes from 1 to {LONGEST_MINUTES}"
        flaws.append(Failure("invalid", message, "write the duration in minutes, or leave it out"))
    if length is None or not isinstance(start, int) or not is_start(start):
        return 0, 0
    return start, start + length


def _length(value: object, default: Millis) -> Millis | None:
    if value is None:
        return default
    return value * MINUTE if type(value) is int and 1 <= value <= LONGEST_MINUTES else None


def _bad_start(value: object) -> Failure:
    hint = "write the start as an integer: milliseconds since 1970-01-01 UTC"
    if value is None:
        return Failure("invalid", "scheduledDate is missing", hint)
    if type(value) is not int:
        return Failure("invalid", f"scheduledDate is {shown(value)}, not an integer", hint)
    if is_start(value * 1000):
        hint = "it looks like seconds: multiply by 1000"
    return Failure("invalid", f"scheduledDate is {shown(value)}, outside the years 2015 to 2100", hint)


def _snowflake(key: str, value: object, flaws: list[Failure]) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and len(value) <= _LONGEST_SNOWFLAKE and _DIGITS.issuperset(value):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        hint = "write it as text, in quotes: JavaScript rounds a number this long to another id"
        flaws.append(Failure("invalid", f"{key} is the number {shown(value)}, not a text", hint))
    else:
        hint = "write the id that Discord shows under Copy ID: digits only, as text"
        flaws.append(
            Failure("invalid", f"{key} is {shown(value)}, not a text of 1 to {_LONGEST_SNOWFLAKE} digits", hint)
        )
    return None


def _name(key: str, value: object, flaws: list[Failure]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    flaws.append(Failure("invalid", f"{key} is {shown(value)}, not a text", "write the name as text, or leave it out"))
    return ""


def _flag(key: str, value: object, flaws: list[Failure]) -> bool:
    if value is None or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    hint = "remove it: coachsync remembers by itself what it made"
    flaws.append(Failure("invalid", f"{key} is {shown(value)}, neither true nor false", hint))
    return False
