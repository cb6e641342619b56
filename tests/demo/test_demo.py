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
from coachsync.domain.model import HOUR
from coachsync.standin import SimClock, Standin

START = 1_792_425_600_000


def _environment(tmp_path: Path) -> dict[str, str]:
    """An operator's own settings, all of them useless: the demonstration must not look at them."""
    useless = {"COACHSYNC_CONFIG": "/nowhere", "COACHSYNC_API_BASE": "https://localhost:1", "COACHSYNC_STORE": "x:"}
    return {**os.environ, **useless, "HOME": str(tmp_path), "NO_COLOR": "1"}


def test_demo_plays_three_sessions_to_a_clean_guild_whatever_the_operator_has_set(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coachsync", "demo"],
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert all(booking.id in done.stdout for booking in BOOKINGS)
    assert "nothing is left on the server" in done.stdout
    assert "\x1b" not in done.stdout


def test_demo_says_so_when_a_promise_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = SimClock(START - 4 * HOUR)
    with Standin(clock) as standin:
        stage = Stage(standin, tmp_path)
        play = _Play(stage, clock, START)
        play.booked()
        standin.faults.add("unauthorized", count=None)
        clock.set(START - 3 * HOUR)
        play.window_opens()

        assert play.verdict() != 0
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
