"""Mending what an audit found, by the steps of a run: repairs, removals, empty categories."""

from __future__ import annotations

from coachsync.audit.found import Step
from coachsync.audit.guild import Orphan
from coachsync.discord.api import How
from coachsync.discord.errors import DiscordError, failure_of
from coachsync.domain import drift
from coachsync.domain.drift import CROWDED, Drift
from coachsync.domain.failure import Failure
from coachsync.engine.journal import Journal
from coachsync.engine.outcomes import failure_event
from coachsync.engine.steps import category
from coachsync.engine.steps.actions import attempt, outcome_of
from coachsync.engine.steps.job import Job, Trouble
from coachsync.engine.steps.observe import repair_of
from coachsync.engine.steps.removal import delete_resource


class Mender:
    """Turns findings into steps. Whatever a step does is written as a run writes it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def repair(self, job: Job, drifts: tuple[Drift, ...]) -> Step:
        """Return the step that repairs one session's room."""
        words = f"repair {job.session.id}: {drift.words(drifts)}"
        keys = "+".join(sorted(d.key for d in drifts))
        return Step(f"repair {job.session.id} {keys}", words, lambda: self._repair(job, drifts))

    async def _repair(self, job: Job, drifts: tuple[Drift, ...]) -> str:
        if any(d.kind == "crowded" for d in drifts):
            job.entry.repairs[CROWDED] = 2  # the look before the plan counted, and the one before this step
        job.action = repair_of(job, drifts)
        return await self._carried_out(job)

    def removal(self, job: Job) -> Step:
        """Return the step that removes a session's room, as the next run would."""
        words = f"{job.action.kind} {job.session.id}: {job.action.reason}"
        return Step(f"{job.action.kind} {job.session.id}", words, lambda: self._carried_out(job))

    async def _carried_out(self, job: Job) -> str:
        ended = await attempt(job)
        outcome = outcome_of(job, ended, 0, 0)
        if outcome.error is not None:
            event = failure_event(outcome, job.now)
            await self.journal.write(lambda t: t.ledger.event(event))
        return "; ".join(f.message for f in ended.standing)

    def orphan(self, orphan: Orphan, job: Job) -> Step:
        """Return the step that removes something of ours that no session has."""
        kind = "room" if orphan.resource.kind == "channel" else "role"
        words = f"remove the {kind} {orphan.resource.name!r} ({orphan.id})"
        return Step(f"remove {orphan.id}", words, lambda: self._remove(orphan, job))

    async def _remove(self, orphan: Orphan, job: Job) -> str:
        resource = next((r for r in job.entry.resources if r.snowflake == orphan.id), orphan.resource)
        if orphan.session is None:  # no session's names prove it: a room that bears our overwrites named it
            job.opened.add(orphan.id)
        try:
            await delete_resource(job, resource)
        except Trouble as trouble:
            return _told(trouble.failure)
        except DiscordError as error:
            return _told(failure_of(error))
        if orphan.session is not None:
            await job.save()
        elif resource.rowid:
            await self.journal.write(lambda t: t.ledger.save_orphan(resource))
        return ""

    def categories(self, guild_id: str, shelf: category.Shelf) -> Step:
        """Return the step that removes the empty categories of ours in a guild."""
        names = ", ".join(f"{c.name!r} ({c.id})" for c in category.empty_ones(shelf))
        words = f"remove what is empty of our categories in guild {guild_id}: {names}"
        return Step(f"categories {guild_id}", words, lambda: self._remove_empty(shelf))

    async def _remove_empty(self, shelf: category.Shelf) -> str:
        await category.remove_empty(shelf, self.journal, How((9,), "coachsync audit: empty category"))
        left = category.empty_ones(shelf)
        return f"Discord did not let us remove {left[0].name!r}" if left else ""


def _told(failure: Failure) -> str:
    return f"{failure.message} ({failure.code}): {failure.hint}"
