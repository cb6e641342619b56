"""The examples of README and the guide work when typed as they stand."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.config import parse_settings
from coachsync.domain.booking import Defaults
from coachsync.domain.model import Span
from coachsync.store.columns import Columns
from coachsync.store.open import open_store
from coachsync.store.sqlite.table import candidates_query, inspect
from tests.documents.conftest import Shell
from tests.documents.pages import ROOT, Block, blocks, section, text_of
from tests.kit.home import GUILD, Home

DEFAULTS = Defaults("1100000000000000000", 3_600_000)
CONFIG = '[discord]\nguild_id = "1100000000000000000"\n[store]\nurl = "{url}"\n'


@pytest.mark.parametrize("which", ["demo command", "test command"])
def test_one_liner_sets_everything_up_by_itself(which: str) -> None:
    (block,) = blocks(which)
    assert block.text.startswith("python3 -m venv ")
    assert block.text.count("\n") == 1


def test_commands_to_try_by_hand_work_and_their_dry_run_says_what_the_guide_shows(shell: Shell) -> None:
    done = shell(text_of("tested: by-hand"))
    assert (done.returncode, done.stderr.count("error:")) == (0, 0), done.stderr
    assert text_of("expected: by-hand") in done.stdout


def _planned(shell: Shell, now: str) -> list[str]:
    done = shell(f"coachsync --config config.toml run --dry-run --json --now {now}")
    assert done.returncode == 0, done.stderr
    return [action["session"] for action in json.loads(done.stdout)["actions"]]


def test_json_store_of_the_guide_is_understood(shell: Shell, tmp_path: Path) -> None:
    here = tmp_path / "here"
    (here / "sessions.json").write_text(text_of("tested: json store"), "utf-8")
    (here / "config.toml").write_text(CONFIG.format(url="json:///sessions.json"))
    assert _planned(shell, "2030-10-14T14:00:00Z") == ["abc12345"]


def _sql_store(folder: Path) -> Path:
    path = folder / "sessions.db"
    with sqlite3.connect(path) as database:
        database.executescript(text_of("tested: sql table"))
    database.close()
    return path


def _execute(path: Path, script: str) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(script)
    database.close()


def test_sql_of_the_guide_books_a_session(shell: Shell, tmp_path: Path) -> None:
    here = tmp_path / "here"
    booked = text_of("tested: sql book").partition("UPDATE")[0]
    _execute(_sql_store(here), booked)
    (here / "config.toml").write_text(CONFIG.format(url="sqlite:///sessions.db"))
    assert _planned(shell, "2030-10-14T14:00:00Z") == ["abc12345"]


def test_sql_of_the_guide_moves_and_cancels(shell: Shell, tmp_path: Path) -> None:
    here = tmp_path / "here"
    _execute(_sql_store(here), text_of("tested: sql book"))
    (here / "config.toml").write_text(CONFIG.format(url="sqlite:///sessions.db"))
    done = shell("coachsync --config config.toml status --json")
    (session,) = json.loads(done.stdout)["sessions"]
    assert (session["phase"], session["start"]) == ("cancelled", "2030-10-14T18:00:00Z")


def test_indexes_of_the_guide_are_what_the_query_for_candidates_uses(tmp_path: Path) -> None:
    path = _sql_store(tmp_path)
    open_store("sqlite:///sessions.db", tmp_path, DEFAULTS, writable=True).close()
    _execute(path, text_of("tested: sql index"))
    store = open_store("sqlite:///sessions.db", tmp_path, DEFAULTS, writable=False)
    try:
        database = store.bookings._rows._db  # type: ignore[attr-defined]
        sql, args = candidates_query(
            inspect(database, Columns()), Span(1_900_000_000_000, 1_900_100_000_000, 1_800_000_000_000)
        )
        steps = [row[3] for row in database.all(f"EXPLAIN QUERY PLAN {sql}", tuple(args))]
    finally:
        store.close()
    searches = [step for step in steps if "sessions" in step]
    assert all("USING INDEX coachsync_" in step for step in searches)
    assert any("coachsync_open" in step for step in searches)


@pytest.mark.parametrize("block", blocks("tested: configuration"), ids=lambda block: block.text.split()[0])
def test_part_of_a_configuration_that_the_guide_shows_is_valid(block: Block) -> None:
    text = CONFIG.format(url="sqlite:///sessions.db") + block.text
    settings = parse_settings(text, "config.toml", {})
    assert settings != parse_settings(CONFIG.format(url="sqlite:///sessions.db"), "config.toml", {})


def test_json_store_is_changed_under_its_lock_as_the_guide_says(shell: Shell, tmp_path: Path) -> None:
    store = tmp_path / "here" / "sessions.json"
    store.write_text(text_of("tested: json store"), "utf-8")
    assert shell(text_of("tested: json write")).returncode == 0
    assert ('"CANCELLED"' in store.read_text("utf-8"), store.stat().st_mode & 0o777) == (True, 0o600)


def test_pause_is_set_and_ended_as_the_guide_says(shell: Shell) -> None:
    shell(text_of("tested: by-hand").partition("coachsync status")[0])
    done = shell(f'export COACHSYNC_CONFIG="$PWD/config.toml"\n{text_of("tested: pause")}')
    assert (done.returncode, done.stderr) == (0, "")


HELP = """
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
from coachsync.__main__ import main
sys.exit(main({words!r}))
"""
FOR_TESTS = ("pytest", "_pytest", "hypothesis", "freezegun", "requests_mock", "jsonschema", "pexpect", "mypy", "ruff")


@pytest.mark.parametrize("command", ["", "run", "setup", "cleanup", "status", "explain", "sessions", "init", "demo"])
def test_help_works_where_nothing_for_tests_is_installed(command: str) -> None:
    script = HELP.format(blocked=FOR_TESTS, words=[*command.split(), "--help"])
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "Usage:" in done.stdout) == (0, True), done.stderr


def test_installation_names_the_files_that_are_there() -> None:
    words = section("Install it for real, in ten minutes").split()
    named = {w.strip("()`,.") for w in words if w.startswith("contrib/")}
    assert named
    assert all((ROOT / name).is_file() for name in named)


def test_another_systems_table_is_read_as_the_guide_shows(tmp_path: Path) -> None:
    home = Home(tmp_path)
    mapping = text_of("tested: mapped")
    for folder in ("/srv/app/", "/var/lib/coachsync/"):
        mapping = mapping.replace(folder, f"{tmp_path}/")
    home.config.write_text(f'[discord]\nguild_id = "{GUILD}"\n{mapping}', "utf-8")
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        database.executescript(
            "CREATE TABLE bookings (uuid TEXT, kind TEXT, state TEXT, starts_at TEXT, ends_at TEXT,"
            " student_discord TEXT, coach_discord TEXT);"
            "INSERT INTO bookings VALUES ('abc12345', 'coaching', 'CONFIRMED', '2099-07-01 15:00', '2099-07-01 15:45',"
            " '1300000000000000001', '1300000000000000002'), ('x', 'course', '', '', '', '', '');"
        )
    (found,) = home.run("status", "--json", "--all").json["sessions"]
    assert (found["start"], found["end"]) == ("2099-07-01T13:00:00Z", "2099-07-01T13:45:00Z")
