"""Our own marks on a booking, as the store is to say them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from coachsync.domain.booking import flag, whole
from coachsync.domain.model import Millis


class Completion(NamedTuple):
    """The status becomes `status` only if it is one of `statuses` and the booking starts at `start`, as it did when it
    was read (None: whenever it starts)."""

    statuses: frozenset[str]
    start: Millis | None
    status: str


class Marks(NamedTuple):
    """Our marks on one booking. A field that is None is left as it is; "" clears an id."""

    session_id: str
    set_up: bool | None = None
    cleaned_up: bool | None = None
    role_id: str | None = None
    channel_id: str | None = None
    completion: Completion | None = None


def unsaid(marks: Marks, row: Mapping[str, object], absent: bool | None = False) -> dict[str, object]:
    """Return what of the marks a row does not say yet: field → value, None for an id that is cleared.

    `row` holds the booking's fields as stored, of whatever type they are. What it holds for a flag or an id and makes
    no sense is written anew. `absent` is what a flag says that the row has no value for: false, or nothing (None) in a
    table, whose programs may ask for 0. The status is not among the marks: see `completed`.
    """
    flags = {"discord_setup_complete": marks.set_up, "discord_cleaned_up": marks.cleaned_up}
    ids = {"discord_channel_id": marks.channel_id, "discord_role_id": marks.role_id}
    changes: dict[str, object] = {
        field: said for field, said in flags.items() if said is not None and _flag(row.get(field), absent) is not said
    }
    changes |= {
        field: snowflake or None
        for field, snowflake in ids.items()
        if snowflake is not None and snowflake != _id(row.get(field))
    }
    return changes


def completed(marks: Marks, row: Mapping[str, object]) -> bool:
    """Return whether a row's status is to become the completed one."""
    completion, status = marks.completion, row.get("status")
    if completion is None or not isinstance(status, str):
        return False
    same_start = completion.start is None or whole(row.get("scheduled_date")) == completion.start
    return same_start and status in completion.statuses - {completion.status}


def _flag(value: object, absent: bool | None) -> bool | None:
    """Return what a flag says, None if it makes no sense."""
    if value is None:
        return absent
    return flag(value)


def _id(value: object) -> object:
    """Return what an id says: a number means the same as its digits, nothing is ""."""
    return str(value) if type(value) is int and value else value or ""
