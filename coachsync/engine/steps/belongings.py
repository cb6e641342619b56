"""Which of a guild's roles and channels are a session's: the ledger's word, then the signs of CONTRACT §6 "Ours"."""

from __future__ import annotations

from coachsync.domain.guild_objects import Channel, Role
from coachsync.domain.model import DAY, MINUTE, Millis, Names, Resource, ResourceKind
from coachsync.domain.naming import bare, goes_by, hash_of, possible_names, render
from coachsync.domain.ownership import (
    in_flight,
    is_our_channel,
    looks_like_our_role,
    may_be_our_role,
    may_be_our_room,
    over_at,
)
from coachsync.domain.permissions import ROLE
from coachsync.domain.snowflake import made_at
from coachsync.engine.steps.job import Job


def candidate_roles(job: Job) -> list[Role]:
    """Return the listed roles that may be this session's, oldest first."""
    known = [r.snowflake for r in job.entry.resources if r.kind == "role"]
    return job.guild.roles_called((n.role for n in job.names), [*known, *job.assigned(), job.session.role_id])


def candidate_channels(job: Job) -> list[Channel]:
    """Return the listed channels that may be this session's room, oldest first."""
    known = [r.snowflake for r in job.entry.resources if r.kind == "channel"]
    return job.guild.channels_called((n.channel for n in job.names), [*known, *job.assigned(), job.session.channel_id])


async def is_our_role(job: Job, role: Role) -> bool:
    """Return whether a listed role is this session's (CONTRACT §6 "Ours"). Raises DiscordError."""
    named = [*job.names, Names("", role.name, "")] if role.id in job.assigned() else job.names
    if not job.may_be_ours(role.id):
        return False
    if job.guild.owners.get(role.id) == job.session.id:  # a late list hid it, and a moderator may have changed it since
        kept = any(r.snowflake == role.id and r.state != "abandoned" for r in job.entry.resources)
        return kept and may_be_our_role(role, named, opens_our_room=False)
    if not looks_like_our_role(role, named):
        return False
    if role.id == job.session.role_id or _named_by_our_channel(job, role.id):
        return True
    born = made_at(role.id)
    attempts = [r for r in job.entry.resources if r.kind == "role" and (r.unanswered or r.state == "written_off")]
    late = DAY if job.others_may_send else 0
    if not (_in_lost_lines(job, born) or any(in_flight(r, born, job.timeout, late) for r in attempts)):
        return False
    counts = await job.guild.discord.role_counts(job.guild.id, job.how)
    return counts is None or not counts.get(role.id)  # one that we do not know yet was granted to nobody


def _in_lost_lines(job: Job, born: Millis) -> bool:
    """Return whether something was made when the ledger's lines are missing: our attempt may have been in them."""
    return job.lost_since is not None and born >= job.lost_since


def _named_by_our_channel(job: Job, role_id: str) -> bool:
    return any((ROLE, role_id) in c.overwrites and is_ours(job, c) for c in candidate_channels(job))


def is_ours(job: Job, channel: Channel) -> bool:
    """Return whether a listed channel is this session's room (CONTRACT §6 "Ours")."""
    if not job.may_be_ours(channel.id):
        return False
    if job.guild.owners.get(channel.id) == job.session.id:
        return any(r.snowflake == channel.id and r.state != "abandoned" for r in job.entry.resources)
    if channel.id in job.assigned():  # by its name, in which somebody may stand who has left
        return True
    return is_our_channel(channel, job.names, job.guild.bot_id, claimed=channel.id == job.session.channel_id)


def foreign(job: Job) -> Resource | None:
    """Return the session's role or room if it cannot be what we made, although the ledger says so."""
    current = (job.entry.current("role"), job.entry.current("channel"))
    return next((r for r in current if r is not None and is_foreign(job, r)), None)


