"""A session's role and voice channel: found, adopted or made, each step first looking whether it is done already.

A create whose answer was lost is never simply sent again: the guild is listed once more and what came of it
adopted; else it is left to a later run, which looks again first (CONTRACT §6).
"""

from __future__ import annotations

import asyncio

from coachsync.discord.errors import BadRequest, DiscordError, NotFound, RateLimited
from coachsync.discord.objects import Channel, Role
from coachsync.domain import permissions
from coachsync.domain.model import MINUTE, Failure, Grant, Millis, Resource, ResourceKind
from coachsync.domain.naming import hash_of, render
from coachsync.domain.ownership import in_flight, is_our_channel, looks_like_our_role, made_at
from coachsync.domain.permissions import Overwrite
from coachsync.engine import category
from coachsync.engine.job import Job
from coachsync.engine.trouble import Trouble

UNKNOWN_CHANNEL = 10003
UNKNOWN_OVERWRITE = 10009
NOT_THERE = frozenset({10007, 10009, 10013})
_SETTLE_S = 2.0  # Discord's lists may lag behind a create by this much
LONGEST_ROLE_WAIT_S = 300.0  # beyond it, Discord "makes no more roles"
MOST_ROLES = 250
MOST_CHANNELS = 500
_WRITE_OFF: Millis = 2 * MINUTE


# the role


async def ensure_role(job: Job) -> None:
    """Make sure that the session has its role, or that its access is "member"."""
    if job.entry.access == "member":
        return
    role = job.entry.current("role")
    if role is not None and role.snowflake is not None:
        if not job.guild.role_is_gone(role.snowflake):
            return
        job.gone(role, "gone")
    if await adopt_role(job):
        return
    await _make_role(job)


async def adopt_role(job: Job) -> bool:
    """Take over a role that is ours although the ledger has no id for it."""
    for role in candidate_roles(job):
        if await is_our_role(job, role):
            attempt = next((r for r in job.entry.open_attempts() if r.kind == "role"), None)
            job.made(attempt or _found(job, "role", role.name), role.id, "adopted")
            return True
    return False


def candidate_roles(job: Job) -> list[Role]:
    """Return the listed roles that may be this session's, oldest first."""
    known = [r.snowflake for r in job.entry.resources if r.kind == "role"]
    return job.guild.roles_called((n.role for n in job.names), [*known, job.session.role_id])


def candidate_channels(job: Job) -> list[Channel]:
    """Return the listed channels that may be this session's room, oldest first."""
    known = [r.snowflake for r in job.entry.resources if r.kind == "channel"]
    return job.guild.channels_called((n.channel for n in job.names), [*known, job.session.channel_id])


async def is_our_role(job: Job, role: Role) -> bool:
    """Tell whether a listed role is this session's (CONTRACT §6 "Ours")."""
    if not job.may_be_ours(role.id) or not looks_like_our_role(role, job.names):
        return False
    if job.guild.owners.get(role.id) == job.session.id:
        return any(r.snowflake == role.id and r.state != "abandoned" for r in job.entry.resources)
    if role.id == job.session.role_id or _named_by_our_channel(job, role.id):
        return True
    born = made_at(role.id)
    attempts = [r for r in job.entry.resources if r.kind == "role" and r.state in ("attempted", "written_off")]
    if not any(in_flight(r, born, job.timeout) for r in attempts):
        return False
    counts = await job.guild.role_counts()
    return counts is None or counts.get(role.id, 0) <= len(job.entry.holders())


def _named_by_our_channel(job: Job, role_id: str) -> bool:
    return any(role_id in c.overwrites and is_ours(job, c) for c in candidate_channels(job))


async def _make_role(job: Job) -> None:
    if job.guild.roles_exhausted:
        _without_role(job, "its roles are used up")
        return
    if len(job.guild.roles) >= MOST_ROLES:
        await _made_room(job)
    try:
        await _create_role(job)
    except RateLimited as error:
        await _role_limit(job, error)
    except BadRequest as error:
        await _role_refused(job, error)
    except DiscordError as error:
        await _role_lost(job, error)


