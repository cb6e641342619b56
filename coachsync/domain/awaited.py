"""What somebody waits for: a session that is open, or closed, as its booking is at that moment. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from coachsync.domain.case import Case
from coachsync.domain.failure import Failure
from coachsync.domain.model import Entry, Millis
from coachsync.domain.user_names import unlinked_people
from coachsync.domain.words import call, ended, missed, not_bookable, span, told_together

Goal = Literal["open", "closed"]
"""Everybody booked is in; nothing of the session is left, and nothing more comes."""

Hope = Literal["reached", "waiting", "never"]
"""It is so; it may yet be; it cannot be any more, as things are."""


class Verdict(NamedTuple):
    """Whether it is so, and why not (yet): in words, with the failure if something is wrong, and what helps."""

    hope: Hope
    reason: str = ""
    hint: str = ""
    failure: Failure | None = None


REACHED = Verdict("reached")


def judge(case: Case, goal: Goal, deadline: Millis, error: Failure | None = None) -> Verdict:
    """Return how far a session is.

    Args:
        case: the booking as it is now, or what the ledger remembers of it.
        goal: what it is to be.
        deadline: until when somebody waits.
        error: what its last action failed with.
    """
    return _open(case, deadline, error) if goal == "open" else _closed(case, deadline, error)


def never(failure: Failure) -> Verdict:
    """Return that it cannot be any more."""
    return Verdict("never", failure.message, failure.hint, failure)


def _open(case: Case, deadline: Millis, error: Failure | None) -> Verdict:
    hopeless = _not_bookable(case)
    if hopeless is not None:
        return never(hopeless)
    if _is_open(case):
        return REACHED
    if case.now >= case.session.end:
        return never(ended(case.session, case.now))
    if not case.life.open and case.late:
        return never(missed(case.session, case.now))
    if case.closed_by_operator and case.life.cleaned:
        again = call("setup", case.session.id)
        return never(Failure("not_bookable", "it was closed by hand for this start", f"`{again}` opens it again"))
    return _paused(case, deadline) or _not_yet_open(case, error)


def _not_bookable(case: Case) -> Failure | None:
    if case.session.flaw is not None:
        return case.session.flaw
    return None if case.bookable else not_bookable(case.session, case.policy)


def _is_open(case: Case) -> bool:
    entry = case.live
    if entry is None or entry.state != "open" or entry.current("channel") is None:
        return False
    moved = case.moved_away or case.moved_out
    return not (moved or case.people_changed or any(person.id is None for person in case.session.people))


def _paused(case: Case, deadline: Millis) -> Verdict | None:
    """Return that a pause keeps it from being so for longer than somebody waits."""
    if not case.facts.pauses:
        return None
    from coachsync.domain.pauses import hold_of, waits_until

    hold = hold_of(case)
    until = waits_until(case, hold) if hold is not None else None
    if hold is None or until is None:
        return None
    failure = hold.failure()
    return never(failure) if until > deadline else Verdict("waiting", failure.message, failure.hint, failure)


def _not_yet_open(case: Case, error: Failure | None) -> Verdict:
    opened = f"`{call('setup', case.session.id)}` opens it ahead of time"
    if case.phase == "booked":
        return Verdict("waiting", f"its setup begins in {span(case.opens - case.now)}", f"wait longer, or {opened}")
    if error is not None:
        return Verdict("waiting", error.message, error.hint, error)
    missing = unlinked_people(case.session)
    if missing and (case.life.open or any(person.id is None and person.discord_name for person in case.session.people)):
        return Verdict("waiting", *told_together(missing))
    what = {"revoke": "its former room goes first", "update": "the people of its booking changed"}
    reason = what.get(case.next[0] or "", "its setup is due")
    return Verdict("waiting", f"{reason}: the next run does it", "`coachsync run` does it now")


def _closed(case: Case, deadline: Millis, error: Failure | None) -> Verdict:
    if case.life.open and not case.another_times:
        return _paused(case, deadline) or _not_yet_closed(case, error)
    if case.entry is not None and case.entry.left_behind():
        return Verdict("waiting", "something of it is left in another guild", "`coachsync explain` says what", error)
    comes = case.bookable and case.now < case.session.end and not case.late and not case.closed_by_operator
    if comes:
        reason = f"it is still to come: it ends in {span(case.session.end - case.now)}"
        return Verdict("waiting", reason, f"`{call('sessions cancel', case.session.id)}` keeps it from getting a room")
    return REACHED


def _not_yet_closed(case: Case, error: Failure | None) -> Verdict:
    action, moment = case.next
    if action == "cleanup" and moment is not None and moment > case.now:
        now = f"`{call('cleanup', case.session.id)}` closes it now"
        return Verdict("waiting", f"its room is closed in {span(moment - case.now)}", f"wait longer, or {now}")
    if error is not None:
        return Verdict("waiting", error.message, error.hint, error)
    return Verdict("waiting", "its room is to be removed: the next run does it", "`coachsync run` does it now")


def room_of(entry: Entry | None) -> str | None:
    """Return the id of the session's room."""
    room = entry.current("channel") if entry is not None and entry.live else None
    return room.snowflake if room is not None else None
