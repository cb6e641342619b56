"""Who is let in and who must go: grants to participants, and leavers who are really out of the room.

Losing a permission does not disconnect (Discord computes voice permissions when somebody joins), so a leaver who
may still be inside costs the room: it is replaced by a new one and deleted. So it is if somebody new comes while
something may have been written to those who left.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from coachsync.discord.api import ELSEWHERE
from coachsync.discord.codes import (
    NOT_HERE,
    UNKNOWN_CHANNEL,
    UNKNOWN_MEMBER,
    UNKNOWN_OVERWRITE,
    UNKNOWN_ROLE,
)
from coachsync.discord.errors import (
    BadRequest,
    DiscordError,
    Forbidden,
    NotFound,
    ServerError,
    Stopped,
    Unauthorized,
    UnexpectedAnswer,
    failure_of,
)
from coachsync.domain import permissions
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import Member
from coachsync.domain.model import Grant, Person, Resource
from coachsync.domain.permissions import MEMBER, Overwrite
from coachsync.domain.user_names import unlinked_people
from coachsync.domain.windows import is_bookable
from coachsync.domain.words import a_few, the
from coachsync.engine.steps import belongings, role, room
from coachsync.engine.steps.job import Job, KeptOut, Words
from coachsync.engine.steps.removal import drop_spares
from coachsync.engine.steps.room import make_channel

_LOST_ALREADY = NOT_HERE | {UNKNOWN_ROLE, UNKNOWN_OVERWRITE, UNKNOWN_CHANNEL}


async def let_in(job: Job) -> None:
    """Let in every participant who is not in yet. Who cannot be let in goes to `job.pending`; the others get in."""
    lacking = set(job.entry.lacking(job.session))
    waiting = [person for person in _each_once(job) if person.id in lacking]
    ready = [person for person in waiting if await _is_ready(job, person)]
    for person in ready:
        job.entry.ask(person.id or "", observer=person.observes)
    if ready:
        await job.save()  # who is about to be let in is on disk before the first request says so
    for person in ready:
        job.demand_unpaused()
        await _let_in_one(job, person)
    job.pending += _of_each_kind(job.kept_out, job.session.people)
    job.kept_out.clear()
    job.pending += unlinked_people(job.session)


def _of_each_kind(kept_out: Collection[KeptOut], people: Sequence[Person]) -> list[Failure]:
    """Return why people are kept out: one failure for all of whom the same is wrong, whom it names."""
    alike: dict[tuple[object, ...], list[KeptOut]] = {}
    for one in kept_out:
        alike.setdefault((one.failure.code, one.words, one.failure.hint), []).append(one)
    return [_of_one_kind(ones, people) for ones in alike.values()]


def _of_one_kind(ones: Sequence[KeptOut], people: Sequence[Person]) -> Failure:
    who = a_few([f"{the(one.person, people)} ({one.person.id})" for one in ones])
    words = ones[0].words
    return ones[0].failure._replace(message=f"{who} {words.of_one if len(ones) == 1 else words.of_several}")


def _each_once(job: Job) -> list[Person]:
    """Return the linked people of the booking; who is in it twice, once."""
    return list({person.id: person for person in reversed(job.session.people) if person.id}.values())[::-1]


async def _is_ready(job: Job, person: Person) -> bool:
    """Return whether somebody can be let in now; who cannot goes to `job.kept_out`."""
    if job.guild.is_nobody(person.id or ""):
        job.kept_out.append(_nobody(person))
        return False
    if person.observes and job.guild.cannot_deny:
        job.kept_out.append(_not_silent(job, person))
        return False
    if job.entry.access == "role" and not person.observes:
        return True
    try:  # an overwrite counts only for who was here before it was put
        member = await job.guild.member(person.id or "", job.how)
    except (NotFound, BadRequest, Forbidden, ServerError, UnexpectedAnswer) as error:
        _keep_out(job, person, error)
        return False
    _warn_of_hindrance(job, person, member)
    return True


def _warn_of_hindrance(job: Job, person: Person, member: Member) -> None:
    """Warn of somebody whom Discord itself holds back, whatever we grant."""
    timed_out = member.muted_until is not None and member.muted_until > job.guild.now()
    why = "is timed out" if timed_out else "is quarantined by AutoMod" if member.quarantined else ""
    why = "has not passed the guild's membership screening" if member.pending else why
    if why:
        job.guild.warn("held_back", job.session.id, f"the {person.kind} ({person.id}) {why}: they may not get in")
    if person.observes and job.guild.is_administrator(member):
        told = f"the observer ({person.id}) is an administrator of the guild: Discord lets them speak all the same"
        job.guild.warn("observer_may_speak", job.session.id, told)


async def _let_in_one(job: Job, person: Person) -> None:
    """Send what lets one person in. Whatever is answered for them, the others are tried."""
    try:
        await _send_grant(job, person)
    except NotFound as error:
        if error.discord_code not in NOT_HERE | {UNKNOWN_OVERWRITE}:
            raise
        _keep_out(job, person, error)
    except (BadRequest, Forbidden, ServerError, UnexpectedAnswer) as error:
        _keep_out(job, person, error)
    else:
        grant = job.entry.ask(person.id or "", observer=person.observes)
        grant.state, grant.granted_at = "granted", job.guild.now()
        job.note("let in", "done", person.id or "")


def _keep_out(job: Job, person: Person, error: DiscordError) -> None:
    """Note why somebody could not be let in."""
    if isinstance(error, NotFound):
        job.kept_out.append(_absent(person, error))
        job.note("let in", "not in the guild", person.id or "")
        _note_absent(job, person.id or "")
        return
    held = job.entry.current("role")
    failure = role.refusal_of(job, error, held) if isinstance(error, Forbidden) else failure_of(error)
    words = f"cannot be let in: {failure.message}"
    job.kept_out.append(KeptOut(person, Words(words, words), failure))


def _note_absent(job: Job, person: str) -> None:
    """Note that whoever is not in the guild holds nothing: nobody else is to be counted in their place."""
    grant = job.entry.grant_of(person)
    if grant is not None and grant.state == "asked":
        grant.state, grant.revoked_at = "revoked", job.guild.now()


async def _send_grant(job: Job, person: Person) -> None:
    """Send the one request that lets a person in: the role, or an overwrite in the room, an observer always the latter.

    Who observed before and may speak now still has an overwrite that would keep the role from doing it.
    """
    discord, who = job.guild.discord, person.id or ""
    held, channel = job.entry.current("role"), job.entry.current("channel")
    if job.entry.access == "role" and not person.observes and held is not None and held.snowflake:
        await discord.grant(job.guild.id, who, held.snowflake, job.how)
        if channel is not None and channel.snowflake:
            await _unsilence(job, who, channel.snowflake)
    elif channel is not None and channel.snowflake:
        overwrite = job.guild.observing(who) if person.observes else job.guild.wanted([(MEMBER, who)])[-1]
        await discord.put_overwrite(channel.snowflake, overwrite, job.how)
        _note_overwrite(job, channel.snowflake, overwrite)


async def _unsilence(job: Job, person: str, channel_id: str) -> None:
    """Take an observer's overwrite from somebody who may speak by the role: their own overwrite would win."""
    listed = job.guild.channels.get(channel_id)
    own = listed.overwrites.get((MEMBER, person)) if listed is not None else None
    if own is not None and own.silences:
        await _take_overwrite(job, person, channel_id)


