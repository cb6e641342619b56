"""Where a guild has no place left: due cleanups make room first, the earliest start comes first, the rest hear why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coachsync.domain.model import HOUR, MINUTE, Entry, Millis, Resource
from coachsync.standin import Bucket, Limits
from tests.kit.scene import Scene

MOST_CHANNELS, MOST_ROLES = 500, 250
POST_ROLE = ("POST", "/guilds/{guild_id}/roles")
BOOKED_AHEAD: Millis = 5 * HOUR


@pytest.fixture(params=["role", "member"])
def either(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    scene = Scene(tmp_path, access=request.param)
    with scene.standin:
        yield scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    with scene.standin:
        yield scene


def open_rooms(scene: Scene, count: int) -> None:
    """Set up sessions whose cleanup is due five hours later."""
    for number in range(count):
        scene.book(f"over000{number}")
    scene.tick()
    scene.clock.advance(BOOKED_AHEAD)


def book_next(scene: Scene, count: int) -> None:
    """Book sessions for which it is time; the last one starts first."""
    for number in range(count):
        scene.book(f"next000{number}", start=scene.now() + 3 * HOUR - (number + 1) * MINUTE)


def fill_channels(scene: Scene) -> None:
    for number in range(MOST_CHANNELS - len(scene.world.channel_names(scene.guild))):
        scene.world.add_channel(scene.guild, f"talk {number}")


def fill_roles(scene: Scene) -> None:
    for number in range(MOST_ROLES - len(scene.world.role_names(scene.guild))):
        scene.world.add_role(scene.guild, f"rank {number}")


def spend_roles(scene: Scene, count: int) -> None:
    """Have the ledger remember roles that were made an hour ago and removed since."""
    closed = Entry("former1", scene.guild, "role", "former1", "Session former1", "coaching-former1", 0, 0, 0, "closed")
    made_at = scene.now() - HOUR
    closed.resources = [
        Resource("role", "Session former1", scene.guild, "deleted", made_at, snowflake=str(n), made_at=made_at)
        for n in range(1, count + 1)
    ]
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.save(closed)


def made(scene: Scene, prefix: str) -> list[str]:
    """Return the sessions whose rooms are there, by name."""
    names = scene.world.channel_names(scene.guild).values()
    return sorted(name.rpartition("-")[2] for name in names if f"coaching-{prefix}" in name)


def test_setups_take_the_places_of_cleanups_when_the_guild_holds_all_its_channels(either: Scene) -> None:
    open_rooms(either, 2)
    fill_channels(either)
    book_next(either, 2)

    either.tick()

    assert sorted(either.done) == [("cleanup", "done")] * 2 + [("setup", "done")] * 2
    assert (made(either, "over"), made(either, "next")) == ([], ["next0000", "next0001"])


def test_earliest_start_gets_the_one_place_when_several_wait_for_it(either: Scene) -> None:
    open_rooms(either, 1)
    fill_channels(either)
    book_next(either, 3)

    either.tick()

    assert made(either, "next") == ["next0002"]
    assert either.codes == ["limit_reached", "limit_reached"]


def test_session_without_a_place_gets_it_from_the_next_run_when_there_is_one(either: Scene) -> None:
    fill_channels(either)
    book_next(either, 1)
    either.tick()
    assert either.codes == ["limit_reached"]
    assert either.hint

    either.world.delete_channel(next(i for i, name in either.things().items() if name == "talk 0"))
    either.tick(MINUTE)

    assert either.done == [("setup", "done")]


def test_setups_take_the_roles_of_cleanups_when_the_guild_holds_all_its_roles(scene: Scene) -> None:
    open_rooms(scene, 2)
    fill_roles(scene)
    book_next(scene, 2)

    scene.tick()

    assert len([r for r in scene.world.role_names(scene.guild).values() if r.startswith("Session next")]) == 2
    assert [w.code for w in scene.report.warnings] == []


def test_ledger_alone_tells_that_roles_are_spent_when_250_were_made_in_two_days(scene: Scene) -> None:
    spend_roles(scene, 250)
    scene.book()

    scene.tick(MINUTE)

    assert scene.done == [("setup", "done")]
    assert POST_ROLE not in [r.route for r in scene.standin.requests]
    assert [w.code for w in scene.report.warnings] == ["no_more_roles"]
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_sessions_get_access_within_the_tick_when_discord_stops_making_roles(scene: Scene) -> None:
    scene.standin.limits = Limits({POST_ROLE: [Bucket("create role", 1, 172_800.0, "guild_id")]})
    book_next(scene, 3)

    scene.tick()

    assert scene.done == [("setup", "done")] * 3
    assert scene.standin.count_429() <= 1
    assert sorted(o.access for o in scene.report.outcomes) == ["member", "member", "role"]


@pytest.mark.parametrize("per_second", [3, 8])
def test_own_ceiling_is_kept_to_where_routes_show_no_headers(scene: Scene, per_second: int) -> None:
    scene.configure(f"max_requests_per_second = {per_second}")
    scene.book()
    scene.book("abc12346")

    scene.tick()

    times = [r.arrived for r in scene.standin.requests]
    assert len(times) > per_second
    assert all(b - a >= 0.99 for a, b in zip(times, times[per_second:], strict=False))
