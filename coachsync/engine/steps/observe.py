"""Looking at rooms that are open: what the ledger does not know is taken over, drift becomes a repair.

Reads only what the guild's two lists do not settle: a channel missing from the list is asked for by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from coachsync.discord.errors import DiscordError, Forbidden, NotFound, failure_of
from coachsync.domain import drift
from coachsync.domain.audience import CLOSING
from coachsync.domain.drift import Drift, DriftKind
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import Channel
from coachsync.domain.marks import Marks
from coachsync.domain.model import Action, Entry, Grant, Session
from coachsync.domain.permissions import MEMBER
from coachsync.domain.planned import Refused
from coachsync.domain.windows import window_opens
from coachsync.domain.words import abandon_command, call
from coachsync.engine.marks import living_marks, revoked_marks
from coachsync.engine.steps import belongings, privacy, role, room
from coachsync.engine.steps.job import Job, Trouble
from coachsync.engine.steps.removal import claim, not_made
from coachsync.errors import RowRefusedError
from coachsync.store.base import Transaction

if TYPE_CHECKING:
    from coachsync.domain.pauses import Hold


async def look_at(job: Job) -> Action | Refused | None:
    """Return the repair that an open, complete session needs, a refusal if it must not be made, or None."""
    try:
        foreign = belongings.foreign(job)
        if foreign is not None:
            return _refused(job, not_made(job, foreign), "refused")
        await belongings.note_spares(job, replacing=job.entry.live)
        found = await _drift(job)
        if job.hold is not None:
            return await _while_paused(job, job.hold, found)
    except Forbidden as error:
        return _refused(job, _hidden(job, failure_of(error)), "failed")
    except DiscordError as error:
        return _refused(job, failure_of(error), "failed")
    fresh = drift.mendable(job.entry.repairs, found)
    if _may_miss(job) and drift.note_gone(job.entry.repairs, found, seen=lambda person: _seen_here(job, person)):
        await job.save()  # whatever keeps the repair from being made: a pause, the run's end
    if not found:
        return None
    return repair_of(job, fresh) if fresh else _refused(job, vanished_again(job.session, found), "failed")


async def _while_paused(job: Job, hold: Hold, found: tuple[Drift, ...]) -> Action | Refused | None:
    """Return what is done, or said, of a paused session: it only loses, or nothing is done at all."""
    if found and not hold.removals:
        return repair_of(job, found)
    if found:
        privacy.prove(job)
        leak = job.still_open()
        if leak is not None:
            return _refused(job, leak._replace(hint=f"{leak.hint}; {hold.failure().hint}"), "failed")
    lacks_something = job.would_gain and job.entry.state == "open"
    lost = [d for d in await _lost(job) if d.kind != "privacy"] if lacks_something else []
    await _note_gone(job, {d.kind for d in lost})
    return hold.told(job.session, "repair", job.entry, drift.words(lost)) if lost else None


async def _note_gone(job: Job, kinds: Collection[DriftKind]) -> None:
    """Note of a role or room that vanished that it is not there, so that nobody is told it were."""
    gone = [r for r in (job.entry.current("role"), job.entry.current("channel")) if r is not None and r.kind in kinds]
    for resource in gone:
        job.gone(resource, "gone")
    if gone:
        await job.save()


def repair_of(job: Job, why: tuple[Drift, ...]) -> Action:
    """Return the repair of some drift."""
    return Action("repair", job.session, job.entry, job.guild.id, drift.words(why), why=why)


def _seen_here(job: Job, person: str) -> bool:
    """Return whether a look at the room shows that somebody lost access: who holds a role is known by counts."""
    grant = job.entry.grant_of(person)
    return job.entry.access == "member" or (grant is not None and grant.observer)


async def _drift(job: Job) -> tuple[Drift, ...]:
    """Return what is not as it should be, in the order in which it is told."""
    spare = (Drift("spare"),) if job.entry.spares() else ()
    if not job.entry.live:
        return spare
    if _may_miss(job):
        return (*await _lost(job), *spare)
    return (*([Drift("privacy")] if await _is_open(job) else []), *spare)


def _may_miss(job: Job) -> bool:
    """Return whether what an open, complete session lacks is looked for."""
    return job.may_gain and job.entry.state == "open"


async def _lost(job: Job) -> list[Drift]:
    """Return what an open, complete session lacks, and whether others can enter its room."""
    held, channel = job.entry.current("role"), job.entry.current("channel")
    by_role = job.entry.access == "role"
    lacks_role = by_role and (held is None or await role.is_gone(job, held.snowflake or ""))
    found = [Drift("role")] if lacks_role else []
    try:
        there = await room.probe(job, channel.snowflake) if channel is not None and channel.snowflake else None
    except Forbidden:
        if role.is_plain(job):
            raise
        return [Drift("privacy")]  # the role can be mended all the same
    if there is None:
        return [*found, Drift("channel")]
    if _unsound(job, there, lacks_role=lacks_role):
        found.append(Drift("privacy"))
    return [*found, *await lost_people(job, there)]


async def _is_open(job: Job) -> bool:
    """Return whether the room, or what its role gives by itself, lets in others. Raises Forbidden for a hidden room."""
    if not role.is_plain(job):
        return True
    channel = job.entry.current("channel")
    there = await room.probe(job, channel.snowflake) if channel is not None and channel.snowflake else None
    return there is not None and any(fault.kind in CLOSING for fault in privacy.wrong(job, there))


def _unsound(job: Job, channel: Channel, *, lacks_role: bool) -> bool:
    """Return whether somebody else could enter, or what the room should carry is missing.

    A role that vanished took its overwrite along: that is the role's repair.
    """
    return any(fault.kind != "admitted" or not lacks_role for fault in privacy.wrong(job, channel))


async def lost_people(job: Job, channel: Channel) -> list[Drift]:
    """Return who lost their access: an overwrite that is gone; in the last run before the start, who came back anew.

    Discord forgets overwrites and roles of those who leave. Source: discord/FACTS §9b.
    """
    found = []
    for grant in job.entry.grants:
        if grant.state != "granted" or grant.user_id not in job.session.ids:
            continue
        by_name = grant.observer or job.entry.access == "member"
        gone = by_name and not _admits(channel, grant.user_id)
        if (gone or job.last_look) and await _came_back(job, grant):
            found.append(Drift("grant", grant.user_id, lost=False))
        elif gone:
            found.append(Drift("grant", grant.user_id))
    return found


def _admits(channel: Channel, person: str) -> bool:
    overwrite = channel.overwrites.get((MEMBER, person))
    return overwrite is not None and overwrite.lets_in


async def _came_back(job: Job, grant: Grant) -> bool:
    """Return whether somebody left the guild since they were let in: they are away, or joined later, or are a guest."""
    try:
        member = await job.guild.member(grant.user_id, job.how)
    except NotFound:
        return True
    except DiscordError:
        return False
    return member.joined_at is None or member.joined_at > (grant.granted_at or 0)


def _refused(job: Job, failure: Failure, outcome: Literal["failed", "refused"]) -> Refused:
    return Refused(job.session, "repair", outcome, failure, entry=job.entry)


def _hidden(job: Job, failure: Failure) -> Failure:
    return failure._replace(
        message="Discord hides the room from the bot: its own permissions were taken from the channel",
        hint="in Discord: Edit Channel → Permissions → add the bot with View Channel and Connect; or give the room "
        f"up with `{abandon_command(job.session.id)}`",
    )


def vanished_again(session: Session, found: tuple[Drift, ...]) -> Failure:
    """Say that what was repaired once vanished again."""
    return Failure(
        "access_unproven",
        f"{drift.words(found)} again after it was repaired once: left so",
        f"see Discord's audit log for who changes it; `{call('cleanup', session.id)}`, then "
        f"`{call('setup', session.id)}` makes it anew",
    )


async def take_over(job: Job) -> Action | Refused | None:
    """Rebuild the ledger's entry of an open session from what Discord shows and the store claims.

    What the store names and is foreign is refused: it is never adopted. Who holds a role cannot be listed, so each
    person is let in once more; the counts then show a holder too many. A mark for which nothing is to be seen ahead
    of the window is taken back.
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


async def _take_over(job: Job) -> Action | Refused | None:
    foreign = await claim(job)
    if foreign is not None:
        return _refused(job, foreign, "refused")
    if not job.entry.resources and job.now < window_opens(job.session, job.policy):
        await job.journal.write(lambda t: _only_mark(t, job.guild.id, revoked_marks(job.session)))
        return None
    _take_people(job.entry, job.session)
    await job.save(living_marks(job.entry))
    return repair_of(job, (Drift("adopted"),)) if job.now < job.session.end else None


def _only_mark(transaction: Transaction, guild_id: str, marks: Marks) -> None:
    transaction.ledger.hold(guild_id)
    transaction.mark(marks)


def _take_people(entry: Entry, session: Session) -> None:
    if entry.resources:  # what is there decides, whatever the configuration says by now
        entry.access = "role" if entry.current("role") is not None else "member"
    observers = session.observers
    for person in session.ids:  # each is let in once more: whether they were here when they were let in is not known
        entry.ask(person, observer=person in observers)
    entry.state = "open" if session.set_up else "opening"
