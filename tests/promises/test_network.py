"""What a network does to requests on their way, and that rooms come about all the same."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.discord.loopback import forwarding, listening, only_once
from tests.kit.scene import Scene


def test_room_comes_about_although_each_connection_dies_under_its_second_request(scene: Scene) -> None:
    scene.book()
    port = urlsplit(scene.standin.base_url).port
    assert port is not None
    with listening(only_once(forwarding(port))) as network:
        result = scene.command("run", COACHSYNC_API_BASE=network.base)
    assert (result.code, result.err) == (0, "")
    assert scene.people_in_reach() == {scene.student, scene.coach}
