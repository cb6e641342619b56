"""What is wrong and needs a person, kept from run to run: one cause for one thing that is wrong. Pure.

A cause begins with the run that first saw it and keeps that time while it stands. It ends if a run that would have
seen it did not: a run that could not look at a guild, or was about other sessions, says nothing. How urgent it is
follows from moments that are kept with it, so that it becomes late by the passing of time alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from coachsync.domain.model import MINUTE, ActionKind, Millis, Session
from coachsync.domain.windows import Policy, cleanup_at, window_opens
from coachsync.domain.words import told_together

Urgency = Literal["late", "soon", "note"]
"""A promise is broken or about to be; a session's window is open; all else."""

Ending = Literal["mended", "over"]
"""How a cause ended: it was put right, or its sessions are over and it matters no more."""

NOWHERE = frozenset(
    {
        *("store_error", "clock_skew", "token_readable", "config_writable", "people_file", "environment"),
        *("tick_failed", "no_tick", "source_failed", "source_rows", "host_silent"),
    }
)
"""What concerns this host and no guild."""

SHARED = NOWHERE | {
    "unauthorized", "blocked", "unreachable", "unknown_guild", "missing_permission", "needs_2fa", "bot_timed_out",
    "bot_flagged", "rate_limited", "limit_reached", "category_gone", "staff_role_gone", "no_more_roles",
    "booking_vanished", "limits_near",
}  # fmt: skip
"""What is one thing in a guild, however many sessions wait for it; everything else is one session's."""

OF_GUILDS = frozenset(
    {"unknown_guild", "missing_permission", "needs_2fa", "bot_timed_out", "bot_flagged", "missing_access"}
)
"""What keeps the bot from its work in a whole guild: the others are looked at first."""

PASSING = frozenset({"interrupted", "unknown_session", "not_bookable", "ended", "plan_changed", "paused"})
"""What only answers somebody's call, or is tried again by the next run."""

AFTER_RUNS = frozenset({"hook_failed", "heartbeat_failed", "notify_failed", "notify_readable", "metrics_failed"})
"""What goes wrong round a run: only whoever does that work says how it ends."""

OF_SOURCES = frozenset({"source_failed", "source_rows"})
"""What is one source's of bookings: only a pull of it says how it ends."""

_CONDITIONS = OF_SOURCES | {"category_gone", "staff_role_gone", "token_readable", "config_writable", "limits_near"}
"""What stands until a run sees it gone."""

OPEN = "room_open_to_others"
MISSED = "missed"
ALWAYS_LATE = frozenset({OPEN, "tick_failed", "no_tick"})
_OF_ROWS = frozenset({"invalid", "unknown_status"})

_CONSEQUENCES = {"category_gone": frozenset({"missing_permission", "missing_access", "needs_2fa", "bot_timed_out"})}
"""What only follows, in the same guild, from another thing: a bot without a permission finds the category closed."""

_KEPT = frozenset({"booking_vanished", "no_more_roles", "grant_unproven"})  # nobody lacks anything by it
_SOON: Millis = 15 * MINUTE
NEVER: Millis = 1 << 62
_ORDER: dict[Urgency, int] = {"late": 0, "soon": 1, "note": 2}

Key = tuple[str, str, str]


class Turns(NamedTuple):
    """From when on one session makes a cause `soon`, and from when on `late`; NEVER if it does not."""

    soon: Millis = NEVER
    late: Millis = NEVER

    @property
    def of_removal(self) -> bool:
        """Return whether it is about something that must go: it is never soon, and late some day."""
        return self.soon == NEVER and self.late != NEVER


QUIET = Turns()
"""A session that lacks nothing by the cause."""


class Cause(NamedTuple):
    """One thing that is wrong: `since` when, which `sessions` wait for it (ids).

    `guild_id` is "" for what concerns no guild. `rowid` is 0 until the ledger has stored it. `urgency` is that of
    `last_seen`, see `as_of`; `turns` are those of the sessions, one for each. `about` names the one thing of several
    alike, such as a source of bookings; "" if there is but one.
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
    turns: tuple[Turns, ...] = ()
    about: str = ""


class EndedCause(NamedTuple):
    """A cause that stands no more, and how it ended."""

    cause: Cause
    how: Ending


class Followed(NamedTuple):
    """What became of the causes in a run: those that stand, the most urgent first, and those that ended."""

    standing: tuple[Cause, ...]
    ended: tuple[EndedCause, ...] = ()


class Wrong(NamedTuple):
    """One thing that a run saw to be wrong.

    `kind` is what was to be done for the session; None if nothing was: it is a note then. `shared`: it is the
    guild's, whatever its code. `mended`: the run put it right again. `about` names the one thing of several alike.
    """

    code: str
    guild_id: str
    message: str
    hint: str
    session: Session | None = None
    kind: ActionKind | None = None
    shared: bool = False
    mended: bool = False
    about: str = ""

    @property
    def key(self) -> Key:
        """Return what tells one cause from another."""
        if self.code in SHARED or self.shared or self.session is None:
            return self.code, "" if self.code in NOWHERE else self.guild_id, self.about
        return self.code, "", self.session.id


class Sight(NamedTuple):
    """What a run could see, and so may say to be over.

    `whole`: it was about all sessions, not about some by name or by one kind of action. `concerned` are the sessions
    that it was about, `unseen` those of them of which it learned nothing, `over` those that ended or take place no
    more. `blind` are the guilds that it could not look at, `sound` the conditions (code, guild or what they are about)
    that it saw to be gone.
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


