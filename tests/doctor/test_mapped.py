"""What `doctor` finds about another system's table: what may not be written, and what reads every row."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.config import load_settings
from coachsync.doctor.store import read_store
from coachsync.domain.mapping import TableMapping
from coachsync.store.columns import MARKS
from coachsync.store.sqlite import foreign
from coachsync.store.sqlite.database import Database
from tests.doctor.conftest import examined
from tests.kit.home import GUILD, Home
from tests.kit.ordinary import as_ordinary_user
from tests.kit.scene import Scene

COLUMNS = {"id": "uuid", "status": "state", "scheduled_date": "starts", "student_discord_id": "s",
           "coach_discord_id": "c"}  # fmt: skip
TABLE = "CREATE TABLE bookings (uuid TEXT PRIMARY KEY, kind TEXT, state TEXT, starts INTEGER, s TEXT, c TEXT)"
KEYS = 'table = "bookings"\n{}[store.columns]\nid = "uuid"\nstatus = "state"\nstart = "starts"\n' + (
    'student_discord_id = "s"\ncoach_discord_id = "c"\n'
)


def mapped(scene: Scene, more: str = "") -> Scene:
    scene.sql(TABLE)
    scene.configure(rest=KEYS.format(more))
    scene.file.chmod(0o640)
    return scene


def told(scene: Scene) -> list[tuple[str, str]]:
    return [(f.message, f.hint) for f in examined(scene, offline=True) if f.check == "store"]


def test_nothing_is_amiss_with_a_mapping_that_works(scene: Scene) -> None:
    assert told(mapped(scene)) == []


def test_what_a_mapping_lacks_is_told_by_its_key(scene: Scene) -> None:
    scene.sql(TABLE.replace("starts INTEGER", "begins INTEGER"))
    scene.configure(rest=KEYS.format(""))
    [(message, hint)] = told(scene)
    assert ("no column starts, which store.columns.start names" in message, "begins" in hint) == (True, True)


def _reads_alone(folder: Path) -> None:
    home = Home(folder)
    with closing(sqlite3.connect(home.file)) as connection:
        connection.execute(TABLE)
    home.configure(GUILD, rest=KEYS.format(""))
    home.file.chmod(0o440)
    _, found = read_store(load_settings(str(home.config), {}), 1_790_000_000_000, 1)
    hints = [f.hint for f in found if f.check == "store"]
    assert any('keep what coachsync remembers elsewhere: [store] ledger = "sqlite:///' in hint for hint in hints), found


def test_a_database_that_may_only_be_read_needs_a_ledger_elsewhere() -> None:
    as_ordinary_user(_reads_alone)


def test_a_ledger_elsewhere_suffices_for_a_database_that_may_only_be_read(scene: Scene) -> None:
    mapped(scene, 'ledger = "sqlite:///ours.db"\n').file.chmod(0o440)
    assert told(scene) == []


def test_a_folder_for_the_ledger_that_is_not_there_is_told(scene: Scene) -> None:
    found = told(mapped(scene, 'ledger = "sqlite:///nowhere/ours.db"\n'))
    assert any("nowhere" in message for message, _ in found)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A table of many rows, as few as a test needs."""
    monkeypatch.setattr(foreign, "MANY", 3)
    (tmp_path / "app.db").touch()
    made = Database(str(tmp_path / "app.db"), writable=True, corrupt_hint="")
    made.run(TABLE)
    for number in range(5):
        made.run("INSERT INTO bookings (uuid, kind, starts) VALUES (?, 'coaching', ?)", (str(number), number))
    return made


@pytest.mark.parametrize("where", ["", "kind = 'coaching'"])
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("table", ["bookings", "main.bookings", "some"])
def test_the_index_that_doctor_prints_is_one_that_helps(
    database: Database, table: str, marked: bool, where: str
) -> None:
    database.run("CREATE VIEW some AS SELECT *, 0 AS open FROM bookings WHERE uuid > ''")
    database.run("ALTER TABLE bookings ADD COLUMN open")
    columns = COLUMNS | (dict.fromkeys(MARKS[:1], "open") if marked else {})
    if marked and table == "some":
        database.run("CREATE TRIGGER t INSTEAD OF UPDATE ON some BEGIN SELECT 1; END")
    mapping = TableMapping(table, where, "ms", None, columns, None, writes_status=False)
    with closing(database):
        wanted = foreign.index_wanted(database, foreign.look(database, mapping))
        assert wanted is not None
        if table == "some":
            assert "the column that some.starts is taken from" in wanted
            wanted = 'x: CREATE INDEX by_start ON bookings ("starts")'
        database.run(wanted.partition(": ")[2])
        assert foreign.index_wanted(database, foreign.look(database, mapping)) is None


def test_few_rows_need_no_index(database: Database) -> None:
    database.run("DELETE FROM bookings WHERE starts > 1")
    mapping = TableMapping("bookings", "", "ms", None, COLUMNS, None, writes_status=False)
    with closing(database):
        assert foreign.index_wanted(database, foreign.look(database, mapping)) is None
