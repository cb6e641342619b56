"""`status` never shows as fine what is not."""

from __future__ import annotations

from typing import Any

from tests.kit.scene import ID, QUARTER, ROLE, Scene


def shown(scene: Scene, session_id: str = ID) -> dict[str, Any]:
    """Return what `status --json` says of a session."""
    (found,) = [s for s in scene.command("status", "--json").json["sessions"] if s["session"] == session_id]
    return dict(found)


def test_open_room_is_shown_with_its_link(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    found = shown(any_access)
    assert (found["phase"], found["room"], found["waiting_for"], found["late"]) == ("active", "open", [], False)
    assert found["url"] == f"https://discord.com/channels/{any_access.guild}/{any_access.room()}"


def test_room_waits_for_who_is_not_in_the_guild(any_access: Scene) -> None:
    any_access.world.leave(any_access.guild, any_access.student)
    any_access.book()
    any_access.tick()
    found = shown(any_access)
    assert (found["room"], found["waiting_for"]) == ("waiting", ["student"])


def test_room_waits_for_who_left_the_guild_while_it_was_open(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    any_access.world.leave(any_access.guild, any_access.coach)
    any_access.tick(8 * QUARTER)
    assert (shown(any_access)["room"], shown(any_access)["waiting_for"]) == ("waiting", ["coach"])


def test_room_that_vanishes_twice_is_gone_and_not_fine(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    for _ in range(2):
        any_access.world.delete_channel(any_access.room())
        any_access.tick(QUARTER)
    found = shown(any_access)
    assert (found["phase"], found["room"], found["url"]) == ("active", "gone", None)
    assert found["since"] is not None


def test_room_that_nobody_can_enter_for_want_of_its_role_waits_for_both(stage: Any) -> None:
    scene: Scene = stage()
    scene.book()
    scene.tick()
    for _ in range(2):
        scene.world.delete_role(scene.guild, scene.role())
        scene.tick(QUARTER)
    assert scene.roles(ROLE) == []
    assert (shown(scene)["room"], shown(scene)["waiting_for"]) == ("waiting", ["student", "coach"])


def test_room_made_anew_by_hand_is_open_again(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    for _ in range(2):
        any_access.world.delete_channel(any_access.room())
        any_access.tick(QUARTER)
    any_access.tick(0, "cleanup", ID)
    any_access.tick(0, "setup", ID)
    assert (shown(any_access)["room"], shown(any_access)["since"]) == ("open", None)


def test_time_at_which_something_is_due_does_not_depend_on_when_one_asks(scene: Scene) -> None:
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    scene.tick()
    first = shown(scene)["next_at"]
    scene.clock.advance(QUARTER)
    assert shown(scene)["next_at"] == first
