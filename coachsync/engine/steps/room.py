"""A session's voice channel: found, adopted or made, with all its overwrites in the one call, and put right.

A create whose answer was lost is never simply sent again: the guild is listed once more and what came of it
adopted; else it is left to a later run, which looks again first (CONTRACT §6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from coachsync.discord.codes import NOT_HERE, UNKNOWN_CHANNEL, UNKNOWN_OVERWRITE
from coachsync.discord.errors import BadRequest, DiscordError, Forbidden, NotFound, RateLimited, failure_of
from coachsync.domain import permissions
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import VOICE, Channel
from coachsync.domain.limits import MOST_CHANNELS
from coachsync.domain.model import Grant, Resource
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite, Target
from coachsync.engine.steps import category, privacy, role
from coachsync.engine.steps.belongings import attempt_at, candidate_channels, found, is_ours
from coachsync.engine.steps.job import Job, Trouble, may_be_new, not_believed, settle, take_hash_name

REPLACED = "room"  # in an entry's repairs: its room was replaced because it could not be mended
_NOT_THERE = NOT_HERE | {UNKNOWN_OVERWRITE}


async def ensure_channel(job: Job) -> None:
    """Make sure that the session has its room and that nobody else can enter it.

    What Discord refuses to mend costs the room, once in a session's life; then it is reported.
    """
    channel = await find_channel(job)
    if channel is None:
        await make_channel(job)
        return
    refused = await privacy.mend(job, channel)
    if refused is None:
        await _rename(job)
        return
    if job.entry.repairs.get(REPLACED):
        job.reports.append(refused)
        return
    await make_channel(job)
    job.entry.repairs[REPLACED] = 1
    job.leaks = [leak._replace(mended=True) for leak in job.leaks]  # the former room goes, with whoever could enter it


async def _rename(job: Job) -> None:
    """Give the room the name that it should bear, if it bore the name of somebody who has left; a refusal is reported.

    A later run does not try again: Discord takes two renames in ten minutes, and the refusal stays one.
    """
    resource = job.entry.current("channel")
    if resource is None or not resource.snowflake or resource.name == job.entry.channel_name:
        return
    former, resource.name = resource.name, job.entry.channel_name
    try:
        await job.guild.discord.rename_channel(resource.snowflake, resource.name, job.how)
    except (BadRequest, Forbidden, RateLimited) as error:
        failure = failure_of(error)
        job.reports.append(failure._replace(message=f"the room keeps the name {former!r}: {failure.message}"))
    else:
        job.note("channel renamed", "done", f"{former} → {resource.name}")


async def find_channel(job: Job) -> Channel | None:
    """Return the session's room if it is there, adopting one that is ours; notes one that is gone.

    Raises Forbidden (missing_access) if the room exists and Discord hides it from the bot.
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
    if channel.guild_id in ("", job.guild.id):  # the store may name a channel of another guild
        job.guild.channels[snowflake] = channel
    return channel


def adopt_channel(job: Job) -> Channel | None:
    """Take over the oldest channel that is ours although the ledger has no id for it."""
    known = {r.snowflake for r in job.entry.resources if r.is_there}
    for channel in candidate_channels(job):
        if channel.id not in known and is_ours(job, channel):
            attempt = attempt_at(job, "channel", channel.id)
            job.made(attempt or found(job, "channel", channel.name), channel.id, "adopted")
            _note_admitted(job, channel)
            return channel
    return None


def _note_admitted(job: Job, channel: Channel) -> None:
    """Note whom an adopted room lets in by name: who of them is not in the booking has to leave.

    Who is booked is looked at and let in once more: whether they were here when they were let in is not known.
    """
    booked, observers = job.session.ids, job.session.observers
    for overwrite in channel.overwrites.values():
        person = overwrite.type == MEMBER and overwrite.id != job.guild.bot_id
        if person and overwrite.allow & permissions.ENTER:
            spoke = overwrite.id in observers and not overwrite.silences
            grant = job.entry.ask(overwrite.id, observer=overwrite.silences)
            grant.state = "asked" if overwrite.id in booked and not spoke else "granted"


async def make_channel(job: Job) -> None:
    """Create the room with all its overwrites in the one call, and prove what Discord answered."""
    if len(job.guild.channels) + job.slots.wanted > MOST_CHANNELS:
        await job.slots.freed(job.how.priority)
    try:
        await _create_channel(job)
    except BadRequest as error:
        if error.code != "limit_reached" or not await job.slots.freed(job.how.priority):
            raise
        await _create_channel(job)
    except DiscordError as error:
        if error.settled:
            raise
        await _channel_lost(job, error)


async def _channel_lost(job: Job, error: DiscordError) -> None:
    await settle(job)
    await job.guild.relist_channels()
    channel = adopt_channel(job)
    if channel is None:
        raise error
    refused = await privacy.mend(job, channel)
    if refused is not None:
        raise Trouble(refused)


