"""`forecast`: what runs remember of guilds, when and where something runs out, and the setting that helps."""

from __future__ import annotations

import pytest

from coachsync.domain.budget import GuildSight
from coachsync.domain.limits import MOST_ROLE_CREATIONS
from coachsync.domain.model import HOUR
from coachsync.standin.limits import Limits
from tests.kit.scene import QUARTER, Scene, Stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage()


def _sight(scene: Scene) -> GuildSight | None:
    with scene.store(writable=False) as store:
        return store.ledger.sight(scene.guild)


# what runs remember


def test_run_remembers_what_in_the_guild_is_not_ours(scene: Scene) -> None:
    category = scene.world.add_category(scene.guild, "Coaching")
    scene.world.add_channel(scene.guild, "talk", parent=category)
    scene.world.add_role(scene.guild, "Staff")
    scene.configure(f'category_id = "{category}"')
    scene.book()
    scene.tick()
    first = _sight(scene)
    assert first is not None
    assert first[1:] == (3, 2, (1,))  # @everyone, the bot's own and Staff; the category and the channel in it
    scene.tick(5 * HOUR)
    last = _sight(scene)
    assert last is not None
    assert (last[1:], last.at > first.at) == (first[1:], True)


def test_run_remembers_discords_word_on_roles(scene: Scene) -> None:
    scene.standin.limits = Limits.discord()
    scene.book()
    scene.book("two")
    scene.tick()
    with scene.store(writable=False) as store:
        word = store.ledger.role_budget(scene.guild, scene.now()).word
    assert word is not None
    assert (word.most, word.left) == (MOST_ROLE_CREATIONS, MOST_ROLE_CREATIONS - 2)
    assert 47 * HOUR < word.resets_at - scene.now() < 49 * HOUR


def test_run_with_nothing_to_do_writes_nothing_of_guilds(scene: Scene) -> None:
    scene.book()
    scene.tick()
    before = _sight(scene)
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    scene.sql("DELETE FROM coachsync_sights")
    scene.tick(QUARTER)
    assert (before is not None, scene.standin.requests, _sight(scene)) == (True, [], None)
