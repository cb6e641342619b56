"""A replica takes over and lacks the newest writes: nothing is doubled, nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from coachsync.errors import OK
from coachsync.standin.log import Request
from tests.kit.failover import Replica
from tests.kit.postgres import Postgres, postgres
from tests.kit.scene import ID, QUARTER, ROLE, ROOM, Scene, Stage


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One server for these tests alone, for it fails over."""
    with postgres() as started:
        yield started


@pytest.fixture
def scene(stage: Stage, server: Postgres) -> Scene:
    """Return a scene whose store is in a PostgreSQL that has seen a run, with one session that is due."""
    built = stage(store=server.fresh())
    built.tick()
    built.book()
    return built


def at_request(scene: Scene, nth: int, act: Callable[[], None], *, after: bool) -> None:
    """Act when the n-th request comes to Discord: before anything comes of it, or when all of it did."""
    seen = 0

    def count(_request: Request, *_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == nth:
            act()

    (scene.standin.after_request if after else scene.standin.before_request)(count)


REQUESTS = 9  # of a setup in a tick of its own: four looks, the role, the room, two grants, one count


@pytest.mark.parametrize("nth", [5, 6, REQUESTS])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_setup_under_which_the_database_fails_over_converges_within_two_ticks(
    scene: Scene, server: Postgres, nth: int, after: bool
) -> None:
    at_request(scene, nth, Replica(server).take_over, after=after)
    scene.tick(QUARTER)
    scene.standin.clear_hooks()
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, sorted(scene.things().values())) == (OK, sorted([ROLE, ROOM]))
    assert scene.people_in_reach() == {scene.student, scene.coach}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [4])
def test_cleanup_under_which_the_database_fails_over_converges_within_two_ticks(
    scene: Scene, server: Postgres, nth: int, after: bool
) -> None:
    scene.tick()
    scene.change(status="CANCELLED")
    at_request(scene, nth, Replica(server).take_over, after=after)
    scene.tick(QUARTER)
    scene.standin.clear_hooks()
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.things()) == (OK, {})


def test_run_looks_at_every_guild_once_after_a_failover(scene: Scene, server: Postgres) -> None:
    guild = scene.another_guild()
    scene.configure(rest=f"[guilds.{guild}]")
    scene.tick()
    Replica(server).take_over()
    looked = []
    for _ in range(2):
        scene.tick(QUARTER)
        looked.append(sum(1 for r in scene.standin.requests if r.path == f"/guilds/{guild}/channels"))
    assert looked == [1, 0]


def test_room_whose_whole_life_was_lost_is_taken_over(scene: Scene, server: Postgres) -> None:
    replica = Replica(server)
    scene.tick()
    room = scene.room()
    replica.take_over()
    scene.tick(QUARTER)
    assert (scene.room(), scene.entry(ID).state, len(scene.roles())) == (room, "open", 1)


def test_role_by_that_name_that_was_there_before_is_not_taken_for_lost(scene: Scene, server: Postgres) -> None:
    foreign = scene.world.add_role(scene.guild, ROLE)
    scene.tick(QUARTER)
    portrait = scene.portrait(foreign)
    Replica(server).take_over()
    scene.tick(QUARTER)
    assert scene.portrait(foreign) == portrait
