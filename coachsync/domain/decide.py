"""The decision table: what is due for one booking, now (CONTRACT §5). Pure.

`decide` puts an operator's word first; `_by_table` then reads one branch for each thing that can be true of a
session, in order of weight.
"""

from __future__ import annotations

from coachsync.domain.failure import Failure
from coachsync.domain.model import ActionKind, Entry, Session
from coachsync.domain.planned import Due, Facts, Refused, Scope
from coachsync.domain.windows import (
    Life,
    cleanup_at,
    goes_on_closing,
    is_bookable,
    is_late,
    left_alone,
    life_of,
    moved_out,
    people_changed,
    setup_window_open,
    window_opens,
)
from coachsync.domain.words import ended, missed, not_bookable, span, starts, unknown_status


def decide(session: Session, entry: Entry | None, facts: Facts, scope: Scope) -> Due | Refused | None:
    """Decide about one booking: the operator's word first, then the table."""
    if scope.named is not None and scope.kinds == {"setup"}:
        return _asked_setup(session, entry, facts)
    if scope.named is not None and scope.kinds == {"cleanup"}:
        return _asked_cleanup(session, entry, facts, scope)
    return _by_table(session, entry, facts)


def _asked_setup(session: Session, entry: Entry | None, facts: Facts) -> Due | Refused | None:
    """`setup ID`: due or not, but never one that has ended or is not bookable."""
    policy, now = facts.policy, facts.now
    if session.flaw is not None:
        return _invalid(session)
    if not is_bookable(session, policy):
        return Refused(session, "setup", "refused", not_bookable(session, policy))
    if now >= session.end:
        return Refused(session, "setup", "refused", ended(session, now))
    if entry is not None and entry.live and entry.guild_id != session.guild_id:
        return None  # the room in the other guild goes first: the next run revokes it
    if life_of(session, entry, policy, now).complete and not moved_out(session, entry, policy, now):
        return None
    return Due("setup", starts(session, now))


def _asked_cleanup(session: Session, entry: Entry | None, facts: Facts, scope: Scope) -> Due | None:
    """`cleanup ID`: due or not, as long as something was made."""
    if not life_of(session, entry, facts.policy, facts.now).open:
        return None
    by = "abandoned" if scope.abandon else "cancelled" if session.status in facts.policy.cancelled else "operator"
    return Due("cleanup", "given up by an operator" if scope.abandon else "asked for by an operator", by)


def _by_table(session: Session, entry: Entry | None, facts: Facts) -> Due | Refused | None:
    policy, now = facts.policy, facts.now
    if session.flaw is not None:
        return _when_invalid(session, entry, facts)
    life = life_of(session, entry, policy, now)
    if not life.open:
        return _without_room(session, entry, life, facts)
    if entry is None and left_alone(session, facts.first_run_at):
        return None
    if session.status in policy.cancelled:
        return Due("cleanup", f"status {session.status}", "cancelled")
    if now >= cleanup_at(session.end, policy):
        return Due("cleanup", f"ended {span(now - session.end)} ago", "end")
    if entry is not None and goes_on_closing(session, entry, policy):
        kind: ActionKind = "revoke" if entry.closed_by == "revoked" else "cleanup"
        return Due(kind, "removal was cut short", entry.closed_by)
    if entry is not None and session.guild_id != entry.guild_id:
        return Due("revoke", f"moved to guild {session.guild_id}", "revoked")
    if moved_out(session, entry, policy, now):
        return Due("revoke", f"moved to start in {span(session.start - now)}", "revoked")
    if not life.complete and is_bookable(session, policy) and now < session.end:
        return _resume(session, entry, facts)
    if entry is not None and people_changed(session, entry, may_join=life.complete and is_bookable(session, policy)):
        return Due("update", "participants changed")
    return None


def _resume(session: Session, entry: Entry | None, facts: Facts) -> Due | None:
    """Go on with a setup that was begun; one begun ahead of time by an operator too."""
    ahead = entry is None and facts.now < window_opens(session, facts.policy)
    return None if ahead else Due("setup", starts(session, facts.now))


def _without_room(session: Session, entry: Entry | None, life: Life, facts: Facts) -> Due | Refused | None:
    policy, now = facts.policy, facts.now
    if life.cleaned or session.status in policy.cancelled:
        return None
    if not is_bookable(session, policy):
        due = window_opens(session, policy) <= now < session.end
        return Refused(session, "setup", "failed", unknown_status(session), once=True) if due else None
    if setup_window_open(session, policy, now):
        return Due("setup", starts(session, now))
    if is_late(session, policy, now) and not left_alone(session, facts.first_run_at):
        return Refused(session, "setup", "failed", missed(session, now), once=True)
    return None


def _when_invalid(session: Session, entry: Entry | None, facts: Facts) -> Due | Refused | None:
    """A row that cannot be understood gains nothing; what is open for it goes by the times the ledger remembers."""
    if entry is not None and entry.live and facts.now >= cleanup_at(entry.end, facts.policy):
        return Due("cleanup", f"ended {span(facts.now - entry.end)} ago", "end")
    if session.cleaned_up or session.status in facts.policy.cancelled:
        return None
    opens = window_opens(session, facts.policy)
    would_be_due = not session.start or (opens <= facts.now and not left_alone(session, facts.first_run_at))
    return _invalid(session) if would_be_due else None


def _invalid(session: Session) -> Refused:
    flaw = session.flaw or Failure("invalid", "", "")
    return Refused(session, "setup", "failed", Failure("invalid", flaw.message, flaw.hint), once=True)
