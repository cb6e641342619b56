"""What a session left behind in a guild that was out of reach when it moved away: removed once that can be looked at.

The session lives on in another guild, in the same entry; here it is worked on as a life of its own that is over.
"""

from __future__ import annotations

from dataclasses import replace

from coachsync.discord.errors import DiscordError, failure_of
from coachsync.domain.failure import Failure
from coachsync.domain.marks import Marks
from coachsync.domain.model import Action, Entry
from coachsync.domain.remembered import ghost
from coachsync.engine.steps import belongings
from coachsync.engine.steps.actions import with_way_out
from coachsync.engine.steps.job import Job, Trouble
from coachsync.engine.steps.removal import delete_resource
from coachsync.store.base import Transaction


class LeftJob(Job):
    """A job on what was left in one guild. `whole` is the session's entry, which is what is written."""

    whole: Entry

    async def save(self, marks: Marks | None = None, *, once: bool = False) -> None:
        """Write the whole entry and the story; the store's marks are those of the life that goes on."""
        known = {id(r) for r in self.whole.resources}
        self.whole.resources += [r for r in self.entry.resources if id(r) not in known]
        whole, notes = self.whole, tuple(self.notes)
        self.notes.clear()

        def change(transaction: Transaction) -> None:
            transaction.ledger.save(whole)
            for event in notes:
                transaction.ledger.event(event)

        await self.journal.write(change, once=once)


def removal_of(entry: Entry, guild_id: str) -> Action:
    """Return the action that removes what a session left behind in a guild."""
    left = [r for r in entry.left_behind() if r.guild_id == guild_id]
    over = replace(entry, guild_id=guild_id, state="closed", closed_by="revoked", resources=left, grants=[])
    return Action("revoke", ghost(over), over, guild_id, "left behind when the session moved to another guild")


async def clear(job: LeftJob) -> Failure | None:
    """Delete what was left; return why some of it could not be."""
    failure: Failure | None = None
    try:
        await belongings.note_spares(job)
    except DiscordError as error:
        failure = with_way_out(failure_of(error), job.action)
    for resource in sorted(job.entry.spares(), key=lambda r: r.kind != "channel"):
        try:
            await delete_resource(job, resource)
        except Trouble as trouble:
            failure = failure or trouble.failure
        except DiscordError as error:
            failure = failure or with_way_out(failure_of(error), job.action)
    belongings.write_off(job)
    await job.save()
    return failure
