"""`init --from-database`: from another system's database to a configuration, and never to a wrong hour."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

import pexpect
import pytest

from coachsync.config import load_settings
from tests.kit.home import GUILD, Home

URL = "sqlite:///app.db"
YES = ("init", "--yes", "--guild-id", GUILD, "--from-database", URL)
TABLE = """
CREATE TABLE bookings (uuid TEXT PRIMARY KEY, state TEXT, starts_at TEXT, ends_at TEXT, student_discord TEXT,
    coach_discord TEXT);
INSERT INTO bookings VALUES ('abc12345', 'confirmed', '2099-07-01 15:00:00', '2099-07-01 15:45:00',
    '1300000000000000001', '1300000000000000002'), ('def12345', 'canceled', '2099-07-02 15:00:00',
    '2099-07-02 15:45:00', '1300000000000000001', '1300000000000000002'), ('odd12345', 'confirmed',
    '2099-03-29 02:30:00', '2099-03-29 03:30:00', '1300000000000000001', '1300000000000000002');
"""


@pytest.fixture
def foreign(bare: Home) -> Home:
    """A home beside another system's database."""
    fill(bare, TABLE)
    return bare


def fill(home: Home, sql: str) -> None:
    with closing(sqlite3.connect(home.folder / "app.db")) as database:
        database.executescript(sql)


def test_a_mapping_is_proposed_shown_in_both_times_and_written(foreign: Home) -> None:
    made = foreign.run(*YES, "--tz", "Europe/Berlin")
    assert made.code == 0, made.err
    assert "    starts Wed 1 Jul 2099 15:00 CEST, which is 2099-07-01T13:00:00Z; 45 min\n" in made.out
    settings = load_settings(str(foreign.config), {})
    assert settings.store.columns.named == {
        "id": "uuid", "status": "state", "scheduled_date": "starts_at", "end": "ends_at",
        "student_discord_id": "student_discord", "coach_discord_id": "coach_discord",
    }  # fmt: skip
    assert (settings.statuses.bookable, settings.statuses.cancelled) == (("confirmed",), ("canceled",))
    assert (settings.store.mapping is not None and settings.store.mapping.writes_any) is False


def test_what_it_writes_works(foreign: Home) -> None:
    foreign.run(*YES, "--tz", "Europe/Berlin")
    shown = foreign.run("status", "--json", "abc12345").json["sessions"]
    assert [(s["start"], s["phase"]) for s in shown] == [("2099-07-01T13:00:00Z", "booked")]


def test_a_skipped_hour_is_shown_as_what_it_is(foreign: Home) -> None:
    made = foreign.run(*YES, "--tz", "Europe/Berlin")
    assert "which does not exist in Europe/Berlin" in made.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "carry no zone"),
        (("--tz", "Berlin"), 2, "did you mean Europe/Berlin?"),
        (("--tz", "UTC", "--table", "nothing"), 2, "there is no table nothing"),
        (("--tz", "UTC", "--store", "json:///x"), 2, "--store and --from-database are given"),
    ],
)
def test_what_is_missing_or_wrong_is_told_and_nothing_written(
    foreign: Home, arguments: tuple[str, ...], code: int, words: str
) -> None:
    before = foreign.files()
    result = foreign.run(*YES, *arguments)
    assert (result.code, words in result.err) == (code, True), result.err
    assert foreign.files() == before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///nowhere.db", "does not exist"),
        ("postgresql://app:secret@db/app", "pgpass"),
        ("mysql://app:secret@db/app", "expected sqlite:///FILE"),
        ("json:///app.db", "is no database"),
        ("sqlite:///config.toml", "is not a readable SQLite database"),
    ],
)
def test_what_is_no_database_is_told_without_its_password(bare: Home, url: str, words: str) -> None:
    bare.config.write_text("x" * 4096)
    result = bare.run("init", "--yes", "--force", "--guild-id", GUILD, "--from-database", url)
    assert (result.code, words in result.err, "secret" in result.err) == (3, True, False), result.err


def test_a_configuration_that_is_there_stays(foreign: Home) -> None:
    foreign.config.write_text("[discord]\n")
    before = foreign.files()
    result = foreign.run(*YES, "--tz", "UTC")
    assert (result.code, "add --force" in result.err, foreign.files()) == (2, True, before)


def test_no_store_is_made_in_place_of_another_systems_that_is_gone(foreign: Home) -> None:
    foreign.run(*YES, "--tz", "UTC")
    (foreign.folder / "app.db").unlink()
    result = foreign.run("init", "--yes", "--guild-id", GUILD)
    assert (result.code, (foreign.folder / "app.db").exists()) == (2, False)


def test_a_database_without_bookings_is_told(bare: Home) -> None:
    fill(bare, "CREATE TABLE notes (id INTEGER, text TEXT)")
    result = bare.run(*YES)
    assert (result.code, "no table of it looks like bookings" in result.err) == (3, True)


def test_a_view_is_printed_alone_on_stdout_and_found_when_it_is_made(bare: Home) -> None:
    fill(bare, "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, discord_id TEXT);"
               "CREATE TABLE bookings (id INTEGER PRIMARY KEY, student_id INTEGER, coach_id INTEGER, status TEXT,"
               " starts_at INTEGER);"
               "INSERT INTO bookings VALUES (1, 1, 2, 'confirmed', 4085191200000);")  # fmt: skip
    first = bare.run(*YES)
    assert (first.code, bare.config.exists(), first.out[:11]) == (3, False, "CREATE VIEW")
    fill(bare, first.out)
    assert bare.run(*YES).code == 0
    assert load_settings(str(bare.config), {}).store.table == "coaching_sessions"


def test_it_is_written_only_after_a_yes(foreign: Home) -> None:
    arguments = [
        "-m",
        "coachsync",
        "--config",
        str(foreign.config),
        "init",
        "--from-database",
        URL,
        "--guild-id",
        GUILD,
    ]
    child = pexpect.spawn(
        sys.executable, arguments, env=foreign.environ({}), cwd=foreign.folder, encoding="utf-8", timeout=20
    )
    child.expect("Time zone of bookings's times")
    child.sendline("Berlin")
    child.expect("did you mean Europe/Berlin")
    child.sendline("Europe/Berlin")
    child.expect("Are these bookings and their times right")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, foreign.config.exists()) == (1, False)
