"""Rooms of a time before coachsync: `status` promises nothing that no run will do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from coachsync.domain.booking import Defaults
from coachsync.domain.model import HOUR, Millis
from coachsync.domain.windows import LEFT_ALONE, left_alone
from coachsync.standing.rows import all_rows
from coachsync.store.open import create_store, open_store
from tests.domain.build import COACH, END, GUILD, POLICY, START, STUDENT, a_session

URL = "sqlite:///sessions.db"
OLD_ROOM = (
    "INSERT INTO sessions (id, status, scheduled_date, student_discord_id, coach_discord_id, discord_setup_complete)"
    " VALUES ('old', 'SCHEDULED', ?, ?, ?, 1)"
)


def _next(folder: Path, first_run_at: Millis, start: Millis | None) -> tuple[str | None, str | None]:
    """Return what `status` says of a room that was open before the first run: next action, blocking code."""
    create_store(URL, folder)
    with sqlite3.connect(folder / "sessions.db") as database:
        database.execute(OLD_ROOM, (start, STUDENT, COACH))
    database.close()
    store = open_store(URL, folder, Defaults(GUILD, HOUR), writable=True)
    with store.transaction() as transaction:
        transaction.ledger.run_started(first_run_at, "run")
    (row,) = all_rows(store, POLICY, first_run_at)
    store.close()
    return row.next_action, row.blocked.code if row.blocked else None


@pytest.mark.parametrize(("first_run_at", "alone"), [(END + LEFT_ALONE - 1, False), (END + LEFT_ALONE, True)])
def test_session_is_left_alone_when_it_ended_seven_days_before_the_first_run(first_run_at: Millis, alone: bool) -> None:
    assert left_alone(a_session(), first_run_at) is alone


@pytest.mark.parametrize(("first_run_at", "action"), [(END + LEFT_ALONE - 1, "cleanup"), (END + LEFT_ALONE, None)])
def test_status_announces_nothing_for_a_room_that_is_left_alone(
    tmp_path: Path, first_run_at: Millis, action: str | None
) -> None:
    assert _next(tmp_path, first_run_at, START) == (action, None)


def test_status_still_says_what_is_wrong_with_a_row_that_has_no_time(tmp_path: Path) -> None:
    assert _next(tmp_path, END + LEFT_ALONE + 1, None)[1] == "invalid"
