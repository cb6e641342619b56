"""A source that is a query of a real MariaDB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coachsync.bookings.sources.answer import PullError
from coachsync.bookings.sources.database import Query, ask
from tests.kit.mariadb import MariaDb, is_installed

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not is_installed(), reason="no MariaDB on this host"),
    pytest.mark.xdist_group("mariadb"),
]
PASSWORD = "r3ader-of-bookings"


@pytest.fixture(scope="module")
def server(mariadb_server: MariaDb) -> MariaDb:
    mariadb_server.run(
        "CREATE DATABASE app",
        "CREATE TABLE app.bookings (id BIGINT PRIMARY KEY, state VARCHAR(20), at_utc TIMESTAMP NULL,"
        " at_wall DATETIME, minutes DECIMAL(6,2), student BIGINT UNSIGNED, note BLOB, day DATE)",
        "SET time_zone = '+00:00'",
        "INSERT INTO app.bookings VALUES (9007199254740993, 'SCHEDULED', '2030-07-01 10:00:00',"
        " '2030-07-01 12:00:00', 90.00, 13000000000000000001, 0xC3BC, '2030-07-01'),"
        " (2, 'x', NULL, NULL, NULL, NULL, 0xFF, NULL)",
        f"CREATE USER teller@'%' IDENTIFIED BY '{PASSWORD}'",
        "GRANT SELECT ON app.bookings TO teller@'%'",
    )
    return mariadb_server


def rows(server: MariaDb, sql: str, url: str = "", password: str | None = None, timeout_s: float = 10.0) -> list[Any]:
    query = Query(url or server.url(), sql, password, "ms", "/", timeout_s)
    return [json.loads(line) for line in ask(query).content.splitlines()]


def test_timestamp_is_a_moment_and_datetime_is_a_wall_clocks(server: MariaDb) -> None:
    found = rows(server, "SELECT at_utc AS start, at_wall AS end FROM bookings ORDER BY id DESC LIMIT 1")
    assert found == [{"start": "2030-07-01T10:00:00+00:00", "end": "2030-07-01T12:00:00"}]


def test_values_are_as_json_has_them(server: MariaDb) -> None:
    sql = "SELECT id, minutes AS duration, student AS student_discord_id, note, day FROM bookings ORDER BY id DESC"
    assert rows(server, sql) == [
        {
            "id": "9007199254740993",
            "duration": 90,
            "student_discord_id": "13000000000000000001",
            "note": "ü",
            "day": "2030-07-01",
        },
        {"id": "2", "duration": None, "student_discord_id": None, "note": "ff", "day": None},
    ]


def test_user_that_may_only_read_suffices(server: MariaDb) -> None:
    assert len(rows(server, "SELECT id FROM bookings", server.url("teller"), PASSWORD)) == 2


def test_password_is_taken_from_the_clients_own_file(
    server: MariaDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".my.cnf").write_text(f"[client]\nuser = teller\npassword = {PASSWORD}\n")
    url = f"mysql://127.0.0.1:{server.port}/app"
    assert rows(server, "SELECT current_user() AS who LIMIT 1", url)[0]["who"].startswith("teller@")


def test_wrong_password_is_told_and_not_shown(server: MariaDb) -> None:
    with pytest.raises(PullError) as caught:
        rows(server, "SELECT 1", f"mysql://teller:wr0ng-p4ssword@127.0.0.1:{server.port}/app")
    assert "Access denied" in caught.value.message
    assert "wr0ng" not in caught.value.message + caught.value.hint


def test_nothing_is_written_even_by_what_begins_as_a_select(server: MariaDb) -> None:
    server.run(
        "CREATE OR REPLACE FUNCTION app.spoil() RETURNS INT BEGIN DELETE FROM app.bookings; RETURN 1; END",
    )
    with pytest.raises(PullError, match="READ ONLY"):
        rows(server, "SELECT spoil() AS id")


def test_server_itself_ends_what_takes_too_long(server: MariaDb) -> None:
    with pytest.raises(PullError, match=r"within 0\.2 s"):
        rows(server, "SELECT b.id FROM bookings a, bookings b WHERE sleep(5) = 2", timeout_s=0.2)


def test_query_that_makes_no_sense_is_told_in_the_servers_words(server: MariaDb) -> None:
    with pytest.raises(PullError, match="Unknown column 'nobody'"):
        rows(server, "SELECT nobody FROM bookings")