def _note_overwrite(job: Job, channel_id: str, overwrite: Overwrite) -> None:
    listed = job.guild.channels.get(channel_id)
    if listed is not None:
        listed.overwrites[overwrite.target] = overwrite


_ABSENT = Words("is not in the guild", "are not in the guild")
_UNKNOWN = Words("is no Discord user", "are no Discord users")
_NOBODY = Words(
    "is no person: the id is a role's, the guild's or the bot's own",
    "are no people: the ids are a role's, the guild's or the bot's own",
)


def _absent(person: Person, error: NotFound) -> KeptOut:
    unknown = error.discord_code not in (UNKNOWN_MEMBER, UNKNOWN_OVERWRITE)
    failure = failure_of(error)._replace(code="unknown_user" if unknown else "unknown_member")
    return KeptOut(person, _UNKNOWN if unknown else _ABSENT, failure)


def _nobody(person: Person) -> KeptOut:
    hint = "correct the Discord id in the booking: in Discord, right-click the person → Copy User ID"
    return KeptOut(person, _NOBODY, Failure("not_a_person", "", hint))


def _not_silent(job: Job, person: Person) -> KeptOut:
    missing = ", ".join(permissions.names(job.guild.cannot_deny))
    why = f"let in: the bot lacks {missing} in guild {job.guild.id}, so it cannot deny it to them"
    hint = f"in Server Settings → Roles, give the bot's role {missing}; the next run lets them in"
    return KeptOut(person, Words(f"is not {why}", f"are not {why}"), Failure("missing_permission", "", hint))


