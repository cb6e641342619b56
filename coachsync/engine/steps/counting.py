"""The second look at the end of a run: how many members hold each session role.

Discord's counts are a help, not a proof, and not every server gives them. Too few: what was just set up is granted
once more, what was open before is looked into and repaired. Too many is reported.
"""

from __future__ import annotations

from coachsync.discord.errors import DiscordError, NotFound, failure_of
from coachsync.domain.model import Action
from coachsync.domain.planned import Refused
from coachsync.engine.steps import belongings
from coachsync.engine.steps.job import Job
from coachsync.engine.steps.observe import repair_of, vanished_again
from coachsync.guild.picture import Guild


async def count(guild: Guild, jobs: list[Job]) -> list[Action | Refused]:
    """Compare the counts with whom we let in; return the repairs that are needed."""
    open_now = [j for j in jobs if _countable(j)]
    counts = await guild.role_counts() if open_now else None
    found: list[Action | Refused] = []
    for job in open_now if counts is not None else ():
        role = job.entry.current("role")
        assert counts is not None
        assert role is not None
        held = counts.get(role.snowflake or "", 0)
        expected = len(job.entry.granted())
        if held > expected:
            _report_too_many(job, held, expected)
        elif held < expected:
            found += await _too_few(job)
    return found


def _countable(job: Job) -> bool:
    """Return whether a count says something: a room just repaired or taken over is left to the next run."""
    repaired = job.action.kind == "repair" and bool(job.action.why)
    entry = job.entry
    settled = entry.state == "open" and all(g.state in ("granted", "revoked") for g in entry.grants)
    return settled and entry.access == "role" and entry.current("role") is not None and not repaired


def _report_too_many(job: Job, held: int, expected: int) -> None:
    job.guild.warn(
        "role_held_by_others",
        job.session.id,
        f"role {job.entry.role_name!r} is held by {held} members instead of {expected}: see Server Settings → Roles → "
        "Members and take it from whom it does not belong to",
    )


async def _too_few(job: Job) -> list[Action | Refused]:
    if job.action.kind in ("setup", "update"):
        await _grant_again(job)
        return []
    lacking = [person for person in job.entry.granted() if await _lacks(job, person)]
    if not lacking:
        return []
    if job.entry.repairs.get("grant"):
        return [Refused(job.session, "repair", "failed", vanished_again(("grant",)))]
    return [repair_of(job, tuple(f"grant:{p}" for p in lacking))]


async def _grant_again(job: Job) -> None:
    role = job.entry.current("role")
    for person in job.entry.granted():
        try:
            await job.guild.discord.grant(job.guild.id, person, (role and role.snowflake) or "", job.how)
        except DiscordError as error:
            job.guild.warn("grant_unproven", job.session.id, failure_of(error).message)


async def _lacks(job: Job, person: str) -> bool:
    role = job.entry.current("role")
    try:
        member = await job.guild.discord.member(job.guild.id, person, job.how)
    except NotFound:
        return True
    except DiscordError:
        return False
    return role is not None and role.snowflake not in member.roles


async def write_off(job: Job) -> None:
    """Close the attempts of a past life that nothing came of."""
    belongings.write_off(job)
    if not job.entry.open_attempts():
        await job.save()
