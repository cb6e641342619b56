"""The checks by name, in their order, and how a check says what it found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from coachsync.domain.failure import Failure
from coachsync.domain.finding import Finding

Check = Literal[
    "config",
    "token",
    "clock",
    "api",
    "guild",
    "permissions",
    "role_position",
    "mfa",
    "category",
    "staff_roles",
    "limits",
    "people",
    "bookings",
    "store",
    "ledger",
    "hosts",
    "sources",
    "schedule",
    "files",
    "version",
    "rehearse",
]
CHECKS: tuple[Check, ...] = get_args(Check)


def fine(check: Check, message: str, guild_id: str | None = None) -> Finding:
    """Return that a check found nothing amiss; `message` says what it saw."""
    return Finding(check, "ok", guild_id, None, message, "")


def doubt(check: Check, message: str, hint: str, guild_id: str | None = None, session: str | None = None) -> Finding:
    """Return something an operator should know that stops nothing."""
    return Finding(check, "warning", guild_id, session, message, hint)


def fault(check: Check, message: str, hint: str, guild_id: str | None = None, session: str | None = None) -> Finding:
    """Return something that makes runs fail, or a session lack its room."""
    return Finding(check, "failure", guild_id, session, message, hint)


def failed(check: Check, failure: Failure, guild_id: str | None = None, session: str | None = None) -> Finding:
    """Return a failure in the words that a run would use for it."""
    return fault(check, failure.message, failure.hint, guild_id, session)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by check, and of each check in the order they were found, each once."""
    rank = {check: n for n, check in enumerate(CHECKS)}
    return tuple(sorted(dict.fromkeys(findings), key=lambda f: rank[f.check]))  # type: ignore[index]  # a Check


def or_fine(check: Check, found: Iterable[Finding], message: str, guild_id: str | None = None) -> list[Finding]:
    """Return what a check found, or that all is well."""
    return list(found) or [fine(check, message, guild_id)]
