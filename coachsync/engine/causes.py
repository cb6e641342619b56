"""What a run saw to be wrong, and what it could see at all: what becomes of the ledger's causes.

Loaded only if something is wrong, or was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from coachsync.config import Settings
from coachsync.domain.case import Facts
from coachsync.domain.causes import (
    OF_SOURCES,
    OPEN,
    PASSING,
    SHARED,
    Cause,
    Followed,
    Sight,
    Times,
    Wrong,
    follow,
    turns_of,
)
from coachsync.domain.failure import Failure
from coachsync.domain.model import Action, ActionKind, Outcome, Report, Session, Warn
from coachsync.domain.planned import Plan

_UNTOLD = SHARED | {"discord_error", "interrupted", "unexpected_answer"}  # says nothing of the session itself


class Seen(NamedTuple):
    """What a run learned of Discord: see `engine.apply.Applied`. `left` are the guilds left to other hosts."""

    blind: Mapping[str, Failure] = {}
    looked: frozenset[str] = frozenset()
    sound: frozenset[tuple[str, str]] = frozenset()
    notes: tuple[Warn, ...] = ()
    left: frozenset[str] = frozenset()


def causes_after(
    old: tuple[Cause, ...], plan: Plan, report: Report, facts: Facts, seen: Seen, settings: Settings
) -> Followed:
    """Return what becomes of the causes in a run of this plan, which `report` tells of."""
    concerned = _concerned(plan)
    sight = Sight(
        whole=report.command == "run",
        concerned=frozenset(concerned),
        unseen=_unseen(concerned, report, seen),
        over=_over(concerned, plan, facts),
        blind=seen.left.union(seen.blind),
        sound=seen.sound | _sound_here(report) | _without_source(old, settings),
    )
    times = Times(facts.now, facts.policy, settings.schedule.max_silence)
    wrongs = [*_of_host(report), *_by_guild(concerned, seen), *_by_session(plan, report, seen)]
    wrongs += [*_by_warning(report, concerned, seen), *_by_pause(report, facts), *_put_off(report, times)]
    return follow(old, wrongs, sight, times)


def _concerned(plan: Plan) -> dict[str, tuple[Session, str]]:
    """Return the sessions that a run was about and that have, or wait for, a room: id → session, guild."""
    found = {s.id: (s, e.guild_id) for s, e in plan.looks} | {s.id: (s, s.guild_id) for s in plan.adopts}
    found |= {r.session.id: (r.session, r.session.guild_id) for r in plan.refused if r.failure.code != "missed"}
    return found | {a.session.id: (a.session, a.guild_id) for a in plan.actions}


def _over(concerned: Mapping[str, tuple[Session, str]], plan: Plan, facts: Facts) -> frozenset[str]:
    """Return the sessions that have ended, were cancelled or moved away: nobody waits for their rooms any more."""
    ended = {i for i, (session, _) in concerned.items() if facts.now >= session.end}
    return frozenset(ended | {a.session.id for a in plan.actions if a.kind in ("cleanup", "revoke")})


def _sound_here(report: Report) -> frozenset[tuple[str, str]]:
    """Return the conditions of this host that every run sees, and that are not there."""
    warned = {warning.code for warning in report.warnings}
    return frozenset({("config_writable", "")} if "config_writable" not in warned else ())


def _without_source(old: tuple[Cause, ...], settings: Settings) -> frozenset[tuple[str, str]]:
    """Return what was wrong with sources that the configuration does not name any more."""
    named = {source.name for source in settings.sources}
    return frozenset((c.code, c.about) for c in old if c.code in OF_SOURCES and c.about not in named)


def _unseen(concerned: Mapping[str, object], report: Report, seen: Seen) -> frozenset[str]:
    """Return of which sessions the run learned nothing: not looked at, or stopped by what is not theirs."""
    stopped = {o.action.session.id for o in report.outcomes if any(f.code in _UNTOLD for f in _standing(o))}
    stopped |= {o.action.session.id for o in report.outcomes if o.outcome == "deferred"}
    return frozenset(i for i in concerned if i in stopped or i not in seen.looked)


def _standing(outcome: Outcome) -> tuple[Failure, ...]:
    if outcome.standing is not None:
        return outcome.standing
    return () if outcome.error is None else (outcome.error,)


def _of_host(report: Report) -> Iterator[Wrong]:
    """Yield that the store cannot be written, also if nothing of it shows with a session."""
    why = report.unusable
    if why is not None and why.code == "store_error":
        yield Wrong(why.code, "", why.message, why.hint)


def _by_guild(concerned: Mapping[str, tuple[Session, str]], seen: Seen) -> Iterator[Wrong]:
    """Yield what kept the run from looking at a guild, for each session that waits for it."""
    for guild, failure in seen.blind.items():
        wrong = Wrong(failure.code, guild, failure.message, failure.hint, shared=True)
        waiting = [session for session, where in concerned.values() if where == guild]
        yield from (wrong._replace(session=session) for session in waiting)
        if not waiting:
            yield wrong


def _by_session(plan: Plan, report: Report, seen: Seen) -> Iterator[Wrong]:
    """Yield what is wrong with each session: with its action, or with its row, also if that was counted before."""
    alike = Counter(_thing(o.action, f) for o in report.outcomes for f in _standing(o) if f.code in _UNTOLD)
    for outcome in report.outcomes:
        action = outcome.action
        error = outcome.error
        if error is not None and error.code == OPEN and all(f.code != OPEN for f in _standing(outcome)):
            yield _wrong(error, action.guild_id, action.session, action.kind)._replace(mended=True)
        for failure in _standing(outcome):
            if failure.code not in PASSING:
                blind = seen.blind.get(action.guild_id)
                wrong = _wrong(failure, action.guild_id, action.session, action.kind)
                same = blind is not None and blind.code == failure.code
                yield wrong._replace(shared=same or alike[_thing(action, failure)] > 1)
    for refused in plan.refused:
        if refused.once and refused.failure.code != "missed":
            yield _wrong(refused.failure, refused.session.guild_id, refused.session, refused.kind)


def _thing(action: Action, failure: Failure) -> tuple[str, str, str]:
    """Return what tells one thing that is wrong with Discord from another: the same words mean the same thing."""
    return action.guild_id, failure.code, failure.message


def _put_off(report: Report, times: Times) -> Iterator[Wrong]:
    """Yield that runs do not come to the end of their work, for each session that is late by it."""
    for outcome in report.outcomes:
        action, error = outcome.action, outcome.error
        if error is not None and error.code == "interrupted":
            wrong = _wrong(error, action.guild_id, action.session, action.kind)._replace(shared=True)
            if turns_of(wrong, times).late <= times.now:
                yield wrong


def _by_pause(report: Report, facts: Facts) -> Iterator[Wrong]:
    """Yield an operator's pause for each session that waits for its end."""
    waiting = [
        o for o in report.outcomes if o.error is not None and o.error.code == "paused" and o.outcome != "refused"
    ]
    if not waiting or not facts.pauses:
        return
    from coachsync.domain.pauses import hold_on

    for outcome in waiting:
        session = outcome.action.session
        hold = hold_on(facts, session.id, outcome.action.guild_id)
        if hold is not None:  # else it was said while this run went on: the next one tells of it
            pause = hold.pauses[0]
            hint, shared = f"`{pause.resume}` ends it", not pause.session_id
            yield Wrong("paused", pause.guild_id, pause.message, hint, session, outcome.action.kind, shared)


def _wrong(failure: Failure, guild: str, session: Session, kind: ActionKind) -> Wrong:
    return Wrong(failure.code, guild, failure.message, failure.hint, session, kind)


def _by_warning(report: Report, concerned: Mapping[str, tuple[Session, str]], seen: Seen) -> Iterator[Wrong]:
    """Yield what was warned of, but for the guilds that could not be looked at: that is said already."""
    for warning in (*report.warnings, *seen.notes):
        if warning.guild_id in seen.blind and warning.code == seen.blind[warning.guild_id].code:
            continue
        session, guild = concerned.get(warning.session or "", (None, warning.guild_id))
        where = warning.guild_id or guild
        yield Wrong(warning.code, where, warning.message, warning.hint, session, about=warning.about)
