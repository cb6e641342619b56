"""A session's role and room together: what everybody who is let in needs."""

from __future__ import annotations

from coachsync.engine import role
from coachsync.engine.job import Job
from coachsync.engine.room import ensure_channel


async def ensure_place(job: Job) -> None:
    """Make sure of role and room."""
    await ensure_role(job)
    await ensure_channel(job)


async def ensure_role(job: Job) -> None:
    """Make sure of the role. One that was made anew, or found again, may be held by nobody."""
    had = job.entry.current("role")
    await role.ensure_role(job)
    if job.entry.current("role") is not had:
        ask_again(job)


def ask_again(job: Job, person: str | None = None) -> None:
    """Have access granted once more, to one person or to all."""
    for grant in job.entry.grants:
        if grant.state == "granted" and person in (None, grant.user_id):
            grant.state = "asked"
