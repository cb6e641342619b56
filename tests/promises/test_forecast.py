"""`forecast`: what runs remember of guilds, when and where something runs out, and the setting that helps."""

from __future__ import annotations

import pytest

from coachsync.clock import iso
from coachsync.domain.budget import GuildSight
from coachsync.domain.limits import MOST_ROLE_CREATIONS, ROLE_WINDOW
from coachsync.domain.model import DAY, HOUR
from coachsync.standin.limits import Bucket, Limits
from tests.kit.scene import QUARTER, ROLES, Scene, Stage


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


# the proof: what is foretold is what then happens


def _book_two_days(scene: Scene) -> None:
    """Book thirty sessions at once ten times, four hours apart, from tomorrow on."""
    first = scene.now() + DAY
    alone = {"studentDiscordId": scene.student, "coachDiscordId": scene.student, "duration": 60, "status": "SCHEDULED"}
    rows = [{"_id": f"s{n:03}", "scheduledDate": first + n // 30 * 4 * HOUR} | alone for n in range(300)]
    with scene.store() as store:
        store.bookings.import_rows(rows)


def test_three_hundred_bookings_run_out_of_roles_in_the_run_that_was_foretold(scene: Scene) -> None:
    scene.world.monotonic = lambda: scene.now() / 1000
    role_limit = Bucket("create role", MOST_ROLE_CREATIONS, ROLE_WINDOW / 1000, "guild_id", "rolling")
    scene.standin.limits = Limits({("POST", ROLES): (role_limit,)})
    _book_two_days(scene)
    for _ in range(2):
        scene.tick(HOUR)
    told = scene.program("forecast", "--json", "--days", "4")
    tight = told.json["first"]
    assert (told.code, tight["limit"], tight["guild_id"]) == (1, "role_creations", scene.guild)
    assert tight["setting"] == {"setting": 'access = "member"', "section": "[discord]", "fits": True}
    scene.clock.advance(15 * HOUR)
    fallen: dict[str, int] = {}
    for _ in range(10):
        report = scene.tick(4 * HOUR)
        fallen[iso(report.now)] = sum(warning.code == "no_more_roles" for warning in report.warnings)
    assert next(at for at, many in fallen.items() if many) == tight["at"]
    assert sum(fallen.values()) == tight["sessions"] == 50