def is_foreign(job: Job, resource: Resource) -> bool:
    """Return whether the ledger names something listed that cannot be what we made."""
    snowflake, names = resource.snowflake or "", _true_names(job)
    if resource.kind == "channel":
        channel = job.guild.channels.get(snowflake)
        elsewhere = channel is not None and channel.guild_id not in ("", job.guild.id)
        return elsewhere or (channel is not None and not may_be_our_room(channel, names, job.guild.bot_id))
    role = job.guild.roles.get(snowflake)
    if role is None:
        return False
    known = {r.snowflake for r in job.entry.resources if r.kind == "channel"}
    rooms = [job.guild.channels[i] for i in known if i in job.guild.channels]
    opens = role.id in job.opened or any(
        (ROLE, role.id) in c.overwrites and may_be_our_room(c, names, job.guild.bot_id) for c in rooms
    )
    others = {job.guild.id, *job.guild.staff_role_ids}
    # Renamed by hand, and its room does not say so: it carries nothing, and was born while our create was under way.
    born = role.plain and in_flight(resource, made_at(role.id), job.timeout)
    return role.id in others or role.managed or not (born or may_be_our_role(role, names, opens_our_room=opens))


def _true_names(job: Job) -> list[Names]:
    """Return the names that a session of this id may bear, whatever the ledger says."""
    session, (short, *own) = job.session, job.entry.names
    names = [*possible_names(session, job.templates), bare(hash_of(session.id))]
    if goes_by(session.id, short):
        names += [render(session, job.templates, short), bare(short)]
        if all(short in name.lower() or session.id in name for name in own):  # by an earlier configuration
            names.append(job.entry.names)
    return names


def found(job: Job, kind: ResourceKind, name: str) -> Resource:
    """Return a new resource for something that came to light without an attempt of its own."""
    resource = Resource(kind, name, job.guild.id)
    job.entry.resources.append(resource)
    return resource


_WRITE_OFF: Millis = 5 * MINUTE  # until then the lists may lag behind a create, see Guild.is_young


async def note_spares(job: Job, *, replacing: bool = False) -> None:
    """Note as spare what is ours in the guild beside the current role and room: what a lost create made late.

    `replacing`: what is found while the session's own is gone is no spare, but what will replace it.
    """
    known = {r.snowflake for r in job.entry.resources if r.is_there}
    for role in () if replacing and _lacks_role(job) else candidate_roles(job):
        if role.id not in known and await is_our_role(job, role):
            _note_spare(job, "role", role.id, role.name)
    for channel in () if replacing and job.entry.current("channel") is None else candidate_channels(job):
        if channel.id not in known and is_ours(job, channel):
            _note_spare(job, "channel", channel.id, channel.name)


def _lacks_role(job: Job) -> bool:
    role = job.entry.current("role")
    return job.entry.access == "role" and (role is None or job.guild.role_is_gone(role.snowflake or ""))


def _note_spare(job: Job, kind: ResourceKind, snowflake: str, name: str) -> None:
    again = next((r for r in job.entry.resources if r.snowflake == snowflake), None)
    job.spare(again or attempt_at(job, kind, snowflake) or found(job, kind, name), snowflake)


def attempt_at(job: Job, kind: ResourceKind, snowflake: str) -> Resource | None:
    """Return the attempt without an answer by which a thing was made; None if there is none.

    It is the one in whose time the thing was born. Where no other host may send, any is as good: clocks may differ.
    """
    attempts = [r for r in job.entry.open_attempts() if r.kind == kind]
    born = made_at(snowflake)
    fitting = [r for r in attempts if in_flight(r, born, job.timeout)]
    return next(iter(fitting if fitting or job.others_may_send else attempts), None)


def write_off(job: Job) -> None:
    """Close the attempts that nothing came of, once the lists were read past the time in which it would show."""
    for attempt in job.entry.open_attempts():
        if job.guild.listed_at[attempt.kind] - over_at(attempt, job.timeout) >= _WRITE_OFF:
            attempt.state = "written_off"
            job.note(f"{attempt.kind} asked for", "nothing came of it", attempt.name)
