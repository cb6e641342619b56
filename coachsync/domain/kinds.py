"""What a column of another system's table may be, by its name and its values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from coachsync.domain.booking import EARLIEST, LATEST, LONGEST_MINUTES, whole
from coachsync.domain.clocktimes import TimeForm, carries_no_zone, read_time
from coachsync.domain.snowflake import bare_id, is_snowflake
from coachsync.domain.surveyed import SurveyedColumn

Role = Literal["student", "coach"]
ROLES: tuple[Role, ...] = ("student", "coach")

_WHEN = r"(?: (?:at|on|time|date|datetime|date time|utc|timestamp|ts))?"
_THING = r"(?:appointment|booking|session|lesson|slot|event|meeting|call|class)"
_STARTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:{_THING} )?(?:starts?|begins?){_WHEN}",
        rf"scheduled{_WHEN}|scheduled for|scheduled start{_WHEN}",
        rf"{_THING}(?: (?:at|time|date|datetime|date time))|date time|datetime|takes place at|when",
    )
)
_ENDS = re.compile(rf"(?:{_THING} )?(?:ends?|finish|finishes|until){_WHEN}|scheduled end{_WHEN}")
_LENGTH = re.compile(r"(?:duration|length|minutes)(?: in)?(?: (?:min|mins|minutes))?")
_STATUS = re.compile(rf"(?:{_THING} )?(?:status|state)(?: name| code)?")
_CANCELLED_AT = re.compile(r"(?:is )?(?:cancelled|canceled|deleted)(?: at| on)?")
_OWN_ID = re.compile(r"uuid|uid|guid|public id|reference|external id")
_GUILD = re.compile(r"(?:discord )?(?:guild|server) id|discord (?:guild|server)")
_STUDENTS = "student|client|customer|attendee|learner|pupil|mentee|member|guest|user|player|trainee|participant|booker"
_COACHES = "coach|teacher|tutor|trainer|provider|host|mentor|instructor|organizer|organiser|staff|consultant|employee"
_ROLES = {role: re.compile(rf"\b(?:{words})s?\b") for role, words in zip(ROLES, (_STUDENTS, _COACHES), strict=True)}

_BOOKABLE = frozenset(
    "scheduled confirmed booked accepted approved active in progress inprogress upcoming paid planned ongoing started"
    " rescheduled".replace("in progress", "in_progress").split()
)
_OVER = frozenset(["completed", "done", "finished", "attended", "past", "closed", "no", "noshow", "expired"])
_CANCELLED = frozenset(["cancelled", "canceled", "rejected", "declined", "deleted", "voided", "refunded"])


def is_status(column: SurveyedColumn) -> bool:
    """Return whether a column may be a booking's status."""
    return _STATUS.fullmatch(column.words) is not None


def start_rank(column: SurveyedColumn) -> int:
    """Return how surely a column is a booking's start by its name: 3 to 1, 0 for not at all."""
    return next((3 - at for at, names in enumerate(_STARTS) if names.fullmatch(column.words)), 0)


def is_end(column: SurveyedColumn) -> bool:
    """Return whether a column is a booking's end by its name."""
    return _ENDS.fullmatch(column.words) is not None


def is_length(column: SurveyedColumn) -> bool:
    """Return whether a column holds minutes."""
    if _LENGTH.fullmatch(column.words) is None:
        return False
    return all(n is not None and 1 <= n <= LONGEST_MINUTES for n in map(whole, column.known))


def is_own_id(column: SurveyedColumn) -> bool:
    """Return whether a column is what a booking goes by outside its database."""
    return column.unique and _OWN_ID.fullmatch(column.words) is not None


def is_guild(column: SurveyedColumn) -> bool:
    """Return whether a column holds the guild's id."""
    return _GUILD.fullmatch(column.words) is not None and _snowflakes(column.known)


def says_cancelled(column: SurveyedColumn) -> bool:
    """Return whether a column says that a booking was cancelled, and is empty or false otherwise."""
    return _CANCELLED_AT.fullmatch(column.words) is not None


def hides(column: SurveyedColumn) -> str:
    """Return the condition for rows that are bookings, "" if the column takes none out: soft deletes, blocked time."""
    if column.words == "deleted at":
        return "{} IS NULL"
    if re.fullmatch(r"is (?:unavailab\w+|blocked|deleted)", column.words) is None:
        return ""
    return "{} IS NOT TRUE" if column.declared == "boolean" else "{} = 0"


def is_somebody(column: SurveyedColumn) -> bool:
    """Return whether a column is a person's name by its own: "student", "client name"."""
    words = column.words.removesuffix(" name")
    return any(names.fullmatch(words) for names in _ROLES.values())


def role_of(words: str) -> Role | None:
    """Return whose column or table this is by its name: a coach's, if it names both."""
    found = [role for role in ROLES if _ROLES[role].search(words)]
    return found[-1] if found else None


def discord_kind(column: SurveyedColumn) -> Literal["id", "name"] | None:
    """Return what a column holds of a person's Discord account; None if it is none of it."""
    if "custom field" in column.words and column.known and _snowflakes(column.known):
        return "id"
    if "discord" not in column.words or re.search(r"\b(?:channel|role|guild|server|message|webhook)\b", column.words):
        return None
    if column.known:
        return "id" if _snowflakes(column.known) else "name" if all(isinstance(v, str) for v in column.known) else None
    return "name" if re.search(r"\b(?:name|username|tag|handle)\b", column.words) else "id"


def time_form(column: SurveyedColumn) -> TimeForm | None:
    """Return how a column keeps times; without a value by its type; None if it keeps none."""
    if column.known:
        fit = [form for form in ("ms", "s", "iso") if all(_is_time(value, form) for value in column.known)]
        if not fit:
            return None
        return "timestamp" if fit[0] == "iso" and any(map(carries_no_zone, column.known)) else fit[0]  # type: ignore[return-value]
    declared = column.declared.upper()
    if "TIMESTAMP" in declared or "DATETIME" in declared:
        return "timestamp"
    return "ms" if "INT" in declared else "timestamp" if any(t in declared for t in ("TEXT", "CHAR")) else None


def sorted_statuses(values: Iterable[object]) -> tuple[list[str], list[str], list[str]]:
    """Return which statuses are bookable, which cancelled, and of which it is not known; an end is none of them."""
    sorts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for value in dict.fromkeys(v for v in values if isinstance(v, str) and v):
        word = "_".join(re.split(r"[^a-z]+", value.lower()))
        first = word.partition("_")[0]
        if first not in _OVER:
            sorts[0 if word in _BOOKABLE else 1 if first in _CANCELLED else 2].append(value)
    return sorts


def _is_time(value: object, form: str) -> bool:
    from datetime import UTC

    read = whole(read_time("", value, form, UTC))  # type: ignore[arg-type]
    return read is not None and EARLIEST <= read < LATEST


def _snowflakes(values: Iterable[object]) -> bool:
    return all(is_snowflake(bare_id(str(value))) for value in values)
