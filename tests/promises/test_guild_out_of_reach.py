"""A guild that cannot be looked at holds up nothing elsewhere: who moved away from it gets their room."""

from __future__ import annotations

import pytest

from coachsync.domain.model import HOUR
from tests.kit.scene import ID, QUARTER, ROLE, ROOM, Scene, Stage

ADMINISTRATOR = 8  # sees rooms whose overwrite for the bot went with it

WAY_OUT = f"coachsync cleanup {ID} --abandon"


class Moved:
    """A session whose booking moved to another guild, while the bot was put out of the one with its room."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.other = scene.world.add_guild("Other", scene.owner, [scene.bot])
        for person in (scene.student, scene.coach):
            scene.world.join(self.other, person)
        scene.book()
        scene.tick()
        scene.world.leave(scene.guild, scene.bot)
        scene.change(guildId=self.other)

    def there(self) -> int:
        """Return how many of the session's rooms the new guild has."""
        return len(self.scene.world.find_channels(self.other, ROOM))


@pytest.fixture
def moved(scene: Scene) -> Moved:
    return Moved(scene)


def test_session_that_moved_away_is_set_up_in_its_new_guild(moved: Moved) -> None:
    scene = moved.scene
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert moved.there() == 1
    assert ("setup", "done") in scene.done
    assert scene.row()["discordSetupComplete"]


def test_what_is_left_is_told_in_every_run_until_it_can_be_removed(moved: Moved) -> None:
    scene = moved.scene
    for _ in range(4):
        scene.tick(QUARTER)
        assert [o.error.hint for o in scene.report.outcomes if o.error is not None and WAY_OUT in o.error.hint]
        assert (scene.report.exit_code, len(scene.rooms()), len(scene.roles())) == (1, 1, 1)
    scene.world.invite_bot(scene.guild, scene.bot, ADMINISTRATOR)
    scene.tick(QUARTER)
    assert (scene.rooms(), scene.roles(), moved.there()) == ([], [], 1)
    scene.tick(QUARTER)
    assert (scene.done, scene.report.exit_code) == ([], 0)


def test_what_is_left_is_told_also_after_the_session_is_over(moved: Moved) -> None:
    scene = moved.scene
    for _ in range(3):
        scene.tick(QUARTER)
    scene.tick(5 * HOUR)
    assert (moved.there(), scene.row()["status"]) == (0, "COMPLETED")
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.done) == (1, [("revoke", "failed")])


@pytest.mark.parametrize("ticks", [1, 2], ids=["before it is set up again", "after that"])
def test_abandoning_frees_the_session_and_closes_only_what_was_left(moved: Moved, ticks: int) -> None:
    scene = moved.scene
    for _ in range(ticks):
        scene.tick(QUARTER)
    scene.tick(0, "cleanup", ID, abandon=True)
    assert (scene.done, scene.report.exit_code, scene.standin.requests) == ([("cleanup", "done")], 0, [])
    assert scene.guild in scene.report.notes[0]
    scene.tick(QUARTER)
    assert moved.there() == 1
    scene.tick(QUARTER)
    assert (scene.done, scene.report.exit_code, moved.there()) == ([], 0, 1)
    states = {(r.guild_id, r.state) for r in scene.entry().resources}
    assert states == {(scene.guild, "abandoned"), (moved.other, "made")}


def test_abandoning_in_a_lost_guild_is_remembered_as_that(moved: Moved) -> None:
    scene = moved.scene
    scene.tick(0, "cleanup", ID, abandon=True)
    assert scene.entry().closed_by == "abandoned"
    scene.tick(QUARTER)
    assert moved.there() == 1


def test_guild_without_a_token_holds_up_nothing_elsewhere(stage: Stage) -> None:
    scene = stage()
    other = scene.world.add_guild("Other", scene.owner, [scene.bot])
    for person in (scene.student, scene.coach):
        scene.world.join(other, person)
    scene.book(guildId=other)
    scene.tick()
    scene.configure(rest=f'[guilds.{other}]\ntoken_file = "gone"\n')
    scene.change(guildId=scene.guild)
    for _ in range(2):
        scene.tick(QUARTER)
    assert (len(scene.rooms()), len(scene.roles())) == (1, 1)
    assert "unauthorized" in scene.codes
    scene.configure()
    scene.tick(QUARTER)
    assert (scene.world.find_channels(other, ROOM), scene.world.find_roles(other, ROLE)) == ([], [])


def test_session_that_comes_back_is_not_given_what_it_left(moved: Moved) -> None:
    scene = moved.scene
    old = scene.room()
    for _ in range(2):
        scene.tick(QUARTER)
    scene.world.invite_bot(scene.guild, scene.bot, ADMINISTRATOR)
    scene.change(guildId=scene.guild)
    for _ in range(3):
        scene.tick(QUARTER)
    assert (len(scene.rooms()), old in scene.rooms(), moved.there()) == (1, False, 0)