async def _create_channel(job: Job) -> None:
    admitted, observers = await _admitted_now(job)
    wanted = job.guild.wanted(admitted, observers)
    try:
        await _create_in_category(job, wanted)
    except BadRequest as error:
        if error.code != "name_refused" or not take_hash_name(job):
            raise
        await _create_in_category(job, wanted)
    except NotFound as error:
        # nobody knows which overwrite Discord means: the people are let in one by one
        by_name = observers or job.entry.access == "member"
        if error.discord_code not in _NOT_THERE or not by_name:
            raise
        await _create_in_category(job, job.guild.wanted([target for target in admitted if target[0] == ROLE]))


async def _admitted_now(job: Job) -> tuple[list[Target], list[str]]:
    """Return whom the new room lets in, to speak and to observe: the role, and by name who is in the guild.

    Discord accepts an overwrite for somebody who is not, and does not honour it once they join.
    Source: discord-api-docs #2856.
    """
    admitted = privacy.admitted(job)
    speakers = [t for t in admitted if t[0] == ROLE or await is_member(job, t[1])]
    return speakers, [person for person in privacy.observing(job) if await is_member(job, person)]


async def is_member(job: Job, person: str) -> bool:
    """Return whether somebody is in the guild, asked for once in a run; False also if Discord does not say."""
    try:
        await job.guild.member(person, job.how)
    except (NotFound, BadRequest, Forbidden):
        return False
    return True


async def _create_in_category(job: Job, wanted: Sequence[Overwrite]) -> None:
    async with job.guild.asking.turn("channel"):
        await _create_wherever(job, wanted)


async def _create_wherever(job: Job, wanted: Sequence[Overwrite]) -> None:
    """Create the room in the category, in a further one if that is full, or without one if it refuses."""
    tried: set[str | None] = set()
    while True:
        parent = await category.choose(job.shelf, job.journal, job.how, tried)
        try:
            await _send_channel(job, wanted, parent)
        except BadRequest as error:
            if parent is None or not category.refuses_parent(error):
                raise
            job.shelf.note_refusal(parent, error)
            tried.add(parent)
        except Forbidden as error:
            if parent is None or not category.may_forbid(error):
                raise
            await _send_channel(job, wanted, None)  # once: what is refused here too has another cause
            job.shelf.note_forbidden(parent)
            return
        else:
            return


async def _send_channel(job: Job, wanted: Sequence[Overwrite], parent: str | None) -> None:
    people = [o for o in wanted if o.type == MEMBER and o.id != job.guild.bot_id]
    for person in people:
        job.entry.ask(person.id, observer=person.silences)
    made: list[Channel] = []

    async def send() -> str:
        channel = await job.guild.discord.create_channel(job.guild.id, job.entry.channel_name, wanted, parent, job.how)
        if not may_be_new(job, "channel", channel.id, channel.name, job.entry.channel_name) or channel.type != VOICE:
            raise not_believed(f"the answer names channel {channel.id} ({channel.name!r})")
        made.append(channel)
        return channel.id

    resource = await job.create("channel", job.entry.channel_name, send)
    await _prove(job, resource, made[0])
    job.guild.channels[made[0].id] = made[0]
    job.slots.served(job.how.priority)
    job.entry.staff = job.guild.staff()
    by_name = [g for g in job.entry.grants if g.observer or job.entry.access == "member"]
    ask_again(by_name)  # the former room's overwrites went with it
    for person in people:
        if person.target in made[0].overwrites:
            grant = job.entry.ask(person.id, observer=person.silences)
            grant.state, grant.granted_at = "granted", job.guild.now()


async def _prove(job: Job, resource: Resource, channel: Channel) -> None:
    """Check that the channel Discord answered carries what was asked for; a room that does not is removed."""
    if all(fault.kind == "role" for fault in privacy.wrong(job, channel)):  # that is the role's, not the room's
        return
    resource.state = "spare"  # on disk first: if the removal fails, no later run takes it for the session's room
    await job.save()
    with suppress(DiscordError):
        await job.guild.discord.delete_channel(channel.id, job.how)
        job.gone(resource, "deleted")
    raise Trouble(
        Failure(
            "access_unproven",
            "Discord made the room with other permissions than asked for, so it is removed again",
            "the next run tries again; if this stays, look for another bot that changes new channels",
        )
    )


async def ensure_role(job: Job) -> None:
    """Make sure of the role. One that was made anew, or found again, may be held by nobody."""
    had = job.entry.current("role")
    await role.ensure_role(job)
    if job.entry.current("role") is not had:
        ask_again([grant for grant in job.entry.grants if not grant.observer])


def ask_again(grants: Iterable[Grant]) -> None:
    """Have access that was given given once more."""
    for grant in grants:
        if grant.state == "granted":
            grant.state = "asked"
