"""A session's role: found, adopted or made; where Discord makes no more roles, done without.

A create whose answer was lost is never simply sent again: the guild is listed once more and what came of it
adopted; else it is left to a later run, which looks again first (CONTRACT §6).
"""

from __future__ import annotations

from coachsync.discord.errors import BadRequest, DiscordError, RateLimited
from coachsync.domain.limits import MOST_ROLES
from coachsync.engine.steps.belongings import candidate_roles, found, is_our_role
from coachsync.engine.steps.job import Job, settle, take_hash_name

LONGEST_ROLE_WAIT_S = 300.0  # beyond it, Discord "makes no more roles"


async def ensure_role(job: Job) -> None:
    """Make sure that the session has its role, or that its access is "member"."""
    if job.entry.access == "member":
        await _find_former_role(job)
        return
    role = job.entry.current("role")
    if role is not None and role.snowflake is not None:
        if not job.guild.role_is_gone(role.snowflake):
            return
        job.gone(role, "gone")
    if await adopt_role(job):
        return
    await _make_role(job)


async def _find_former_role(job: Job) -> None:
    """Go on with the role that people entered by before the ledger was lost and the configuration changed."""
    if not job.entry.resources and await adopt_role(job):
        job.entry.access = "role"


async def adopt_role(job: Job) -> bool:
    """Take over a role that is ours although the ledger has no id for it; never one that is to be removed."""
    doomed = {r.snowflake for r in job.entry.spares()}
    for role in candidate_roles(job):
        if role.id not in doomed and await is_our_role(job, role):
            attempt = next((r for r in job.entry.open_attempts() if r.kind == "role"), None)
            job.made(attempt or found(job, "role", role.name), role.id, "adopted")
            return True
    return False


async def _make_role(job: Job) -> None:
    if job.guild.roles_exhausted:
        _without_role(job, "its roles are used up")
        return
    if len(job.guild.roles) + job.slots.wanted > MOST_ROLES:
        await job.slots.freed(job.how.priority)
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
    await settle(job)
    await job.guild.relist_roles()
    if not await adopt_role(job):
        raise error


async def _role_limit(job: Job, error: RateLimited) -> None:
    if error.retry_after_s < LONGEST_ROLE_WAIT_S:
        raise error
    job.guild.roles_exhausted = True
    until = job.guild.now() + int(error.retry_after_s * 1000)
    await job.journal.write(lambda t: t.ledger.set_roles_exhausted(job.guild.id, until))
    _without_role(job, "Discord creates no more roles for now")


async def _role_refused(job: Job, error: BadRequest) -> None:
    """Where the guild is full, try once more when the cleanups under way are done, else go without a role."""
    if error.code != "limit_reached":
        raise error
    if await job.slots.freed(job.how.priority):
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
        if error.code != "name_refused" or not take_hash_name(job):
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