# leavers


async def send_away(job: Job) -> None:
    """Take access from everybody who is not in the booking any more, and make sure that nobody of them stays inside.

    Each step is on disk before the next, so a run cut short goes on where it was.
    """
    leavers = job.entry.leaving(job.session)
    stale = _newcomer_would_read(job, [g for g in leavers if not _changed(job, g)])
    if not leavers and not stale:
        return
    if leavers and job.unwritable is None and role.out_of_reach(job) and not job.entry.repairs.get(role.RETIRED):
        role.retire(job)  # nobody can be taken out of it: the room that it opens goes
    for grant in leavers:
        await _take_access(job, grant)
    await belongings.note_spares(job, replacing=True)
    await drop_spares(job)  # a leaver may sit in a room that was replaced before
    if job.unwritable is not None:
        return  # no room is made: whoever is still inside goes when that can be recorded
    if stale or job.entry.current("channel") is None or await _somebody_may_be_inside(job, leavers):
        await room.ensure_role(job)  # the new room names the session's role, which may have vanished meanwhile
        await make_channel(job)
        await job.save()
        await drop_spares(job)
        if stale and job.entry.access == "role" and _has_spare_room(job):
            role.give_up_role(job)  # it still opens the former room, which Discord does not let us delete
    if not _has_spare_room(job):  # else they stay in a room that nobody else is let into
        await _let_go(job, leavers)


async def _let_go(job: Job, leavers: Collection[Grant]) -> None:
    """Note that leavers lost their access for good."""
    for grant in leavers:
        grant.state, grant.revoked_at = "revoked", job.guild.now()
        job.note("sent away", "done", grant.user_id)
    await job.save()


def _has_spare_room(job: Job) -> bool:
    return any(resource.kind == "channel" for resource in job.entry.spares())


def _newcomer_would_read(job: Job, leavers: Collection[Grant]) -> bool:
    """Return whether somebody new would read what was written in the room to somebody who left it."""
    resource = job.entry.current("channel")
    if resource is None or job.hold is not None or not is_bookable(job.session, job.policy):
        return False
    listed = job.guild.channels.get(resource.snowflake or "")
    written = listed is None or listed.written
    return written and bool(_newcomers(job)) and bool(leavers or _former(job, resource))


def _newcomers(job: Job) -> list[str]:
    """Return who is booked and was not let in yet."""
    changed = {g.user_id for g in job.entry.grants if _changed(job, g)}
    new = (i for i in job.session.ids if i not in changed and job.entry.grant_of(i) is None)
    return [i for i in new if not job.guild.is_nobody(i)]


def _changed(job: Job, grant: Grant) -> bool:
    """Return whether somebody was let in to speak and only observes by now, or the other way: they stay booked."""
    booked = grant.user_id in job.session.ids
    return booked and grant.observer != (grant.user_id in job.session.observers)


