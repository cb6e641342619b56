"""What a reader makes of one entry of a file or an answer: a booking's fields, or why there are none.

A reader never raises for bad data: an entry that cannot be read is `Unreadable`, and the next one is read.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from coachsync.errors import CoachsyncError


class Incoming(NamedTuple):
    """One entry: fields by JSON key (CONTRACT §4), where it stands ("line 17", a UID), the source's own id of it.

    A field that is not there was not named; one that is None was named and is empty. `if_known`: of interest only if
    the store has it already: what a series leaves out, or what was moved too far away to be brought in.
    """

    fields: dict[str, Any]
    where: str
    key: str
    if_known: bool = False


class Unreadable(NamedTuple):
    """An entry that no booking could be made of: where it stands, why, what to do, and its id if that is known."""

    where: str
    reason: str
    hint: str = ""
    key: str = ""


class UnusableInputError(CoachsyncError):
    """A file or an answer that is not what it is taken for: nothing of it can be read."""

    code = "source_failed"
