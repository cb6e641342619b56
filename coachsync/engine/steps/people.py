"""Who is let in and who must go: grants to participants, and leavers who are really out of the room.

Losing a permission does not disconnect (Discord computes voice permissions when somebody joins), so a leaver who
may still be inside costs the room: it is replaced by a new one and deleted.
"""

from __future__ import annotations

from collections.abc import Collection

from coachsync.discord.api import ELSEWHERE
from coachsync.discord.codes import (
    NOT_HERE,
    UNKNOWN_CHANNEL,
    UNKNOWN_MEMBER,
    UNKNOWN_OVERWRITE,
    UNKNOWN_ROLE,
    UNKNOWN_USER,
)
from coachsync.discord.errors import DiscordError, Forbidden, NotFound, Stopped, Unauthorized, failure_of
from coachsync.domain import permissions
from coachsync.domain.failure import Failure
from coachsync.domain.model import Grant, Resource
from coachsync.engine.steps import belongings, room
from coachsync.engine.steps.job import Job, Trouble
from coachsync.engine.steps.removal import delete_spares, out_of_reach
from coachsync.engine.steps.room import make_channel

_LOST_ALREADY = NOT_HERE | {UNKNOWN_ROLE, UNKNOWN_OVERWRITE, UNKNOWN_CHANNEL}


async def let_in(job: Job) -> None:
    """Let in every participant who is not in yet. Who cannot be let in goes to `job.pending`; the others get in."""
    await _announce(job)
    for person in job.session.ids:
        if not _is_in(job, person):
            await _let_in_one(job, person)
    job.pending += [_unlinked(person.kind) for person in job.session.people if person.id is None]


async def _announce(job: Job) -> None:
    """Record who is about to be let in before the first request says so."""
    fresh = [p for p in job.session.ids if not _is_in(job, p)]
    for person in fresh:
        job.entry.ask(person)
    if fresh:
        await job.save()


def _is_in(job: Job, person: str) -> bool:
    grant = job.entry.grant_of(person)
    return grant is not None and grant.state == "granted"


async def _let_in_one(job: Job, person: str) -> None:
    try:
        await _send_grant(job, person)
    except NotFound as error:
        if error.discord_code not in NOT_HERE | {UNKNOWN_OVERWRITE}:
            raise
        job.pending.append(_absent(job, person, error))
        job.note("let in", "not in the guild", person)
    except Forbidden as error:
        raise Trouble(out_of_reach(job, error)) from error
    else:
        grant = job.entry.ask(person)
        grant.state, grant.granted_at = "granted", job.guild.now()
        job.note("let in", "done", person)


async def _send_grant(job: Job, person: str) -> None:
    """Send the one request that lets a person in: the role, or an overwrite in the room."""
    discord = job.guild.discord
    role, channel = job.entry.current("role"), job.entry.current("channel")
    if job.entry.access == "role" and role is not None and role.snowflake:
        await discord.grant(job.guild.id, person, role.snowflake, job.how)
    elif channel is not None and channel.snowflake:
        overwrite = job.guild.overwrites({person: permissions.MEMBER})[person]
        await discord.put_overwrite(channel.snowflake, overwrite, job.how)


def _absent(job: Job, person: str, error: NotFound) -> Failure:
    who = next(p.kind for p in job.session.people if p.id == person)
    failure = failure_of(error)
    return failure._replace(
        message=f"the {who} ({person}) "
        + ("is no Discord user" if failure.code == "unknown_user" else "is not in the guild"),
        code="unknown_user" if error.discord_code == UNKNOWN_USER else "unknown_member",
    )


def _unlinked(who: str) -> Failure:
    return Failure(
        "unlinked",
        f"the {who} has no Discord account in the booking",
        f"once the {who} links an account the next run lets them in",
    )


# leavers


async def send_away(job: Job) -> None:
    """Take access from everybody who is not in the booking any more, and make sure that nobody of them stays inside.

    Each step is on disk before the next, so a run cut short goes on where it was.
    """
    leavers = [g for g in job.entry.grants if g.state != "revoked" and g.user_id not in job.session.ids]
    if not leavers:
        return
    for grant in leavers:
        await _take_access(job, grant)
    await belongings.note_twins(job, replacing=True)
    stuck = await _delete_what_can_be(job)  # a leaver may sit in a room that was replaced before
    if await _somebody_may_be_inside(job, leavers, replaced=stuck is not None):
        await room.ensure_role(job)  # the new room names the session's role, which may have vanished meanwhile
        await make_channel(job)
        await job.save()
        stuck = await _delete_what_can_be(job)
    if stuck is not None:
        job.pending.append(stuck.failure)  # they stay in a room that nobody else is let into
        return
    for grant in leavers:
        grant.state, grant.revoked_at = "revoked", job.guild.now()
        job.note("sent away", "done", grant.user_id)
    await job.save()


