"""Looking at rooms that are open: what the ledger does not know is taken over, drift becomes a repair.

Reads only what the guild's two lists do not settle: a channel missing from the list is asked for by itself.
"""

from __future__ import annotations

from typing import Literal

from coachsync.discord.errors import DiscordError, Forbidden, failure_of
from coachsync.domain import drift
from coachsync.domain.failure import Failure
from coachsync.domain.marks import Marks
from coachsync.domain.model import Action, Entry, Grant, Session
from coachsync.domain.planned import Refused
from coachsync.domain.windows import window_opens
from coachsync.domain.words import give_up
from coachsync.engine.marks import living_marks, revoked_marks
from coachsync.engine.steps import belongings, room
from coachsync.engine.steps.job import Job, Trouble
from coachsync.engine.steps.removal import claim
from coachsync.errors import RowRefusedError
from coachsync.store.base import Transaction


async def look_at(job: Job) -> Action | Refused | None:
    """Return the repair that an open, complete session needs, a refusal where it must not be made, or None."""
    try:
        await belongings.note_twins(job, replacing=job.entry.live)
        found = await _drift(job)
    except Forbidden as error:
        return _refused(job, _hidden(job, failure_of(error)), "failed")
    except DiscordError as error:
        return _refused(job, failure_of(error), "failed")
    if not found:
        return None
    fresh = drift.mendable(job.entry, found)
    if not fresh:
        return _refused(job, vanished_again(found), "failed")
    return repair_of(job, ("twin",) if fresh == ("twin",) else found)


def repair_of(job: Job, why: tuple[str, ...]) -> Action:
    """Return the repair of some drift."""
    return Action("repair", job.session, job.entry, job.guild.id, drift.words(why), why=why)


async def _drift(job: Job) -> tuple[str, ...]:
    entry, guild = job.entry, job.guild
    if not entry.live:
        return ("twin",) if entry.spares() else ()
    role, channel = entry.current("role"), entry.current("channel")
    there = await room.probe(job, channel.snowflake) if channel is not None and channel.snowflake else None
    seen = drift.Seen(
        role=role is not None and role.snowflake is not None and not guild.role_is_gone(role.snowflake),
        channel=there is not None,
        overwrites=there.overwrites if there is not None else {},
    )
    return drift.drift_of(entry, seen, guild.overwrites(room.allowed(job)), guild.bot_id)


def _refused(job: Job, failure: Failure, outcome: Literal["failed", "refused"]) -> Refused:
    return Refused(job.session, "repair", outcome, failure)


def _hidden(job: Job, failure: Failure) -> Failure:
    return failure._replace(
        message="Discord hides the room from the bot: its own permissions were taken from the channel",
        hint="in Discord: Edit Channel → Permissions → add the bot with View Channel and Connect; or give the room "
        f"up with `{give_up(job.session.id)}`",
    )


def vanished_again(found: tuple[str, ...]) -> Failure:
    """Say that what was repaired once vanished again."""
    return Failure(
        "access_unproven",
        f"{drift.words(found)} again after it was repaired once: left so",
        "see Discord's audit log for who changes it; `coachsync cleanup` and `coachsync setup` make it anew",
    )


async def take_over(job: Job) -> Refused | None:
    """Rebuild the ledger's entry of an open session from what Discord shows and the store claims.

    What the store names and is foreign is refused: it is never adopted. Who holds a role cannot be listed, so the
    next run grants it once more; the counts then show a holder too many. A mark for which nothing is to be seen
    ahead of the window is taken back.
    """
    try:
        return await _take_over(job)
    except DiscordError as error:
        failure = failure_of(error)
    except Trouble as trouble:
        failure = trouble.failure
    except RowRefusedError as error:  # this row alone: the others go on
        failure = Failure("store_error", error.message, error.hint)
    return _refused(job, failure, "failed")


async def _take_over(job: Job) -> Refused | None:
    foreign = await claim(job)
    if foreign is not None:
        return _refused(job, foreign, "refused")
    if not job.entry.resources and job.now < window_opens(job.session, job.policy):
        await job.journal.write(lambda t: _only_mark(t, revoked_marks(job.session)))
        return None
    _take_people(job.entry, job.session)
    await job.save(living_marks(job.entry))
    return None


def _only_mark(transaction: Transaction, marks: Marks) -> None:
    transaction.mark(marks)


def _take_people(entry: Entry, session: Session) -> None:
    if entry.resources:  # what is there decides, whatever the configuration says by now
        entry.access = "role" if entry.current("role") is not None else "member"
    known = {g.user_id for g in entry.grants}
    if entry.access == "role":
        entry.grants += [Grant(p) for p in session.ids if p not in known]
    entry.state = "open" if session.set_up else "opening"