def _former(job: Job, resource: Resource) -> list[Grant]:
    """Return who was let into a room and has lost their access since."""
    since = resource.made_at or 0
    revoked = (g for g in job.entry.grants if g.state == "revoked" and g.granted_at and not _changed(job, g))
    return [g for g in revoked if (g.revoked_at or 0) >= since]


async def _take_access(job: Job, grant: Grant) -> None:
    if grant.state == "outside":
        return
    grant.state = "losing"
    await job.save()
    held, channel = job.entry.current("role"), job.entry.current("channel")
    if held is not None and held.snowflake and not grant.observer:
        await take_role(job, grant.user_id, held.snowflake)
    # a room that is hidden from the bot, or gone, was opened by the role alone
    by_name = grant.observer or job.entry.access == "member"
    if channel is not None and channel.snowflake and (by_name or channel.snowflake in job.guild.channels):
        await _take_overwrite(job, grant.user_id, channel.snowflake)
    grant.state = "outside"
    await job.save()


async def take_role(job: Job, person: str, role_id: str) -> None:
    """Take the session's role from somebody; who does not hold it has lost it already."""
    try:
        await job.guild.discord.ungrant(job.guild.id, person, role_id, job.how)
    except NotFound as error:
        if error.discord_code not in _LOST_ALREADY or await still_holds(job, person, role_id):
            raise


async def _take_overwrite(job: Job, person: str, channel_id: str) -> None:
    """Take somebody's own overwrite from the room, if it is a person's: never a role's, @everyone's or the bot's."""
    channel = await room.probe(job, channel_id)
    if channel is None or (MEMBER, person) not in channel.overwrites or person == job.guild.bot_id:
        return
    try:
        await job.guild.discord.delete_overwrite(channel_id, person, job.how)
    except NotFound as error:
        if error.discord_code not in _LOST_ALREADY or await _still_admitted(job, person, channel_id):
            raise
    channel.overwrites.pop((MEMBER, person), None)


async def still_holds(job: Job, person: str, role_id: str) -> bool:
    """Return whether somebody holds a role, as asked now."""
    try:
        return role_id in (await job.guild.discord.member(job.guild.id, person, job.how)).roles
    except NotFound as error:
        if error.discord_code not in NOT_HERE:
            raise
    return False


async def _still_admitted(job: Job, person: str, channel_id: str) -> bool:
    """Return whether the room lets in somebody of whom Discord says that it does not."""
    try:
        return (MEMBER, person) in (await job.guild.discord.channel(channel_id, job.how)).overwrites
    except NotFound as error:
        if error.discord_code != UNKNOWN_CHANNEL:
            raise
    return False


async def _somebody_may_be_inside(job: Job, leavers: list[Grant]) -> bool:
    """Return whether a leaver may sit in the current room, and not surely in one that it replaced."""
    resource = job.entry.current("channel")
    if resource is None:
        return False
    unseen = not (_has_spare_room(job) and _bot_may_enter(job, resource))
    rooms = (resource.snowflake, ELSEWHERE) if unseen else (resource.snowflake,)
    for grant in leavers:
        if await _may_be_inside(job, grant.user_id, rooms):
            return True
    return False


def _bot_may_enter(job: Job, resource: Resource) -> bool:
    """Return whether the bot would be told who is in a room."""
    listed = job.guild.channels.get(resource.snowflake or "")
    overwrite = listed.overwrites.get((MEMBER, job.guild.bot_id)) if listed is not None else None
    return overwrite is not None and overwrite.allow & permissions.ENTER == permissions.ENTER


async def _may_be_inside(job: Job, person: str, rooms: Collection[str | None]) -> bool:
    """Return whether a person's voice state fails to show that they are in none of these.

    "Elsewhere" may be our own room, should a moderator have taken the bot's overwrite from it.
    """
    if job.guild.is_nobody(person):
        return False
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
