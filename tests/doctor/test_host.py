"""What may be broken on a host: each is a finding with its remedy, none stops the checks that can still be made."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.doctor.checks import DoctorRequest, examine
from coachsync.domain.finding import Finding
from coachsync.errors import StoreError
from coachsync.store.open import Location
from coachsync.store.proof import prove_writable
from tests.doctor.conftest import examined
from tests.kit.home import JSON, SQLITE, Home
from tests.kit.ordinary import as_ordinary_user
from tests.kit.scene import Scene
from tests.kit.town import TOKEN


@pytest.fixture(params=[SQLITE, JSON], ids=["sqlite", "json"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """Return an installation on each kind of store."""
    return Home(tmp_path).settle(request.param)


def offline(home: Home, **environ: str) -> list[Finding]:
    """Return what is amiss on the host itself, schedules aside."""
    request = DoctorRequest(str(home.config), {"COACHSYNC_TOKEN": TOKEN} | environ, offline=True)
    return [f for f in examine(request) if f.level != "ok" and f.check != "schedule"]


def only(home: Home, **environ: str) -> Finding:
    (found,) = offline(home, **environ)
    return found


def test_sound_host_has_nothing_amiss(home: Home) -> None:
    assert offline(home) == []


# configuration and token


def test_every_problem_of_a_configuration_is_a_finding(home: Home) -> None:
    home.config.write_text('[discord]\nguild_id = 5\ncolour = "red"\n', "utf-8")
    found = offline(home)
    assert [f.check for f in found] == ["config"] * 3
    assert all(str(home.config) in f.message for f in found)


def test_missing_configuration_is_a_finding(home: Home) -> None:
    home.config.unlink()
    assert "does not exist" in only(home).message


def test_configuration_that_is_no_toml_is_a_finding(home: Home) -> None:
    home.config.write_text("[[[", "utf-8")
    assert "is not valid TOML" in only(home).message


def test_token_that_is_nowhere_is_a_finding(home: Home) -> None:
    assert (only(home, COACHSYNC_TOKEN="").check, "no bot token" in only(home, COACHSYNC_TOKEN="").message) == (
        "token",
        True,
    )


def token_file(home: Home, name: str = "token") -> Path:
    with home.config.open("a", encoding="utf-8") as file:
        file.write(f'\n[guilds.1200000000000000000]\ntoken_file = "{name}"\n')
    return home.folder / name


def test_token_that_is_a_pipe_is_a_finding(home: Home) -> None:
    os.mkfifo(token_file(home))
    assert "no regular file" in only(home).message


def test_token_with_a_line_break_inside_is_a_finding_that_shows_nothing_of_it(home: Home) -> None:
    token_file(home).write_text(f"{TOKEN}\n{TOKEN}\n", "utf-8")
    assert ("more than one line" in only(home).message, TOKEN in only(home).message) == (True, False)


def test_token_file_that_others_read_is_a_warning_with_the_command(home: Home) -> None:
    path = token_file(home)
    path.write_text(TOKEN, "utf-8")
    path.chmod(0o644)
    assert (only(home).check, only(home).hint) == ("files", f"chmod 600 {path}")


def test_variable_of_another_bot_than_the_token_file_is_told(home: Home) -> None:
    text = home.config.read_text("utf-8").replace("[discord]", '[discord]\ntoken_file = "token"', 1)
    home.config.write_text(text, "utf-8")
    path = home.folder / "token"
    path.write_text(TOKEN.replace("MTEwMDAwMDAwMDAwMDAwMDAwMQ", "MTEwMDAwMDAwMDAwMDAwMDAwMg"), "utf-8")
    path.chmod(0o600)
    assert (only(home).check, only(home).level) == ("token", "warning")


# store


def test_store_that_is_not_there_is_a_finding_and_the_rest_goes_on(home: Home) -> None:
    home.file.unlink()
    assert [f.check for f in offline(home, COACHSYNC_TOKEN="")] == ["token", "store"]


def test_store_that_is_damaged_is_one_finding(home: Home) -> None:
    home.file.write_bytes(b"\0" * 5000)
    assert (only(home).check, only(home).level) == ("store", "failure")


def test_store_that_everybody_reads_is_a_warning(home: Home) -> None:
    home.file.chmod(0o644)
    assert (only(home).check, only(home).level) == ("store", "warning")


def test_table_without_a_column_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path).settle(SQLITE)
    with closing(sqlite3.connect(home.file)) as connection:
        connection.execute("ALTER TABLE sessions RENAME COLUMN coach_discord_id TO mentor")
        connection.execute("ALTER TABLE sessions RENAME COLUMN participants TO others")
    assert "lacks coach_discord_id" in only(home).message


def test_store_in_a_folder_that_may_not_be_written_is_found() -> None:
    def check(folder: Path) -> None:
        for url in (SQLITE, JSON):
            place = folder / url[:4]
            place.mkdir()
            home = Home(place).settle(url)
            place.chmod(0o500)
            found = only(home)
            assert (found.check, found.level, "no file can be made beside" in found.message) == (
                "store",
                "failure",
                True,
            )

    as_ordinary_user(check)


def test_store_that_may_not_be_written_is_found() -> None:
    def check(folder: Path) -> None:
        home = Home(folder).settle(SQLITE)
        home.file.chmod(0o400)
        assert (only(home).check, only(home).level) == ("store", "failure")

    as_ordinary_user(check)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_on_anothers_store_is_told_how_to_run_it(home: Home) -> None:
    os.chown(home.file, 65534, 65534)
    found = only(home)
    assert (found.check, found.level) == ("store", "failure")
    assert "sudo -u" in found.hint


def test_store_that_another_program_holds_is_found(tmp_path: Path) -> None:
    home = Home(tmp_path).settle(SQLITE)
    with closing(sqlite3.connect(home.file)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked by another process" in only(home).message


def test_lock_that_is_a_link_is_found(home: Home) -> None:
    lock = Path(f"{home.file}.coachsync.lock")
    lock.symlink_to(home.folder / "elsewhere")
    assert "symbolic link" in only(home).message


def test_proof_leaves_nothing_and_changes_nothing(home: Home) -> None:
    before = {path: path.stat() for path in [home.folder, *home.folder.iterdir()]}
    prove_writable(Location(home.url.partition(":")[0], str(home.file)), str(home.file))
    after = {path: path.stat() for path in [home.folder, *home.folder.iterdir()]}
    assert {p: (s.st_mtime_ns, s.st_ctime_ns, s.st_size) for p, s in before.items()} == {
        p: (s.st_mtime_ns, s.st_ctime_ns, s.st_size) for p, s in after.items()
    }


def test_proof_fails_if_there_is_no_room(home: Home) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(StoreError, match="no file can be made beside"):
            prove_writable(Location(home.url.partition(":")[0], str(home.file)), str(home.file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# ledger


def test_newer_ledger_is_found_and_bookings_are_still_read(scene: Scene) -> None:
    scene.book(start=scene.now() + 36_000_000, studentDiscordId="")
    scene.tick()
    scene.sql("UPDATE coachsync_meta SET value = 99 WHERE key = 'version'")
    found = examined(scene)
    assert [f.check for f in found] == ["people", "ledger"]
    assert "version 99" in found[1].message


def test_damaged_ledger_beside_a_json_store_is_found(tmp_path: Path) -> None:
    home = Home(tmp_path).settle(JSON)
    home.ledger.write_bytes(b"no ledger" * 1000)
    home.ledger.chmod(0o600)
    assert [f.check for f in offline(home)] == ["ledger"]


def test_empty_store_with_open_rooms_is_taken_for_an_accident(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.sql("DELETE FROM sessions")
    (found,) = examined(scene)
    assert (found.check, "taken for an accident" in found.message) == ("store", True)


# all of it


def test_broken_check_is_a_finding_and_the_others_go_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("coachsync.doctor.checks.read_store", broken)
    (found,) = offline(home)
    assert (found.check, "ZeroDivisionError" in found.message, "report it" in found.hint) == ("store", True, True)


def test_no_file_is_changed_or_made(scene: Scene) -> None:
    scene.book()
    scene.tick()
    before = scene.home.files()
    scene.standin.clear_requests()
    examined(scene)
    assert scene.home.files() == before
    assert [r for r in scene.standin.requests if r.write] == []
