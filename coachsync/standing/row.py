"""Where one session stands: its phase, what happens to it next and when, what blocks it."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.case import Case
from coachsync.domain.failure import Failure
from coachsync.domain.model import ActionKind, Entry, Event, Millis, Session
from coachsync.domain.states import Phase
from coachsync.domain.words import call, unknown_status


class StatusRow(NamedTuple):
    """What `status` knows of one session. `next_at` in the past means the next run."""

    session: Session
    entry: Entry | None
    phase: Phase
    next_action: ActionKind | None
    next_at: Millis | None
    blocked: Failure | None


def row_of(case: Case, error: Event | None, *, amiss: bool = True) -> StatusRow:
    """Return where a session stands. `error` is its last action's event if that one failed.

    `amiss`: the last run that looked found something wrong with it. What failed with an open room may have been put
    right by hand since, and then no action follows that says so.
    """
    session, entry, _ = case
    action, moment = case.next
    if case.phase == "active" and not amiss:
        error = None
    return StatusRow(session, entry, case.phase, action, moment, _blocked(case, error))


def _blocked(case: Case, error: Event | None) -> Failure | None:
    """Return what keeps a session from its next step: a flaw of its row, or what its last action failed with."""
    session, phase = case.session, case.phase
    if session.flaw is not None:
        return session.flaw
    failure = error.failure if error is not None else None
    open_or_due = phase in ("setup_due", "cleanup_due", "active", "booked", "missed")
    if failure is not None and failure.code != "missed" and open_or_due:  # "missed" sends people here
        return failure
    if phase == "missed":
        hint = f"move it with `{call('sessions reschedule', session.id, '--start WHEN')}`, or tell its people"
        return Failure("missed", "it can no longer get its room", hint)
    if phase == "unknown":
        return unknown_status(session, case.policy)
    unlinked = [person.kind for person in session.people if person.id is None]
    if phase in ("booked", "setup_due") and unlinked:
        who = unlinked[0]
        return Failure("unlinked", f"the {who} has linked no Discord account", "link it in the booking system")
    return None
