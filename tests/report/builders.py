"""Reports and sessions to render."""

from __future__ import annotations

from coachsync.domain.failure import Failure
from coachsync.domain.model import HOUR, Action, Millis, Outcome, OutcomeKind, Person, Report, Session, Warn

NOW: Millis = 1_791_990_000_000  # 2026-10-14T15:00:00Z
START: Millis = NOW + 2 * HOUR


def a_session(session_id: str = "abc12345", *, student_name: str = "John Doe", start: Millis = START) -> Session:
    """Return a bookable session of one hour."""
    return Session(
        id=session_id,
        status="SCHEDULED",
        start=start,
        end=start + HOUR,
        guild_id="1100000000000000000",
        people=(
            Person("1100000000000000010", "student", student_name),
            Person("1100000000000000011", "coach", "Coach Sarah"),
        ),
        set_up=False,
        cleaned_up=False,
        channel_id=None,
        role_id=None,
    )


def an_outcome(session: Session | None = None, *, error: Failure | None = None) -> Outcome:
    """Return a setup that was done, or failed where an error is given."""
    session = session or a_session()
    kind: OutcomeKind = "failed" if error else "done"
    action = Action("setup", session, None, session.guild_id, "starts in 2 h 0 min")
    return Outcome(action, kind, "role", "11", None if error else "12", 4, 812, error)


def a_failure() -> Failure:
    """Return what a student who has not joined fails with."""
    return Failure("unknown_member", "the student is not in the guild", "send the student the invite", 10007, 404)


def a_report(*outcomes: Outcome, warnings: tuple[Warn, ...] = (), dry_run: bool = False) -> Report:
    """Return a run's report."""
    code = 1 if any(outcome.error for outcome in outcomes) else 0
    return Report("run", NOW, dry_run, 4 * len(outcomes), outcomes, warnings, code)
