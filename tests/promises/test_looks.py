"""How often a guild with an open room is looked at: in each run while it matters, else in every fourth."""

from __future__ import annotations

import pytest

from coachsync.domain.model import DAY, HOUR, MINUTE
from tests.kit.home import JSON, SQLITE
from tests.kit.postgres import Postgres
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLE, Scene, Stage

FAR = 3 * DAY


def look(scene: Scene, later: int = MINUTE) -> bool:
    """Let a run pass; return whether it asked Discord anything."""
    return scene.tick(later).requests > 0


@pytest.fixture(params=[SQLITE, JSON, "postgresql"], ids=["sqlite", "json", "postgresql"])
def open_far_ahead(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """A session whose room an operator opened days ahead of time."""
    url = request.param
    if url == "postgresql":
        server: Postgres = request.getfixturevalue("postgres_server")
        url = server.fresh()
    return opened(stage(store=url))


def opened(scene: Scene) -> Scene:
    scene.book(start=scene.now() + FAR)
    scene.tick(0, "setup", ID)
    assert scene.done == [("setup", "done")]
    return scene


@pytest.fixture
def ahead(stage: Stage) -> Scene:
    return opened(stage())


def test_every_fourth_run_looks_at_a_room_that_is_open_ahead_of_time(open_far_ahead: Scene) -> None:
    assert [look(open_far_ahead) for _ in range(9)] == [True, *[False] * 3] * 2 + [True]


def test_from_setup_by_to_the_end_every_run_looks(stage: Stage) -> None:
    scene = stage()
    scene.book(start=scene.now() + 3 * HOUR)
    times = range(0, 3 * HOUR + 2 * HOUR, QUARTER)
    seen = [look(scene, QUARTER if moment else 0) for moment in times]
    hour = HOUR // QUARTER
    before, between, after = seen[:hour], seen[hour : 4 * hour + 1], seen[4 * hour + 1 :]
    assert (before, after) == ([True, False, False, False], [False, False, False])
    assert all(between)
    assert look(scene, QUARTER)  # the end of its cleanup's wait
    assert scene.done == [("cleanup", "done")]


def test_runs_by_name_and_other_commands_do_not_count(ahead: Scene) -> None:
    assert look(ahead)
    for _ in range(5):
        ahead.tick(MINUTE, "setup")
        ahead.tick(0, "setup", ID)
    assert [look(ahead) for _ in range(4)] == [False, False, False, True]


def test_guild_is_looked_at_again_if_the_look_failed(ahead: Scene) -> None:
    ahead.standin.faults.add("reset_before", ("GET", CHANNELS), count=None)
    assert look(ahead)
    ahead.standin.faults.clear()
    assert [look(ahead) for _ in range(5)] == [True, False, False, False, True]


def test_lost_ledger_is_followed_by_a_look(ahead: Scene) -> None:
    assert [look(ahead), look(ahead)] == [True, False]
    ahead.forget()
    assert look(ahead)


def test_new_staff_are_let_in_by_the_next_run(ahead: Scene) -> None:
    assert [look(ahead), look(ahead)] == [True, False]
    staff = ahead.world.add_role(ahead.guild, "Staff")
    ahead.configure(f'staff_role_ids = ["{staff}"]')
    assert look(ahead)
    assert staff in repr(ahead.world.channel(ahead.room()))


def test_who_leaves_the_booking_loses_access_in_the_next_run_and_is_watched_from_then_on(ahead: Scene) -> None:
    assert [look(ahead), look(ahead)] == [True, False]
    ahead.change(studentDiscordId=ahead.stranger)
    assert look(ahead)
    assert ahead.done == [("update", "done")]
    assert [look(ahead) for _ in range(4)] == [True] * 4


def test_what_was_taken_away_is_found_by_the_fourth_run_at_the_latest(ahead: Scene) -> None:
    assert look(ahead)
    ahead.world.delete_role(ahead.guild, ahead.role())
    assert [look(ahead) for _ in range(3)] == [False] * 3
    assert look(ahead)
    assert ahead.done == [("repair", "done")]
    assert len(ahead.roles(ROLE)) == 1


def test_each_host_s_run_counts(stage: Stage, postgres_server: Postgres) -> None:
    one = opened(stage(store=postgres_server.fresh()))
    assert look(one)
    # the scene's program is another process each time: another host, but for its name
    told = [one.command("run", "--json").json["requests"] for _ in range(4)]
    assert [bool(requests) for requests in told] == [False, False, False, True]
