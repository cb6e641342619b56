"""Other systems' databases as they are found: what is proposed for each, and that it is read to the hour."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from coachsync.domain.mapping import TableMapping
from coachsync.domain.model import Millis
from coachsync.domain.proposal import Proposal, propose
from coachsync.store.open import open_store
from coachsync.store.survey import survey
from tests.store.backends import COACH, DEFAULTS, STUDENT, snapshot

SCHEMAS = Path(__file__).parent / "schemas"
URL = "sqlite:///app.db"
EIGHT: Millis = 4_085_193_600_000  # 2099-06-15T08:00:00Z


class Expected(NamedTuple):
    """What is to be found in a system's database: what its first booking is, and how its times are kept."""

    source: dict[str, str]
    time: str
    zone: str
    statuses: tuple[tuple[str, ...], tuple[str, ...]]
    session: tuple[object, ...]
    unsure: tuple[str, ...] = ()


SYSTEMS = {
    "calcom": Expected(
        {"id": "uid", "status": "status", "starts_at": "startTime", "ends_at": "endTime",
         "student_discord_name": "responses", "student_name": "name", "coach_name": "name"},
        "ms", "", (("ACCEPTED",), ("CANCELLED",)),
        ("fVKqr8nFYt5ZcmXv2mPzbD", "ACCEPTED", 4_085_136_000_000, 60, [(None, "Ada Lovelace"), (None, "Bob Coach")]),
        ("the status PENDING gets no room", "no column holds the coach's Discord id"),
    ),
    "easyappointments": Expected(
        {"id": "id", "status": "status", "starts_at": "start_datetime", "ends_at": "end_datetime",
         "student_discord_id": "custom_field_1", "coach_discord_id": "custom_field_1"},
        "timestamp", "", (("Booked",), ("Cancelled",)),
        ("10", "Booked", EIGHT, 60, [(STUDENT, "Ada Lovelace"), (COACH, "Bob Coach")]),
    ),
    "laravel": Expected(
        {"id": "uuid", "status": "status", "starts_at": "starts_at", "ends_at": "ends_at",
         "student_discord_id": "provider_user_id", "coach_discord_id": "provider_user_id"},
        "timestamp", "UTC", (("confirmed",), ("cancelled",)),
        ("9b1c0de0-0000-4000-8000-000000000001", "confirmed", EIGHT, 60,
         [(STUDENT, "Ada"), (COACH, "Bob")]),
        ("the status pending gets no room",),
    ),
    "django": Expected(
        {"id": "id", "status": "status", "starts_at": "start", "duration": "duration_minutes",
         "student_discord_id": "discord_id", "coach_discord_id": "discord_id"},
        "timestamp", "UTC", (("scheduled",), ()),
        ("5f0c1e2a9d7b4c3e8a1f6b5d4c3e2f1a", "scheduled", EIGHT, 45,
         [(STUDENT, "Ada Lovelace"), (COACH, "Bob Coach")]),
        ("no booking is cancelled yet",),
    ),
}  # fmt: skip


def database(folder: Path, sql: str) -> Path:
    with closing(sqlite3.connect(folder / "app.db")) as connection:
        connection.executescript(sql)
    return folder


def proposed(folder: Path, table: str = "") -> Proposal:
    found = propose(survey(URL, str(folder)), table)
    assert found is not None
    return found


@pytest.fixture(params=list(SYSTEMS))
def system(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Expected]:
    """A system's database with some rows, and what is to be found."""
    folder = database(tmp_path, (SCHEMAS / f"{request.param}.sql").read_text("utf-8"))
    return folder, SYSTEMS[request.param]


def test_a_systems_bookings_are_found_with_their_people_zone_and_statuses(system: tuple[Path, Expected]) -> None:
    folder, expected = system
    found = proposed(folder)
    taken = {line.rpartition(" AS ")[2].rstrip(","): line for line in found.view.splitlines() if line[:4] == "    "}
    assert [n for n, column in expected.source.items() if f'"{column}"' not in taken[n]] == []
    assert (found.time, found.zone, (found.bookable, found.cancelled)) == (
        expected.time,
        expected.zone,
        expected.statuses,
    )
    assert [one.startswith(other) for one, other in zip(found.unsure, expected.unsure, strict=True)].count(False) == 0


