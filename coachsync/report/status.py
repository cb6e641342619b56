"""The sessions' status as plain, stable lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coachsync.clock import iso, relative
from coachsync.domain.model import Millis, RunRecord
from coachsync.report.lines import people
from coachsync.report.text import clean, word
from coachsync.standing.row import StatusRow


def status_lines(rows: Sequence[StatusRow]) -> Iterator[str]:
    """Yield "active abc12345 start … end … for John and Sarah, next cleanup 2026-10-14T15:00:00Z"."""
    for row in rows:
        yield status_line(row)


def status_line(row: StatusRow) -> str:
    """Return one session's line; what blocks it comes last."""
    session = row.session
    parts = [f"{row.phase} {word(session.id)}"]
    if session.start:
        parts.append(f" start {iso(session.start)} end {iso(session.end)}")
    who = people(session)
    parts.append(f" for {who}" if who else "")
    if row.next_action is not None and row.next_at is not None:
        parts.append(f", next {row.next_action} {iso(row.next_at)}")
    if row.blocked is not None:
        parts.append(f"; blocked: {clean(row.blocked.message)} ({row.blocked.code})")
    return "".join(parts)


def last_run_line(run: RunRecord | None, now: Millis) -> str:
    """Return when the last run was and how it ended."""
    if run is None:
        return "no run yet"
    when = f"{iso(run.started_at)} ({relative(run.started_at, now)})"
    if run.finished_at is None:
        return f"last run: {clean(run.command)} {when}, not finished"
    return f"last run: {clean(run.command)} {when}, exit {run.exit_code}"