def follow(old: Iterable[Cause], wrongs: Iterable[Wrong], sight: Sight, times: Times) -> Followed:
    """Return the causes that stand after a run, and those that it ended."""
    wrongs = _by_itself(list(wrongs))
    before = _under_new_keys(old, {wrong.key for wrong in wrongs})
    found: dict[Key, list[Wrong]] = {}
    mended: dict[Key, list[Wrong]] = {}
    for wrong in wrongs:
        (mended if wrong.mended else found).setdefault(wrong.key, []).append(wrong)
    standing = [_seen(seen, before.get(key), sight, times) for key, seen in found.items()]
    ended = [
        EndedCause(_seen(seen, before.get(key), sight, times), "mended")
        for key, seen in mended.items()
        if key not in found
    ]
    for key, cause in before.items():
        if key not in found and key not in mended:
            left = _left(cause, sight)
            if isinstance(left, Cause):
                standing.append(as_of(left, times.now))
            else:
                ended.append(EndedCause(cause, left))
    return Followed(in_order(standing), tuple(ended))


def failed_start(old: Iterable[Cause], message: str, hint: str, now: Millis) -> Followed:
    """Return the causes after a `run` that did not get as far as the sessions: it says nothing of them."""
    known = [cause for cause in old if cause.code == "tick_failed"]
    since, rowid = (known[0].since, known[0].rowid) if known else (now, 0)
    return Followed((Cause("tick_failed", "", message, hint, (), since, now, "late", rowid),))


def follow_alone(code: str, old: Iterable[Cause], wrongs: Iterable[Wrong], times: Times) -> Followed:
    """Return what became of the causes of one code, which nothing but `wrongs` says anything of."""
    known = {_keys(cause)[0]: cause for cause in old if cause.code == code}
    found: dict[Key, list[Wrong]] = {}
    for wrong in wrongs:
        found.setdefault(wrong.key, []).append(wrong)
    standing = [_seen(seen, known.get(key), Sight(whole=True), times) for key, seen in found.items()]
    return Followed(tuple(standing), tuple(EndedCause(c, "mended") for key, c in known.items() if key not in found))


def _by_itself(wrongs: list[Wrong]) -> list[Wrong]:
    """Return what is wrong without what only follows from something else."""
    seen = {(wrong.code, wrong.guild_id) for wrong in wrongs}
    return [w for w in wrongs if not any((root, w.guild_id) in seen for root in _CONSEQUENCES.get(w.code, ()))]


