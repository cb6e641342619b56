"""What `status` knows of one session."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.model import ActionKind, Entry, Millis, Session


class Blocked(NamedTuple):
    """What keeps a session from its next step: an error code of CONTRACT §7, what is wrong, what to do."""

    code: str
    message: str
    hint: str


class StatusRow(NamedTuple):
    """One session: its phase, what happens to it next and when, what blocks it."""

    session: Session
    entry: Entry | None
    phase: str
    next_action: ActionKind | None
    next_at: Millis | None
    blocked: Blocked | None