async def _role_lost(job: Job, error: DiscordError) -> None:
    """Look for what a create without an answer made; leave it to a later run where nothing shows."""
    if error.settled:
        raise error
    await _settle(job)
    await job.guild.relist_roles()
    if not await adopt_role(job):
        raise error


async def _role_limit(job: Job, error: RateLimited) -> None:
    if error.retry_after_s < LONGEST_ROLE_WAIT_S:
        raise error
    job.guild.roles_exhausted = True
    until = job.guild.now() + int(error.retry_after_s * 1000)
    await job.journal.write(lambda t: t.set_roles_exhausted(job.guild.id, until))
    _without_role(job, "Discord creates no more roles for now")


async def _role_refused(job: Job, error: BadRequest) -> None:
    """Where the guild is full, try once more when the cleanups under way are done, else go without a role."""
    if error.code != "limit_reached":
        raise error
    if await _made_room(job):
        try:
            await _create_role(job)
        except BadRequest as again:
            if again.code != "limit_reached":
                raise
        else:
            return
    _without_role(job, "the guild has as many roles as Discord allows")


async def _create_role(job: Job) -> None:
    try:
        await _send_role(job)
    except BadRequest as error:
        if error.code != "name_refused" or not _take_hash_name(job):
            raise
        await _send_role(job)


async def _send_role(job: Job) -> None:
    async def send() -> str:
        role = await job.guild.discord.create_role(
            job.guild.id, job.entry.role_name, job.how._replace(max_wait=LONGEST_ROLE_WAIT_S)
        )
        job.guild.roles[role.id] = role
        return role.id

    await job.attempt("role", job.entry.role_name, send)


def _without_role(job: Job, why: str) -> None:
    """Give this session access by member overwrites instead, and say so."""
    job.entry.access = "member"
    job.note("access by member overwrites", "done", why)
    job.guild.warn("no_more_roles", job.session.id, f"{why} in guild {job.guild.id}: access without a role")


async def _made_room(job: Job) -> bool:
    """Wait for the guild's cleanups under way, which free places; tell whether there were any."""
    waiting = [c for c in job.guild.cleanups if not c.done()]
    if waiting:
        await asyncio.wait(waiting)
    return bool(waiting)


def _take_hash_name(job: Job) -> bool:
    """Fall back to the hash form of the names, once."""
    short = hash_of(job.session.id)
    if job.entry.short == short:
        return False
    names = render(job.session, job.templates, short)
    job.entry.short, job.entry.role_name, job.entry.channel_name = names
    return True


# the channel


def allowed(job: Job) -> dict[str, int]:
    """Return who the room's overwrites let in: the role, or the people themselves."""
    if job.entry.access == "role":
        role = job.entry.current("role")
        return {role.snowflake: permissions.ROLE} if role is not None and role.snowflake else {}
    return dict.fromkeys(job.session.people, permissions.MEMBER)


def is_ours(job: Job, channel: Channel) -> bool:
    """Tell whether a listed channel is this session's room (CONTRACT §6 "Ours")."""
    if not job.may_be_ours(channel.id):
        return False
    if job.guild.owners.get(channel.id) == job.session.id:
        return any(r.snowflake == channel.id and r.state != "abandoned" for r in job.entry.resources)
    return is_our_channel(channel, job.names, job.guild.bot_id, claimed=channel.id == job.session.channel_id)


async def ensure_channel(job: Job) -> None:
    """Make sure that the session has its room and that the right people can enter it."""
    channel = await find_channel(job)
    if channel is None:
        await make_channel(job)
    else:
        await mend_overwrites(job, channel)


