"""A source that is a query of a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coachsync.bookings.sources.answer import PullError
from coachsync.bookings.sources.database import Query, ask
from tests.kit.postgres import Postgres, postgres, programs

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(programs() is None, reason="no PostgreSQL on this host"),
    pytest.mark.xdist_group("postgres"),
]
PASSWORD = "r3ader-of-bookings"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as server:
        server.run(
            "CREATE TABLE bookings (id BIGINT PRIMARY KEY, state TEXT, at_zone TIMESTAMPTZ, at_wall TIMESTAMP,"
            " minutes NUMERIC(6,2), student NUMERIC(20), note BYTEA, key UUID, people JSONB)",
            "INSERT INTO bookings VALUES (9007199254740993, 'SCHEDULED', '2030-07-01 12:00+02', '2030-07-01 12:00',"
            " 90.00, 13000000000000000001, '\\xc3bc', '6a2f41a3-c54c-fce8-32d2-0324e1c32e22',"
            ' \'[{"discordId": "13000000000000000001", "kind": "observer"}]\'),'
            " (2, 'x', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'",
            "GRANT SELECT ON bookings TO reader",
            "CREATE FUNCTION spoil() RETURNS INT AS 'DELETE FROM bookings RETURNING 1' LANGUAGE SQL",
        )
        yield server


def rows(server: Postgres, sql: str, url: str = "", password: str | None = None, timeout_s: float = 10.0) -> list[Any]:
    query = Query(url or server.url(), sql, password, "ms", "/", timeout_s)
    return [json.loads(line) for line in ask(query).content.splitlines()]


def test_moment_with_a_zone_is_that_moment_and_one_without_is_a_wall_clocks(server: Postgres) -> None:
    found = rows(server, "SELECT at_zone AS start, at_wall AS end FROM bookings ORDER BY id DESC LIMIT 1")
    assert found == [{"start": "2030-07-01T10:00:00+00:00", "end": "2030-07-01T12:00:00"}]


def test_values_are_as_json_has_them(server: Postgres) -> None:
    sql = "SELECT key AS id, minutes AS duration, student AS student_discord_id, note, people AS participants"
    found = rows(server, f"{sql} FROM bookings ORDER BY bookings.id DESC LIMIT 1")
    assert found == [
        {
            "id": "6a2f41a3-c54c-fce8-32d2-0324e1c32e22",
            "duration": 90,
            "student_discord_id": "13000000000000000001",
            "note": "ü",
            "participants": [{"discordId": "13000000000000000001", "kind": "observer"}],
        }
    ]


def test_user_that_may_only_read_suffices(server: Postgres) -> None:
    assert len(rows(server, "SELECT id FROM bookings", server.url("reader"), PASSWORD)) == 2


def test_password_is_taken_from_the_clients_own_file(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "pgpass"
    own.write_text(f"*:*:*:reader:{PASSWORD}\n")
    own.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(own))
    assert rows(server, "SELECT current_user AS who", server.url("reader")) == [{"who": "reader"}]


def test_nothing_is_written_even_by_what_begins_as_a_select(server: Postgres) -> None:
    with pytest.raises(PullError, match="read-only transaction"):
        rows(server, "SELECT spoil() AS id")


def test_server_itself_ends_what_takes_too_long(server: Postgres) -> None:
    with pytest.raises(PullError, match=r"within 0\.2 s"):
        rows(server, "SELECT pg_sleep(5)", timeout_s=0.2)


def test_query_that_makes_no_sense_is_told_in_the_servers_words_without_a_password(server: Postgres) -> None:
    with pytest.raises(PullError, match='column "nobody" does not exist') as caught:
        rows(server, "SELECT nobody FROM bookings", server.url("reader"), PASSWORD)
    assert PASSWORD not in caught.value.message + caught.value.hint


def test_server_that_is_not_there_is_told_with_its_place(server: Postgres) -> None:
    with pytest.raises(PullError, match=r"127\.0\.0\.1/app"):
        rows(server, "SELECT 1", f"postgresql://reader:{PASSWORD}@127.0.0.1:9/app")


def test_many_rows_are_streamed(server: Postgres) -> None:
    assert len(rows(server, "SELECT n AS id FROM generate_series(1, 5000) AS n")) == 5000
