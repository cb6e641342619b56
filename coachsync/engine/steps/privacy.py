"""Who can enter a session's room: held against who should, mended, and proven (CONTRACT §5 "privacy", §6).

Mended every time, by single requests. What Discord refuses to mend costs the room, once in a session's life.
"""

from __future__ import annotations

from collections.abc import Collection

from coachsync.discord.codes import UNKNOWN_OVERWRITE
from coachsync.discord.errors import BadRequest, Forbidden, NotFound, failure_of
from coachsync.domain import permissions
from coachsync.domain.audience import NEEDED, Fault, FaultKind, Guests, faults, lets_in
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import Channel
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite, Target
from coachsync.engine.steps import role
from coachsync.engine.steps.job import Job

_NOTES = {
    "bot": "the bot's access put back",
    "everyone": "everyone's deny put back",
    "former": "former access taken",
    "stranger": "a stranger's access taken",
    "observer": "an observer silenced again",
    "staff": "staff's access put back",
    "admitted": "the role's access put back",
}


def admitted(job: Job) -> list[Target]:
    """Return whom the room's overwrites let in beside bot and staff: the session's role, or its people."""
    if job.entry.access == "role":
        held = job.entry.current("role")
        return [(ROLE, held.snowflake)] if held is not None and held.snowflake else []
    people = job.session.speakers if job.hold is None else job.entry.speakers()  # while paused nobody new gets in
    return [(MEMBER, person) for person in people if person in job.session.ids and not job.guild.is_nobody(person)]


def observing(job: Job) -> list[str]:
    """Return whom the room's overwrites let in to observe, whatever the access: nobody whom the bot cannot silence."""
    if job.guild.cannot_deny:
        return []
    people = job.session.observers
    if job.hold is not None:  # while paused nobody new gets in, nor may anybody do more
        people = tuple(g.user_id for g in job.entry.grants if g.state == "granted" and g.observer)
    return [person for person in people if person in job.session.ids and not job.guild.is_nobody(person)]


def guests(job: Job) -> Guests:
    """Return who should be able to enter the session's room."""
    held = job.entry.current("role")
    spares = {r.snowflake for r in job.entry.resources if r.kind == "role" and r.state == "spare" and r.snowflake}
    former = (set(job.entry.staff) | spares) - set(job.guild.staff_role_ids) - job.privacy.also
    return Guests(
        wanted=job.guild.wanted(admitted(job), observing(job)),
        role=held.snowflake if held is not None else None,
        people=frozenset(job.session.ids if job.may_gain else (*job.session.ids, *job.entry.granted())),
        observers=frozenset(job.session.observers) - _held_as_speakers(job),
        also=job.privacy.also,
        former=frozenset(former),
    )


def _held_as_speakers(job: Job) -> set[str]:
    """Return who keeps what they have, and would only observe if anything were done for the session."""
    return set() if job.may_gain else set(job.entry.speakers())


def wrong(job: Job, channel: Channel) -> tuple[Fault, ...]:
    """Return what is wrong with who can enter the session's room."""
    return faults(job.guild.house, channel.overwrites, guests(job))


async def mend(job: Job, channel: Channel, only: Collection[FaultKind] = ()) -> Failure | None:
    """Put right who can enter the room; return what Discord refused, which costs the room.

    Strangers who are only to be reported are no refusal. `only`: which kinds of fault to mend, all if empty. What the
    role gives by itself is `mend_role`'s.
    """
    for fault in wrong(job, channel):
        if fault.kind == "role" or (only and fault.kind not in only):
            continue
        if fault.kind in ("stranger", "observer") and not job.privacy.remove:
            _leak(job, fault, channel, mended=False)
            continue
        try:
            await _mend_one(job, channel, fault)
        except (Forbidden, BadRequest, NotFound) as error:
            _leak(job, fault, channel, mended=False)
            return failure_of(error)
        _leak(job, fault, channel, mended=True)
        job.note(_NOTES[fault.kind], "done", f"{fault.target[1]} in {channel.id}")
    job.entry.staff = job.guild.staff()
    return None


def _leak(job: Job, fault: Fault, channel: Channel, *, mended: bool) -> None:
    if fault.open:
        job.leak(whom(job, fault), channel, mended=mended, by="voice" if fault.kind == "observer" else "room")


async def mend_role(job: Job) -> None:
    """Take from the session's role what it should not have. A refusal is reported: no other room would mend it."""
    resource = job.entry.current("role")
    if resource is None or role.is_plain(job):
        return
    held = job.guild.roles[resource.snowflake or ""]
    try:
        await job.guild.discord.plain_role(job.guild.id, held.id, job.how)
    except (Forbidden, BadRequest) as error:
        job.reports.append(role.refusal_of(job, error, resource) if isinstance(error, Forbidden) else failure_of(error))
        return
    job.guild.roles[held.id] = held._replace(permissions=0, mentionable=False, hoist=False)
    job.note("the role's own permissions taken", "done", held.id)


async def _mend_one(job: Job, channel: Channel, fault: Fault) -> None:
    if fault.put is not None:
        await _put(job, channel, fault.put)
    else:
        await _take(job, channel, fault.target)


async def _put(job: Job, channel: Channel, overwrite: Overwrite) -> None:
    await job.guild.discord.put_overwrite(channel.id, overwrite, job.how)
    channel.overwrites[overwrite.target] = overwrite


async def _take(job: Job, channel: Channel, target: Target) -> None:
    """Delete an overwrite; if Discord refuses that, have it deny what it allowed."""
    try:
        await job.guild.discord.delete_overwrite(channel.id, target[1], job.how)
    except NotFound as error:
        if error.discord_code != UNKNOWN_OVERWRITE:
            raise
    except (Forbidden, BadRequest):
        kind, whom_ = target
        await _put(job, channel, Overwrite(whom_, kind, 0, permissions.ENTER))
        return
    channel.overwrites.pop(target, None)


def whom(job: Job, fault: Fault) -> str:
    """Return for people whom a fault lets in."""
    kind, someone = fault.target
    if fault.kind == "everyone":
        return "everyone in the guild"
    if fault.kind == "observer":
        return f"the observer {someone}"
    if kind == MEMBER:
        return f"somebody who is not booked ({someone})"
    named = job.guild.roles.get(someone)
    return f"the role {named.name!r} ({someone})" if named is not None else f"the role {someone}"


def prove(job: Job) -> None:
    """Hold the room as the run knows it against who should enter it: what is amiss goes to the job.

    Whoever was let in must be able to view, connect and speak.
    """
    room = job.entry.current("channel")
    channel = job.guild.channels.get(room.snowflake or "") if room is not None else None
    if channel is None:
        return
    known = {leak.whom for leak in job.leaks}
    for fault in wrong(job, channel):
        if whom(job, fault) not in known:
            _leak(job, fault, channel, mended=False)
    house, granted = job.guild.house, set(job.entry.granted())
    proven = [(target, NEEDED) for target in admitted(job)]
    proven += [((MEMBER, person), permissions.ENTER) for person in observing(job)]
    for target, needed in proven:
        if target[0] == ROLE or target[1] in granted:
            lacking = needed & lets_in(house, channel.overwrites, target)
            if lacking:
                job.pending.append(_mute(lacking))
                return


def _mute(lacking: int) -> Failure:
    missing = ", ".join(permissions.names(NEEDED & lacking))
    return Failure(
        "access_unproven",
        f"the people let into the room would lack {missing}",
        f"give the bot's role {missing} in Server Settings → Roles, so that it can hand it on; nothing in the room "
        "may deny it",
    )
