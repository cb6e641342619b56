"""A source that is a query of an SQLite database."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coachsync.bookings.sources import database
from coachsync.bookings.sources.answer import PullError
from coachsync.bookings.sources.database import Query, ask
from tests.kit.ordinary import as_ordinary_user


@pytest.fixture
def url(tmp_path: Path) -> str:
    file = tmp_path / "app.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE bookings (id INTEGER, state TEXT, starts INTEGER, student INTEGER, people TEXT)")
        database.execute(
            """INSERT INTO bookings VALUES (7, 'SCHEDULED', 1796000000, 1300000000000000001, '[{"a": 1}]')"""
        )
        database.commit()
    return f"sqlite:///{file}"


def rows(url: str, sql: str, form: str = "ms", timeout_s: float = 5.0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ask(Query(url, sql, None, form, "/", timeout_s)).content.splitlines()]


def problem(url: str, sql: str, timeout_s: float = 5.0) -> str:
    with pytest.raises(PullError) as caught:
        rows(url, sql, timeout_s=timeout_s)
    return caught.value.message


def test_ids_are_text_and_seconds_are_milliseconds_where_that_is_said(url: str) -> None:
    sql = "SELECT id, starts AS start, student AS student_discord_id FROM bookings"
    (found,) = rows(url, sql, "s")
    assert found == {"id": "7", "start": 1796000000000, "student_discord_id": "1300000000000000001"}


def test_participants_are_an_array(url: str) -> None:
    assert rows(url, "SELECT people AS participants FROM bookings") == [{"participants": [{"a": 1}]}]


@pytest.mark.parametrize("sql", ["DELETE FROM bookings", "  update bookings set id = 1", "", "DROP TABLE bookings"])
def test_what_is_no_select_is_refused(url: str, sql: str) -> None:
    assert problem(url, sql) == "its query is no SELECT"


def test_nothing_is_written_even_by_what_begins_as_a_select(url: str) -> None:
    assert "readonly" in problem(url, "WITH one AS (SELECT 1) DELETE FROM bookings").replace(" ", "")
    assert len(rows(url, "SELECT id FROM bookings")) == 1


def test_query_that_takes_too_long_is_ended(url: str) -> None:
    forever = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS id FROM n"
    assert "within 0.1 s" in problem(url, forever, 0.1)


def test_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert "no database file" in problem(f"sqlite:///{tmp_path}/none.db", "SELECT 1")
    assert list(tmp_path.iterdir()) == []


def _reads_alone(folder: Path) -> None:
    file = folder / "app.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE bookings (id INTEGER)")
        database.execute("INSERT INTO bookings VALUES (7)")
        database.commit()
    file.chmod(0o444)
    folder.chmod(0o555)
    try:
        assert rows(f"sqlite:///{file}", "SELECT id FROM bookings") == [{"id": "7"}]
        assert [one.name for one in folder.iterdir()] == ["app.db"]
    finally:
        folder.chmod(0o755)


def test_user_who_may_only_read_reads_a_file_in_wal_mode_that_nobody_has_open() -> None:
    as_ordinary_user(_reads_alone)


def test_file_that_somebody_holds_is_never_read_without_a_lock(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "locked" in problem(url, "SELECT id FROM bookings", 0.1)


def test_file_that_is_written_while_it_is_read_without_a_lock_is_not_believed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = url.removeprefix("sqlite:///")
    monkeypatch.setattr(database, "_opened", lambda *_: (sqlite3.connect(path), True))
    query = Query(url, "SELECT id FROM bookings", None, "ms", "/", 5.0)
    reading = database._sqlite(query)
    next(reading)
    with closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO bookings (id) VALUES (8)")
        other.commit()
    with pytest.raises(PullError, match="written while it was read"):
        list(reading)


def test_query_that_makes_no_sense_is_told_in_the_databases_words(url: str) -> None:
    assert "no such column: nobody" in problem(url, "SELECT nobody FROM bookings")


@pytest.mark.parametrize(
    ("address", "module", "extra"),
    [("mysql://db/app", "pymysql", "mysql"), ("postgresql://db/app", "psycopg", "postgres")],
)
def test_client_that_is_not_installed_is_told_with_the_extra_that_brings_it(
    address: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PullError) as caught:
        rows(address, "SELECT 1")
    assert f"{module} is not installed" in caught.value.message
    assert f"coachsync[{extra}]" in caught.value.hint