def in_order(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Return causes with the most urgent first, then the oldest."""
    return tuple(sorted(causes, key=lambda c: (_ORDER[c.urgency], c.since, c.code, c.guild_id, c.sessions)))


def as_of(cause: Cause, now: Millis) -> Cause:
    """Return a cause with the urgency that it has at a moment (OPERATOR "Causes")."""
    return cause._replace(urgency=_urgency(cause.code, cause.turns, now))


def _urgency(code: str, turns: Iterable[Turns], now: Millis) -> Urgency:
    if code in ALWAYS_LATE:
        return "late"
    if any(now >= turn.late for turn in turns):
        return "late"
    if code == "orphan" or any(now >= turn.soon for turn in turns):
        return "soon"
    return "note"


def late_sessions(cause: Cause, now: Millis) -> frozenset[str]:
    """Return the sessions by which a cause is late at a moment."""
    return frozenset(i for i, turn in zip(cause.sessions, cause.turns, strict=False) if now >= turn.late)


def _under_new_keys(old: Iterable[Cause], wanted: Collection[Key]) -> dict[Key, Cause]:
    """Return the causes under their keys, one that may have two under the one that a run saw.

    What is a guild's own is told from what is one session's by the sessions that wait; of one alone nothing tells it.
    """
    found: dict[Key, Cause] = {}
    for cause in old:
        keys = _keys(cause)
        found[next((key for key in keys if key in wanted and key not in found), keys[0])] = cause
    return found


def _keys(cause: Cause) -> tuple[Key, ...]:
    shared = (cause.code, cause.guild_id, cause.about)
    if cause.code in SHARED or len(cause.sessions) != 1:
        return (shared,)
    return (cause.code, "", cause.sessions[0]), shared


def _seen(found: list[Wrong], before: Cause | None, sight: Sight, times: Times) -> Cause:
    """Return the cause of what a run saw, with its age and with the sessions that the run was not about."""
    old = {} if before is None else dict(zip(before.sessions, before.turns, strict=False))
    turns: dict[str, Turns] = {}
    for wrong in found:
        if wrong.session is not None:
            session_id, new = wrong.session.id, turns_of(wrong, times)
            new = _since_before(new, old.get(session_id))
            turns[session_id] = _sooner(turns.get(session_id, QUIET), new)
    if before is not None:
        others = [(i, t) for i, t in _with_turns(before) if i not in turns]
        turns |= {i: t for i, t in others if _waits(i, t, before.code, sight)}
    first = found[0]
    message, hint = _said(found)
    return Cause(
        code=first.code,
        guild_id=_guild(first),
        message=message,
        hint=hint,
        sessions=tuple(turns),
        since=before.since if before is not None else times.now,
        last_seen=times.now,
        urgency=_urgency(first.code, turns.values(), times.now),
        rowid=before.rowid if before is not None else 0,
        turns=tuple(turns.values()),
        about=first.about,
    )


def _said(found: list[Wrong]) -> tuple[str, str]:
    """Return message and hint: of one session all that is wrong alike with it, of several what was seen first."""
    first = found[0]
    if first.session is None or any(wrong.session is None or wrong.session.id != first.session.id for wrong in found):
        return first.message, first.hint
    return told_together(found)


def _sooner(one: Turns, other: Turns) -> Turns:
    return Turns(min(one.soon, other.soon), min(one.late, other.late))


def _since_before(new: Turns, old: Turns | None) -> Turns:
    """Return when a removal is late: counted from when it was first seen to fail."""
    if old is not None and old.of_removal and new.of_removal:
        return new._replace(late=min(new.late, old.late))
    return new


def _guild(wrong: Wrong) -> str:
    return "" if wrong.code in NOWHERE else wrong.guild_id


def _left(cause: Cause, sight: Sight) -> Cause | Ending:
    """Return what is left of a cause that a run did not see, or how it ended."""
    if cause.code == MISSED:  # it stands for one run: nothing more can come of it
        return "over"
    if cause.code in AFTER_RUNS:
        return cause
    if cause.code in _CONDITIONS:
        return "mended" if (cause.code, cause.about or cause.guild_id) in sight.sound else cause
    if not cause.sessions:
        return cause if cause.guild_id in sight.blind or not sight.whole else "mended"
    left = [(i, t) for i, t in _with_turns(cause) if _waits(i, t, cause.code, sight)]
    if left:
        return cause._replace(sessions=tuple(i for i, _ in left), turns=tuple(t for _, t in left))
    return "mended" if any(_put_right(i, t, cause.code, sight) for i, t in _with_turns(cause)) else "over"


def _with_turns(cause: Cause) -> list[tuple[str, Turns]]:
    turns = (*cause.turns, *(QUIET,) * len(cause.sessions))
    return list(zip(cause.sessions, turns, strict=False))


def _waits(session_id: str, turn: Turns, code: str, sight: Sight) -> bool:
    """Return whether a session may still wait for what a run did not see of it."""
    if session_id not in sight.concerned:  # not what the run was about; of a whole run: there is nothing more of it
        return not sight.whole
    if session_id in sight.over and code != OPEN and not turn.of_removal:
        return False
    return session_id in sight.unseen


def _put_right(session_id: str, turn: Turns, code: str, sight: Sight) -> bool:
    """Return whether a session that waits no more was seen to be well, or is rid of what had to go."""
    if turn.of_removal:
        return session_id not in sight.unseen
    if code in _OF_ROWS:  # a row that can be read again may have nothing due
        return session_id not in sight.over
    return session_id in sight.concerned - sight.unseen - sight.over


def turns_of(wrong: Wrong, times: Times) -> Turns:
    """Return when something makes its session's promise pressing, and when broken (OPERATOR "Causes")."""
    session = wrong.session
    if session is None or wrong.kind is None or wrong.code in _KEPT or not session.start:
        return QUIET
    if wrong.kind in ("cleanup", "revoke"):
        due = min(times.now, cleanup_at(session.end, times.policy))  # cancelled or moved: since it was first seen
        return Turns(late=due + times.max_silence + 1)
    return turns_of_opening(session, times.policy)


def turns_of_opening(session: Session, policy: Policy) -> Turns:
    """Return when a session without its room, or with somebody not let in, is pressing, and when it is late."""
    opens = window_opens(session, policy)
    late = min(session.start - policy.setup_by + 1, session.start - _SOON)
    return Turns(opens, max(opens, late))


def about(causes: Iterable[Cause], session_ids: Iterable[str]) -> tuple[Cause, ...]:
    """Return the causes that name one of these sessions."""
    ids = set(session_ids)
    return tuple(cause for cause in causes if ids.intersection(cause.sessions))
