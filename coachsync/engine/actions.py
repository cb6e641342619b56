"""The five actions as sequences of steps; each step first looks whether it is already done.

An action that is cut short anywhere is simply begun again by a later run (DESIGN "The step machine").
"""

from __future__ import annotations

from coachsync.discord.errors import Forbidden
from coachsync.domain import permissions
from coachsync.domain.model import Failure
from coachsync.domain.remembered import follow
from coachsync.domain.windows import is_bookable
from coachsync.engine import room, twins
from coachsync.engine.job import Job
from coachsync.engine.marks import living_marks
from coachsync.engine.people import delete_spares, let_in, send_away
from coachsync.engine.place import ask_again, ensure_place
from coachsync.engine.removal import remove
from coachsync.engine.trouble import Trouble


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
    await _open(job)
    _check_voices(job)
    await delete_spares(job)
    twins.write_off(job)
    await _complete(job)


async def update(job: Job) -> None:
    """Who left loses access, and is really out, before who replaces them gains it."""
    follow(job.entry, job.session)
    await send_away(job)
    if is_bookable(job.session, job.policy):
        await _open(job)
        await delete_spares(job)
    twins.write_off(job)
    await _complete(job)


async def repair(job: Job) -> None:
    """Make again what vanished, once for each kind; remove what is there twice."""
    await twins.note_twins(job, replacing=job.entry.live)
    if not job.entry.live or set(job.action.why) == {"twin"}:
        await delete_spares(job)
        twins.write_off(job)
        job.note("repair", "done", job.action.reason)
        await job.save()
        return
    for why in job.action.why:
        if why.startswith("grant:"):
            ask_again(job, why.partition(":")[2])
    await _open(job)
    await delete_spares(job)
    twins.write_off(job)
    _count_repairs(job)
    await _complete(job)


async def _open(job: Job) -> None:
    """Role and room, then people. A room that Discord hides from the bot still lets in whoever gets its role."""
    try:
        await ensure_place(job)
    except Forbidden:
        if job.entry.access == "role" and job.entry.current("role") and job.entry.current("channel"):
            await let_in(job)
        raise
    await send_away(job)  # whom an adopted room let in
    await let_in(job)


def _count_repairs(job: Job) -> None:
    """Remember what was made again: what vanishes once more is left so. A repair cut short does not count."""
    for kind in {why.partition(":")[0] for why in job.action.why}:
        job.entry.repairs[kind] = job.entry.repairs.get(kind, 0) + 1


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
    await job.save(living_marks(job.entry))


def _joined(failures: list[Failure]) -> Failure:
    first = failures[0]
    return first._replace(
        message="; ".join(f.message for f in failures), hint="; ".join(dict.fromkeys(f.hint for f in failures))
    )
