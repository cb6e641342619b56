"""One session's room: who can see and enter it, who should, and what a run will do about it anyway. Reads only.

Members are asked about one by one only if the booking, the ledger or an overwrite names them; who else holds a role is
known by count alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from coachsync.audit.found import Observed
from coachsync.discord.codes import UNKNOWN_USER
from coachsync.discord.errors import DiscordError, Forbidden, NotFound, failure_of
from coachsync.domain import permissions
from coachsync.domain.audience import CLOSING, NEEDED, Fault, lets_in
from coachsync.domain.drift import Drift
from coachsync.domain.finding import Kind, audited
from coachsync.domain.guild_objects import Channel
from coachsync.domain.model import Action, Person
from coachsync.domain.permissions import MEMBER, ROLE
from coachsync.domain.planned import Refused
from coachsync.domain.user_names import unlinked
from coachsync.domain.windows import is_bookable
from coachsync.domain.words import the
from coachsync.engine.steps import privacy, room
from coachsync.engine.steps.counting import known_others
from coachsync.engine.steps.job import Job

if TYPE_CHECKING:
    from coachsync.domain.pauses import Hold

_FIX = "`coachsync audit --fix` mends it now, the next run otherwise"
_RUN = "the next run does it"
_TAKE = f"{_FIX}; whoever may stay belongs into [privacy] also"


class Planned(NamedTuple):
    """What runs mean to do for a session: `due` by the next one, `waits` once its pause is over."""

    due: Action | None = None
    waits: Refused | None = None


async def findings_of(job: Job, planned: Planned, counts: Mapping[str, int] | None) -> list[Observed]:
    """Return what was found of one session. `counts`: of each role's members."""
    due, waits = planned
    found = [_pending(job, f"{due.kind}: {due.reason}")] if due is not None else []
    found += [_waiting(job, waits)] if waits is not None else []
    found += _kept_by_a_pause(job)
    try:
        await _look(job, due, counts, found)
    except Forbidden as error:
        found.append(_found(job, "unseen", "Discord hides the room from the bot", failure_of(error).hint))
    except DiscordError as error:
        failure = failure_of(error)
        found.append(_found(job, "unseen", f"the room could not be looked at: {failure.message}", failure.hint))
    return found


async def _look(job: Job, due: Action | None, counts: Mapping[str, int] | None, found: list[Observed]) -> None:
    """Add what is found to `found`: what was seen before Discord refuses something counts."""
    goes = due is not None and due.kind in ("cleanup", "revoke")
    expected = not goes and is_bookable(job.session, job.policy) and job.now < job.session.end
    channel = await _channel(job)
    if channel is not None:
        faults = [f for f in privacy.wrong(job, channel) if due is None or not _leaves(job, f)]
        found += [_of_fault(job, channel, fault) for fault in faults]
    elif expected:
        found.append(_found(job, "missing", "its room is gone", _FIX, Drift("channel")))
    if expected and _lacks_role(job):
        found.append(_found(job, "missing", "its role is gone: nobody is let in by it", _FIX, Drift("role")))
    elif expected:
        found += [one async for one in _people(job, channel)]
    found += [one async for one in _holders(job, counts)]
    for spare in job.entry.spares():
        told = f"a second {spare.kind} {spare.name!r} ({spare.snowflake}) is to be removed"
        found.append(_found(job, "pending", told, _RUN, Drift("spare")))


async def _channel(job: Job) -> Channel | None:
    resource = job.entry.current("channel")
    return await room.probe(job, resource.snowflake) if resource is not None and resource.snowflake else None


def _found(
    job: Job, kind: Kind, message: str, hint: str, drift: Drift | None = None, *, gives: bool = False
) -> Observed:
    """Return one finding; what its session's pause holds back is mended by nobody before that is over.

    `gives`: mending gives somebody something, whatever the drift's kind.
    """
    hold = job.hold
    if hold is not None and (gives or (drift is not None and not hold.mendable((drift,)))):
        hint, drift = _until_resumed(hold), None
    return Observed(audited(kind, job.guild.id, job.session.id, message, hint), drift)


def _pending(job: Job, message: str) -> Observed:
    return _found(job, "pending", message, _RUN)


# its pause


def _until_resumed(hold: Hold) -> str:
    failure = hold.failure()
    return f"{failure.message}; {failure.hint}, and the next run does it"


def _lets_them_in(job: Job) -> str:
    return "the next run lets them in" if job.hold is None else _until_resumed(job.hold)


def _waiting(job: Job, waits: Refused) -> Observed:
    """Return what a run would do if the session were not paused."""
    told = f"{waits.kind}: {waits.failure.message}"
    return _found(job, "pending", told, f"{waits.failure.hint}, and the next run does it")


def _kept_by_a_pause(job: Job) -> Iterator[Observed]:
    """Yield who left the booking and is not sent away, for removals are paused too."""
    if job.hold is not None and job.hold.removals:
        for grant in job.entry.leaving(job.session):
            told = f"somebody who is not booked any more ({grant.user_id}) is still let in"
            yield _found(job, "stranger", told, _until_resumed(job.hold))


# the room


def _leaves(job: Job, fault: Fault) -> bool:
    """Return whether a fault is somebody who has left the booking: the update that is due sends them away."""
    kind, someone = fault.target
    grant = job.entry.grant_of(someone)
    leaves = fault.kind == "stranger" or (fault.kind == "observer" and grant is not None and not grant.observer)
    return leaves and kind == MEMBER and grant is not None