async def find_channel(job: Job) -> Channel | None:
    """Return the session's room if it is there, adopting one that is ours; notes one that is gone.

    Raises Forbidden (missing_access) where the room exists and Discord hides it from the bot.
    """
    resource = job.entry.current("channel")
    if resource is not None and resource.snowflake is not None:
        channel = await probe(job, resource.snowflake)
        if channel is not None:
            return channel
        job.gone(resource, "gone")
    return adopt_channel(job)


async def probe(job: Job, snowflake: str) -> Channel | None:
    """Return a channel by id: from the list, else asked for by itself. None only for "unknown channel"."""
    listed = job.guild.channels.get(snowflake)
    if listed is not None:
        return listed
    try:
        channel = await job.guild.discord.channel(snowflake, job.how)
    except NotFound as error:
        if error.discord_code != UNKNOWN_CHANNEL:
            raise
        return None
    job.guild.channels[snowflake] = channel
    return channel


def adopt_channel(job: Job) -> Channel | None:
    """Take over the oldest channel that is ours although the ledger has no id for it."""
    for channel in candidate_channels(job):
        if is_ours(job, channel):
            attempt = next((r for r in job.entry.open_attempts() if r.kind == "channel"), None)
            job.made(attempt or _found(job, "channel", channel.name), channel.id, "adopted")
            _note_admitted(job, channel)
            return channel
    return None


def _note_admitted(job: Job, channel: Channel) -> None:
    """Note whom an adopted room lets in by name: who of them is not in the booking has to leave."""
    for overwrite in channel.overwrites.values():
        person = overwrite.type == permissions.MEMBER and overwrite.id != job.guild.bot_id
        if person and overwrite.allow & permissions.ENTER:
            ask(job, overwrite.id)
            next(g for g in job.entry.grants if g.user_id == overwrite.id and g.state != "revoked").state = "granted"


def _found(job: Job, kind: ResourceKind, name: str) -> Resource:
    """Return a new resource for something that came to light without an attempt of its own."""
    resource = Resource(kind, name, job.guild.id)
    job.entry.resources.append(resource)
    return resource


async def make_channel(job: Job) -> None:
    """Create the room with all its overwrites in the one call, and prove what Discord answered."""
    if len(job.guild.channels) >= MOST_CHANNELS:
        await _made_room(job)
    try:
        await _create_channel(job)
    except BadRequest as error:
        if error.code != "limit_reached" or not await _made_room(job):
            raise
        await _create_channel(job)
    except DiscordError as error:
        if error.settled:
            raise
        await _channel_lost(job, error)


async def _channel_lost(job: Job, error: DiscordError) -> None:
    await _settle(job)
    await job.guild.relist_channels()
    channel = adopt_channel(job)
    if channel is None:
        raise error
    await mend_overwrites(job, channel)


async def _create_channel(job: Job) -> None:
    wanted = job.guild.overwrites(allowed(job))
    try:
        await _create_in_category(job, wanted)
    except BadRequest as error:
        if error.code != "name_refused" or not _take_hash_name(job):
            raise
        await _create_in_category(job, wanted)
    except NotFound as error:
        # nobody knows which overwrite Discord means: leave out who is not in the guild
        if error.discord_code not in NOT_THERE or job.entry.access != "member":
            raise
        await _create_in_category(job, await _without_absent(job, wanted))


async def _without_absent(job: Job, wanted: dict[str, Overwrite]) -> dict[str, Overwrite]:
    kept = dict(wanted)
    for person in job.session.people:
        try:
            await job.guild.discord.member(job.guild.id, person, job.how)
        except NotFound:
            kept.pop(person, None)
    return kept


async def _create_in_category(job: Job, wanted: dict[str, Overwrite]) -> None:
    tried: set[str | None] = set()
    while True:
        parent = await category.choose(job, tried)
        try:
            await _send_channel(job, wanted, parent)
        except BadRequest as error:
            if parent is None or not category.refuses_parent(error):
                raise
            category.note_refusal(job.guild, parent, error)
            tried.add(parent)
        else:
            return


