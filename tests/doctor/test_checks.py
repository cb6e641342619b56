"""All checks together: they end whatever hangs, and go on whatever breaks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from coachsync import waits
from coachsync.standin.log import Request
from tests.doctor.conftest import examined
from tests.kit.hostile import Hostile, page
from tests.kit.installed import KINDS, installed
from tests.kit.scene import Scene
from tests.kit.town import TOKEN


def test_clock_that_is_off_is_found(tmp_path: Path) -> None:
    scene = Scene(tmp_path)  # whose Discord lives at another time
    with scene.standin:
        found = examined(scene)
    assert [(f.check, f.level) for f in found if f.check == "clock"] == [("clock", "failure")]


def test_checks_end_though_discord_never_answers(scene: Scene) -> None:
    scene.standin.faults.add("hang_before", match=_of_the_guild, count=None)
    scene.configure('timeout = "1s"')
    begun = time.monotonic()
    with waits.hurried(checkup=0.4, again=(0.01, 0.01)):
        found = examined(scene)
    assert time.monotonic() - begun < 8
    assert [f.check for f in found] == ["guild"]


def _of_the_guild(request: Request) -> bool:
    return "/guilds/" in request.path


def test_checks_end_though_the_store_hangs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coachsync.doctor.checks.read_store", lambda *_: time.sleep(3))
    with waits.hurried(reading=0.1):
        found = examined(scene)
    assert [(f.check, "does not answer" in f.message) for f in found] == [("store", True)]


@pytest.mark.parametrize("kind", KINDS)
def test_installation_of_the_former_release_is_read_and_left_as_it_is(tmp_path: Path, kind: str) -> None:
    scene = installed(tmp_path, kind)
    with scene.standin:
        before = scene.home.files()
        found = examined(scene)
        assert scene.home.files() == before
    assert not {"store", "ledger", "config", "token"} & {f.check for f in found if f.level == "failure"}


def test_something_else_than_discord_is_one_finding(scene: Scene) -> None:
    with Hostile(lambda told: page("403 Forbidden", f"<html>{told}", "text/html")) as server:
        found = examined(scene, COACHSYNC_API_BASE=server.base_url)
    assert [f.check for f in found] == ["api"]
    assert TOKEN not in found[0].message
