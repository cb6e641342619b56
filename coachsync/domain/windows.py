"""When: the windows of a session. Pure arithmetic on milliseconds (CONTRACT §5).

All bounds are inclusive unless a name says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.model import DAY, Millis, Session

LEFT_ALONE: Millis = 7 * DAY  # what ended so long before the first run, or longer, is not ours to touch
RELEASED: Millis = 1_790_812_800_000  # 2026-10-01T00:00:00Z: no run of this program was before it


class Policy(NamedTuple):
    """`[statuses]` and `[windows]`: which statuses mean what, and the windows in milliseconds."""

    bookable: frozenset[str]
    cancelled: frozenset[str]
    completed: str
    setup_opens: Millis
    setup_by: Millis
    cleanup_after: Millis
    catch_up: bool


def is_bookable(session: Session, policy: Policy) -> bool:
    """Return whether this booking may have a room at all."""
    return session.flaw is None and session.status in policy.bookable


def window_opens(session: Session, policy: Policy) -> Millis:
    """Return when setup may begin."""
    return session.start - policy.setup_opens


def cleanup_at(end: Millis, policy: Policy) -> Millis:
    """Return when a session that ends at `end` is cleaned up."""
    return end + policy.cleanup_after


def setup_window_open(session: Session, policy: Policy, now: Millis) -> bool:
    """Return whether the setup of a session that was never begun is due by the clock."""
    if not window_opens(session, policy) <= now < session.end:
        return False
    return policy.catch_up or now <= session.start - policy.setup_by


def left_alone(session: Session, first_run_at: Millis) -> bool:
    """Return whether a session ended so long before coachsync's first run that it is not ours to touch."""
    return session.end <= first_run_at - LEFT_ALONE


def is_late(session: Session, policy: Policy, now: Millis) -> bool:
    """Return whether a session that was never begun can no longer get its room."""
    return now >= session.end or (not policy.catch_up and now > session.start - policy.setup_by)
