"""One action performed to its end, whatever that is: what it got done and why it stopped are on disk afterwards."""

from __future__ import annotations

from coachsync.discord.errors import DiscordError, RateLimited, Stopped, failure_of
from coachsync.domain.model import Access, Action, Entry, Failure, Names, Outcome, OutcomeKind, Session
from coachsync.domain.words import give_up
from coachsync.engine.actions import perform
from coachsync.engine.job import Job
from coachsync.engine.marks import living_marks
from coachsync.engine.trouble import Trouble
from coachsync.errors import StoreError


async def attempt(job: Job) -> tuple[OutcomeKind, Failure | None]:
    """Perform a job; whatever stops it, what it got done and why it stopped are on disk afterwards."""
    kind: OutcomeKind
    try:
        await perform(job)
    except Trouble as trouble:
        kind, failure = "refused" if trouble.refused else "failed", trouble.failure
    except (RateLimited, Stopped) as error:
        put_off = isinstance(error, RateLimited) or error.cause is None
        kind, failure = "deferred" if put_off else "failed", failure_of(error)
    except DiscordError as error:
        kind, failure = "failed", with_way_out(failure_of(error), job.action)
    except StoreError as error:
        return "failed", Failure("store_error", error.message, error.hint)
    else:
        return "done", None
    try:
        await job.save(None if job.action.kind in ("cleanup", "revoke") else living_marks(job.entry))
    except StoreError as error:
        failure = Failure("store_error", error.message, error.hint)
    return kind, failure


def with_way_out(failure: Failure, action: Action) -> Failure:
    """Name the way out of a corner: the bot or the guild is gone, nobody can remove what is left."""
    stuck = failure.code in ("unknown_guild", "missing_access", "unauthorized") and action.kind != "setup"
    way_out = give_up(action.session.id)
    if not stuck or way_out in failure.hint:
        return failure
    return failure._replace(hint=f"{failure.hint}; to give up what is left there: `{way_out}`")


def new_entry(session: Session, names: Names, access: Access) -> Entry:
    """Return the ledger entry that a session's life begins with."""
    return Entry(
        session_id=session.id,
        guild_id=session.guild_id,
        access=access,
        short=names.short,
        role_name=names.role,
        channel_name=names.channel,
        start=session.start,
        end=session.end,
        setup_start=session.start,
        student=session.student,
        coach=session.coach,
        student_name=session.student_name,
        coach_name=session.coach_name,
    )


def only_looking(session: Session, entry: Entry) -> Action:
    """Return the action that stands for only looking."""
    return Action("repair", session, entry, entry.guild_id, "")


def audit_reason(action: Action) -> str:
    """Return the audit-log reason: the session by its id, or where that is long or odd by its short name."""
    session_id = action.session.id
    plain = len(session_id) <= 60 and session_id.isascii() and session_id.isprintable()
    short = action.entry.short if action.entry is not None else session_id
    return f"coachsync {action.kind}: session {session_id if plain else short}"


def outcome_of(job: Job, kind: OutcomeKind, failure: Failure | None, requests: int, elapsed: int) -> Outcome:
    role, channel = _latest(job.entry, "role"), _latest(job.entry, "channel")
    return Outcome(job.action, kind, job.entry.access, role, channel, requests, elapsed, failure)


def _latest(entry: Entry, kind: str) -> str | None:
    """Return the id of the session's role or channel, or of the one it had last."""
    known = [r for r in entry.resources if r.kind == kind and r.snowflake is not None]
    made = [r for r in known if r.state == "made"] or known
    return made[-1].snowflake if made else None
