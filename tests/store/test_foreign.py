"""Another system's table as it is found: what does not fit is told by its key, and nothing else is read than asked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.domain.mapping import TableMapping
from coachsync.errors import StoreError
from coachsync.store.open import open_store
from tests.store.backends import COACH, DEFAULTS, NOW, STUDENT

COLUMNS = {"id": "uuid", "status": "state", "scheduled_date": "starts", "student_discord_id": "s",
           "coach_discord_id": "c"}  # fmt: skip
MAPPING = TableMapping("bookings", "", "ms", None, COLUMNS, None, writes_status=False)
TABLE = "CREATE TABLE bookings (uuid TEXT, state TEXT, starts INTEGER, s TEXT, c TEXT, kind TEXT, flag TEXT)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run(tmp_path, TABLE)
    return tmp_path


def run(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "app.db")) as connection:
        connection.executescript(sql)


def flaw(folder: Path, mapping: TableMapping) -> str:
    with pytest.raises(StoreError) as raised:
        open_store("sqlite:///app.db", folder, DEFAULTS, writable=False, mapping=mapping)
    return f"{raised.value.message} | {raised.value.hint}"


@pytest.mark.parametrize(
    "where", ["nothing = 1", "kind =", "kind = ?", "1; DROP TABLE bookings", "1) OR (1", "(", "'", "count(*) > 1"]
)
def test_a_where_that_makes_no_sense_is_told_by_its_key(folder: Path, where: str) -> None:
    if where == "1) OR (1":  # it is sense
        open_store("sqlite:///app.db", folder, DEFAULTS, writable=False, mapping=MAPPING._replace(where=where)).close()
        return
    assert "store.where makes no sense of bookings" in flaw(folder, MAPPING._replace(where=where))


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (MAPPING._replace(table="booking"), "no table booking, which store.table names | did you mean bookings?"),
        (MAPPING._replace(table="other.bookings"), "store.table names the schema other"),
        (
            MAPPING._replace(columns=COLUMNS | {"status": "status"}),
            "no column status, which store.columns.status names",
        ),
        (MAPPING._replace(columns={**COLUMNS, "end": "ends"}), "no column ends, which store.columns.end names"),
        (
            MAPPING._replace(columns={"id": "uuid", "status": "state", "scheduled_date": "starts"}),
            "is known to hold student_discord_id, coach_discord_id",
        ),
    ],
)
def test_what_is_not_there_is_told_by_its_key(folder: Path, mapping: TableMapping, words: str) -> None:
    assert words in flaw(folder, mapping)


def test_a_view_that_cannot_be_written_is_refused_if_something_is_mapped_to_be_written(folder: Path) -> None:
    run(folder, "CREATE VIEW some AS SELECT * FROM bookings")
    written = MAPPING._replace(table="some", columns=COLUMNS | {"discord_setup_complete": "flag"})
    assert "is a view, which cannot be written, and store.columns.discord_setup_complete is set" in flaw(
        folder, written
    )


def test_a_database_that_is_gone_is_not_to_be_made(tmp_path: Path) -> None:
    told = flaw(tmp_path, MAPPING)
    assert ("app.db does not exist" in told, "init" in told) == (True, False)


def test_an_id_that_is_a_number_or_computed_is_found_by_its_text(folder: Path) -> None:
    people = f"'{STUDENT}', '{COACH}'"
    run(folder, f"""CREATE TABLE numbered (uuid INTEGER PRIMARY KEY, state TEXT, starts INTEGER, s TEXT, c INTEGER);
        INSERT INTO numbered VALUES (17, 'CONFIRMED', {NOW}, {people});
        CREATE VIEW computed AS SELECT uuid + 0 AS uuid, state, starts, s, c FROM numbered;""")  # fmt: skip
    for table in ("numbered", "computed"):
        mapping = MAPPING._replace(table=table)
        with closing(open_store("sqlite:///app.db", folder, DEFAULTS, writable=True, mapping=mapping)) as store:
            found = store.bookings.by_ids(["17"])
            assert [(s.id, [p.id for p in s.people]) for s in found.values()] == [("17", [STUDENT, COACH])]
            assert [s.id for s in store.bookings.matching("17")] == ["17"]


def test_an_id_that_occurs_twice_is_invalid_unless_where_leaves_one(folder: Path) -> None:
    row = f"'twice', 'CONFIRMED', {NOW}, '{STUDENT}', '{COACH}'"
    run(folder, f"INSERT INTO bookings VALUES ({row}, 'a', NULL), ({row}, 'b', NULL)")
    flaws = []
    for where in ("", "kind = 'a'"):
        mapping = MAPPING._replace(where=where)
        with closing(open_store("sqlite:///app.db", folder, DEFAULTS, writable=False, mapping=mapping)) as store:
            flaws.append(store.bookings.by_ids(["twice"])["twice"].flaw is not None)
    assert flaws == [True, False]
