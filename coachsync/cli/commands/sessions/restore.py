"""`sessions restore`: a cancellation, or a room closed by hand, taken back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import (
    booked,
    case_of,
    changed_meanwhile,
    remember_restored,
    remembered_status,
    sentence,
)
from coachsync.cli.context import opened
from coachsync.cli.display import moments
from coachsync.cli.options import Now, One, checked_name, chosen_now
from coachsync.clock import iso
from coachsync.config.settings import Settings
from coachsync.domain.case import Case
from coachsync.domain.model import Millis, Session
from coachsync.domain.words import ended, meant
from coachsync.engine.marks import revoked_marks
from coachsync.errors import OK, SessionError, UsageError
from coachsync.report.ahead import what_follows
from coachsync.report.text import word
from coachsync.report.typed import Typed, whom_and_when
from coachsync.store.base import Store

_WAIT_S = 10.0  # for a run that is under way


def restore(
    ctx: typer.Context,
    session: One,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="The status to write, instead of the former one.")
    ] = None,
    now: Now = None,
) -> int:
    """Take a cancellation back, or the `cleanup` of a session that is not over: it gets its room again.

    Writes the status that the booking had before `sessions cancel`, else the first bookable one.

    \b
    Examples:
      coachsync sessions restore abc12345
      coachsync sessions restore abc12345 --status CONFIRMED
    """
    name, moment = checked_name(session), chosen_now(now)
    with opened(ctx, writable=True) as (settings, store):
        if status is not None:
            _require_bookable(status, settings)
        found = booked(store, name)
        with store.run_lock(_WAIT_S, f"sessions restore since {iso(moment)}"):
            case, changed = _restored(store, found, status, settings, moment)
        if changed:
            remember_restored(store, found, case.session.status)
        typed = Typed(moment, moments(settings, moment).zone)
    about = whom_and_when(case.session, typed)
    head = f"{word(found.id)} is {word(case.session.status)}{'' if changed else ' already'}"
    output.out(sentence(what_follows(case, f"{head}, {about}" if about else head, typed), sys.stdout))
    return OK


def _require_bookable(status: str, settings: Settings) -> None:
    """Raise UsageError if a session of this status would get no room."""
    bookable = settings.statuses.bookable
    if status in bookable:
        return
    wanted = meant(status, bookable)
    hint = f"bookable are {', '.join(bookable)}"
    raise UsageError(f"--status {status!r} gets no room", f"did you mean {wanted}? {hint}" if wanted else hint)


def _restored(store: Store, found: Session, status: str | None, settings: Settings, now: Millis) -> tuple[Case, bool]:
    """Write the status and open what an operator closed; return how it stands now, and whether that is new."""
    case = case_of(store, found, settings, now)
    wanted = status or _former(store, case, settings)
    closed = case.closed_by_operator and case.life.cleaned
    if wanted == found.status and not closed:
        return case, False
    if found.end and now >= found.end:
        raise SessionError(*ended(found, now)[:3])
    if wanted != found.status and not store.bookings.change(found.id, {"status": wanted}, found.status):
        raise changed_meanwhile(found.id)
    if closed and case.entry is not None:
        case.entry.reopen()
        with store.transaction() as transaction:
            transaction.mark(revoked_marks(found))
            transaction.ledger.save(case.entry)
    return Case.of(store.bookings.by_ids([found.id]).get(found.id, found), case.entry, case.facts), True


def _former(store: Store, case: Case, settings: Settings) -> str:
    """Return the status to write if none is given: the present one if that is no cancellation."""
    session, statuses = case.session, settings.statuses
    completed = case.closed_by_operator and session.status == statuses.completed
    if session.status not in statuses.cancelled and not completed:
        return session.status
    was = remembered_status(store, session)
    return was if was is not None and was not in statuses.cancelled else statuses.bookable[0]
