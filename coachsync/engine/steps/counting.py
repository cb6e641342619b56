"""The second look at the end of a run: how many members hold each session role.

Discord's counts are a help, not a proof, and not every server gives them. Too few: what was just set up is granted
once more, what was open before is looked into and repaired. Too many: whoever lost their access and holds the role
again loses it; who else holds it cannot be listed, so that is reported, and the role replaced if it lasts.
"""

from __future__ import annotations

from collections.abc import Sequence

from coachsync.discord.codes import NOT_HERE
from coachsync.discord.errors import DiscordError, NotFound, failure_of
from coachsync.domain.drift import CROWDED, Drift, DriftKind, mendable, note_gone
from coachsync.domain.model import Action, Resource
from coachsync.domain.planned import Refused
from coachsync.engine.steps import belongings
from coachsync.engine.steps.job import Job
from coachsync.engine.steps.observe import repair_of, vanished_again
from coachsync.engine.steps.people import still_holds, take_role
from coachsync.engine.steps.role import RETIRED, retire
from coachsync.errors import FencedError
from coachsync.guild.picture import Guild

_HOLDERS: tuple[DriftKind, ...] = ("grant",)
REPLACED = "crowded role"  # its role was replaced for that, once in a life


async def count(guild: Guild, jobs: list[Job]) -> list[Action | Refused]:
    """Compare the counts with whom we let in; return the repairs that are needed."""
    known = [job for job in jobs if _role(job) is not None and job.entry.live]
    countable = [job for job in known if belongings.foreign(job) is None]
    counts = await guild.role_counts() if countable else None
    found: list[Action | Refused] = []
    for job in countable if counts is not None else ():
        assert counts is not None
        role = _role(job)
        assert role is not None
        try:
            found += await _compare(job, counts.get(role.snowflake or "", 0))
        except FencedError:
            job.fenced = True
    return found


def _role(job: Job) -> Resource | None:
    return job.entry.current("role") if job.entry.access == "role" else None


async def _compare(job: Job, held: int) -> list[Action | Refused]:
    entry = job.entry
    held_by = [grant for grant in entry.grants if not grant.observer]
    most = sum(1 for grant in held_by if grant.state in ("asked", "granted", "losing"))
    if held > most:
        return await _too_many(job, held - most)
    if entry.repairs.pop(CROWDED, 0):
        await job.save()
    granted = sum(1 for grant in held_by if grant.state == "granted")
    if job.may_gain and entry.state == "opening" and job.action.kind == "setup" and held < granted:
        await _grant_again(job)  # somebody is still away, and who was in has lost it meanwhile
        return []
    settled = job.may_gain and entry.state == "open" and all(g.state in ("granted", "revoked") for g in held_by)
    if held == most:
        await _note_gone(job, ())
    return await _too_few(job) if settled and held < most and not job.action.why else []


async def _note_gone(job: Job, lacking: Sequence[Drift]) -> None:
    observers = job.session.observers
    if note_gone(job.entry.repairs, lacking, _HOLDERS, lambda person: person not in observers):
        await job.save()


async def _too_many(job: Job, surplus: int) -> list[Action | Refused]:
    """Look into a role with too many holders, unless somebody was sent away just now: the counts may lag."""
    if any(g.granted_at and g.revoked_at and g.revoked_at >= job.guild.listed_at["role"] for g in job.entry.grants):
        return []
    if job.hold is not None and job.hold.removals:  # nobody is sent away: it is only said
        job.leak_by_role(f"{surplus} who are not booked", mended=False)
        leak = job.still_open()
        return [Refused(job.session, "repair", "failed", leak, entry=job.entry)] if leak is not None else []
    job.entry.repairs[CROWDED] = job.entry.repairs.get(CROWDED, 0) + 1
    await job.save()
    return [repair_of(job, (Drift("crowded", many=surplus),))]


