"""What is wrong and needs a person, kept from run to run: one cause for one thing that is wrong. Pure.

A cause begins with the run that first saw it and keeps that time while it stands. It ends if a run that would have
seen it did not: a run that could not look at a guild, or was about other sessions, says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from coachsync.domain.model import MINUTE, ActionKind, Millis, Session
from coachsync.domain.windows import Policy, cleanup_at, window_opens

Urgency = Literal["late", "soon", "note"]
"""A promise is broken or about to be; a session's window is open; all else."""

NOWHERE = frozenset({"store_error", "clock_skew", "token_readable", "config"})
"""What concerns this host and no guild."""

SHARED = NOWHERE | {
    "unauthorized", "blocked", "unreachable", "unknown_guild", "missing_permission", "needs_2fa", "bot_timed_out",
    "bot_flagged", "rate_limited", "limit_reached", "category_gone", "staff_role_gone", "no_more_roles",
    "booking_vanished",
}  # fmt: skip
"""What is one thing in a guild, however many sessions wait for it; everything else is one session's."""

PASSING = frozenset({"interrupted", "unknown_session", "not_bookable", "ended", "plan_changed", "paused"})
"""What only answers somebody's call, or is tried again by the next run."""

_CONDITIONS = frozenset({"category_gone", "staff_role_gone", "token_readable"})  # stand until seen to be gone
_OPEN = "room_open_to_others"
_KEPT = frozenset({"booking_vanished", "no_more_roles", "grant_unproven"})  # nobody lacks anything by it
_SOON: Millis = 15 * MINUTE
_ORDER: dict[Urgency, int] = {"late": 0, "soon": 1, "note": 2}

Key = tuple[str, str, str]


class Cause(NamedTuple):
    """One thing that is wrong: `since` when, which `sessions` wait for it (ids).

    `guild_id` is "" for what concerns no guild. `rowid` is 0 until the ledger has stored it.
    """

    code: str
    guild_id: str
    message: str
    hint: str
    sessions: tuple[str, ...]
    since: Millis
    last_seen: Millis
    urgency: Urgency
    rowid: int = 0


class Wrong(NamedTuple):
    """One thing that a run saw to be wrong.

    `kind` is what was to be done for the session; None if nothing was: it is a note then. `shared`: it is the
    guild's, whatever its code.
    """

    code: str
    guild_id: str
    message: str
    hint: str
    session: Session | None = None
    kind: ActionKind | None = None
    shared: bool = False

    @property
    def key(self) -> Key:
        """Return what tells one cause from another."""
        if self.code in SHARED or self.shared or self.session is None:
            return self.code, "" if self.code in NOWHERE else self.guild_id, ""
        return self.code, "", self.session.id


class Sight(NamedTuple):
    """What a run could see, and so may say to be over.

    `whole`: it was about all sessions, not about some by name or by one kind of action. `concerned` are the sessions
    that it was about, `unseen` those of them of which it learned nothing, `over` those that have ended. `blind` are
    the guilds that it could not look at, `sound` the conditions (code, guild) that it saw to be gone.
    """

    whole: bool
    concerned: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    over: frozenset[str] = frozenset()
    blind: frozenset[str] = frozenset()
    sound: frozenset[tuple[str, str]] = frozenset()


class Times(NamedTuple):
    """What urgency depends on beside the cause: the moment, the windows, and how long runs may be silent."""

    now: Millis
    policy: Policy
    max_silence: Millis


def follow(old: Iterable[Cause], wrongs: Iterable[Wrong], sight: Sight, times: Times) -> tuple[Cause, ...]:
    """Return the causes that stand after a run, the most urgent first, then the oldest."""
    before = {_key(cause): cause for cause in old}
    seen: dict[Key, list[Wrong]] = {}
    for wrong in wrongs:
        seen.setdefault(wrong.key, []).append(wrong)
    now = [_seen(found, before.get(key), sight, times) for key, found in seen.items()]
    kept = [_standing(cause, sight) for key, cause in before.items() if key not in seen]
    return in_order([*now, *(cause for cause in kept if cause is not None)])


def in_order(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Return causes with the most urgent first, then the oldest."""
    return tuple(sorted(causes, key=lambda c: (_ORDER[c.urgency], c.since, c.code, c.guild_id, c.sessions)))


def _key(cause: Cause) -> Key:
    if cause.code in SHARED or len(cause.sessions) != 1:
        return cause.code, cause.guild_id, ""
    return cause.code, "", cause.sessions[0]


def _seen(found: list[Wrong], before: Cause | None, sight: Sight, times: Times) -> Cause:
    """Return the cause of what a run saw, with its age and with the sessions that the run was not about."""
    since = before.since if before is not None else times.now
    waiting = [wrong.session.id for wrong in found if wrong.session is not None]
    waiting += [i for i in before.sessions if _waits(i, before.code, sight)] if before is not None else []
    first = found[0]
    return Cause(
        code=first.code,
        guild_id=_guild(first),
        message=first.message,
        hint=first.hint,
        sessions=tuple(dict.fromkeys(waiting)),
        since=since,
        last_seen=times.now,
        urgency=min((urgency(wrong, since, times) for wrong in found), key=lambda u: _ORDER[u]),
        rowid=before.rowid if before is not None else 0,
    )


def _guild(wrong: Wrong) -> str:
    return "" if wrong.code in NOWHERE else wrong.guild_id


def _standing(cause: Cause, sight: Sight) -> Cause | None:
    """Return what is left of a cause that a run did not see: None if it is over."""
    if cause.code == "missed":  # told once
        return None
    if cause.code in _CONDITIONS:
        return None if (cause.code, cause.guild_id) in sight.sound else cause
    if not cause.sessions:
        return cause if cause.guild_id in sight.blind or not sight.whole else None
    left = tuple(i for i in cause.sessions if _waits(i, cause.code, sight))
    return cause._replace(sessions=left) if left else None


def _waits(session_id: str, code: str, sight: Sight) -> bool:
    """Return whether a session may still wait for what a run did not see of it."""
    if session_id not in sight.concerned:  # not what the run was about; of a whole run: there is nothing more of it
        return not sight.whole
    if session_id in sight.over and code != _OPEN:
        return False
    return session_id in sight.unseen


def urgency(wrong: Wrong, since: Millis, times: Times) -> Urgency:
    """Return how urgent something is that was first seen at `since` (OPERATOR "Causes")."""
    session, now = wrong.session, times.now
    if wrong.code == _OPEN:
        return "late"
    if wrong.code == "orphan":
        return "soon"
    if session is None or wrong.kind is None or wrong.code in _KEPT or not session.start:
        return "note"
    if wrong.kind in ("cleanup", "revoke"):
        due = min(since, cleanup_at(session.end, times.policy))
        return "late" if now - due > times.max_silence else "note"
    if now < window_opens(session, times.policy):
        return "note"
    near = max(times.policy.setup_by, _SOON)
    return "late" if now > session.start - near else "soon"


def about(causes: Iterable[Cause], session_ids: Iterable[str]) -> tuple[Cause, ...]:
    """Return the causes that name one of these sessions."""
    ids = set(session_ids)
    return tuple(cause for cause in causes if ids.intersection(cause.sessions))
