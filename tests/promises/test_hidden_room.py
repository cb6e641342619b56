"""A room that a moderator hides from the bot does not shut out who is let in by its role."""

from __future__ import annotations

import pytest

from tests.kit.scene import QUARTER, Scene, Stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    """Return a scene with role access."""
    return stage()


def hide(scene: Scene) -> None:
    scene.world.delete_overwrite(scene.room(), scene.bot)


def test_newcomer_gets_a_new_room_when_nobody_knows_what_was_written_in_a_hidden_one(scene: Scene) -> None:
    scene.book()
    scene.tick()
    old = scene.room()
    hide(scene)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    assert (scene.done, scene.codes) == ([("update", "failed")], ["missing_access"])
    (new,) = set(scene.rooms()) - {old}
    assert scene.world.who_can_enter(new) - {scene.bot, scene.owner} == {scene.stranger, scene.coach}


def test_participant_who_joins_late_gets_into_a_hidden_room(scene: Scene) -> None:
    late = scene.person("late", member=False)
    scene.book(coachDiscordId=late)
    scene.tick()
    hide(scene)
    scene.world.join(scene.guild, late)
    scene.tick(QUARTER)
    assert scene.codes == ["missing_access"]
    assert scene.people_in_reach() == {scene.student, late}


def test_hidden_room_that_is_shown_again_is_in_order_with_the_next_run(scene: Scene) -> None:
    scene.book()
    scene.tick()
    old = scene.room()
    hide(scene)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    scene.world.set_overwrite(old, scene.bot, 1, 1049600)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, len(scene.rooms()), len(scene.roles())) == (0, 1, 1)
    assert scene.people_in_reach() == {scene.stranger, scene.coach}


def test_newcomer_gets_into_a_new_room_when_the_leaver_sits_in_one_that_is_hidden(scene: Scene) -> None:
    scene.book()
    scene.tick()
    old = scene.room()
    scene.world.connect_voice(scene.guild, scene.student, old)
    hide(scene)
    scene.change(studentDiscordId=scene.stranger)
    for _ in range(3):
        scene.tick(QUARTER)
        assert scene.report.exit_code == 1
    (new,) = set(scene.rooms()) - {old}
    assert scene.world.who_can_enter(new) - {scene.bot, scene.owner} == {scene.stranger, scene.coach}
    assert scene.student not in scene.world.who_can_enter(old)
    scene.world.set_overwrite(old, scene.bot, 1, 1049600)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.rooms()) == (0, [new])
    assert all(g.state == "revoked" for g in scene.entry().grants if g.user_id == scene.student)
