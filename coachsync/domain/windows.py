"""When: the windows of a session and the phase it is in. Pure arithmetic on milliseconds (CONTRACT §5).

All bounds are inclusive unless a name says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.model import DAY, ActionKind, Entry, Millis, Session

LEFT_ALONE: Millis = 7 * DAY  # sessions that ended longer than this before the first run are not ours to touch


class Policy(NamedTuple):
    """`[statuses]` and `[windows]`: which statuses mean what, and the windows in milliseconds."""

    bookable: frozenset[str]
    cancelled: frozenset[str]
    completed: str
    setup_opens: Millis
    setup_by: Millis
    cleanup_after: Millis
    catch_up: bool


class Life(NamedTuple):
    """Where a session's access stands: `open` (something was made or begun), `complete`, `cleaned` (and stays so)."""

    open: bool
    complete: bool
    cleaned: bool


FRESH = Life(False, False, False)
CLEANED = Life(False, False, True)


def life_of(session: Session, entry: Entry | None, policy: Policy, now: Millis) -> Life:
    """Tell where a session's access stands; the ledger is believed before the store's marks."""
    if entry is not None and entry.live:
        return Life(True, entry.state == "open", False)
    may_live = is_bookable(session, policy) and now < session.end
    if entry is not None:
        return _life_after(entry, session, may_live)
    if session.cleaned_up:
        return FRESH if may_live else CLEANED
    if session.set_up or session.role_id or session.channel_id:
        return Life(True, session.set_up, False)
    return FRESH


def _life_after(entry: Entry, session: Session, may_live: bool) -> Life:
    """Tell where a session stands whose last life is over."""
    if entry.closed_by == "revoked":
        return FRESH
    return FRESH if may_live and not closed_by_operator(entry, session) else CLEANED


def closed_by_operator(entry: Entry, session: Session) -> bool:
    """Return whether an operator closed this very appointment: it stays closed until its start moves."""
    return entry.closed_by in ("operator", "abandoned") and entry.closed_start == session.start


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
    return session.end < first_run_at - LEFT_ALONE


def is_late(session: Session, policy: Policy, now: Millis) -> bool:
    """Return whether a session that was never begun can no longer get its room."""
    return now >= session.end or (not policy.catch_up and now > session.start - policy.setup_by)


def moved_out(session: Session, entry: Entry | None, policy: Policy, now: Millis) -> bool:
    """Return whether the start was moved since setup so that its window is not open yet."""
    return (
        entry is not None and entry.live and session.start != entry.setup_start and now < window_opens(session, policy)
    )


def phase_of(session: Session, entry: Entry | None, policy: Policy, now: Millis) -> str:
    """Return the session's phase (CONTRACT §7)."""
    if session.flaw is not None:
        return "invalid"
    life = life_of(session, entry, policy, now)
    if life.open:
        return _phase_while_open(session, entry, life, policy, now)
    if session.status in policy.cancelled:
        return "cancelled"
    if life.cleaned:
        return "cleaned"
    if not is_bookable(session, policy):
        return "unknown" if now < session.end else "closed"
    if is_late(session, policy, now):
        return "missed"
    return "setup_due" if setup_window_open(session, policy, now) else "booked"


def _phase_while_open(session: Session, entry: Entry | None, life: Life, policy: Policy, now: Millis) -> str:
    if session.status in policy.cancelled or now >= cleanup_at(session.end, policy):
        return "cleanup_due"
    if entry is not None and goes_on_closing(session, entry, policy):
        return "cleanup_due"
    if life.complete or not is_bookable(session, policy):
        return "active"
    return "setup_due"


def goes_on_closing(session: Session, entry: Entry, policy: Policy) -> bool:
    """Return whether a removal that was cut short goes on although nothing else asks for it."""
    if entry.state != "closing":
        return False
    return closed_by_operator(entry, session) or not is_bookable(session, policy)


def next_of(
    session: Session, entry: Entry | None, policy: Policy, now: Millis
) -> tuple[ActionKind | None, Millis | None]:
    """Return what happens to the session next and when; times in the past mean the next run."""
    phase = phase_of(session, entry, policy, now)
    if phase == "booked":
        return "setup", window_opens(session, policy)
    if entry is not None and entry.live:
        return _next_while_live(session, entry, phase, policy, now)
    if phase == "setup_due" and now < session.end:
        return "setup", max(now, window_opens(session, policy))
    if phase == "cleanup_due":
        return "cleanup", now
    return ("cleanup", cleanup_at(session.end, policy)) if phase in ("setup_due", "active") else (None, None)


def _next_while_live(
    session: Session, entry: Entry, phase: str, policy: Policy, now: Millis
) -> tuple[ActionKind, Millis]:
    """Return what happens next to a session that the ledger knows to be open, begun or closing."""
    if phase == "invalid":
        return "cleanup", cleanup_at(entry.end, policy)
    if phase == "cleanup_due":
        return _removal(session, entry, policy, now), now
    if must_be_revoked(session, entry, policy, now):
        return "revoke", now
    if phase == "setup_due" and now < session.end:
        return "setup", now
    if people_changed(session, entry, may_join=entry.state == "open" and is_bookable(session, policy)):
        return "update", now
    return "cleanup", cleanup_at(session.end, policy)


def _removal(session: Session, entry: Entry, policy: Policy, now: Millis) -> ActionKind:
    """Return what a removal that is due is called: a revoke that was cut short stays one."""
    by_itself = session.status in policy.cancelled or now >= cleanup_at(session.end, policy)
    return "cleanup" if by_itself or entry.closed_by != "revoked" else "revoke"


def people_changed(session: Session, entry: Entry, *, may_join: bool) -> bool:
    """Return whether somebody must lose access, or (where `may_join`) somebody must gain it."""
    people = set(session.ids)
    present = {g.user_id for g in entry.grants if g.state == "granted"}
    leavers = {g.user_id for g in entry.grants if g.state in ("asked", "granted", "losing", "outside")} - people
    return bool(leavers) or (may_join and bool(people - present))


def must_be_revoked(session: Session, entry: Entry, policy: Policy, now: Millis) -> bool:
    """Return whether the open room is at the wrong time or in the wrong guild."""
    return session.guild_id != entry.guild_id or moved_out(session, entry, policy, now)