def test_the_view_that_is_proposed_reads_a_systems_bookings_to_the_hour(system: tuple[Path, Expected]) -> None:
    folder, expected = system
    database(folder, proposed(folder).view)
    again = proposed(folder)
    assert (again.table, again.view, again.bookable) == ("coaching_sessions", "", expected.statuses[0])
    columns = {"scheduled_date" if field == "start" else field: column for field, column in again.columns.items()}
    zone = again.zone or ("Europe/Berlin" if again.zoneless else None)
    mapping = TableMapping(again.table, again.where, again.time, zone, columns, None, writes_status=False)
    with closing(open_store(URL, folder, DEFAULTS, writable=False, mapping=mapping)) as store:
        session = store.bookings.by_ids([str(expected.session[0])])[str(expected.session[0])]
    people = [(person.id, person.name) for person in session.people]
    length = (session.end - session.start) // 60_000
    assert (session.id, session.status, session.start, length, people) == expected.session


def test_a_survey_changes_nothing(system: tuple[Path, Expected]) -> None:
    folder, _ = system
    before = snapshot(folder)
    survey(URL, str(folder))
    assert snapshot(folder) == before


OWN = """
CREATE TABLE lessons (ref TEXT UNIQUE, pupilDiscordId TEXT, tutorDiscord TEXT, pupil TEXT, state TEXT,
    beginsAt TEXT, finishesAt TEXT, deleted_at TEXT);
INSERT INTO lessons VALUES ('L1', '1300000000000000011', '1300000000000000022', 'Ada', 'booked',
    '2099-06-15T08:00:00Z', '2099-06-15T09:00:00Z', NULL);
"""


def test_a_table_that_has_everything_is_proposed_as_it_is(tmp_path: Path) -> None:
    found = proposed(database(tmp_path, OWN))
    assert (found.view, found.table, found.time, found.zoneless) == ("", "lessons", "iso", False)
    assert found.columns == {
        "id": "ref",
        "start": "beginsAt",
        "end": "finishesAt",
        "status": "state",
        "student_discord_id": "pupilDiscordId",
        "coach_discord_id": "tutorDiscord",
        "student_name": "pupil",
    }
    assert found.where == '"deleted_at" IS NULL'


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "CREATE TABLE notes (id INTEGER, text TEXT)",
        "CREATE TABLE sessions (id TEXT, payload TEXT, last_activity INTEGER)",
        "CREATE TABLE t (start TEXT); INSERT INTO t VALUES ('soon')",
        "CREATE VIEW gone AS SELECT * FROM elsewhere",
        'CREATE TABLE "a ""b"".c" (start INTEGER)',
        "CREATE TABLE b (booking_date TEXT, x BLOB); INSERT INTO b VALUES (x'ff', x'00')",
    ],
)
def test_where_nothing_looks_like_bookings_nothing_is_proposed(tmp_path: Path, sql: str) -> None:
    assert propose(survey(URL, str(database(tmp_path, sql)))) is None


@pytest.mark.parametrize(
    ("status", "made"),
    [
        ("", "'CONFIRMED' AS status"),
        (", status INTEGER", 'CASE b."status" WHEN 1 THEN'),
        (", cancelled_at TEXT", 'CASE WHEN b."cancelled_at" IS NULL'),
    ],
)
def test_a_status_that_is_no_text_is_made_by_a_view_to_be_looked_at(tmp_path: Path, status: str, made: str) -> None:
    table = "CREATE TABLE bookings (id INTEGER PRIMARY KEY, starts_at TEXT, student_discord_id TEXT,"
    rows = "INSERT INTO bookings (id, starts_at) VALUES (1, '2099-06-15 08:00:00');"
    numbered = "UPDATE bookings SET status = 1;" if "status" in status else ""
    found = proposed(database(tmp_path, f"{table} coach_discord_id TEXT{status}); {rows} {numbered}"))
    assert (made in found.view, len(found.unsure)) == (True, 1)
