"""What a person at a terminal sees of a run that takes longer than a second."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from coachsync.standin import Bucket, Limits
from tests.kit.scene import MEMBER_ROLE, Scene
from tests.kit.town import TOKEN

WAITING = re.compile(r"(\d) of 3 sessions done; waiting for Discord's limit on PUT \S+ until \d\d:\d\d:\d\d")


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Scene]:
    """A guild where two people are let in every 1.8 seconds, and three sessions for which it is time."""
    scene = Scene(tmp_path)
    scene.standin.limits = Limits({("PUT", MEMBER_ROLE): [Bucket("member role", 2, 1.8, "guild_id")]})
    with scene.standin:
        for name in ("first001", "second02", "third003"):
            scene.book(name)
        yield scene


def watched(scene: Scene, *arguments: str) -> str:
    """Run the program on a terminal and return all that it wrote there."""
    environ = scene.home.environ({"COACHSYNC_TOKEN": TOKEN, "TERM": "xterm"})
    child = pexpect.spawn(
        sys.executable, ["-m", "coachsync", *scene.arguments(*arguments)], env=environ, encoding="utf-8", timeout=60
    )
    child.setwinsize(40, 160)
    child.expect(pexpect.EOF)
    assert isinstance(child.before, str)
    return child.before


def test_terminal_shows_sessions_done_and_which_limit_is_waited_for_until_when(slow: Scene) -> None:
    counts = [int(found) for found in WAITING.findall(watched(slow, "run"))]

    assert counts == sorted(counts)
    assert counts
    assert counts[-1] > 0


def test_terminal_shows_no_progress_when_asked_to_be_quiet(slow: Scene) -> None:
    assert "sessions done" not in watched(slow, "run", "--quiet")
