"""The JSON documents."""

from __future__ import annotations

from coachsync.domain.failure import Failure
from coachsync.domain.model import ACTION_KINDS, OUTCOME_KINDS, RunRecord, Warn
from coachsync.report.document import report_document, status_document
from coachsync.standing.room import Standing
from coachsync.standing.row import StatusRow
from tests.report.builders import NOW, START, a_failure, a_report, a_session, an_outcome


def test_report_has_the_documented_keys() -> None:
    document = report_document(a_report(an_outcome()))
    assert list(document) == ["version", "now", "dry_run", "requests", "actions", "summary", "warnings", "elsewhere"]
    assert (document["version"], document["now"], document["dry_run"]) == (1, "2026-10-14T15:00:00Z", False)


def test_action_has_the_documented_keys() -> None:
    assert report_document(a_report(an_outcome()))["actions"] == [
        {
            "session": "abc12345",
            "action": "setup",
            "outcome": "done",
            "access": "role",
            "guild_id": "1100000000000000000",
            "role_id": "11",
            "channel_id": "12",
            "reason": "starts in 2 h 0 min",
            "requests": 4,
            "duration_ms": 812,
            "error": None,
        }
    ]


def test_error_has_the_documented_keys() -> None:
    (action,) = report_document(a_report(an_outcome(error=a_failure())))["actions"]
    assert action["error"] == {
        "code": "unknown_member",
        "message": "the student is not in the guild",
        "hint": "send the student the invite",
        "discord_code": 10007,
        "http_status": 404,
    }


def test_summary_counts_every_kind_and_outcome() -> None:
    summary = report_document(a_report(an_outcome(), an_outcome(error=a_failure())))["summary"]
    found = {kind: list(counts) for kind, counts in summary.items()}
    assert found == {kind: list(OUTCOME_KINDS) for kind in ACTION_KINDS}
    assert summary["setup"] == {"done": 1, "failed": 1, "refused": 0, "planned": 0, "deferred": 0}


def test_warning_may_concern_no_session() -> None:
    document = report_document(a_report(warnings=(Warn("category_gone", None, "gone"),)))
    assert document["warnings"] == [
        {"code": "category_gone", "session": None, "message": "gone", "guild_id": None, "hint": ""}
    ]


def test_status_tells_sessions_and_the_last_run() -> None:
    row = StatusRow(a_session(), None, "booked", "setup", START, Failure("missed", "too late", "move it"))
    run = RunRecord(NOW, None, "run", None, {})
    document = status_document([row], run, NOW)
    assert document["last_run"]["finished_at"] is None
    assert document["sessions"] == [
        {
            "session": "abc12345",
            "phase": "booked",
            "start": "2026-10-14T17:00:00Z",
            "end": "2026-10-14T18:00:00Z",
            "next_action": "setup",
            "next_at": "2026-10-14T17:00:00Z",
            "student": "1100000000000000010",
            "coach": "1100000000000000011",
            "student_name": "John Doe",
            "coach_name": "Coach Sarah",
            "people": [
                {"kind": "student", "id": "1100000000000000010", "name": "John Doe"},
                {"kind": "coach", "id": "1100000000000000011", "name": "Coach Sarah"},
            ],
            "last_error": {"code": "missed", "message": "too late", "hint": "move it"},
            "room": "none",
            "waiting_for": [],
            "late": False,
            "since": None,
            "url": None,
        }
    ]


def test_status_tells_where_a_sessions_room_stands() -> None:
    where = Standing("waiting", ("student",), True, NOW, "https://discord.com/channels/1/2")
    row = StatusRow(a_session(), None, "setup_due", "setup", START, None, where)
    (session,) = status_document([row], None, NOW)["sessions"]
    assert {key: session[key] for key in ("room", "waiting_for", "late", "since", "url")} == {
        "room": "waiting",
        "waiting_for": ["student"],
        "late": True,
        "since": "2026-10-14T15:00:00Z",
        "url": "https://discord.com/channels/1/2",
    }


def test_status_has_no_times_when_the_row_has_none() -> None:
    row = StatusRow(a_session(start=0), None, "invalid", None, None, None)
    (session,) = status_document([row], None, NOW)["sessions"]
    assert (session["start"], session["end"], session["next_at"]) == (None, None, None)
