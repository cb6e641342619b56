"""The five actions as sequences of steps; each step first looks whether it is already done.

An action that is cut short anywhere is simply begun again by a later run (DESIGN "The step machine").
"""

from __future__ import annotations

from coachsync.discord.errors import DiscordError, Forbidden, failure_of
from coachsync.domain import permissions
from coachsync.domain.model import Failure, Resource
from coachsync.domain.plan import follow, marks_of
from coachsync.domain.windows import is_bookable
from coachsync.engine import room
from coachsync.engine.job import Job
from coachsync.engine.people import delete_resource, delete_spares, let_in, send_away
from coachsync.engine.trouble import Trouble
from coachsync.store.base import Marks


async def perform(job: Job) -> None:
    """Do the job's action. Raises Trouble or DiscordError where it cannot be completed, StoreError from the ledger."""
    kind = job.action.kind
    if kind == "setup":
        await set_up(job)
    elif kind == "update":
        await update(job)
    elif kind == "repair":
        await repair(job)
    else:
        await remove(job)


async def set_up(job: Job) -> None:
    """Role, channel, student, coach, mark."""
    _begin(job)
    await send_away(job)
    await room.ensure_role(job)
    await room.ensure_channel(job)
    await send_away(job)  # whom an adopted room let in
    await let_in(job)
    _check_voices(job)
    await delete_spares(job)
    room.write_off(job)
    await _complete(job)


async def update(job: Job) -> None:
    """Who left loses access, and is really out, before who replaces them gains it."""
    follow(job.entry, job.session)
    await send_away(job)
    if is_bookable(job.session, job.policy):
        await let_in(job)
    await _complete(job)


async def repair(job: Job) -> None:
    """Make again what vanished, once for each kind; remove what is there twice."""
    for why in job.action.why:
        kind, _, person = why.partition(":")
        job.entry.repairs[kind] = job.entry.repairs.get(kind, 0) + 1
        if kind == "grant":
            _ask_again(job, person)
    await room.note_twins(job)
    if not job.entry.live:
        await delete_spares(job)
        room.write_off(job)
        job.note("repair", "done", job.action.reason)
        await job.save()
        return
    had_role = job.entry.current("role")
    await room.ensure_role(job)
    if job.entry.current("role") is not had_role and had_role is not None:
        _ask_again(job)  # a role that was made anew is held by nobody
    await room.ensure_channel(job)
    await let_in(job)
    await delete_spares(job)
    room.write_off(job)
    await _complete(job)


def _ask_again(job: Job, person: str | None = None) -> None:
    """Have access granted once more, to one person or to all."""
    for grant in job.entry.grants:
        if grant.state == "granted" and person in (None, grant.user_id):
            grant.state = "asked"


def _begin(job: Job) -> None:
    """Start (or go on with) this session's life in memory; the first attempt writes it."""
    entry, session = job.entry, job.session
    entry.state, entry.closed_by, entry.closed_start = "opening", "", None
    entry.setup_start = session.start
    entry.opened_at = entry.opened_at or job.guild.now()
    follow(entry, session)


def _check_voices(job: Job) -> None:
    """Prove by computation that whoever the room admits can view, connect and speak."""
    allowed = room.allowed(job)
    overwrites = job.guild.overwrites(allowed)
    needed = permissions.ENTER | permissions.SPEAK
    for someone, kind in allowed.items():
        held = permissions.channel_permissions(
            job.guild.everyone,
            overwrites.values(),
            guild_id=job.guild.id,
            member_id=someone if kind == permissions.MEMBER else "",
            role_ids=(someone,) if kind == permissions.ROLE else (),
        )
        if held & needed != needed:
            job.pending.append(_mute(held))
            return


def _mute(held: int) -> Failure:
    missing = ", ".join(permissions.names((permissions.ENTER | permissions.SPEAK) & ~held))
    return Failure(
        "access_unproven",
        f"the people let into the room would lack {missing}",
        f"give the bot's role {missing} in Server Settings → Roles, so that it can hand it on",
    )