async def make_room(job: Job, surplus: int, *, replace: bool = True) -> None:
    """Take the session's role from whoever holds it and should not; if nobody is known, and it lasts, replace it."""
    role = _role(job)
    if role is None or role.snowflake is None:
        return
    taken = [person for person in known_others(job) if await still_holds(job, person, role.snowflake)]
    for person in taken:
        await take_role(job, person, role.snowflake)
        who = "the observer" if person in job.session.ids else "somebody who is not booked"
        job.leak_by_role(f"{who} ({person})", mended=True)
        job.note("sent away", "done", person)
    if len(taken) >= surplus:
        job.entry.repairs.pop(CROWDED, None)
        return
    again = job.entry.repairs.get(CROWDED, 0) > 1
    mended = replace and again and job.privacy.remove and not job.entry.repairs.get(REPLACED)
    job.leak_by_role(f"{surplus - len(taken)} who are not booked", mended=mended)
    if mended:
        job.entry.repairs[REPLACED] = 1
        job.entry.repairs.pop(CROWDED, None)
        role.state = "spare"
        job.note("role given up", "done", f"{role.name} ({role.snowflake})")


async def doubt_adopted(job: Job) -> None:
    """Give up a role that was taken over and has more holders than the booking has people, by two equal counts.

    Who else holds it cannot be listed, and may be inside: the room is given up with it.
    """
    role = _role(job)
    if role is None or role.snowflake is None:
        return
    counts = [await job.guild.role_counts() for _ in range(2)]
    first, second = (None if c is None else c.get(role.snowflake, 0) for c in counts)
    if first is None or first != second:
        job.guild.warn("grant_unproven", job.session.id, f"how many hold the role {role.name!r} could not be counted")
    elif first > len(job.session.speakers):
        surplus = first - len(job.session.speakers)
        job.leak_by_role(f"{surplus} who are not booked", mended=job.privacy.remove)
        if job.privacy.remove and not job.entry.repairs.get(RETIRED):
            retire(job)


def known_others(job: Job) -> list[str]:
    """Return who the ledger or the room's overwrites name and who is not to hold the role: not booked, or observing."""
    room = job.entry.current("channel")
    listed = job.guild.channels.get(room.snowflake or "") if room is not None else None
    named = [g.user_id for g in job.entry.grants]
    named += [whom for kind, whom in (listed.overwrites if listed is not None else ()) if kind == 1]
    return [p for p in dict.fromkeys(named) if p not in job.session.speakers and not job.guild.is_nobody(p)]


async def _too_few(job: Job) -> list[Action | Refused]:
    if job.action.kind in ("setup", "update"):
        await _grant_again(job)
        return []
    lacking = [drift for person in job.entry.speakers() if (drift := await _lacks(job, person)) is not None]
    fresh = mendable(job.entry.repairs, lacking)
    await _note_gone(job, lacking)
    if not lacking:
        return []
    if not fresh:
        return [Refused(job.session, "repair", "failed", vanished_again(job.session, tuple(lacking)), entry=job.entry)]
    return [repair_of(job, fresh)]


async def _grant_again(job: Job) -> None:
    role = job.entry.current("role")
    for person in job.entry.speakers():
        try:
            await job.guild.discord.grant(job.guild.id, person, (role and role.snowflake) or "", job.how)
        except DiscordError as error:
            job.guild.warn("grant_unproven", job.session.id, failure_of(error).message)


async def _lacks(job: Job, person: str) -> Drift | None:
    """Return the drift if somebody lacks the session's role: taken from them, or lost because they left the guild."""
    role, grant = job.entry.current("role"), job.entry.grant_of(person)
    try:
        member = await job.guild.discord.member(job.guild.id, person, job.how)
    except NotFound as error:
        return Drift("grant", person, lost=False) if error.discord_code in NOT_HERE else None
    except DiscordError:
        return None
    if role is None or role.snowflake in member.roles:
        return None
    since = grant.granted_at or 0 if grant is not None else 0
    return Drift("grant", person, lost=member.joined_at is not None and member.joined_at <= since)


async def write_off(job: Job) -> None:
    """Close the attempts of a past life that nothing came of."""
    belongings.write_off(job)
    if not job.entry.open_attempts():
        await job.save()
