"""What a network does to requests on their way, and that rooms come about all the same."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest

from coachsync.guild import picture
from tests.discord.loopback import forwarding, listening, only_once
from tests.kit.scene import ROLES, Scene, Stage


def test_room_comes_about_although_each_connection_dies_under_its_second_request(scene: Scene) -> None:
    scene.book()
    port = urlsplit(scene.standin.base_url).port
    assert port is not None
    with listening(only_once(forwarding(port))) as network:
        result = scene.command("run", COACHSYNC_API_BASE=network.base)
    assert (result.code, result.err) == (0, "")
    assert scene.people_in_reach() == {scene.student, scene.coach}


@pytest.mark.parametrize("kind", ["hang_before", "drip"])
def test_second_look_at_roles_is_never_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(picture, "_COUNT_WAIT_S", 0.4)
    scene = stage(discord='timeout = "10s"')
    scene.book()
    scene.standin.faults.add(kind, ("GET", f"{ROLES}/member-counts"), count=None)
    started = time.monotonic()
    scene.tick()
    assert time.monotonic() - started < 6
    assert scene.done == [("setup", "done")]
    assert scene.report.exit_code == 0
