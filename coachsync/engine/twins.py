"""What came of creates that nobody heard the end of: late twins, and attempts that can be written off."""

from __future__ import annotations

from coachsync.domain.model import MINUTE, Millis, ResourceKind
from coachsync.domain.ownership import over_at
from coachsync.engine.belongings import candidate_channels, candidate_roles, found, is_our_role, is_ours
from coachsync.engine.job import Job

_WRITE_OFF: Millis = 5 * MINUTE  # until then the lists may lag behind a create, see Guild.is_young


async def note_twins(job: Job, *, replacing: bool = False) -> None:
    """Note as spare what is ours in the guild beside the current role and room: late twins of a lost create.

    `replacing`: what is found while the session's own is gone is no twin, but what will replace it.
    """
    known = {r.snowflake for r in job.entry.resources if r.state in ("made", "spare")}
    for role in () if replacing and _lacks_role(job) else candidate_roles(job):
        if role.id not in known and await is_our_role(job, role):
            _note_twin(job, "role", role.id, role.name)
    for channel in () if replacing and job.entry.current("channel") is None else candidate_channels(job):
        if channel.id not in known and is_ours(job, channel):
            _note_twin(job, "channel", channel.id, channel.name)


def _lacks_role(job: Job) -> bool:
    role = job.entry.current("role")
    return job.entry.access == "role" and (role is None or job.guild.role_is_gone(role.snowflake or ""))


def _note_twin(job: Job, kind: ResourceKind, snowflake: str, name: str) -> None:
    again = next((r for r in job.entry.resources if r.snowflake == snowflake), None)
    attempt = next((r for r in job.entry.open_attempts() if r.kind == kind), None)
    job.spare(again or attempt or found(job, kind, name), snowflake)


def write_off(job: Job) -> None:
    """Close the attempts that nothing came of, once the lists were read past the time in which it would show."""
    for attempt in job.entry.open_attempts():
        if job.guild.listed_at[attempt.kind] - over_at(attempt, job.timeout) >= _WRITE_OFF:
            attempt.state = "written_off"
            job.note(f"{attempt.kind} asked for", "nothing came of it", attempt.name)
