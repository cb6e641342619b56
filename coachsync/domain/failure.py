"""What is wrong and what to do about it, as one value: of a row, a session, a guild, an answer of Discord's. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

ErrorCode = Literal[
    "unknown_member",
    "unknown_user",
    "unlinked",
    "unknown_guild",
    "unknown_session",
    "not_bookable",
    "ended",
    "missed",
    "invalid",
    "unknown_status",
    "missing_permission",
    "role_too_high",
    "missing_access",
    "needs_2fa",
    "limit_reached",
    "rate_limited",
    "name_refused",
    "not_ours",
    "unauthorized",
    "blocked",
    "unreachable",
    "discord_error",
    "unexpected_answer",
    "access_unproven",
    "store_error",
    "environment",
    "booking_vanished",
    "clock_skew",
    "not_a_person",
    "room_open_to_others",
    "orphan",
    "bot_timed_out",
    "bot_flagged",
    "plan_changed",
    "paused",
    "source_failed",
    "interrupted",
]
"""The error codes of CONTRACT §7."""


class Failure(NamedTuple):
    """Something that went wrong: `message` says what and where, `hint` what to do, one line each.

    `discord_code` is Discord's own error code, `http_status` the status of its answer, if there was one.
    """

    code: ErrorCode
    message: str
    hint: str
    discord_code: int | None = None
    http_status: int | None = None