async def _complete(job: Job) -> None:
    """Write the marks; a session of which somebody could not be let in stays incomplete."""
    if is_bookable(job.session, job.policy):
        job.entry.state = "opening" if job.pending else "open"
    if job.pending:
        raise Trouble(_joined(job.pending))
    job.note(job.action.kind, "done", job.action.reason)
    await job.save(store_marks(job))


def store_marks(job: Job) -> Marks:
    """Return what the store is to say of a session that lives."""
    set_up, cleaned_up, role_id, channel_id = marks_of(job.entry)
    return Marks(job.session.id, set_up, cleaned_up, role_id or "", channel_id or "")


def _joined(failures: list[Failure]) -> Failure:
    first = failures[0]
    return first._replace(
        message="; ".join(f.message for f in failures), hint="; ".join(dict.fromkeys(f.hint for f in failures))
    )


# removal


async def remove(job: Job) -> None:
    """Cleanup and revoke: channel, role, mark. One that cannot be removed never keeps the other."""
    entry = job.entry
    entry.state, entry.closed_by, entry.closed_start = "closing", job.action.closed_by, job.session.start
    trouble: Trouble | None = None
    try:
        foreign = await claim(job)
        trouble = Trouble(foreign, refused=True) if foreign is not None else None
    except Trouble as hidden:
        trouble = hidden
    await room.note_twins(job)
    await job.save()
    await _delete_all(job)
    if trouble is not None:
        raise trouble
    room.write_off(job)
    _close(job)
    job.note(job.action.kind, "done", job.action.reason)
    await job.save(_final_marks(job))


async def claim(job: Job) -> Failure | None:
    """Take over what the store names for a session the ledger does not know; say what of it is foreign."""
    if job.entry.current("channel") is None and not job.entry.spares():
        room.adopt_channel(job)
    if job.entry.current("role") is None:
        await room.adopt_role(job)
    for snowflake, kind in ((job.session.channel_id, "channel"), (job.session.role_id, "role")):
        if snowflake and not _ledger_knows(job, kind) and await _exists(job, snowflake, kind):
            return not_ours(job, snowflake, kind)
    return None


def _ledger_knows(job: Job, kind: str) -> bool:
    """Tell whether the ledger names one of its own, whatever the store claims."""
    return any(r.kind == kind and r.snowflake is not None for r in job.entry.resources)


async def _exists(job: Job, snowflake: str, kind: str) -> bool:
    """Tell whether what the store names is there at all; what is gone needs no refusal."""
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
        f"Connect; else correct the booking's ids or give it up with `coachsync cleanup {job.session.id} --abandon`",
    )


def not_ours(job: Job, snowflake: str, kind: str) -> Failure:
    """Say that the store names something that coachsync did not make."""
    place = job.guild.channels.get(snowflake) if kind == "channel" else job.guild.roles.get(snowflake)
    called = f" ({place.name!r})" if place is not None else ""
    return Failure(
        "not_ours",
        f"the store names {kind} {snowflake}{called}, which coachsync did not make: it is not touched",
        f"correct the booking's ids, or end it with `coachsync cleanup {job.session.id} --abandon`",
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
    there = [r for r in job.entry.resources if r.state in ("made", "spare")]
    return sorted(there, key=lambda r: r.kind != "channel")


def _close(job: Job) -> None:
    entry = job.entry
    entry.state = "closed"
    entry.repairs = {}
    for grant in entry.grants:
        if grant.state != "revoked":
            grant.state, grant.revoked_at = "revoked", job.guild.now()


def _final_marks(job: Job) -> Marks | None:
    session = job.session
    if job.action.kind == "revoke":
        return Marks(session.id, set_up=False, cleaned_up=False, role_id="", channel_id="")
    return closing_marks(session.id, session.status, job)


def closing_marks(session_id: str, status: str, job: Job) -> Marks:
    """Return the marks of a cleaned-up session; a status that is still bookable becomes the completed one."""
    completed = job.policy.completed if status in job.policy.bookable else ""
    return Marks(
        session_id,
        cleaned_up=True,
        status_from=status if completed else None,
        status_to=completed or None,
    )
