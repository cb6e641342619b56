"""The five actions as sequences of steps; each step first looks whether it is already done.

An action that is cut short anywhere is simply begun again by a later run (DESIGN "The step machine").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from coachsync.discord.codes import UNKNOWN_ROLE
from coachsync.discord.errors import DiscordError, Forbidden, NotFound, RateLimited, Stopped, failure_of
from coachsync.domain.audience import CLOSING
from coachsync.domain.drift import Drift, counted, mendable, note_gone
from coachsync.domain.failure import Failure
from coachsync.domain.marks import Marks
from coachsync.domain.model import Access, Action, Entry, Names, Outcome, OutcomeKind, Session
from coachsync.domain.naming import names_somebody_else, render
from coachsync.domain.remembered import follow
from coachsync.domain.windows import is_bookable
from coachsync.domain.words import abandon_command, told_together
from coachsync.engine.marks import living_marks
from coachsync.engine.steps import belongings, counting, observe, privacy, role, room
from coachsync.engine.steps.job import HeldBack, Job, Trouble
from coachsync.engine.steps.people import let_in, send_away
from coachsync.engine.steps.removal import drop_spares, not_made, remove
from coachsync.errors import FencedError, StoreError


async def perform(job: Job) -> None:
    """Do the job's action. Raises Trouble or DiscordError if it cannot be completed, StoreError from the ledger."""
    kind = job.action.kind
    foreign = belongings.foreign(job) if kind not in ("cleanup", "revoke") else None
    if foreign is not None:
        raise Trouble(not_made(job, foreign), refused=True)
    if kind == "setup":
        await set_up(job)
    elif kind == "update":
        await update(job)
    elif kind == "repair":
        await repair(job)
    else:
        await remove(job)


async def set_up(job: Job) -> None:
    """Role, channel, student, coach, mark."""
    _begin(job)
    await send_away(job)
    await _open_again(job)
    await _tidy(job)
    await _complete(job)


async def update(job: Job) -> None:
    """Who left loses access, and is really out, before who replaces them gains it."""
    _follow(job)
    await send_away(job)
    if job.unwritable is not None:
        raise Trouble(job.unwritable)
    if job.hold is None and is_bookable(job.session, job.policy):
        await _open_again(job)
    elif job.hold is None or not job.hold.removals:
        await _shut_others_out(job)
    await _tidy(job)
    await _complete(job)


async def repair(job: Job) -> None:
    """Mend what is not as it should be; what vanished is made again once."""
    await belongings.note_spares(job, replacing=job.entry.live)
    if not job.entry.live or {d.kind for d in job.action.why} == {"spare"}:
        await _tidy(job)
        job.note("repair", "done", job.action.reason)
        await _end(job)
        return
    if not job.may_gain:
        await _close_to_others(job)
        return
    for drift in job.action.why:
        if drift.kind == "grant":
            room.ask_again([g for g in job.entry.grants if g.user_id == drift.person])
        elif drift.kind == "adopted":
            await counting.doubt_adopted(job)
        elif drift.kind == "crowded":
            await counting.make_room(job, drift.many)
    await _open(job)
    await _tidy(job)
    _count_repairs(job, job.action.why)
    await _complete(job)


async def _close_to_others(job: Job) -> None:
    """Take from a room what lets others in: nothing more is made, and nobody let in, for its session."""
    for drift in job.action.why:
        if drift.kind == "crowded":
            await counting.make_room(job, drift.many, replace=False)
    await _shut_others_out(job)
    await _tidy(job)
    job.note("repair", "done", job.action.reason)
    await _end(job)


async def _shut_others_out(job: Job) -> None:
    resource = job.entry.current("channel")
    channel = job.guild.channels.get(resource.snowflake or "") if resource is not None else None
    await privacy.mend_role(job)
    if channel is not None:
        refused = await privacy.mend(job, channel, only={"bot", *CLOSING})
        job.reports += [refused] if refused is not None else []


async def _open_again(job: Job) -> None:
    """Open the room, also to whoever was let in and lost that: only complete sessions are looked at for such drift."""
    room_ = job.entry.current("channel")
    channel = job.guild.channels.get(room_.snowflake or "") if room_ is not None else None
    found = await observe.lost_people(job, channel) if channel is not None else []
    lost = mendable(job.entry.repairs, found)
    persons = {one.person for one in lost}
    room.ask_again(grant for grant in job.entry.grants if grant.user_id in persons)
    await _open(job)
    _count_repairs(job, lost)


