"""A booking system that runs as another user, as the guide sets it up: a folder of a common group, set-group-id."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.host.flock import take
from tests.kit.fork import code_of, fork, import_all
from tests.kit.home import JSON, ROOT, SQLITE, Home
from tests.kit.powers import as_user, needs_root
from tests.kit.scene import Stage
from tests.kit.town import T0, TOKEN

pytestmark = needs_root
SERVICE, WEBSHOP, STRANGER, GROUP = 54_001, 54_002, 54_003, 54_100
AS_SERVICE = as_user(SERVICE, SERVICE, GROUP)
SETUP = ROOT / "contrib/sudo/coachsync-setup"
SUDOERS = ROOT / "contrib/sudo/coachsync.sudoers"


@pytest.fixture
def shared() -> Iterator[Path]:
    """Return a folder as `install -d -m 2770 -o coachsync -g bookings` makes it."""
    folder = Path(tempfile.mkdtemp(prefix="coachsync-shared-"))
    os.chown(folder, SERVICE, GROUP)
    folder.chmod(0o2770)
    yield folder
    shutil.rmtree(folder)


def acted(act: Callable[[], object], uid: int, *groups: int) -> int:
    """Do something as another user, with a umask as the guide asks for; return 0 if nothing was raised."""
    import_all()
    pid = fork()
    if pid == 0:
        try:
            os.setgroups(list(groups))
            os.setgid(uid)
            os.setuid(uid)
            os.umask(0o007)
            act()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must not return into the tests
            os._exit(1)
    return code_of(pid)


def settled(folder: Path, url: str, base: str, guild: str) -> Home:
    """Return a home that the service's user made with `init`; the configuration says where Discord is."""
    home = Home(folder, url)
    made = home.run("init", "--yes", "--guild-id", guild, "--store", url, inject=AS_SERVICE)
    assert made.code == 0, made.err
    home.config.write_text(home.config.read_text().replace("https://discord.com/api/v10", base))
    return home


def booked(home: Home, student: str, coach: str) -> Callable[[], None]:
    """Return what books a session as the booking system does: by SQL, or into the file under its lock."""
    at = T0 + 9_000_000

    def by_sql() -> None:
        with closing(sqlite3.connect(home.file)) as database:
            database.execute(
                "INSERT INTO sessions (id, status, scheduled_date, student_discord_id, coach_discord_id)"
                f" VALUES ('abc12345', 'SCHEDULED', {at}, '{student}', '{coach}')"
            )
            database.commit()

    def into_the_file() -> None:
        row = {"_id": "abc12345", "status": "SCHEDULED", "scheduledDate": at}
        with open(f"{home.file}.lock", "a") as lock:
            assert take(lock.fileno(), 1.0, 0.01)
            home.file.write_text(json.dumps([row | {"studentDiscordId": student, "coachDiscordId": coach}]))

    return by_sql if home.url == SQLITE else into_the_file


@pytest.mark.parametrize("url", [SQLITE, JSON], ids=["sqlite", "json"])
def test_other_user_books_and_the_service_opens_and_closes(stage: Stage, shared: Path, url: str) -> None:
    scene = stage()
    home = settled(shared, url, scene.standin.base_url, scene.guild)
    assert home.run("run", inject=AS_SERVICE, COACHSYNC_TOKEN=TOKEN).code == 0

    assert acted(booked(home, scene.student, scene.coach), WEBSHOP, GROUP) == 0
    asked = ("setup", "--wait", "60", "--now", str(T0), "--", "abc12345")
    made = home.run(*asked, inject=AS_SERVICE, COACHSYNC_TOKEN=TOKEN)
    assert made.code == 0, made.err
    assert scene.people_in_reach() == {scene.student, scene.coach}

    def cancel() -> None:
        if url == SQLITE:
            with closing(sqlite3.connect(home.file)) as database:
                database.execute("UPDATE sessions SET status = 'CANCELLED'")
                database.commit()
        else:
            (row,) = json.loads(home.file.read_text())
            assert row["discordSetupComplete"] is True
            home.file.write_text(json.dumps([row | {"status": "CANCELLED"}]))

    assert acted(cancel, WEBSHOP, GROUP) == 0
    ended = home.run("run", "--now", str(T0 + 900_000), inject=AS_SERVICE, COACHSYNC_TOKEN=TOKEN)
    assert ended.code == 0, ended.err
    assert scene.rooms() == []


