"""The decision table: what is due for one booking, now (CONTRACT §5). Pure.

`decide` puts an operator's word first; `_by_table` then reads one branch for each thing that can be true of a
session, in order of weight.
"""

from __future__ import annotations

from coachsync.domain.case import Case, Life
from coachsync.domain.failure import Failure
from coachsync.domain.model import Entry
from coachsync.domain.planned import Due, Refused, Scope
from coachsync.domain.words import ended, missed, not_bookable, span, starts, unknown_status


def decide(case: Case, scope: Scope) -> Due | Refused | None:
    """Decide about one booking: the operator's word first, then the table."""
    if scope.named is not None and scope.kinds == {"setup"}:
        return _asked_setup(case)
    if scope.named is not None and scope.kinds == {"cleanup"}:
        return _asked_cleanup(case, scope)
    return _by_table(case)


def _asked_setup(case: Case) -> Due | Refused | None:
    """`setup ID`: due or not, but never one that has ended or is not bookable."""
    session = case.session
    if session.flaw is not None:
        return _invalid(case)
    if not case.bookable:
        return Refused(session, "setup", "refused", not_bookable(session, case.policy))
    if case.now >= session.end:
        return Refused(session, "setup", "refused", ended(session, case.now))
    if case.moved_away:
        return None  # the room in the other guild goes first: the next run revokes it
    if case.life.complete and not case.moved_out:
        return None
    return Due("setup", starts(session, case.now))


def _asked_cleanup(case: Case, scope: Scope) -> Due | None:
    """`cleanup ID`: due or not, as long as something was made."""
    left = case.entry.left_behind() if case.entry is not None else []
    if scope.abandon and (case.life.open or left):
        return Due("cleanup", "given up by an operator", "abandoned")
    if not case.life.open:
        return None
    if case.cancelled:
        return Due("cleanup", "asked for by an operator", "cancelled")
    over = bool(case.session.end) and case.now >= case.session.end
    return Due("cleanup", "asked for by an operator", "end" if over else "operator")


def _by_table(case: Case) -> Due | Refused | None:
    session, entry = case.session, case.entry
    if session.flaw is not None:  # somebody wrote what makes no sense
        return _when_invalid(case)
    life = case.life
    if not life.open:
        return _without_room(case, life)
    if case.another_times:
        return None
    if case.cancelled:
        return Due("cleanup", f"status {session.status}", "cancelled")
    if entry is not None and case.goes_on_closing and case.closed_by_operator:  # whenever that ends: it was their word
        return _go_on(entry)
    if case.cleanup_due:
        return Due("cleanup", f"ended {span(case.now - session.end)} ago", "end")
    if entry is not None and case.goes_on_closing:
        return _go_on(entry)
    if case.moved_away:
        return Due("revoke", f"moved to guild {session.guild_id}", "revoked")
    if case.moved_out:  # booked for another day
        return Due("revoke", f"moved to start in {span(session.start - case.now)}", "revoked")
    if not life.complete and case.bookable and case.now < session.end:  # begun, and not everybody is in
        return _resume(case)
    if case.people_changed:
        return Due("update", "participants changed")
    return None


def _go_on(entry: Entry) -> Due:
    """Go on with a removal: the run that began it was killed, or Discord refused."""
    return Due("revoke" if entry.closed_by == "revoked" else "cleanup", "removal was cut short", entry.closed_by)


def _resume(case: Case) -> Due | None:
    """Go on with a setup that was begun; one begun ahead of time by an operator too."""
    ahead = case.entry is None and case.now < case.opens
    return None if ahead else Due("setup", starts(case.session, case.now))


def _without_room(case: Case, life: Life) -> Due | Refused | None:
    session, now = case.session, case.now
    if life.cleaned or case.cancelled:
        return None
    if not case.bookable:
        due = case.opens <= now < session.end
        return Refused(session, "setup", "failed", unknown_status(session, case.policy), once=True) if due else None
    if case.window_open:
        return Due("setup", starts(session, now))
    if case.late and not case.past:
        return Refused(session, "setup", "failed", missed(session, now), once=True)
    return None


def _when_invalid(case: Case) -> Due | Refused | None:
    """A row that cannot be understood gains nothing; what can be read of it, and the times remembered, count."""
    session, now = case.session, case.now
    if case.life.open and not case.another_times:
        return _open_and_invalid(case)
    if session.cleaned_up or case.cancelled:
        return None
    would_be_due = not session.start or (case.opens <= now and not case.past)
    return _invalid(case) if would_be_due else None


def _open_and_invalid(case: Case) -> Due | None:
    session, entry = case.session, case.live
    if case.cancelled:
        return Due("cleanup", f"status {session.status}", "cancelled")
    if session.end and case.cleanup_due:
        return Due("cleanup", f"ended {span(case.now - session.end)} ago", "end")
    if entry is not None and case.goes_on_closing:
        return _go_on(entry)
    return Due("update", "somebody left the booking") if entry is not None and case.leavers else None


def flaw_of_open(case: Case, what: Due | Refused | None) -> Refused | None:
    """Return what every run says of a row that cannot be understood while something is open for it."""
    session = case.session
    if session.flaw is None or not case.life.open or case.another_times:
        return None
    ends = isinstance(what, Due) and what.kind != "update"
    return None if ends else Refused(session, "update", "failed", session.flaw)


def _invalid(case: Case) -> Refused:
    flaw = case.session.flaw or Failure("invalid", "", "")
    return Refused(case.session, "setup", "failed", flaw, once=True)
