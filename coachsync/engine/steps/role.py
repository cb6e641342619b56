"""A session's role: found, adopted or made; if Discord makes no more roles, done without.

A create whose answer was lost is never simply sent again: the guild is listed once more and what came of it
adopted; else it is left to a later run, which looks again first (CONTRACT §6).
"""

from __future__ import annotations

from coachsync.discord.codes import UNKNOWN_ROLE
from coachsync.discord.errors import BadRequest, DiscordError, Forbidden, NotFound, RateLimited, failure_of
from coachsync.domain.failure import Failure
from coachsync.domain.limits import MOST_ROLES
from coachsync.domain.model import Resource
from coachsync.engine.steps.belongings import attempt_at, candidate_roles, found, is_our_role
from coachsync.engine.steps.job import Job, may_be_new, not_believed, settle, take_hash_name

LONGEST_ROLE_WAIT_S = 300.0  # beyond it, Discord "makes no more roles"
RETIRED = "reach"  # in an entry's repairs: its role stood out of the bot's reach and was given up


async def ensure_role(job: Job) -> None:
    """Make sure that the session has its role, or that its access is "member"."""
    if job.entry.access == "member":
        await _find_former_role(job)
        return
    role = job.entry.current("role")
    if role is not None and role.snowflake is not None:
        if not await is_gone(job, role.snowflake):
            return
        job.gone(role, "gone")
        job.guild.roles.pop(role.snowflake, None)
    if await adopt_role(job):
        return
    await _make_role(job)


async def is_gone(job: Job, snowflake: str) -> bool:
    """Return whether a role is gone: a list that lacks it proves that, but for one made so lately that it may lag.

    Then whoever was let in tells: they hold it, or handing it to them again is answered with 10011, which is believed.
    """
    if snowflake in job.guild.roles or not job.guild.is_young(snowflake):
        return snowflake not in job.guild.roles
    for person in job.entry.speakers():
        if await _holds(job, person, snowflake):
            return False
        try:
            await job.guild.discord.grant(job.guild.id, person, snowflake, job.how)
        except NotFound as error:
            if error.discord_code == UNKNOWN_ROLE:
                return True
        else:
            return False
    return False


async def _holds(job: Job, person: str, snowflake: str) -> bool:
    try:
        return snowflake in (await job.guild.member(person, job.how)).roles
    except NotFound:
        return False


def out_of_reach(job: Job) -> bool:
    """Return whether the session's role stands too high for the bot to hand it out or take it away."""
    resource = job.entry.current("role")
    role = job.guild.roles.get(resource.snowflake or "") if resource is not None else None
    return role is not None and not job.guild.outranks(role)


def refusal_of(job: Job, error: Forbidden, resource: Resource | None) -> Failure:
    """Return why the bot may not hand out or delete a role: it stands too high, or a permission is missing."""
    held = job.guild.roles.get(resource.snowflake or "") if resource is not None else None
    if error.code != "missing_permission" or held is None or job.guild.outranks(held):
        return failure_of(error)
    return Failure(
        "role_too_high",
        f"the role {held.name!r} stands above the bot's own highest role, so the bot cannot hand it out",
        "in Server Settings → Roles, drag the bot's role above the session roles",
        error.discord_code,
        error.http_status,
    )


def is_plain(job: Job) -> bool:
    """Return whether the session's role gives nothing by itself, as far as it was listed."""
    resource = job.entry.current("role")
    role = job.guild.roles.get(resource.snowflake or "") if resource is not None else None
    return role is None or role.plain


def retire(job: Job) -> None:
    """Give up the session's role, and with it the room that it opens: both are made anew, once in a life."""
    give_up_role(job)
    room = job.entry.current("channel")
    if room is not None:
        room.state = "spare"
        job.note("channel given up", "done", f"{room.name} ({room.snowflake})")


def give_up_role(job: Job) -> None:
    """Give up the session's role: it is made anew, and the former one removed."""
    job.entry.repairs[RETIRED] = 1
    role = job.entry.current("role")
    if role is not None:
        role.state = "spare"
        job.note("role given up", "done", f"{role.name} ({role.snowflake})")


async def _find_former_role(job: Job) -> None:
    """Go on with the role that people entered by before the ledger was lost and the configuration changed."""
    if not job.entry.resources and await adopt_role(job):
        job.entry.access = "role"


async def adopt_role(job: Job) -> bool:
    """Take over a role that is ours although the ledger has no id for it; never one that is to be removed."""
    doomed = {r.snowflake for r in job.entry.spares()}
    for role in candidate_roles(job):
        if role.id not in doomed and not role.permissions and await is_our_role(job, role):
            attempt = attempt_at(job, "role", role.id)
            job.role_adopted = attempt is None  # nobody knows who holds it
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
    """Look for what a create without an answer made; leave it to a later run if nothing shows."""
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
    """If the guild is full, try once more when the cleanups under way are done, else go without a role."""
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
        if not may_be_new(job, "role", role.id, role.name, job.entry.role_name) or not role.plain or role.managed:
            raise not_believed(f"it names role {role.id} ({role.name!r})")
        job.guild.roles[role.id] = role
        return role.id

    async with job.guild.asking.turn("role"):
        await job.create("role", job.entry.role_name, send)


def _without_role(job: Job, why: str) -> None:
    """Give this session access by member overwrites instead, and say so."""
    job.entry.access = "member"
    job.note("access by member overwrites", "done", why)
    job.guild.warn("no_more_roles", job.session.id, f"{why} in guild {job.guild.id}: access without a role")
