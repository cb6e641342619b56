"""What the store is to say of a session while it lives, and when it is over."""

from __future__ import annotations

from coachsync.domain.marks import Completion, Marks
from coachsync.domain.model import Entry, Millis, Session
from coachsync.domain.remembered import marks_of
from coachsync.domain.states import ClosedBy
from coachsync.domain.windows import Policy


def living_marks(entry: Entry) -> Marks:
    """Return the marks of a session that lives."""
    set_up, cleaned_up, role_id, channel_id = marks_of(entry)
    return Marks(entry.session_id, set_up, cleaned_up, role_id or "", channel_id or "")


def revoked_marks(session: Session) -> Marks:
    """Return the marks of a session that lost its access and may gain it again."""
    return Marks(session.id, set_up=False, cleaned_up=False, role_id="", channel_id="")


def closing_marks(session: Session, policy: Policy, closed_by: ClosedBy, now: Millis) -> Marks:
    """Return the marks of a cleaned-up session; a status that is still bookable becomes the completed one.

    Not so if the booking was moved meanwhile: then it stands for another appointment. Nor if an operator closed it
    before its end, however long that took: nobody held that session.
    """
    early = closed_by == "operator" or (bool(session.end) and now < session.end)
    if early or session.status not in policy.bookable or not policy.completed:
        return Marks(session.id, cleaned_up=True)
    start = None if session.flaw is not None else session.start
    return Marks(session.id, cleaned_up=True, completion=Completion(policy.bookable, start, policy.completed))
