"""Booking systems write while runs go on: nothing of theirs is lost, nothing of ours either (CONTRACT §4)."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.domain.model import HOUR
from coachsync.standin.log import Request
from tests.kit.home import JSON, SQLITE
from tests.kit.scene import CHANNELS, ID, QUARTER, Scene, Stage

WRITES = int(os.environ.get("COACHSYNC_TEST_WRITES", "1600"))
WRITERS = 4
HURRIED = "from coachsync import waits; waits.hurry(sqlite_lock=0.5)"
OVER = 5 * HOUR

INTO_SQLITE = """
import sqlite3, sys, time
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = sqlite3.connect(path, timeout=60, isolation_level=None)
for i in range(count):
    time.sleep(0.001)
    key = f"{name}-{i - i % 4}"
    if i % 4 == 0:
        connection.execute("INSERT INTO sessions (id, status, scheduled_date, student_name) VALUES (?, 'DRAFT', ?, ?)",
                           (key, 4000000000000 + i, "0"))
    elif i % 4 == 3 and i % 8 == 7:
        connection.execute("DELETE FROM sessions WHERE id = ?", (key,))
    else:
        connection.execute("UPDATE sessions SET student_name = ? WHERE id = ?", (str(i), key))
"""

INTO_JSON = """
import fcntl, json, os, sys, time
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for i in range(count):
    time.sleep(0.001)
    with open(path + ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(path) as file:
            rows = json.load(file)
        key = f"{name}-{i - i % 4}"
        if i % 4 == 0:
            rows.append({"_id": key, "status": "DRAFT", "scheduledDate": 4000000000000 + i, "studentName": "0"})
        elif i % 8 == 7:
            rows = [row for row in rows if row["_id"] != key]
        else:
            next(row for row in rows if row["_id"] == key)["studentName"] = str(i)
        with open(path + "." + name, "w") as file:
            json.dump(rows, file)
        os.replace(path + "." + name, path)
"""


def writers(scene: Scene, count: int) -> list[subprocess.Popen[bytes]]:
    """Start booking systems that write `count` times each."""
    code = INTO_SQLITE if scene.url == SQLITE else INTO_JSON
    arguments = [sys.executable, "-c", code, str(scene.file)]
    return [subprocess.Popen([*arguments, f"writer{n}", str(count)]) for n in range(WRITERS)]


def left_by(name: str, count: int) -> dict[str, str]:
    """Return what a writer that lost nothing leaves: id → student name."""
    found: dict[str, str] = {}
    for i in range(count):
        key = f"{name}-{i - i % 4}"
        if i % 8 == 7:
            del found[key]
        else:
            found[key] = "0" if i % 4 == 0 else str(i)
    return found


def test_no_write_beside_runs_is_lost(scene: Scene) -> None:
    count = WRITES // WRITERS
    numbers = range(8)
    for i in numbers:
        scene.book(f"mine000{i}", studentDiscordId=scene.person(f"student{i}"))
    busy = writers(scene, count)
    ticks = 0
    while any(w.poll() is None for w in busy):
        scene.change(f"mine000{ticks % 8}", status="CANCELLED" if ticks % 2 else "SCHEDULED")
        scene.tick()
        ticks += 1
    assert [w.wait() for w in busy] == [0] * WRITERS
    assert ticks > 0
    wanted = {k: v for n in range(WRITERS) for k, v in left_by(f"writer{n}", count).items()}
    with scene.store(writable=False) as store:
        rows = {row["_id"]: row for row in store.bookings.export()}
    assert {k: row["studentName"] for k, row in rows.items() if k.startswith("writer")} == wanted
    for i in numbers:
        scene.change(f"mine000{i}", status="SCHEDULED")
    scene.tick()
    assert len(scene.things()) == 16
    assert all(scene.row(f"mine000{i}")["discordSetupComplete"] for i in numbers)


@pytest.mark.parametrize("status", ["NO_SHOW", "DISPUTED", "CANCELLED"])
def test_status_that_is_set_during_a_cleanup_is_not_overwritten(scene: Scene, status: str) -> None:
    scene.book()
    scene.tick()

    def meanwhile(request: Request) -> None:
        if request.method == "DELETE":
            scene.standin.clear_hooks()
            scene.change(status=status)

    scene.standin.before_request(meanwhile)
    scene.tick(OVER)
    assert scene.done == [("cleanup", "done")]
    assert (scene.row()["status"], scene.row()["discordCleanedUp"]) == (status, True)


def test_booking_moved_during_its_cleanup_gets_a_room_at_its_new_time(scene: Scene) -> None:
    scene.book()
    scene.tick()
    later = scene.now() + 48 * HOUR

    def meanwhile(request: Request) -> None:
        if request.method == "DELETE":
            scene.standin.clear_hooks()
            scene.change(scheduledDate=later)

    scene.standin.before_request(meanwhile)
    scene.tick(OVER)
    assert (scene.row()["status"], scene.things()) == ("SCHEDULED", {})
    scene.clock.set(later - 2 * HOUR - QUARTER)
    scene.tick()
    assert scene.done == [("setup", "done")]


def test_status_that_is_set_during_a_setup_stays(scene: Scene) -> None:
    scene.book()
    scene.standin.before_request(lambda r: scene.change(status="NO_SHOW") if r.route == ("POST", CHANNELS) else None)
    scene.tick()
    assert scene.row()["status"] == "NO_SHOW"


def test_cancellation_during_a_setup_is_honoured_by_the_next_run(scene: Scene) -> None:
    scene.book()
    scene.standin.before_request(lambda r: scene.change(status="CANCELLED") if r.route == ("POST", CHANNELS) else None)
    scene.tick()
    scene.tick(QUARTER)
    assert (scene.things(), scene.row()["status"]) == ({}, "CANCELLED")


def test_move_during_a_setup_is_honoured_by_the_next_run(scene: Scene) -> None:
    scene.book()
    later = scene.now() + 48 * HOUR
    scene.standin.before_request(lambda r: scene.change(scheduledDate=later) if r.route == ("POST", CHANNELS) else None)
    scene.tick()
    scene.standin.clear_hooks()
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("revoke", "done")], {})
    assert scene.row()["scheduledDate"] == later


def delete(scene: Scene, session_id: str) -> None:
    """Delete a booking as its booking system does."""
    if scene.url == SQLITE:
        scene.sql("DELETE FROM sessions WHERE id = ?", session_id)
        return
    with open(f"{scene.file}.lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = [row for row in json.loads(scene.file.read_bytes()) if row["_id"] != session_id]
        scene.file.write_text(json.dumps(rows))


def test_booking_deleted_during_its_setup_does_not_come_back(scene: Scene) -> None:
    scene.book()
    scene.book("def67890")
    seen: list[str] = []

    def meanwhile(request: Request) -> None:
        if request.route == ("POST", CHANNELS) and not seen:
            seen.append(request.path)
            delete(scene, ID)

    scene.standin.before_request(meanwhile)
    scene.tick()
    with scene.store(writable=False) as store:
        assert [row["_id"] for row in store.bookings.export()] == ["def67890"]
    for _ in range(3):  # two that miss it, and the one that takes its room away
        scene.tick(QUARTER)
    assert scene.rooms() == []
    assert len(scene.things()) == 2


def test_booking_made_during_a_run_is_served_by_the_next(scene: Scene) -> None:
    scene.book()
    scene.standin.before_request(lambda r: scene.book("def67890") if r.route == ("POST", CHANNELS) else None)
    scene.tick()
    scene.standin.clear_hooks()
    scene.tick(QUARTER)
    assert len(scene.things()) == 4


def test_marks_that_a_booking_system_resets_are_restored(scene: Scene) -> None:
    scene.book()
    scene.tick()
    room, role = scene.room(), scene.role()
    if scene.url == SQLITE:
        scene.sql("UPDATE sessions SET discord_setup_complete = 0, discord_role_id = NULL, discord_channel_id = NULL")
    else:
        rows = json.loads(scene.file.read_bytes())
        mine = ("discordSetupComplete", "discordRoleId", "discordChannelId")
        scene.file.write_text(json.dumps([{k: v for k, v in row.items() if k not in mine} for row in rows]))
    scene.tick(QUARTER)
    assert (scene.writes, scene.row()["discordRoleId"], scene.row()["discordChannelId"]) == ([], role, room)


# what foreign values look like

FOREIGN = (
    b'{ "price" : 12.50 ,"big":123456789012345678901234567890, "exp": 1E400, "neg": -0, "low": 1e-7,\n'
    b'  "half": "\\ud83d", "esc": "\\u0041\\/", "dup": 1, "dup": 2,\n'
    b' "nested": {"a": [1.0, {"b": null}]}, "\\u00e9": "\xc3\xa9" }'
)


def foreign_store(scene: Scene) -> None:
    """Add a booking among values that only exact copying keeps."""
    scene.book()
    own = json.loads(scene.file.read_bytes())[0]
    text = json.dumps(own)[:-1].encode() + b', "extra": ' + FOREIGN + b"}"
    before = b' { "version" : 1.10, "sessions" :[\n\t' + text + b" ,\n " + b'{"_id": "alien", "extra": '
    scene.file.write_bytes(before + FOREIGN + b'}]  , "tail" : [ 1.0 ] }\n')


def test_foreign_json_values_survive_a_whole_life_to_the_letter(stage: Stage) -> None:
    scene = stage(store=JSON)
    foreign_store(scene)
    scene.tick()
    assert scene.row()["discordSetupComplete"]
    scene.tick(OVER)
    assert scene.row()["discordCleanedUp"]
    after = scene.file.read_bytes()
    assert after.count(FOREIGN) == 2
    assert after.startswith(b' { "version" : 1.10, "sessions" :[\n\t')
    assert after.endswith(b'{"_id": "alien", "extra": ' + FOREIGN + b'}]  , "tail" : [ 1.0 ] }\n')


def test_journal_mode_and_foreign_columns_of_a_database_stay(stage: Stage) -> None:
    scene = stage()
    scene.sql("PRAGMA journal_mode = WAL")
    scene.sql("ALTER TABLE sessions ADD COLUMN price REAL DEFAULT 12.5")
    scene.sql("CREATE TABLE invoices (id INTEGER PRIMARY KEY, session TEXT)")
    scene.book()
    scene.tick()
    scene.tick(OVER)
    assert scene.sql("PRAGMA journal_mode") == [("wal",)]
    assert scene.sql("SELECT price FROM sessions") == [(12.5,)]
    assert scene.sql("PRAGMA integrity_check") == [("ok",)]


def test_store_locked_for_a_while_by_its_booking_system_is_waited_for(stage: Stage) -> None:
    scene = stage()
    scene.book()
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        run = scene.popen("run")
        time.sleep(1.5)
        other.execute("COMMIT")
        assert run.communicate(timeout=20)[1] == ""
    assert run.returncode == 0


def test_store_locked_for_good_is_told_in_two_lines_and_mended_by_the_next_run(stage: Stage) -> None:
    scene = stage()
    scene.book()
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = scene.program("run", inject=HURRIED)
    assert (result.code, result.complaint) == (3, ["error", "hint"])
    assert scene.standin.requests == []
    assert scene.program("run").code == 0


def test_store_that_is_locked_in_the_middle_of_a_run_loses_nothing(stage: Stage) -> None:
    scene = stage(discord='timeout = "20s"')
    scene.book()
    hold: list[sqlite3.Connection] = []

    def lock(request: Request) -> None:
        if request.route == ("POST", CHANNELS):
            scene.standin.clear_hooks()
            hold.append(sqlite3.connect(scene.file, isolation_level=None, check_same_thread=False))
            hold[0].execute("BEGIN IMMEDIATE")

    scene.standin.before_request(lock)
    result = scene.program("run", inject=HURRIED)
    hold[0].close()
    assert result.code in (1, 3), result.err
    assert "Traceback" not in result.err
    assert "bug" not in result.err
    scene.tick(QUARTER)
    assert (scene.report.exit_code, len(scene.rooms()), len(scene.roles())) == (0, 1, 1)
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_leftover_of_a_killed_replacement_is_taken_away(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book()
    beside = Path(f"{scene.file}.coachsync-new")
    beside.write_bytes(b"half of a fi")
    scene.tick()
    assert (scene.done, beside.exists()) == ([("setup", "done")], False)
