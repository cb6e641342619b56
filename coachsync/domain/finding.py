"""What a check of the guild or of this host found: one thing, with its remedy. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["ok", "warning", "failure"]
Kind = Literal["stranger", "missing", "orphan", "unseen", "lookalike", "exposed", "pending"]
"""Of an audit: somebody can enter who should not; somebody who should cannot; ours, without a session; hidden by
Discord; foreign, with our kind of name; what a session's role tells other members; what a run will do anyway."""

LEVELS: dict[Kind, Level] = {
    "stranger": "failure",
    "missing": "failure",
    "orphan": "failure",
    "unseen": "failure",
    "lookalike": "warning",
    "exposed": "warning",
    "pending": "ok",
}


class Finding(NamedTuple):
    """One thing found. `session` is the session's id, None if it is about none; `kind` is an audit's, "" otherwise."""

    check: str
    level: Level
    guild_id: str | None
    session: str | None
    message: str
    hint: str
    kind: Kind | Literal[""] = ""


def audited(kind: Kind, guild_id: str, session: str | None, message: str, hint: str) -> Finding:
    """Return a finding of an audit, as grave as its kind."""
    return Finding("audit", LEVELS[kind], guild_id, session, message, hint, kind)