def _of_fault(job: Job, channel: Channel, fault: Fault) -> Observed:
    place, whom = f"the room {channel.name!r} ({channel.id})", privacy.whom(job, fault)
    drift = Drift("privacy")
    if fault.kind == "observer":
        told = f"{whom} {'can speak or write' if fault.open else 'is not denied all that they should be'} in {place}"
        return _found(job, "stranger" if fault.open else "pending", told, _TAKE if fault.open else _FIX, drift)
    if fault.open or fault.kind == "former":
        return _found(job, "stranger", f"{whom} can see {place}", _TAKE, drift)
    if fault.kind == "everyone":
        told = f"{place} does not deny @everyone; nobody else can see it only because the guild's roles do not let them"
        return _found(job, "pending", told, _FIX, drift)
    if fault.kind == "role":
        told = f"{whom} carries permissions, is mentionable or is shown apart: other members see more than its name"
        return _found(job, "exposed", told, _FIX, drift)
    who = "the bot" if fault.kind == "bot" else "the session's role" if fault.kind == "admitted" else whom
    told, gives = f"{who} is not let into {place} as it should be", fault.kind not in CLOSING
    return _found(job, "missing", told, _FIX, drift, gives=gives)


def _lacks_role(job: Job) -> bool:
    role = job.entry.current("role")
    return job.entry.access == "role" and (role is None or role.snowflake not in job.guild.roles)


# its people


async def _people(job: Job, channel: Channel | None) -> AsyncIterator[Observed]:
    for person in job.session.people:
        why = await _why_out(job, person, channel)
        if why is not None:
            yield why
    for target in privacy.admitted(job) if channel is not None else ():
        assert channel is not None
        if target in channel.overwrites and (lacking := lets_in(job.guild.house, channel.overwrites, target)):
            names = ", ".join(permissions.names(NEEDED & lacking))
            whom = "its people" if target[0] == ROLE else target[1]
            hint = f"give the bot's role {names} in Server Settings → Roles; nothing in the room may deny it"
            yield _found(job, "missing", f"{whom} would lack {names} in the room", hint)


async def _why_out(job: Job, person: Person, channel: Channel | None) -> Observed | None:
    """Return why somebody of the booking is not let in; None if they are."""
    who = f"the {person.kind}" + (f" {person.name}" if person.name else "")
    if person.id is None and person.discord_name:
        failure = unlinked(person, job.session)
        return _found(job, "missing", failure.message, failure.hint)
    if person.id is None:
        who = who if person.name else the(person, job.session.people)
        return _found(job, "missing", f"{who} has no Discord account in the booking", "link it in the booking system")
    who += f" ({person.id})"
    if job.guild.is_nobody(person.id):
        return _found(job, "missing", f"{who} is no person: a role's, the guild's or the bot's id", "correct the id")
    try:
        member = await job.guild.member(person.id, job.how)
    except NotFound as error:
        if error.discord_code == UNKNOWN_USER:
            hint = f"correct the Discord id in the booking; {_lets_them_in(job)}"
            return _found(job, "missing", f"{who} is no Discord user", hint)
        return _found(job, "missing", f"{who} is not in the guild", f"once they join, {_lets_them_in(job)}")
    role = job.entry.current("role")
    inside = role is not None and role.snowflake in member.roles
    by_name = person.observes or job.entry.access == "member"
    if by_name:
        overwrite = channel.overwrites.get((MEMBER, person.id)) if channel is not None else None
        inside = overwrite is not None and overwrite.lets_in
    if inside:
        return None
    if person.observes and job.guild.cannot_deny:
        lacking = ", ".join(permissions.names(job.guild.cannot_deny))
        hint = f"in Server Settings → Roles, give the bot's role {lacking}; {_lets_them_in(job)}"
        return _found(job, "missing", f"{who} is not let in: the bot lacks {lacking} and cannot deny it to them", hint)
    what = "is not admitted by the room" if by_name else "does not hold the session's role"
    return _found(job, "missing", f"{who} {what}", _FIX, Drift("grant", person.id, lost=False))


# who else holds its role


async def _holders(job: Job, counts: Mapping[str, int] | None) -> AsyncIterator[Observed]:
    """Yield who holds the session's role and should not: by name if known, else how many."""
    role = job.entry.current("role")
    if role is None or role.snowflake is None or counts is None or not counts.get(role.snowflake):
        return
    rightful = [i for i in job.session.speakers if not job.guild.is_nobody(i) and await _holds(job, i, role.snowflake)]
    surplus = counts[role.snowflake] - len(rightful)
    if surplus <= 0:
        return
    known = [person for person in known_others(job) if await _holds(job, person, role.snowflake)]
    leaving = [person for person in known if job.entry.grant_of(person) is not None]
    surplus -= len(leaving)
    if surplus > 0:
        named = [person for person in known if person not in leaving]
        who = f" ({', '.join(named)})" if named else ""
        told = f"{surplus} who are not booked{who} hold the role {role.name!r}, which opens the room"
        yield _found(job, "stranger", told, _TAKE, Drift("crowded", many=surplus))


async def _holds(job: Job, person: str, role_id: str) -> bool:
    try:
        return role_id in (await job.guild.member(person, job.how)).roles
    except NotFound:
        return False


def cannot_be_read(guild_id: str, rooms: int, message: str, hint: str) -> Observed:
    """Return that a guild cannot be looked at, with so many rooms of ours in it."""
    told = f"guild {guild_id} cannot be looked at, with {rooms} room{'s' if rooms != 1 else ''} of ours: {message}"
    return Observed(audited("unseen", guild_id, None, told, hint))
