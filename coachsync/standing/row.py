"""Where one session stands: its phase, what happens to it next and when, what blocks it."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.case import Case
from coachsync.domain.causes import Cause
from coachsync.domain.failure import Failure
from coachsync.domain.model import ActionKind, Entry, Event, Millis, Session
from coachsync.domain.states import Phase
from coachsync.domain.user_names import unlinked_people
from coachsync.domain.windows import cleanup_at
from coachsync.domain.words import call, told_together, unknown_status
from coachsync.standing.room import MAX_SILENCE, Standing, standing


class StatusRow(NamedTuple):
    """What `status` knows of one session. `next_at` is when it is due; a time in the past means the next run.

    `causes` are those that name the session.
    """

    session: Session
    entry: Entry | None
    phase: Phase
    next_action: ActionKind | None
    next_at: Millis | None
    blocked: Failure | None
    standing: Standing = Standing("none")
    causes: tuple[Cause, ...] = ()


class Known(NamedTuple):
    """What past runs have to say of a session.

    `error` is its last action's event if that one failed, `causes` are those that name it. `last_run` is when the
    last run began. `max_silence` is for how long a cleanup may be overdue.
    """

    error: Event | None = None
    causes: tuple[Cause, ...] = ()
    last_run: Millis | None = None
    max_silence: Millis = MAX_SILENCE


def row_of(case: Case, known: Known) -> StatusRow:
    """Return where a session stands.

    What failed with an open room may have been put right by hand since, and then no action follows that says so: a
    failure of which no cause is left is not shown.
    """
    session, entry, _ = case
    error = None if case.phase == "active" and not known.causes else known.error
    where = standing(case, known.causes, known.max_silence)
    action, due, blocked = case.next[0], _due(case, known), _blocked(case, error)
    if case.facts.pauses and due is not None:
        action, due, blocked = _although_paused(case, action, due, blocked)
    return StatusRow(session, entry, case.phase, action, due, blocked, where, known.causes)


def _although_paused(
    case: Case, action: ActionKind | None, due: Millis, blocked: Failure | None
) -> tuple[ActionKind | None, Millis | None, Failure | None]:
    """Return what comes next and when, and what blocks it, if an operator's pause holds it back."""
    from coachsync.domain.pauses import hold_of, waits_until

    hold = hold_of(case)
    until = waits_until(case, hold) if hold is not None else None
    if hold is None or until is None or due >= until:
        return action, due, blocked
    blocked = hold.failure() if due <= case.now else blocked
    if action == "setup" and until >= case.session.end:  # it is over by then
        return None, None, blocked
    return action, until, blocked


def _due(case: Case, known: Known) -> Millis | None:
    """Return when the next action is, or was, due: never just the time at which somebody asks.

    What a change of the booking asked for at once is due since the last run that did not see it, or saw it fail.
    """
    action, moment = case.next
    if moment is None or moment > case.now:
        return moment
    over = cleanup_at(case.session.end, case.policy)
    if action == "cleanup" and case.session.end and over <= case.now and not case.cancelled:
        return over
    opened = case.live.opened_at or None if case.live is not None else None
    if action == "setup":
        return min(case.opens, opened or case.opens)
    begun = [cause.since for cause in known.causes] or [at for at in (known.last_run, opened) if at is not None][:1]
    return min([*begun, case.now])


def _blocked(case: Case, error: Event | None) -> Failure | None:
    """Return what keeps a session from its next step: a flaw of its row, or what its last action failed with."""
    session, phase = case.session, case.phase
    if session.flaw is not None:
        return session.flaw
    failure = error.failure if error is not None else None
    open_or_due = phase in ("setup_due", "cleanup_due", "active", "booked", "missed")
    passing = failure is None or failure.code in (
        "missed",
        "paused",
    )  # "missed" sends people here; a pause is asked for
    if failure is not None and not passing and open_or_due:
        return failure
    if phase == "missed":
        hint = f"move it with `{call('sessions reschedule', session.id, '--start WHEN')}`, or tell its people"
        return Failure("missed", "it can no longer get its room", hint)
    if phase == "unknown":
        return unknown_status(session, case.policy)
    missing = unlinked_people(session) if phase in ("booked", "setup_due") else []
    if missing:
        return Failure("unlinked", *told_together(missing))
    return None
