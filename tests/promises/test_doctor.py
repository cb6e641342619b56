"""`doctor` as an operator and a monitor see it: exit status, JSON, a screen of any width; it changes nothing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from coachsync.doctor.finding import CHECKS
from coachsync.domain.finding import Finding
from coachsync.report.checkup import Screen, plain_lines, screen_lines, verdict
from tests.kit.home import JSON, SQLITE, Home
from tests.kit.scene import Scene, Stage
from tests.kit.town import TOKEN

KEYS = {"check", "level", "guild_id", "session", "message", "hint"}


@pytest.fixture(params=[SQLITE, JSON], ids=["sqlite", "json"])
def now(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Return a scene in real time, with a session that has its room, on each kind of store."""
    scene = Scene(tmp_path, store=request.param, real_time=True)
    with scene.standin:
        scene.book()
        scene.tick()
        yield scene


def test_sound_installation_is_exit_0_and_every_check_is_named(now: Scene) -> None:
    result = now.command("doctor", "--json")
    document = json.loads(result.out)
    assert (result.code, result.err, document["version"]) == (0, "", 1)
    asked_for = ("rehearse", "sources", "hosts")  # by an option, or by the configuration
    assert [f["check"] for f in document["findings"]] == [c for c in CHECKS if c not in asked_for]
    assert all(f.keys() == KEYS and f["level"] == "ok" for f in document["findings"])


def test_failure_is_exit_1_and_nothing_is_changed(now: Scene) -> None:
    now.world.leave(now.guild, now.student)
    before = now.home.files()
    result = now.command("doctor", "--json")
    (failure,) = [f for f in json.loads(result.out)["findings"] if f["level"] == "failure"]
    assert (result.code, failure["check"], failure["session"]) == (1, "people", "abc12345")
    assert now.home.files() == before
    assert [r for r in now.standin.requests if r.write] == []


def test_offline_asks_discord_nothing(now: Scene) -> None:
    result = now.command("doctor", "--offline")
    assert (result.code, now.standin.requests) == (0, [])
    assert result.out.splitlines()[-1] == "all is sound; offline: Discord was not asked"


def test_broken_configuration_is_exit_1_with_a_line_for_each_problem(bare: Home) -> None:
    bare.config.write_text('[discord]\nguild_id = 5\ncolour = "red"\n', "utf-8")
    result = bare.run("doctor")
    assert (result.code, result.err) == (1, "")
    assert len([line for line in result.out.splitlines() if line.startswith("failure config")]) == 3


def test_token_is_never_shown(now: Scene) -> None:
    assert TOKEN not in now.command("--verbose", "doctor", COACHSYNC_TOKEN=TOKEN + " x").out


@pytest.mark.parametrize("days", ["0", "-1", "61", "many"])
def test_days_that_make_no_sense_are_wrong_usage(bare: Home, days: str) -> None:
    assert bare.run("doctor", "--days", days).code == 2


def test_terminal_shows_a_line_each_and_folds_what_is_fine(stage: Stage) -> None:
    scene = stage(real_time=True)
    scene.tick()
    environ = scene.home.environ({"COACHSYNC_TOKEN": TOKEN, "TERM": "xterm", "COLUMNS": "60"})
    command = ["-m", "coachsync", "--config", str(scene.home.config), "doctor"]
    child = pexpect.spawn(sys.executable, command, env=environ, dimensions=(40, 60), timeout=30, encoding="utf-8")
    shown = child.read().rpartition("\x1b[K")[2]  # behind what was said while it looked
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in shown.splitlines()]
    assert (lines[0][:9], lines[-1]) == ("✓ config,", "all is sound")
    assert max(map(len, lines)) <= 60


# the screen itself

FOUND = (
    Finding("config", "ok", None, None, "read from /etc/coachsync/config.toml", ""),
    Finding("token", "ok", None, None, "found", ""),
    Finding("people", "failure", "1", "a b", "Bartholomäus von Hohenstein is not in the guild", "invite → them"),
    Finding("files", "warning", None, None, "others can read /etc/coachsync/token", "chmod 600 /etc/coachsync/token"),
    Finding("version", "ok", None, None, "coachsync 1", ""),
)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
def test_screen_is_never_wider_than_the_terminal_and_breaks_no_word(width: int, unicode: bool) -> None:
    lines = list(screen_lines(FOUND, Screen(width, colour=False, unicode=unicode)))
    assert max(map(len, lines)) <= width
    assert "/etc/coachsync/token" in " ".join(lines)
    assert unicode or all(line.isascii() for line in lines)


def test_screen_folds_what_is_fine_in_its_place() -> None:
    assert list(screen_lines(FOUND, Screen(100, colour=False, unicode=True))) == [
        "✓ config, token",
        "✗ people: Bartholomäus von Hohenstein is not in the guild",
        "  → invite → them",
        "! files: others can read /etc/coachsync/token",
        "  → chmod 600 /etc/coachsync/token",
        "✓ version",
    ]


def test_one_remedy_for_several_is_shown_once() -> None:
    found = [FOUND[2]._replace(message=f"{name} is not here", hint="invite them") for name in ("Emma", "John")]
    assert list(screen_lines(found, Screen(100, colour=False, unicode=True))) == [
        "✗ people: Emma is not here",
        "✗ people: John is not here",
        "  → invite them",
    ]


def test_verdict_counts_and_says_what_to_begin_with() -> None:
    assert verdict(FOUND) == "1 failure, 1 warning; begin with people"
    assert verdict(FOUND[3:]) == "sound, with 1 warning"
    assert verdict(FOUND[:2]) == "all is sound"


def test_piped_lines_name_check_guild_and_session() -> None:
    lines = list(plain_lines(FOUND[2:3]))
    assert lines == [
        'failure people guild 1 session "a b": Bartholomäus von Hohenstein is not in the guild',
        "  remedy: invite → them",
    ]
