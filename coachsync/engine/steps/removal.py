"""Cleanup and revoke: everything of a session goes, and only what is ours.

What the store names for a session that the ledger does not know is taken over by the signs of ownership, or refused.
"""

from __future__ import annotations

from coachsync.discord.codes import UNKNOWN_CHANNEL, UNKNOWN_ROLE
from coachsync.discord.errors import DiscordError, Forbidden, NotFound, failure_of
from coachsync.domain.failure import Failure
from coachsync.domain.marks import Marks
from coachsync.domain.model import Resource
from coachsync.domain.permissions import ROLE
from coachsync.domain.words import abandon_command
from coachsync.engine.marks import closing_marks, revoked_marks
from coachsync.engine.steps import belongings, role, room
from coachsync.engine.steps.job import Job, Trouble


async def remove(job: Job) -> None:
    """Cleanup and revoke: channel, role, mark. One that cannot be removed never keeps the other."""
    entry = job.entry
    entry.state, entry.closed_by, entry.closed_start = "closing", job.action.closed_by, job.session.start
    trouble = await _look_for_more(job)
    await job.save()
    await _delete_all(job)
    if trouble is not None:
        raise trouble
    belongings.write_off(job)
    _leave_nothing_behind(job)
    entry.close(entry.closed_by, job.session.start, job.guild.now())
    job.note(job.action.kind, "done", job.action.reason)
    await job.save(_final_marks(job))


async def _look_for_more(job: Job) -> Trouble | DiscordError | None:
    """Take over what is ours beside what the ledger knows; return what kept us from being sure of it."""
    trouble: Trouble | DiscordError | None = None
    try:
        foreign = await claim(job)
        trouble = Trouble(foreign, refused=True) if foreign is not None else None
    except (Trouble, DiscordError) as hidden:
        trouble = hidden
    try:
        await belongings.note_spares(job)
    except DiscordError as untold:
        trouble = trouble or untold
    return trouble


async def claim(job: Job) -> Failure | None:
    """Take over what the store names for a session the ledger does not know; say what of it is foreign."""
    if job.entry.current("channel") is None and not job.entry.spares():
        room.adopt_channel(job)
    if job.entry.current("role") is None:
        await role.adopt_role(job)
    for snowflake, kind in ((job.session.channel_id, "channel"), (job.session.role_id, "role")):
        if snowflake and not _ledger_knows(job, kind) and await _exists(job, snowflake, kind):
            return not_ours(job, snowflake, kind)
    return None


def _ledger_knows(job: Job, kind: str) -> bool:
    """Return whether the ledger names one of its own, whatever the store claims."""
    return any(r.kind == kind and r.snowflake is not None for r in job.entry.resources)


async def _exists(job: Job, snowflake: str, kind: str) -> bool:
    """Return whether what the store names is there at all; what is gone needs no refusal."""
    if kind == "role":
        return snowflake in job.guild.roles
    try:
        return await room.probe(job, snowflake) is not None
    except Forbidden as error:
        raise Trouble(_hidden(job, snowflake, failure_of(error))) from error


def _hidden(job: Job, snowflake: str, failure: Failure) -> Failure:
    """Say how a room that Discord hides is made visible: only then can it be told whose it is."""
    return failure._replace(
        message=f"the store names channel {snowflake}, which Discord hides from the bot",
        hint="if it is this session's room, in Discord: Edit Channel → Permissions → add the bot with View Channel and "
        f"Connect; else correct the booking's ids or give it up with `{abandon_command(job.session.id)}`",
    )


def not_ours(job: Job, snowflake: str, kind: str) -> Failure:
    """Say that the store names something that coachsync did not make."""
    place = job.guild.channels.get(snowflake) if kind == "channel" else job.guild.roles.get(snowflake)
    called = f" ({place.name!r})" if place is not None else ""
    return Failure(
        "not_ours",
        f"the store names {kind} {snowflake}{called}, which coachsync did not make: it is not touched",
        f"correct the booking's ids, or end it with `{abandon_command(job.session.id)}`",
    )


def not_made(job: Job, resource: Resource) -> Failure:
    """Say that the ledger names something that cannot be what coachsync made."""
    listed = job.guild.channels if resource.kind == "channel" else job.guild.roles
    thing = listed.get(resource.snowflake or "")
    called = f" ({thing.name!r})" if thing is not None else ""
    return Failure(
        "not_ours",
        f"the ledger names {resource.kind} {resource.snowflake}{called}, which is not as coachsync makes them: "
        "it is not touched, and whoever can see it still can",
        f"if somebody renamed it, name it {resource.name!r} again, and the next run takes it back; else see who else "
        f"writes the coachsync_… tables, and `{abandon_command(job.session.id)}` lets go of it",
    )