@pytest.mark.parametrize("url", [SQLITE, JSON], ids=["sqlite", "json"])
def test_files_in_a_shared_folder_are_the_groups_and_nobody_elses(stage: Stage, shared: Path, url: str) -> None:
    scene = stage()
    home = settled(shared, url, scene.standin.base_url, scene.guild)
    assert acted(booked(home, scene.student, scene.coach), WEBSHOP, GROUP) == 0
    assert home.run("run", "--now", str(T0), inject=AS_SERVICE, COACHSYNC_TOKEN=TOKEN).code == 0
    found = {path.name: path.stat() for path in shared.iterdir()}
    modes = {name: oct(entry.st_mode & 0o777) for name, entry in found.items()}
    assert {mode for name, mode in modes.items() if not name.endswith((".toml", ".coachsync.lock"))} == {"0o660"}
    assert modes[f"{home.file.name}.coachsync.lock"] == modes["config.toml"] == "0o600"
    assert {entry.st_gid for entry in found.values()} == {GROUP}
    assert acted(home.file.read_bytes, STRANGER) == 1


@pytest.mark.parametrize("url", [SQLITE, JSON], ids=["sqlite", "json"])
def test_files_in_a_folder_of_its_own_are_closed_to_all_others(stage: Stage, shared: Path, url: str) -> None:
    scene = stage()
    shared.chmod(0o755)
    home = settled(shared, url, scene.standin.base_url, scene.guild)
    home.run("sessions", "add", "--student", scene.student, "--coach", scene.coach, "--id", "abc12345",
             "--start", "2026-10-14T17:30:00Z", inject=AS_SERVICE)  # fmt: skip
    assert home.run("run", "--now", str(T0), inject=AS_SERVICE, COACHSYNC_TOKEN=TOKEN).code == 0
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in shared.iterdir()}
    assert set(modes.values()) == {"0o600"} or (url == JSON and modes.pop("sessions.json.lock") == "0o600"), modes
    for name in modes:
        assert acted((shared / name).read_bytes, STRANGER, GROUP) == 1


def test_json_store_that_another_user_moved_there_is_refused_with_the_reason(stage: Stage, shared: Path) -> None:
    scene = stage()
    home = settled(shared, JSON, scene.standin.base_url, scene.guild)

    def move() -> None:
        new = shared / "new.json"
        booked(home, scene.student, scene.coach)()
        shutil.copyfile(home.file, new)
        new.chmod(0o660)
        new.rename(home.file)

    assert acted(move, WEBSHOP, GROUP) == 0
    result = home.run("run", "--now", str(T0), inject=AS_SERVICE, COACHSYNC_TOKEN=TOKEN)
    assert result.code == 3
    assert "owner" in result.err
    assert scene.rooms() == []


# asking for one room through sudo


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    """Return the script that sudo calls, for a program that says how it was called."""
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "script"
    script.write_text(SETUP.read_text().replace("/opt/coachsync/bin/coachsync", str(program)))
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("given", ["abc12345", "--config=/tmp/mine.toml", "a b", "$(id)", "--abandon"])
def test_script_for_sudo_asks_for_one_session_whatever_it_is_called(asking: Path, given: str) -> None:
    done = subprocess.run([asking, given], capture_output=True, text=True, check=True)
    assert done.stdout == f"--config|/etc/coachsync/config.toml|setup|--wait|60|--|{given}|"


@pytest.mark.parametrize("given", [[], ["abc12345", "--config=/tmp/mine.toml"]])
def test_script_for_sudo_takes_nothing_but_one_session(asking: Path, given: list[str]) -> None:
    done = subprocess.run([asking, *given], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_script_for_sudo_is_executable_and_the_only_thing_allowed() -> None:
    assert os.access(SETUP, os.X_OK)
    rules = [line for line in SUDOERS.read_text().splitlines() if line.startswith("webshop")]
    assert rules == ["webshop ALL=(coachsync) NOPASSWD: /usr/local/sbin/coachsync-setup"]


@pytest.mark.tools
def test_sudoers_file_is_well_formed() -> None:
    if shutil.which("visudo") is None:
        pytest.skip("sudo is not installed")
    done = subprocess.run(["visudo", "--check", "--file", SUDOERS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
