"""Who is where in the benchmarks' world: ids made by rule, so that server, store and peers agree on them unasked."""

from __future__ import annotations

TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"
BOT = "1100000000000000001"
_COACH_SESSIONS = 5


def guild_id(guild: int) -> str:
    """Return the id of guild number `guild`."""
    return str(1_100_000_100_000_000_000 + guild)


def student_id(session: int) -> str:
    """Return the id of a session's student, who has no other session."""
    return str(1_100_000_200_000_000_000 + session)


def coach_id(session: int) -> str:
    """Return the id of a session's coach, who has five sessions in a row."""
    return str(1_100_000_300_000_000_000 + session // _COACH_SESSIONS)


def session_id(session: int) -> str:
    """Return a session's id."""
    return f"bench{session:07d}"
