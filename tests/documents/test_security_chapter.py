"""What the guide's security topic shows is what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coachsync.domain.permissions import ENTER, MEMBER
from tests.documents.pages import text_of
from tests.kit.scene import QUARTER, Scene


@pytest.fixture
def shown() -> str:
    """Return the lines that the chapter shows of a stranger who was removed."""
    return text_of("expected: stranger")


def test_chapter_shows_what_a_run_says_of_a_stranger(tmp_path: Path, shown: str) -> None:
    scene = Scene(tmp_path)
    with scene.standin:
        scene.book()
        scene.tick()
        scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
        scene.clock.advance(QUARTER)
        done = scene.program("run", "--quiet")
        entry = scene.world.audit[-1]
    assert (done.code, re.sub(r"\d{19}", "ID", done.err)) == (1, re.sub(r"\d{19}", "ID", shown))
    assert entry.reason == "coachsync repair: session abc12345"
