"""The decision table: what is due for one booking, now (CONTRACT §5). Pure.

`decide` puts an operator's word first; `_by_table` then reads one branch for each thing that can be true of a
session, in order of weight.
"""

from __future__ import annotations

from coachsync.domain.case import Case, Life
from coachsync.domain.failure import Failure
from coachsync.domain.planned import Due, Refused, Scope
from coachsync.domain.windows import cleanup_at
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
    if not case.life.open:
        return None
    if scope.abandon:
        return Due("cleanup", "given up by an operator", "abandoned")
    return Due("cleanup", "asked for by an operator", "cancelled" if case.cancelled else "operator")


def _by_table(case: Case) -> Due | Refused | None:
    session, entry = case.session, case.entry
    if session.flaw is not None:  # somebody wrote what makes no sense
        return _when_invalid(case)
    life = case.life
    if not life.open:
        return _without_room(case, life)
    if entry is None and case.left_alone:  # an earlier system left it open, long before we came
        return None
    if case.cancelled:
        return Due("cleanup", f"status {session.status}", "cancelled")
    if case.cleanup_due:
        return Due("cleanup", f"ended {span(case.now - session.end)} ago", "end")
    if entry is not None and case.goes_on_closing:  # the run that removed it was killed
        return Due("revoke" if entry.closed_by == "revoked" else "cleanup", "removal was cut short", entry.closed_by)
    if case.moved_away:
        return Due("revoke", f"moved to guild {session.guild_id}", "revoked")
    if case.moved_out:  # booked for another day
        return Due("revoke", f"moved to start in {span(session.start - case.now)}", "revoked")
    if not life.complete and case.bookable and case.now < session.end:  # begun, and not everybody is in
        return _resume(case)
    if case.people_changed:
        return Due("update", "participants changed")
    return None


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
        return Refused(session, "setup", "failed", unknown_status(session), once=True) if due else None
    if case.window_open:
        return Due("setup", starts(session, now))
    if case.late and not case.left_alone:
        return Refused(session, "setup", "failed", missed(session, now), once=True)
    return None


def _when_invalid(case: Case) -> Due | Refused | None:
    """A row that cannot be understood gains nothing; what is open for it goes by the times the ledger remembers."""
    session, entry, now = case.session, case.live, case.now
    if entry is not None and now >= cleanup_at(entry.end, case.policy):
        return Due("cleanup", f"ended {span(now - entry.end)} ago", "end")
    if session.cleaned_up or case.cancelled:
        return None
    would_be_due = not session.start or (case.opens <= now and not case.left_alone)
    return _invalid(case) if would_be_due else None


def _invalid(case: Case) -> Refused:
    flaw = case.session.flaw or Failure("invalid", "", "")
    return Refused(case.session, "setup", "failed", flaw, once=True)
