"""The JSON documents of CONTRACT §7, as plain Python values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from coachsync.clock import iso
from coachsync.domain.failure import Failure
from coachsync.domain.model import ACTION_KINDS, OUTCOME_KINDS, Outcome, Report, RunRecord, Warn

if TYPE_CHECKING:
    from coachsync.domain.causes import Cause
    from coachsync.domain.hosts import HostRuns
    from coachsync.standing.health import LastTick
    from coachsync.standing.hosts import Hosts
    from coachsync.standing.row import StatusRow
    from coachsync.store.leases import LeaseHolder

VERSION = 1


def report_document(report: Report) -> dict[str, Any]:
    """Return what `run --json` prints."""
    document = {
        "version": VERSION,
        "now": iso(report.now),
        "dry_run": report.dry_run,
        "requests": report.requests,
        "actions": [action_document(outcome) for outcome in report.outcomes],
        "summary": summary(report.outcomes),
        "warnings": [_warning(warning) for warning in report.warnings],
        "elsewhere": [
            {"bot": one.bot, "host": one.host, "since": iso(one.since), "guild_ids": list(one.guild_ids)}
            for one in report.elsewhere
        ],
    }
    if report.unusable is not None:
        document["error"] = {key: getattr(report.unusable, key) for key in ("code", "message", "hint")}
    return document


def _warning(warning: Warn) -> dict[str, Any]:
    """Return a warning; what it is about is in its message."""
    found = warning._asdict()
    del found["about"]
    return found | {"guild_id": warning.guild_id or None}


def summary(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Return how often each kind of action ended in each way, zeros included."""
    counts = {kind: dict.fromkeys(OUTCOME_KINDS, 0) for kind in ACTION_KINDS}
    for outcome in outcomes:
        counts[outcome.action.kind][outcome.outcome] += 1
    return {kind: {str(name): count for name, count in found.items()} for kind, found in counts.items()}


def action_document(outcome: Outcome) -> dict[str, Any]:
    """Return one action as `run --json` prints it."""
    return {
        "session": outcome.action.session.id,
        "action": outcome.action.kind,
        "outcome": outcome.outcome,
        "access": outcome.access,
        "guild_id": outcome.action.guild_id,
        "role_id": outcome.role_id,
        "channel_id": outcome.channel_id,
        "reason": outcome.action.reason,
        "requests": outcome.requests,
        "duration_ms": outcome.duration_ms,
        "error": _error(outcome.error),
    }


def _error(error: Failure | None) -> dict[str, Any] | None:
    return None if error is None else error._asdict()


def status_document(
    rows: Sequence[StatusRow],
    last_run: RunRecord | None,
    now: int,
    causes: Sequence[Cause] = (),
    tick: LastTick | None = None,
    hosts: Hosts | None = None,
) -> dict[str, Any]:
    """Return what `status --json` prints."""
    return {
        "version": VERSION,
        "now": iso(now),
        "last_run": None if last_run is None else _run(last_run),
        "last_tick": None if tick is None else _tick(tick),
        "attention": [cause_document(cause) for cause in causes],
        "sessions": [session_document(row) for row in rows],
        "hosts": [] if hosts is None else [_host(run, silent=run.host in hosts.silent) for run in hosts.runs],
        "leases": [] if hosts is None else [_lease(one) for one in hosts.leases],
    }


def _host(run: HostRuns, *, silent: bool) -> dict[str, Any]:
    return {
        "host": run.host,
        "started_at": iso(run.started_at),
        "finished_at": None if run.finished_at is None else iso(run.finished_at),
        "exit_code": run.exit_code,
        "coachsync": run.program or None,
        "silent": silent,
    }


def _lease(lease: LeaseHolder) -> dict[str, Any]:
    return {"bot": lease.bot, "host": lease.host, "since": iso(lease.since), "until": iso(lease.until)}


def runs_document(runs: Sequence[RunRecord]) -> dict[str, Any]:
    """Return what `runs --json` prints."""
    return {"version": VERSION, "runs": [_run(run) for run in runs]}


def _run(run: RunRecord) -> dict[str, Any]:
    return {
        "started_at": iso(run.started_at),
        "finished_at": None if run.finished_at is None else iso(run.finished_at),
        "duration_ms": run.took,
        "command": run.command,
        "exit_code": run.exit_code,
        "requests": run.requests,
        "uid": run.uid,
        "host": run.host or None,
        "coachsync": run.program or None,
        "summary": run.summary,
    }


def _tick(tick: LastTick) -> dict[str, Any]:
    return {
        "started_at": iso(tick.started_at),
        "finished_at": None if tick.finished_at is None else iso(tick.finished_at),
        "exit_code": tick.exit_code,
        "age_s": tick.age // 1000,
        "overdue": tick.overdue,
        "host": tick.host or None,
    }


def session_document(row: StatusRow) -> dict[str, Any]:
    """Return one session as `status --json` prints it."""
    known = bool(row.session.start)
    where = row.standing
    student, coach = row.session.one("student"), row.session.one("coach")
    return {
        "session": row.session.id,
        "phase": row.phase,
        "start": iso(row.session.start) if known else None,
        "end": iso(row.session.end) if known else None,
        "next_action": row.next_action,
        "next_at": None if row.next_at is None else iso(row.next_at),
        "student": student.id,
        "coach": coach.id,
        "student_name": student.name or None,
        "coach_name": coach.name or None,
        "people": [{"kind": p.kind, "id": p.id, "name": p.name or None} for p in row.session.people],
        "last_error": None if row.blocked is None else _blocked(row.blocked),
        "room": where.room,
        "waiting_for": list(dict.fromkeys(where.waiting_for)),
        "late": where.late,
        "since": None if where.since is None else iso(where.since),
        "url": where.url,
    }


def _blocked(failure: Failure) -> dict[str, str]:
    return {"code": failure.code, "message": failure.message, "hint": failure.hint}


def cause_document(cause: Cause) -> dict[str, Any]:
    """Return a cause as `status --json` prints it."""
    return {
        "code": cause.code,
        "guild_id": cause.guild_id or None,
        "message": cause.message,
        "hint": cause.hint,
        "sessions": list(cause.sessions),
        "since": iso(cause.since),
        "last_seen": iso(cause.last_seen),
        "urgency": cause.urgency,
    }