async def _delete_what_can_be(job: Job) -> Trouble | None:
    """Delete what was replaced; return why some of it is out of reach, which must not keep newcomers out."""
    try:
        await delete_spares(job)
    except Trouble as stuck:
        return stuck
    return None


async def _take_access(job: Job, grant: Grant) -> None:
    if grant.state == "outside":
        return
    grant.state = "losing"
    await job.save()
    role, channel = job.entry.current("role"), job.entry.current("channel")
    if role is not None and role.snowflake:
        await _take_role(job, grant.user_id, role.snowflake)
    if channel is not None and channel.snowflake and _may_be_admitted(job, grant.user_id, channel.snowflake):
        await _take_overwrite(job, grant.user_id, channel.snowflake)
    grant.state = "outside"
    await job.save()


def _may_be_admitted(job: Job, person: str, room: str) -> bool:
    """Return whether the room may let a person in by name; one that was taken over may do so beside its role."""
    listed = job.guild.channels.get(room)
    return job.entry.access == "member" or (listed is not None and person in listed.overwrites)


async def _take_role(job: Job, person: str, role: str) -> None:
    try:
        await job.guild.discord.ungrant(job.guild.id, person, role, job.how)
    except NotFound as error:
        if error.discord_code not in _LOST_ALREADY or await _still_holds(job, person, role):
            raise


async def _take_overwrite(job: Job, person: str, room: str) -> None:
    try:
        await job.guild.discord.delete_overwrite(room, person, job.how)
    except NotFound as error:
        if error.discord_code not in _LOST_ALREADY or await _still_admitted(job, person, room):
            raise


async def _still_holds(job: Job, person: str, role: str) -> bool:
    """Look whether somebody of whom Discord says that there is nothing to take really does not hold the role."""
    try:
        return role in (await job.guild.discord.member(job.guild.id, person, job.how)).roles
    except NotFound as error:
        if error.discord_code not in NOT_HERE:
            raise
    return False


async def _still_admitted(job: Job, person: str, room: str) -> bool:
    """Look whether the room really does not let in somebody of whom Discord says so."""
    try:
        return person in (await job.guild.discord.channel(room, job.how)).overwrites
    except NotFound as error:
        if error.discord_code != UNKNOWN_CHANNEL:
            raise
    return False


async def _somebody_may_be_inside(job: Job, leavers: list[Grant], *, replaced: bool) -> bool:
    """Return whether a leaver may sit in the current room; `replaced`: perhaps in one that it replaced."""
    room = job.entry.current("channel")
    if room is None:
        return False
    unseen = not (replaced and _bot_may_enter(job, room))
    for grant in leavers:
        if await _may_be_inside(job, grant.user_id, (room.snowflake, ELSEWHERE) if unseen else (room.snowflake,)):
            return True
    return False


def _bot_may_enter(job: Job, room: Resource) -> bool:
    """Return whether the bot would be told who is in a room."""
    listed = job.guild.channels.get(room.snowflake or "")
    overwrite = listed.overwrites.get(job.guild.bot_id) if listed is not None else None
    return overwrite is not None and overwrite.allow & permissions.ENTER == permissions.ENTER


async def _may_be_inside(job: Job, person: str, rooms: Collection[str | None]) -> bool:
    """Return whether a person's voice state fails to show that they are in none of these.

    "Elsewhere" may be our own room, should a moderator have taken the bot's overwrite from it.
    """
    try:
        where = await job.guild.discord.voice_channel_of(job.guild.id, person, job.how)
    except (Unauthorized, Stopped):
        raise
    except DiscordError as error:
        return error.discord_code != UNKNOWN_MEMBER or not await _has_left(job, person)
    return where in rooms


async def _has_left(job: Job, person: str) -> bool:
    """Return whether somebody is in no room because they are not in the guild: one answer alone may err."""
    try:
        await job.guild.discord.member(job.guild.id, person, job.how)
    except NotFound as error:
        return error.discord_code in NOT_HERE
    return False
