"""Nothing is made for a store that cannot be written; what takes access away goes out all the same (CONTRACT §4)."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from coachsync.domain.model import HOUR
from tests.kit.home import JSON, SQLITE
from tests.kit.powers import POWERLESS, mounted_alone, needs_root, small_files
from tests.kit.scene import ID, Scene, Stage

HURRIED = "from coachsync import waits; waits.hurry(sqlite_lock=0.1, json_lock=0.1)\n"
NEXT = "def67890"

Breaking = Callable[[Scene], AbstractContextManager[str]]
"""Makes a store unwritable for a block, and gives the code that a child runs before the program."""


@contextmanager
def _mode(path: Path, mode: int) -> Iterator[str]:
    before = path.stat().st_mode
    path.chmod(mode)
    yield POWERLESS
    path.chmod(before)


def read_only_folder(scene: Scene) -> AbstractContextManager[str]:
    return _mode(scene.folder, 0o500)


def read_only_folder_without_lock(scene: Scene) -> AbstractContextManager[str]:
    Path(f"{scene.file}.coachsync.lock").unlink()
    return _mode(scene.folder, 0o500)


def read_only_file(scene: Scene) -> AbstractContextManager[str]:
    return _mode(scene.file, 0o400)


def full_disk(scene: Scene) -> AbstractContextManager[str]:
    return nullcontext(small_files(8192))


def mounted(scene: Scene) -> AbstractContextManager[str]:
    return nullcontext(mounted_alone(scene.file))


@contextmanager
def locked(scene: Scene) -> Iterator[str]:
    if scene.url == JSON:
        with open(f"{scene.file}.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield ""
    else:
        with closing(sqlite3.connect(scene.file, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield ""


@contextmanager
def table_that_takes_no_column(scene: Scene) -> Iterator[str]:
    """A virtual table without our columns: SQLite adds none to it."""
    columns = "id, status, scheduled_date, duration, student_discord_id, coach_discord_id, guild_id"
    scene.sql(f"CREATE TABLE kept AS SELECT {columns} FROM sessions")
    before = scene.sql("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'sessions' AND sql IS NOT NULL")
    scene.sql("DROP TABLE sessions")
    scene.sql(f"CREATE VIRTUAL TABLE sessions USING fts5 ({columns})")
    scene.sql(f"INSERT INTO sessions ({columns}) SELECT {columns} FROM kept")
    yield ""
    scene.sql("DROP TABLE sessions")
    for _, statement in before:
        scene.sql(statement)
    scene.sql(f"INSERT INTO sessions ({columns}) SELECT {columns} FROM kept")


BOTH: list[Breaking] = [read_only_folder, read_only_folder_without_lock, full_disk, locked]
CASES = [
    *[pytest.param((url, case), id=f"{url[:4]}-{case.__name__}") for url in (SQLITE, JSON) for case in BOTH],
    pytest.param((SQLITE, read_only_file), id="sqlite-read_only_file"),
    pytest.param((SQLITE, table_that_takes_no_column), id="sqlite-table_that_takes_no_column"),
    pytest.param((JSON, mounted), id="json-mounted", marks=needs_root),
]


@pytest.fixture(params=CASES)
def broken(stage: Stage, request: pytest.FixtureRequest) -> tuple[Scene, Breaking]:
    """A scene with an open room of a session that is cancelled since, and another session whose setup is due."""
    url, case = request.param
    scene = stage(store=url)
    scene.book(studentName="x" * 9000)  # larger than what a full disk still takes
    scene.tick()
    scene.change(status="CANCELLED")
    scene.book(NEXT)
    return scene, case


def test_run_makes_nothing_and_takes_access_away(broken: tuple[Scene, Breaking]) -> None:
    scene, breaking = broken
    with breaking(scene) as inject:
        result = scene.program("run", "--json", inject=HURRIED + inject)
    assert (result.code, result.json["error"]["code"]) == (3, "store_error"), result.err
    assert [(a["session"], a["action"], a["outcome"]) for a in result.json["actions"]] == [(ID, "cleanup", "done")]
    assert scene.things() == {}


def test_next_run_that_can_write_records_it_and_goes_on(broken: tuple[Scene, Breaking]) -> None:
    scene, breaking = broken
    with breaking(scene) as inject:
        scene.program("run", inject=HURRIED + inject)
    scene.tick()
    assert sorted(scene.done) == [("cleanup", "done"), ("setup", "done")]
    assert (scene.entry().state, scene.row()["discordCleanedUp"]) == ("closed", True)
    assert scene.row(NEXT)["discordSetupComplete"] is True


@pytest.mark.parametrize(("url", "breaking"), [case.values[0] for case in CASES if not case.marks])
def test_run_asks_discord_nothing_when_there_is_nothing_to_take_away(
    stage: Stage, url: str, breaking: Breaking
) -> None:
    scene = stage(store=url)
    scene.tick()
    scene.book(studentName="x" * 9000)
    scene.standin.clear_requests()
    with breaking(scene) as inject:
        result = scene.program("run", inject=HURRIED + inject)
    assert (result.code, result.out, result.complaint) == (3, "", ["error", "hint"])
    assert scene.standin.requests == []


@pytest.mark.parametrize("access", ["role", "member"])
def test_leaver_loses_access_and_nobody_gains_it(stage: Stage, access: str) -> None:
    scene = stage(store=JSON, access=access)
    scene.book()
    scene.tick()
    scene.change(studentDiscordId=scene.stranger)
    with locked(scene):
        result = scene.program("run", "--json", inject=HURRIED)
        assert [(a["action"], a["error"]["code"]) for a in result.json["actions"]] == [("update", "store_error")]
        assert scene.people_in_reach() == {scene.coach}
    scene.tick()
    assert scene.people_in_reach() == {scene.coach, scene.stranger}


def test_revoke_goes_out_and_is_recorded_later(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book()
    scene.tick()
    scene.change(scheduledDate=scene.now() + 30 * HOUR)
    with locked(scene):
        assert scene.program("run", inject=HURRIED).code == 3
        assert scene.things() == {}
    scene.tick()
    assert scene.done == [("revoke", "done")]
    assert "discordRoleId" not in scene.row()


def test_vanished_room_is_not_made_again(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book()
    scene.tick()
    scene.world.delete_channel(scene.room())
    with locked(scene):
        result = scene.program("run", "--json", inject=HURRIED)
    assert (result.code, scene.rooms()) == (3, [])
    assert [a for a in result.json["actions"] if a["outcome"] == "done"] == []