async def _open(job: Job) -> None:
    """Role and room, then people. A role that was deleted by hand a moment ago shows when it is handed out."""
    try:
        await _open_once(job)
    except NotFound as error:
        gone = job.entry.current("role")
        if error.discord_code != UNKNOWN_ROLE or gone is None:
            raise
        job.guild.roles.pop(gone.snowflake or "", None)
        job.gone(gone, "gone")
        await _open_once(job)


async def _open_once(job: Job) -> None:
    """Role and room, then people. A room that Discord hides from the bot still lets in whoever gets its role."""
    in_use = _must_hand_out(job) or not role.is_plain(job)
    if in_use and role.out_of_reach(job) and not job.entry.repairs.get(role.RETIRED):
        role.retire(job)
    try:
        await room.ensure_role(job)
        if job.role_adopted:
            await _doubt_role(job)
        await privacy.mend_role(job)
        await room.ensure_channel(job)
    except Forbidden:
        if job.entry.access == "role" and job.entry.current("role") and job.entry.current("channel"):
            await let_in(job)
        raise
    await send_away(job)  # whom an adopted room let in
    await let_in(job)
    note_gone(job.entry.repairs, ())
    privacy.prove(job)


async def _doubt_role(job: Job) -> None:
    """Replace a role that was taken over if others hold it."""
    job.role_adopted = False
    await counting.doubt_adopted(job)
    if job.entry.current("role") is None:
        await room.ensure_role(job)


def _must_hand_out(job: Job) -> bool:
    """Return whether somebody is to get the session's role."""
    lacking = set(job.entry.lacking(job.session))
    return job.entry.access == "role" and not lacking.isdisjoint(job.session.speakers)


async def _tidy(job: Job) -> None:
    """Delete what was replaced, and close the attempts that nothing came of."""
    await drop_spares(job)
    belongings.write_off(job)


def _count_repairs(job: Job, why: Iterable[Drift]) -> None:
    """Remember what was made again: what vanishes once more is left so. A repair that failed does not count."""
    granted = job.entry.granted()
    for key in counted(d for d in why if not d.person or d.person in granted):
        job.entry.repairs[key] = job.entry.repairs.get(key, 0) + 1


def _begin(job: Job) -> None:
    """Start (or go on with) this session's life in memory; the first attempt writes it."""
    entry, session = job.entry, job.session
    entry.state, entry.closed_by, entry.closed_start = "opening", "", None
    entry.setup_start = session.start
    entry.opened_at = entry.opened_at or job.guild.now()
    _follow(job)


def _follow(job: Job) -> None:
    """Take over the booking's latest times and people; nobody's name stays who has left."""
    entry, session = job.entry, job.session
    if entry.resources and names_somebody_else(entry, session, job.templates):
        entry.channel_name = render(session, job.templates, entry.short).channel
    follow(entry, session)


async def _complete(job: Job) -> None:
    """Write the marks; a session of which somebody could not be let in stays incomplete, a paused one as it is."""
    if job.hold is None and is_bookable(job.session, job.policy):
        job.entry.state = "opening" if job.pending else "open"
    if not job.pending:
        job.note(job.action.kind, "done", job.action.reason)
    await _end(job, living_marks(job.entry))


async def _end(job: Job, marks: Marks | None = None) -> None:
    """Write what was done, then raise what is amiss, as one trouble."""
    await job.save(marks)
    leak, amiss = job.leaked(), [*job.pending, *job.reports]
    if amiss or any(not one.mended for one in job.leaks):
        raise Trouble(joined([leak, *amiss] if leak is not None else amiss), amiss=tuple(amiss))


def joined(failures: list[Failure]) -> Failure:
    """Return several failures as one: the first one's code, all messages and hints.

    Of more than three people of whom the same is wrong, three are told of.
    """
    by_code = ([f for f in failures if f.code == code] for code in dict.fromkeys(f.code for f in failures))
    told = [told_together(alike)[0] for alike in by_code]
    return failures[0]._replace(message="; ".join(told), hint=told_together(failures)[1])


class Ended(NamedTuple):
    """How a job ended: the one failure that says it all, and what of it stands, each by itself."""

    kind: OutcomeKind
    failure: Failure | None
    standing: tuple[Failure, ...]


