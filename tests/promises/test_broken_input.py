"""Broken stores, configurations and rows through the command: exit status, two lines, not a byte changed."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coachsync.domain.model import HOUR, MINUTE
from tests.kit.home import GUILD, JSON, SQLITE, Home, Result
from tests.kit.scene import ID, QUARTER, Stage
from tests.kit.town import T0, TOKEN

GOOD = f'[discord]\nguild_id = "{GUILD}"\napi_base = "http://127.0.0.1:9/"\n'


def snapshot(folder: Path) -> dict[str, object]:
    """Return every file with its bytes, mode and time, and every link and directory."""
    return {
        str(p): (os.lstat(p).st_mode, os.lstat(p).st_mtime_ns, p.read_bytes() if p.is_file() else b"")
        for p in folder.rglob("*")
    }


def refused(home: Home, code: int, *arguments: str, inject: str = "") -> Result:
    """Run a command that must be refused in two lines without a byte changed."""
    before = snapshot(home.folder)
    result = home.run(*arguments, inject=inject, COACHSYNC_TOKEN=TOKEN)
    assert (result.code, result.out, result.complaint) == (code, "", ["error", "hint"]), result.err
    assert "Traceback" not in result.err
    assert snapshot(home.folder) == before
    return result


# configurations

MORE: dict[str, str | bytes] = {
    "no store": "",
    "store of another kind": '[store]\nurl = "mysql://localhost/x"\n',
    "store is a number": "[store]\nurl = 5\n",
    "store with nul": '[store]\nurl = "sqlite:///a\\u0000b"\n',
    "store without path": '[store]\nurl = "sqlite:///"\n',
    "guild id as a number": b"[discord]\nguild_id = 1100000000000000000\n",
    "guild id as words": b'[discord]\nguild_id = "my guild"\n',
    "guilds key no id": '[store]\nurl = "sqlite:///s.db"\n[guilds.main]\naccess = "role"\n',
    "negative window": '[store]\nurl = "sqlite:///s.db"\n[windows]\nsetup_opens = "-3h"\n',
    "endless window": '[store]\nurl = "sqlite:///s.db"\n[windows]\nsetup_opens = "99999999999h"\n',
    "no concurrency": 'concurrency = 0\n[store]\nurl = "sqlite:///s.db"\n',
    "no requests": 'max_requests_per_second = 0\n[store]\nurl = "sqlite:///s.db"\n',
    "no time": 'timeout = "0s"\n[store]\nurl = "sqlite:///s.db"\n',
    "access of a third kind": 'access = "all"\n[store]\nurl = "sqlite:///s.db"\n',
    "staff is no list": 'staff_role_ids = "5"\n[store]\nurl = "sqlite:///s.db"\n',
    "statuses overlap": '[store]\nurl = "sqlite:///s.db"\n[statuses]\nbookable = ["A"]\ncancelled = ["A"]\n',
    "naming without short": '[store]\nurl = "sqlite:///s.db"\n[naming]\nchannel = "room"\n',
    "naming with unknown field": '[store]\nurl = "sqlite:///s.db"\n[naming]\nchannel = "{short} {mood}"\n',
    "naming with broken braces": '[store]\nurl = "sqlite:///s.db"\n[naming]\nchannel = "{short"\n',
    "role names a person": '[store]\nurl = "sqlite:///s.db"\n[naming]\nrole = "{short} {student}"\n',
    "utf-16": ("\ufeff" + GOOD).encode("utf-16"),
    "nul bytes": GOOD.encode() + b"\0" * 10,
    "table twice": '[store]\nurl = "sqlite:///s.db"\n[store]\nurl = "sqlite:///t.db"\n',
}
CONFIGS = {kind: more if isinstance(more, bytes) else (GOOD + more).encode() for kind, more in MORE.items()}


@pytest.mark.parametrize("kind", CONFIGS)
def test_broken_configuration_is_refused(bare: Home, kind: str) -> None:
    bare.config.write_bytes(CONFIGS[kind])
    refused(bare, 3, "run")


def test_configuration_that_is_a_directory_or_cannot_be_read_is_refused(bare: Home) -> None:
    bare.config.mkdir()
    refused(bare, 3, "run")
    bare.config.rmdir()
    bare.config.symlink_to("nowhere.toml")
    refused(bare, 3, "run")


# stores


def database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def damage(path: Path) -> None:
    """Make a database with a page overwritten in its middle."""
    rows = ", ".join(f"('{i}', '{'x' * 500}')" for i in range(200))
    database(path, "CREATE TABLE sessions (id TEXT PRIMARY KEY, status TEXT)", f"INSERT INTO sessions VALUES {rows}")
    data = bytearray(path.read_bytes())
    data[4096:-4096] = os.urandom(len(data) - 8192)
    path.write_bytes(data)


OWN = "CREATE TABLE sessions (id TEXT, status TEXT, scheduled_date INTEGER, student_discord_id TEXT"

SQL_STORES: dict[str, Callable[[Path], object]] = {
    "empty file": lambda p: p.write_bytes(b""),
    "text": lambda p: p.write_text("id;status\n1;SCHEDULED\n" * 99),
    "binary": lambda p: p.write_bytes(os.urandom(9000)),
    "json": lambda p: p.write_text("[]"),
    "header only": lambda p: p.write_bytes(b"SQLite format 3\0" + b"\0" * 84),
    "damaged": damage,
    "no table": lambda p: database(p, "CREATE TABLE bookings (id TEXT)"),
    "table of a web framework": lambda p: database(p, "CREATE TABLE sessions (sid TEXT PRIMARY KEY, sess JSON)"),
    "django's": lambda p: database(p, "CREATE TABLE sessions (session_key TEXT, session_data TEXT, expire_date TEXT)"),
    "one column short": lambda p: database(p, f"{OWN})"),
    "a view": lambda p: database(p, "CREATE VIEW sessions AS SELECT 1 AS id"),
    "directory": lambda p: p.mkdir(),
    "dangling link": lambda p: p.symlink_to("gone.db"),
    "link to itself": lambda p: p.symlink_to(p.name),
    "named pipe": os.mkfifo,
}

JSON_STORES: dict[str, Callable[[Path], object]] = {
    "empty file": lambda p: p.write_bytes(b""),
    "white space": lambda p: p.write_bytes(b" \n\t"),
    "truncated": lambda p: p.write_bytes(b'[{"_id": "a", "status": "SCH'),
    "two documents": lambda p: p.write_bytes(b"[] []"),
    "trailing comma": lambda p: p.write_bytes(b'[{"_id": "a"},]'),
    "binary": lambda p: p.write_bytes(os.urandom(9000)),
    "database": lambda p: database(p, "CREATE TABLE sessions (id TEXT)"),
    "utf-16": lambda p: p.write_bytes("[]".encode("utf-16")),
    "object without sessions": lambda p: p.write_bytes(b'{"bookings": []}'),
    "sessions no array": lambda p: p.write_bytes(b'{"sessions": {}}'),
    "number": lambda p: p.write_bytes(b"42"),
    "null": lambda p: p.write_bytes(b"null"),
    "nested without end": lambda p: p.write_bytes(b"[" * 200_000),
    "directory": lambda p: p.mkdir(),
    "dangling link": lambda p: p.symlink_to("gone.json"),
    "named pipe": os.mkfifo,
}


def broken_home(home: Home, url: str, make: Callable[[Path], object]) -> Home:
    home.config.write_text(f'{GOOD}[store]\nurl = "{url}"\n', "utf-8")
    make(home.folder / url.rpartition("/")[2])
    return home


@pytest.mark.parametrize("kind", SQL_STORES)
def test_broken_database_stops_the_run_and_stays_as_it_is(bare: Home, kind: str) -> None:
    refused(broken_home(bare, SQLITE, SQL_STORES[kind]), 3, "run")


@pytest.mark.parametrize("kind", JSON_STORES)
def test_broken_json_file_stops_the_run_and_stays_as_it_is(bare: Home, kind: str) -> None:
    hurried = "from coachsync import waits; waits.hurry(malformed=0.1)"
    refused(broken_home(bare, JSON, JSON_STORES[kind]), 3, "run", inject=hurried)


def test_foreign_table_error_names_what_is_missing(bare: Home) -> None:
    result = refused(broken_home(bare, SQLITE, SQL_STORES["table of a web framework"]), 3, "run")
    for column in ("id", "status", "scheduled_date", "student_discord_id", "coach_discord_id"):
        assert column in result.err


@pytest.mark.parametrize("url", [SQLITE, JSON], ids=["sqlite", "json"])
def test_root_is_refused_on_the_services_files_with_the_line_to_type(bare: Home, url: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be refused")
    bare.settle(url)
    path = bare.folder / url.rpartition("/")[2]
    os.chown(path, 65534, 65534)
    for command in (["run"], ["cleanup", ID, "--abandon"]):
        result = refused(bare, 3, *command)
        assert "sudo -u nobody coachsync" in result.err
    assert bare.run("status").code == 0


def test_ledger_that_is_damaged_stops_the_run_and_stays_as_it_is(bare: Home) -> None:
    bare.settle(JSON)
    (bare.folder / "sessions.json.coachsync.db").write_bytes(os.urandom(9000))
    refused(bare, 3, "run")


def test_huge_json_file_is_served(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book()
    (mine,) = json.loads(scene.file.read_bytes())
    old = {"status": "COMPLETED", "scheduledDate": T0 - 90 * 24 * HOUR, "discordCleanedUp": True, "note": "x" * 300}
    scene.file.write_text(json.dumps([*({"_id": f"old{i}"} | old for i in range(50_000)), mine]))
    scene.tick()
    assert scene.done == [("setup", "done")]
    assert len(json.loads(scene.file.read_bytes())) == 50_001


# single bad rows

BAD_ROWS: dict[str, Any] = {
    "no id": {"_id": None},
    "empty id": {"_id": ""},
    "id as a number": {"_id": 5},
    "id as an array": {"_id": ["a"]},
    "status as a number": {"status": 5},
    "start as text": {"scheduledDate": "2026-10-14T13:00:00Z"},
    "start in seconds": {"scheduledDate": T0 // 1000},
    "start as a fraction": {"scheduledDate": T0 + 0.5},
    "start true": {"scheduledDate": True},
    "start beyond 64 bits": {"scheduledDate": 10**30},
    "duration negative": {"duration": -5},
    "duration zero": {"duration": 0},
    "duration of a week": {"duration": 10_080},
    "duration as text": {"duration": "an hour"},
    "student as a number": {"studentDiscordId": 1100000000000000010},
    "student as a name": {"studentDiscordId": "john#1234"},
    "coach as an object": {"coachDiscordId": {"id": "5"}},
    "guild as a number": {"guildId": 5},
    "setup complete as text": {"discordSetupComplete": "yes"},
    "role as a fraction": {"discordRoleId": 5.5},
    "channel as text": {"discordChannelId": "general"},
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_bad_row_fails_alone(stage: Stage, kind: str) -> None:
    scene = stage(store=JSON)
    scene.book("good0001")
    (good,) = json.loads(scene.file.read_bytes())
    bad = good | {"_id": "bad00001"} | BAD_ROWS[kind]
    scene.file.write_text(json.dumps([bad, good]))
    scene.tick()
    assert sorted(scene.done) == [("setup", "done"), ("setup", "failed")]
    assert scene.codes == ["invalid"]
    assert list(scene.world.channel_names(scene.guild).values()) == ["🎤 coaching-good0001"]
    assert json.loads(scene.file.read_bytes())[0] == bad


@pytest.mark.parametrize("row", [5, "text", None, [], [1], True, {}])
def test_row_that_is_no_booking_fails_alone(stage: Stage, row: Any) -> None:
    scene = stage(store=JSON)
    scene.book("good0001")
    (good,) = json.loads(scene.file.read_bytes())
    scene.file.write_text(json.dumps([row, good]))
    scene.tick()
    assert ("setup", "done") in scene.done
    assert scene.codes == ["invalid"]
    assert json.loads(scene.file.read_bytes())[0] == row


def test_numbers_in_other_clothes_are_numbers(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book("good0001")
    (good,) = json.loads(scene.file.read_bytes())
    as_text = good | {"_id": "text0001", "scheduledDate": str(good["scheduledDate"]), "duration": "60"}
    as_float = good | {"_id": "float001", "scheduledDate": float(good["scheduledDate"]), "duration": 60.0}
    scene.file.write_text(json.dumps([as_text, as_float]))
    scene.tick()
    assert (scene.done, scene.report.exit_code) == ([("setup", "done")] * 2, 0)
    scene.tick(5 * HOUR)
    assert {row["status"] for row in json.loads(scene.file.read_bytes())} == {"COMPLETED"}


def test_id_that_occurs_twice_makes_both_invalid_and_nobody_else(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book("good0001")
    (good,) = json.loads(scene.file.read_bytes())
    twin = good | {"_id": "twin0001"}
    scene.file.write_text(json.dumps([twin, good, twin]))
    scene.tick()
    assert set(scene.codes) == {"invalid"}
    assert list(scene.world.channel_names(scene.guild).values()) == ["🎤 coaching-good0001"]


@pytest.mark.parametrize(
    "change",
    [
        "scheduled_date = x'00ff'",
        "scheduled_date = 'soon'",
        "scheduled_date = 1.5",
        "duration = 'long'",
        "student_discord_id = x'00'",
        "discord_setup_complete = 'yes'",
        "status = x'ff'",
        "discord_channel_id = 'general'",
    ],
)
def test_bad_row_of_a_database_fails_alone(stage: Stage, change: str) -> None:
    scene = stage()
    scene.book("good0001")
    scene.book("bad00001")
    scene.sql(f"UPDATE sessions SET {change} WHERE id = 'bad00001'")
    before = scene.sql("SELECT * FROM sessions WHERE id = 'bad00001'")
    scene.tick()
    assert ("setup", "done") in scene.done
    assert scene.world.find_channels(scene.guild, "🎤 coaching-bad00001") == []
    assert scene.sql("SELECT * FROM sessions WHERE id = 'bad00001'") == before
    scene.tick(QUARTER)
    assert scene.world.find_channels(scene.guild, "🎤 coaching-bad00001") == []


# arguments

ARGUMENTS: list[list[str]] = [
    ["run", "--now", "2026-02-30T00:00Z"],
    ["run", "--now", "1791990000"],
    ["run", "--now", ""],
    ["run", "--wait", "-inf"],
    ["run", "--wait", ""],
    ["run", "--abandon"],
    ["setup", "--abandon", "x"],
    ["cleanup", "--all"],
    ["explain", "a", "b"],
    ["--log-format"],
    ["--config", "a", "--config"],
    ["sessions", "show"],
    ["sessions", "cancel"],
    ["sessions", "nonsense"],
    ["sessions", "reschedule", ID],
    ["sessions", "add", "--student", "5", "--coach", "6", "--start", "2099-01-01T00:00Z"],
    ["sessions", "add", "--student", GUILD, "--coach", GUILD, "--start", "2099-13-01T00:00Z"],
    ["sessions", "add", "--student", GUILD, "--coach", GUILD, "--start", "2099-01-01 00:00"],
    ["sessions", "add", "--student", GUILD, "--coach", GUILD, "--start", "2099-01-01 00:00", "--tz", "Mars/Olympus"],
    ["sessions", "add", "--student", GUILD, "--coach", GUILD, "--start", "2099-01-01T00:00Z", "--duration", "2 weeks"],
    ["sessions", "add", "--student", GUILD, "--coach", GUILD, "--start", "2099-01-01T00:00Z", "--id", ""],
    ["sessions", "add", "--student", GUILD, "--coach", GUILD, "--start", "4070908800"],
    ["init", "--yes"],
    ["\x1b[31mred"],
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda a: " ".join(a).replace("\x1b", ""))
def test_senseless_arguments_are_refused(bare: Home, arguments: list[str]) -> None:
    bare.settle()
    result = refused(bare, 2, *arguments)
    assert "\x1b" not in result.err


# a row that its booking system guards

GUARD = """CREATE TRIGGER guard BEFORE UPDATE ON sessions WHEN OLD.id = 'abc12345'
BEGIN SELECT RAISE(ABORT, 'this row is settled'); END"""


def test_row_that_refuses_our_marks_does_not_keep_others_from_their_rooms(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.sql(GUARD)
    scene.tick()
    assert scene.codes == ["store_error"]
    scene.clock.advance(3 * HOUR + 50 * MINUTE)  # ended, and not cleaned up yet: its marks would be restored
    scene.book("def67890")
    scene.tick()
    assert ("setup", "done") in scene.done


def test_row_that_refuses_to_be_taken_over_does_not_keep_others_from_their_rooms(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.forget()
    scene.sql("UPDATE sessions SET discord_role_id = NULL")
    scene.sql(GUARD)
    scene.book("def67890")
    scene.tick(QUARTER)
    assert (scene.codes, ("setup", "done") in scene.done) == (["store_error"], True)


def test_missing_store_is_asked_about_before_a_new_one_is_made(bare: Home) -> None:
    for url in (SQLITE, JSON):
        bare.config.write_text(f'{GOOD}[store]\nurl = "{url}"\n', "utf-8")
        said = refused(bare, 3, "run").err
        assert said.index("was it moved?") < said.index("coachsync init")


@pytest.mark.parametrize("command", [["run"], ["status"], ["sessions", "list"], ["explain", ID]])
@pytest.mark.parametrize("how", ["moved", "emptied"])
def test_lost_store_of_which_open_rooms_are_remembered_says_so(stage: Stage, command: list[str], how: str) -> None:
    scene = stage(store=JSON)
    scene.book()
    scene.tick()
    scene.file.unlink() if how == "moved" else scene.file.write_bytes(b"")
    said = scene.program(*command, inject="from coachsync import waits; waits.hurry(malformed=0.1)")
    assert (said.code, said.complaint) == (3, ["error", "hint"])
    assert "the ledger beside it remembers 1 open rooms" in said.err


def test_lost_database_that_an_earlier_run_worked_on_says_so(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.file.unlink()
    assert "an earlier run worked on it" in scene.program("run").err