async def _send_channel(job: Job, wanted: dict[str, Overwrite], parent: str | None) -> None:
    for person in job.session.people:
        if person in wanted:
            ask(job, person)
    made: list[Channel] = []

    async def send() -> str:
        channel = await job.guild.discord.create_channel(
            job.guild.id, job.entry.channel_name, wanted.values(), parent, job.how
        )
        made.append(channel)
        return channel.id

    resource = await job.attempt("channel", job.entry.channel_name, send)
    await _prove(job, resource, made[0], wanted)
    job.guild.channels[made[0].id] = made[0]
    for grant in job.entry.grants:
        if grant.user_id in wanted and grant.state == "asked":
            grant.state, grant.granted_at = "granted", job.guild.now()


def ask(job: Job, person: str) -> None:
    """Note, before it is sent, that a request lets this person in."""
    for grant in job.entry.grants:
        if grant.user_id == person and grant.state != "revoked":
            grant.state = "granted" if grant.state == "granted" else "asked"
            return
    job.entry.grants.append(Grant(person))


async def _prove(job: Job, resource: Resource, channel: Channel, wanted: dict[str, Overwrite]) -> None:
    """Check that the channel Discord answered carries what was asked for; a room that does not is removed."""
    strangers = [o for i, o in channel.overwrites.items() if i not in wanted and o.allow & permissions.ENTER]
    if not strangers and all(channel.overwrites.get(i) == o for i, o in wanted.items()):
        return
    await job.guild.discord.delete_channel(channel.id, job.how)
    job.gone(resource, "deleted")
    raise Trouble(
        Failure(
            "access_unproven",
            "Discord made the room with other permissions than asked for, so it was removed again",
            "the next run tries again; if this stays, look for another bot that changes new channels",
        )
    )


async def mend_overwrites(job: Job, channel: Channel) -> None:
    """Put back those of the room's overwrites that are missing or were changed."""
    for wanted in job.guild.overwrites(allowed(job)).values():
        if channel.overwrites.get(wanted.id) == wanted:
            continue
        if wanted.type == permissions.MEMBER and wanted.id != job.guild.bot_id:
            continue  # a person's overwrite is that person's grant, see coachsync.engine.people
        await job.guild.discord.put_overwrite(channel.id, wanted, job.how)
        channel.overwrites[wanted.id] = wanted
        job.note("overwrite put back", "done", f"{wanted.id} in {channel.id}")


async def _settle(job: Job) -> None:
    """Wait until Discord's lists show what a lost create may have made; what is known goes to disk first."""
    await job.save()
    await asyncio.sleep(_SETTLE_S)


# what came of creates nobody heard the end of


async def note_twins(job: Job) -> None:
    """Note as spare what is ours in the guild beside the current role and room: late twins of a lost create."""
    known = {r.snowflake for r in job.entry.resources if r.state in ("made", "spare")}
    for role in candidate_roles(job):
        if role.id not in known and await is_our_role(job, role):
            _note_twin(job, "role", role.id, role.name)
    for channel in candidate_channels(job):
        if channel.id not in known and is_ours(job, channel):
            _note_twin(job, "channel", channel.id, channel.name)


def _note_twin(job: Job, kind: ResourceKind, snowflake: str, name: str) -> None:
    again = next((r for r in job.entry.resources if r.snowflake == snowflake), None)
    attempt = next((r for r in job.entry.open_attempts() if r.kind == kind), None)
    job.spare(again or attempt or _found(job, kind, name), snowflake)


def write_off(job: Job) -> None:
    """Close the attempts that nothing came of, once the lists are past the time in which it would show."""
    for attempt in job.entry.open_attempts():
        until = attempt.attempt_until or attempt.attempt_at + job.timeout
        if job.guild.now() - until >= _WRITE_OFF:
            attempt.state = "written_off"
            job.note(f"{attempt.kind} asked for", "nothing came of it", attempt.name)