async def attempt(job: Job) -> Ended:
    """Perform a job; whatever stops it, what it got done and why it stopped are on disk afterwards."""
    kind, failure, amiss = await _attempt(job)
    still_open = job.still_open()
    return Ended(kind, failure, amiss if still_open is None else (still_open, *amiss))


async def _attempt(job: Job) -> Ended:
    kind: OutcomeKind
    amiss: tuple[Failure, ...] | None = None
    try:
        await perform(job)
    except HeldBack as held:
        kind, failure = "failed" if held.late else "deferred", held.failure
    except Trouble as trouble:
        kind, failure, amiss = "refused" if trouble.refused else "failed", trouble.failure, trouble.amiss
    except (RateLimited, Stopped) as error:
        kind, failure = "deferred" if put_off(error) else "failed", failure_of(error)
    except DiscordError as error:
        kind, failure = "failed", with_way_out(failure_of(error), job.action)
    except FencedError as error:
        job.fenced = True
        return Ended("deferred", _with_leak(job, left_to_another(error)), ())
    except StoreError as error:
        failure = Failure("store_error", error.message, error.hint)
        return Ended("failed", _with_leak(job, failure), (failure,))
    else:
        return Ended("done", job.leaked(), ())
    amiss = (failure,) if amiss is None else amiss
    try:
        await job.save(None if job.action.kind in ("cleanup", "revoke") else living_marks(job.entry))
    except FencedError as error:
        job.fenced = True
        amiss = (*amiss, left_to_another(error))
    except StoreError as error:
        failure = Failure("store_error", error.message, error.hint)
        amiss = (*amiss, failure)
    return Ended(kind, _with_leak(job, failure), amiss)


def left_to_another(error: FencedError) -> Failure:
    """Return why a session is left to whoever else works on it."""
    return Failure("interrupted", error.message, error.hint)


def put_off(error: DiscordError | None) -> bool:
    """Return whether an error only says that the time was too short: the run's, or the one until a limit opens."""
    return isinstance(error, RateLimited) or (isinstance(error, Stopped) and error.cause is None)


def _with_leak(job: Job, failure: Failure) -> Failure:
    """Return a failure that also says who could enter the room and should not."""
    leak = job.leaked()
    return failure if leak is None or failure.code == "room_open_to_others" else joined([leak, failure])


def with_way_out(failure: Failure, action: Action) -> Failure:
    """Name the way out of a corner: the bot or the guild is gone, nobody can remove what is left."""
    stuck = failure.code in ("unknown_guild", "missing_access", "unauthorized") and action.kind != "setup"
    way_out = abandon_command(action.session.id)
    if not stuck or way_out in failure.hint:
        return failure
    return failure._replace(hint=f"{failure.hint}; to give up what is left there: `{way_out}`")


def new_entry(session: Session, names: Names, access: Access, former: Entry | None = None) -> Entry:
    """Return the ledger entry that a session's life begins with; what is known of former lives stays known."""
    entry = Entry(
        session_id=session.id,
        guild_id=session.guild_id,
        access=access,
        short=names.short,
        role_name=names.role,
        channel_name=names.channel,
        start=session.start,
        end=session.end,
        setup_start=session.start,
        people=session.people,
    )
    if former is not None:
        entry.resources, entry.grants, entry.revision = former.resources, former.grants, former.revision
    return entry


def only_looking(session: Session, entry: Entry) -> Action:
    """Return the action that stands for only looking."""
    return Action("repair", session, entry, entry.guild_id, "")


def audit_reason(action: Action) -> str:
    """Return the audit-log reason: the session by its id, or if that is long or odd by its short name."""
    session_id = action.session.id
    plain = len(session_id) <= 60 and session_id.isascii() and session_id.isprintable()
    short = action.entry.short if action.entry is not None else session_id
    return f"coachsync {action.kind}: session {session_id if plain else short}"


def outcome_of(job: Job, ended: Ended, requests: int, elapsed: int) -> Outcome:
    """Return how a job ended as the report has it: with its requests, and how many milliseconds it took."""
    role, channel = _latest(job.entry, "role"), _latest(job.entry, "channel")
    kind, failure, standing = ended
    return Outcome(job.action, kind, job.entry.access, role, channel, requests, elapsed, failure, standing)


def _latest(entry: Entry, kind: str) -> str | None:
    """Return the id of the session's role or channel, or of the one it had last."""
    known = [r for r in entry.resources if r.kind == kind and r.snowflake is not None]
    made = [r for r in known if r.state == "made"] or known
    return made[-1].snowflake if made else None