async def _delete_all(job: Job) -> None:
    """Delete channels before roles; the first trouble is raised when all were tried."""
    trouble: Trouble | DiscordError | None = None
    for resource in _doomed(job):
        try:
            await delete_resource(job, resource)
        except (Trouble, DiscordError) as error:
            trouble = trouble or error
    if trouble is not None:
        raise trouble


def _doomed(job: Job) -> list[Resource]:
    there = [r for r in job.entry.resources if r.is_there and r.guild_id == job.guild.id]
    return sorted(there, key=lambda r: r.kind != "channel")


def _leave_nothing_behind(job: Job) -> None:
    """Keep a session that goes to another guild from going as long as a lost create may still come to light here.

    Its next life looks for such things in its own guild alone.
    """
    if job.action.kind == "revoke" and job.session.guild_id != job.guild.id and job.entry.open_attempts():
        raise Trouble(
            Failure(
                "unreachable",
                f"what a create without an answer made may still come to light in guild {job.guild.id}",
                "nothing to do: within minutes a run looks again, then the session goes on in its new guild",
            )
        )


def _final_marks(job: Job) -> Marks:
    session = job.session
    if job.action.kind == "revoke":
        return revoked_marks(session)
    return closing_marks(session, job.policy, job.action.closed_by, job.now)


async def drop_spares(job: Job) -> None:
    """Delete what is there beside the current role and room; what cannot be deleted is reported."""
    for resource in sorted(job.entry.spares(), key=lambda r: r.kind != "channel"):
        try:
            await delete_resource(job, resource)
        except Trouble as stuck:
            if stuck.failure not in job.reports:
                job.reports.append(stuck.failure)


async def delete_resource(job: Job, resource: Resource) -> None:
    """Delete one role or channel of ours; gone already counts as deleted.

    A role is gone by 10011 or when the full list lacks it; a channel only by 10003 (CONTRACT §6).
    """
    snowflake = resource.snowflake or ""
    if resource.kind == "role" and job.guild.role_is_gone(snowflake):
        job.gone(resource, "gone")
        return
    if resource.kind == "channel" and not await _is_there(job, snowflake):
        job.gone(resource, "gone")
        return
    if belongings.is_foreign(job, resource):
        raise Trouble(not_made(job, resource), refused=True)
    try:
        await _send_delete(job, resource.kind, snowflake)
    except NotFound as error:
        gone = UNKNOWN_ROLE if resource.kind == "role" else UNKNOWN_CHANNEL
        if error.discord_code != gone or await _still_there(job, resource.kind, snowflake):
            raise
        job.gone(resource, "gone")
    except Forbidden as error:
        raise Trouble(_undeletable(job, resource, error)) from error
    else:
        job.gone(resource, "deleted")
    job.guild.roles.pop(snowflake, None)
    room_was = job.guild.channels.pop(snowflake, None)
    if room_was is not None:
        job.opened |= {i for kind, i in room_was.overwrites if kind == ROLE}


async def _is_there(job: Job, snowflake: str) -> bool:
    """Return whether a room is there: in the list, hidden from the bot, or found when asked for by itself."""
    try:
        channel = await room.probe(job, snowflake)
    except Forbidden:
        return True
    if channel is not None:
        job.guild.channels.setdefault(snowflake, channel)
    return channel is not None


async def _still_there(job: Job, kind: str, snowflake: str) -> bool:
    """Look again for what Discord says it does not know: one answer alone may err, and a room may be hidden."""
    if kind == "role":
        if snowflake in job.guild.roles:
            await job.guild.relist_roles()
        return snowflake in job.guild.roles
    try:
        await job.guild.discord.channel(snowflake, job.how)
    except NotFound as error:
        return error.discord_code != UNKNOWN_CHANNEL
    return True


async def _send_delete(job: Job, kind: str, snowflake: str) -> None:
    if kind == "role":
        await job.guild.discord.delete_role(job.guild.id, snowflake, job.how)
    else:
        await job.guild.discord.delete_channel(snowflake, job.how)


def _undeletable(job: Job, resource: Resource, error: Forbidden) -> Failure:
    if resource.kind == "role":
        return role.refusal_of(job, error, resource)
    return failure_of(error)._replace(
        message=f"Discord hides the room {resource.name!r} ({resource.snowflake}) from the bot or does not let it "
        "delete it",
        hint="in Discord: Edit Channel → Permissions → add the bot with View Channel and Connect; or give the room "
        f"up with `{abandon_command(job.session.id)}`",
    )
