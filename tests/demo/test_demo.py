"""The demonstration, run as a person runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coachsync.demo.play import _Play
from coachsync.demo.stage import BOOKINGS, Stage
from coachsync.demo.story import Story
from coachsync.domain.model import HOUR
from coachsync.domain.permissions import ENTER, MEMBER, READ_MESSAGE_HISTORY, SPEAK
from coachsync.standin import SimClock, Standin

START = 1_792_425_600_000
PLAYED_ONCE = pytest.mark.xdist_group("demo")


def _environment(tmp_path: Path) -> dict[str, str]:
    """An operator's own settings, all of them useless: the demonstration must not look at them."""
    useless = {"COACHSYNC_CONFIG": "/nowhere", "COACHSYNC_API_BASE": "https://localhost:1", "COACHSYNC_STORE": "x:"}
    return {**os.environ, **useless, "HOME": str(tmp_path), "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The demonstration, played once."""
    return subprocess.run(
        [sys.executable, "-m", "coachsync", "demo"],
        env=_environment(tmp_path_factory.mktemp("home")),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@PLAYED_ONCE
def test_demo_plays_three_sessions_to_a_clean_guild_whatever_the_operator_has_set(
    played: subprocess.CompletedProcess[str],
) -> None:
    assert (played.returncode, played.stderr) == (0, "")
    assert all(booking.id in played.stdout for booking in BOOKINGS)
    assert "nothing is left on the server" in played.stdout
    assert "\x1b" not in played.stdout
    assert "NOT TRUE" not in played.stdout


@PLAYED_ONCE
def test_demo_shows_the_operators_side(played: subprocess.CompletedProcess[str]) -> None:
    told = played.stdout
    chapters = [
        "(paused)",  # a setup waits, and is no failure
        "the check is red", "Emma joins", "the check is green",  # somebody is late
        "(room_open_to_others)", "the run shut Lurker out again",  # a click is found, mended and told
    ]  # fmt: skip
    places = [told.find(words) for words in chapters]
    assert -1 not in places
    assert places == sorted(places)
    assert all(f"$ coachsync {command}" in told for command in ("pause", "run", "status --check", "status"))


@PLAYED_ONCE
def test_demo_shows_an_observer_who_hears_and_cannot_speak(played: subprocess.CompletedProcess[str]) -> None:
    (row,) = re.findall(r"^  Olga +(.+)$", played.stdout, re.M)
    assert row.split() == ["-", "listens", "-"]
    assert "✓ Olga, who observes def67890, is in and hears and reads" in played.stdout
    assert "✓ Olga cannot speak, stream or write there" in played.stdout
    assert "Alex, Coach Sarah and Olga" in played.stdout


def test_observer_who_could_speak_breaks_a_promise_of_the_demos(tmp_path: Path) -> None:
    clock = SimClock(START - 4 * HOUR)
    with Standin(clock) as standin:
        stage = Stage(standin, tmp_path)
        playing = _Play(stage, clock, START)
        playing.booked()
        clock.set(START - 3 * HOUR)
        playing.window_opens()
        observed = BOOKINGS[1]
        room, observer = stage.room_of(observed) or "", stage.people[observed.observer]
        before = list(playing.story.broken)
        standin.world.set_overwrite(room, observer, MEMBER, allow=ENTER | SPEAK | READ_MESSAGE_HISTORY)
        playing._listens(observed, room)
    broken = [promise for promise in playing.story.broken if promise not in before]
    assert [promise.partition(" there")[0] for promise in broken] == ["Olga cannot speak, stream or write"]


@pytest.mark.parametrize("columns", [60, 80])
def test_demo_breaks_none_of_its_own_lines_on_a_terminal_of_that_width(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    story = Story()
    story.chapter(
        "a chapter with a title that is far longer than any terminal of sixty columns could ever show at once"
    )
    story.say("  … a sentence that goes on and on, so that it has to be broken between two of its many words somewhere")
    story.check("a promise that goes on and on, so that it has to be broken between two of its many words", True)
    story.command("coachsync sessions add --id abc12345 --start 2026-12-01T13:00:00Z --student 1576221120921600008", "")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert [line.rstrip()[-1] for line in lines if "--id" in line] == ["\\"]


def test_demo_says_so_when_a_promise_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = SimClock(START - 4 * HOUR)
    with Standin(clock) as standin:
        stage = Stage(standin, tmp_path)
        playing = _Play(stage, clock, START)
        playing.booked()
        standin.faults.add("unauthorized", count=None)
        clock.set(START - 3 * HOUR)
        playing.window_opens()

        assert playing.verdict() != 0
    assert "NOT TRUE" in capsys.readouterr().out


def test_demo_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    playing = subprocess.Popen(
        [sys.executable, "-m", "coachsync", "demo"],
        env={**_environment(tmp_path), "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert playing.stdout is not None
    while "Days ahead" not in playing.stdout.readline():
        assert playing.poll() is None
    playing.send_signal(signal.SIGTERM)
    _, complaint = playing.communicate(timeout=30)

    assert (playing.returncode, complaint.splitlines()[0]) == (143, "error: interrupted by SIGTERM")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_serve_leaves_a_stand_in_on_which_the_printed_commands_work(tmp_path: Path) -> None:
    folder = tmp_path / "try"
    serving = subprocess.Popen(
        [sys.executable, "-m", "coachsync", "demo", "--serve", "--directory", str(folder)],
        env=_environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout is not None
    printed = ""
    while "Config, store and token" not in printed:
        printed += serving.stdout.readline()
    commands = [line.strip() for line in printed.splitlines() if line.startswith("  ")]
    shell = subprocess.run(
        ["bash", "-ec", "\n".join(commands)],
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    serving.send_signal(signal.SIGINT)

    assert serving.wait(timeout=20) == 0
    serving.stdout.close()
    assert shell.returncode == 0, shell.stderr
    assert re.search("done setup abc12345", shell.stdout)
    assert re.search("done revoke abc12345", shell.stdout)
    assert re.search("done cleanup abc12345", shell.stdout)
