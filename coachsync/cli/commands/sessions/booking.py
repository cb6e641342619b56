"""What `sessions` writes into a booking, and how it tells what will follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coachsync.config import Settings
from coachsync.config.values import shown
from coachsync.domain.case import Case, Facts
from coachsync.domain.model import MINUTE, Entry, Millis, Session
from coachsync.domain.snowflake import is_snowflake
from coachsync.domain.windows import Policy, is_late
from coachsync.errors import UsageError
from coachsync.report.text import iso, relative, word

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 8
_LONGEST_ID = 200


def checked_person(text: str, option: str) -> str:
    """Return a Discord id given on the command line. Raises UsageError."""
    if not is_snowflake(text):
        hint = 'in Discord: settings, advanced, developer mode; then right-click, "Copy ID"'
        raise UsageError(f"{option}: found {shown(text)}, expected a Discord id of 15 to 20 digits", hint)
    return text


def checked_id(text: str | None) -> str:
    """Return the booking's id: the one given, or 8 random letters and digits. Raises UsageError."""
    if text is None:
        from secrets import choice

        return "".join(choice(_LETTERS) for _ in range(_ID_LENGTH))
    if not text.strip() or len(text) > _LONGEST_ID or not text.isprintable():
        raise UsageError(
            f"--id: found {shown(text)}, expected a short printable text", "leave --id out for a random one"
        )
    return text


def booked_fields(given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return a new booking's fields by JSON key: what is given, the first bookable status, the default duration."""
    fields = {key: value for key, value in given.items() if value is not None}
    fields["status"] = settings.statuses.bookable[0]
    if settings.windows.default_duration % MINUTE == 0:
        fields.setdefault("duration", settings.windows.default_duration // MINUTE)
    return fields


def cancelled_words(session: Session, entry: Entry | None, status: str) -> str:
    """Say that a booking is cancelled, and what becomes of its room."""
    has_room = entry.live if entry is not None else session.set_up and not session.cleaned_up
    after = "its room goes at the next run" if has_room else "it has no room"
    return f"{word(session.id)} is {status} (was {session.status or 'without status'}): {after}"


def moved_words(session: Session, entry: Entry | None, policy: Policy, now: Millis) -> str:
    """Say when a moved booking starts now, and what becomes of its room."""
    head = f"{word(session.id)} starts {iso(session.start)} and ends {iso(session.end)}"
    action, moment = Case(session, entry, Facts(now, policy)).next
    opens = iso(session.start - policy.setup_opens)
    if action == "revoke":
        return f"{head}: its room is taken away by the next run, and made again from {opens}"
    if action is None or moment is None:
        return f"{head}: {_no_room(session, policy, now)}"
    has_room = entry is not None and entry.live
    head += ": its room stays" if has_room and action == "cleanup" else ""
    return f"{head}; next: {action} " + (
        "by the next run" if moment <= now else f"at {iso(moment)}, {relative(moment, now)}"
    )


def _no_room(session: Session, policy: Policy, now: Millis) -> str:
    """Say why no run will do anything for a session."""
    if session.flaw is not None:
        return f"its row is invalid, so it gets no room: {session.flaw.message}"
    if session.status not in policy.bookable:
        return (
            f"its status {word(session.status)} gets no room" if session.status else "without a status it gets no room"
        )
    if now >= session.end:
        return "it has ended already: it gets no room"
    if is_late(session, policy, now):
        return "it is too late for its room: windows.catch_up is off"
    return f"it is closed: `coachsync setup {word(session.id)}` gives it a room"
