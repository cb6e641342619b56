"""`sessions restore`: a cancellation, or a room closed by hand, taken back."""

from __future__ import annotations

from typing import Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.reschedule import what_follows
from coachsync.cli.commands.sessions.shared import changed_meanwhile, remembered_status
from coachsync.cli.context import opened
from coachsync.cli.options import Now, One, checked_name, chosen_now
from coachsync.clock import iso
from coachsync.config.settings import Settings
from coachsync.domain.case import Case, Facts
from coachsync.domain.model import Millis, Session
from coachsync.domain.words import ended
from coachsync.engine.marks import revoked_marks
from coachsync.errors import OK, SessionError, UsageError
from coachsync.report.text import word
from coachsync.standing.find import find_one
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
        if status is not None and status not in settings.statuses.bookable:
            known = ", ".join(settings.statuses.bookable)
            raise UsageError(f"--status {status!r} gets no room", f"bookable are {known}")
        found = find_one(store, name)
        with store.run_lock(_WAIT_S, f"sessions restore since {iso(moment)}"):
            case, changed = _restored(store, found, status, settings, moment)
    head = f"{word(found.id)} is {word(case.session.status)}"
    output.out(what_follows(case, head if changed else f"{head} already"))
    return OK


def _restored(store: Store, found: Session, status: str | None, settings: Settings, now: Millis) -> tuple[Case, bool]:
    """Write the status and open what an operator closed; return how it stands now, and whether that is new."""
    facts = Facts(now, settings.policy)
    case = Case.of(found, store.ledger.entries([found.id]).get(found.id), facts)
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
    return Case.of(store.bookings.by_ids([found.id]).get(found.id, found), case.entry, facts), True


def _former(store: Store, case: Case, settings: Settings) -> str:
    """Return the status to write if none is given: the present one if that is no cancellation."""
    session, statuses = case.session, settings.statuses
    completed = case.closed_by_operator and session.status == statuses.completed
    if session.status not in statuses.cancelled and not completed:
        return session.status
    was = remembered_status(store, session)
    return was if was is not None and was not in statuses.cancelled else statuses.bookable[0]
