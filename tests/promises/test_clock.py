"""Clocks that are off, go back or are far away, and days that are not like others (CONTRACT §5, §8)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coachsync.cli.when import parse_start
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.errors import UsageError
from tests.kit.scene import ID, QUARTER, Scene, Stage
from tests.kit.town import T0, TOKEN

OVER = 5 * HOUR


def at(text: str) -> Millis:
    """Return a moment in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.fixture
def real(stage: Stage) -> Scene:
    """Return a scene that lives in the host's time."""
    return stage(real_time=True)


def skew(scene: Scene, by: Millis) -> None:
    scene.standin.faults.add("date", count=None, offset=by / 1000)


@pytest.mark.parametrize("by", [-6 * MINUTE, 6 * MINUTE, -DAY, 400 * DAY])
def test_nothing_is_removed_when_the_clocks_are_more_than_five_minutes_apart(real: Scene, by: Millis) -> None:
    real.book(start=real.now() + HOUR)
    real.tick()
    things = real.things()
    real.change(status="CANCELLED")
    skew(real, by)
    real.tick()
    assert (real.codes, real.report.exit_code, real.writes) == (["clock_skew"], 1, [])
    assert real.things() == things


def test_nothing_is_revoked_when_the_clocks_are_apart(real: Scene) -> None:
    real.book(start=real.now() + HOUR)
    real.tick()
    real.change(scheduledDate=real.now() + 2 * DAY)
    skew(real, 6 * MINUTE)
    real.tick()
    assert (real.codes, real.writes) == (["clock_skew"], [])


def test_operator_who_names_a_session_is_held_to_the_clock_too(real: Scene) -> None:
    real.book(start=real.now() - 3 * HOUR)
    real.book("def67890", start=real.now() + HOUR)
    real.tick()
    skew(real, -6 * MINUTE)
    real.tick(0, "cleanup", "def67890")
    assert real.codes == ["clock_skew"]


def test_setups_go_on_when_the_clocks_are_apart(real: Scene) -> None:
    real.book(start=real.now() + HOUR)
    skew(real, 6 * MINUTE)
    real.tick()
    assert real.done == [("setup", "done")]


def test_clocks_four_minutes_apart_are_near_enough(real: Scene) -> None:
    real.book(start=real.now() + HOUR)
    real.tick()
    real.change(status="CANCELLED")
    skew(real, -4 * MINUTE)
    real.tick()
    assert real.done == [("cleanup", "done")]


def test_next_run_removes_what_the_clock_kept(real: Scene) -> None:
    real.book(start=real.now() + HOUR)
    real.tick()
    real.change(status="CANCELLED")
    skew(real, DAY)
    real.tick()
    real.standin.faults.clear()
    real.tick()
    assert (real.done, real.things()) == ([("cleanup", "done")], {})


def test_pretended_time_is_not_compared_with_discords(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.change(status="CANCELLED")
    skew(scene, 400 * DAY)
    scene.tick(MINUTE)
    assert scene.done == [("cleanup", "done")]


def test_skew_is_told_by_the_program(real: Scene) -> None:
    real.book(start=real.now() + HOUR)
    real.tick()
    real.change(status="CANCELLED")
    skew(real, 6 * MINUTE)
    result = real.program("run", "--json")
    assert result.code == 1
    assert [a["error"]["code"] for a in result.json["actions"]] == ["clock_skew"]


def test_clock_set_back_between_two_ticks_takes_nothing_away_and_makes_nothing_twice(scene: Scene) -> None:
    scene.book()
    scene.tick()
    things = scene.things()
    scene.tick(-20 * MINUTE)
    assert (scene.report.exit_code, scene.things()) == (0, things)
    scene.tick(QUARTER)
    scene.tick(OVER)
    assert scene.things() == {}


def test_clock_set_back_before_the_window_revokes_and_sets_up_again(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    any_access.tick(-2 * HOUR)
    assert len(any_access.rooms()) <= 1
    any_access.tick(2 * HOUR)
    any_access.tick(QUARTER)
    assert any_access.people_in_reach() == {any_access.student, any_access.coach}
    any_access.tick(OVER)
    assert any_access.things() == {}


def test_clock_set_back_after_the_cleanup_opens_nothing_again(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.tick(OVER)
    scene.tick(-4 * HOUR)
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([], {})


def test_run_far_in_the_past_or_future_does_not_hide_bookings_from_the_next(scene: Scene) -> None:
    scene.book(start=T0 + DAY)
    for moment in (at("2099-12-31T23:59:59"), at("2016-02-29T00:00:00")):
        scene.clock.set(moment)
        scene.tick()
    scene.clock.set(T0 + DAY - 2 * HOUR)
    scene.tick()
    assert scene.people_in_reach() == {scene.student, scene.coach}


@pytest.mark.parametrize(
    "start",
    ["2016-02-29T23:30:00", "2028-02-29T12:00:00", "2015-01-02T00:00:00", "2099-12-31T23:30:00", "2026-12-31T23:59:59"],
)
def test_session_on_an_odd_day_lives_its_whole_life(scene: Scene, start: str) -> None:
    scene.clock.set(at(start) - 2 * HOUR - MINUTE)
    scene.book(start=at(start))
    scene.tick()
    assert scene.people_in_reach() == {scene.student, scene.coach}
    scene.tick(OVER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


@pytest.mark.parametrize("year", ["2016-01-01", "2099-12-30"])
def test_far_away_times_are_told_without_a_bug(scene: Scene, year: str) -> None:
    moment = f"{year}T00:00:00Z"
    scene.book(start=at(f"{year}T02:10:00"))
    scene.clock.set(at(f"{year}T00:00:00"))
    for arguments in (["status", "--json"], ["status"], ["explain", ID], ["run", "--dry-run"], ["run"]):
        result = scene.program(*arguments)
        assert (result.code, result.err) == (0, ""), (moment, arguments)


@pytest.mark.parametrize("now", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-1", "0", "99999999999999999999"])
def test_times_out_of_this_world_are_no_bug(scene: Scene, now: str) -> None:
    for command in (["status"], ["run", "--dry-run"], ["run"]):
        result = scene.home.run(*command, f"--now={now}", COACHSYNC_TOKEN=TOKEN)
        assert result.code in (0, 2), (command, result.err)
        assert "bug" not in result.err


def test_local_time_that_daylight_saving_skips_or_repeats_is_refused_with_both_readings() -> None:
    for text, readings in (
        ("2026-03-08 02:30", ("2026-03-08T01:30:00-05:00", "2026-03-08T03:30:00-04:00")),
        ("2026-11-01 01:30", ("2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00")),
    ):
        with pytest.raises(UsageError) as refused:
            parse_start(text, "America/New_York")
        assert [r for r in readings if r not in refused.value.hint] == []


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-03-08 03:00", "America/New_York", "2026-03-08T07:00:00"),
        ("2026-03-08 01:59", "America/New_York", "2026-03-08T06:59:00"),
        ("2026-10-25 03:00", "Europe/Berlin", "2026-10-25T02:00:00"),
        ("2028-02-29 13:00", "Asia/Kolkata", "2028-02-29T07:30:00"),
    ],
)
def test_local_time_beside_a_change_of_clocks_is_taken(text: str, zone: str, utc: str) -> None:
    assert parse_start(text, zone) == at(utc)


def test_session_across_a_change_of_clocks_lasts_as_long_as_it_says(scene: Scene) -> None:
    start = parse_start("2026-10-25 01:30", "Europe/Berlin")
    scene.clock.set(start - 2 * HOUR)
    scene.book(start=start, duration=120)
    scene.tick()
    scene.tick(2 * HOUR + 2 * HOUR + HOUR - 1)
    assert scene.done == []
    scene.tick(1)
    assert scene.done == [("cleanup", "done")]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
def test_hosts_own_zone_changes_nothing(scene: Scene, zone: str) -> None:
    scene.book()
    told = scene.program("status", "--json", TZ="UTC").json
    assert scene.program("status", "--json", TZ=zone).json == told


# broken promises


@pytest.mark.parametrize("narrow", ["setup", "cleanup"])
def test_promise_broken_while_no_run_came_is_told_although_an_operator_was_faster(scene: Scene, narrow: str) -> None:
    scene.tick()
    scene.book(start=scene.now() + 24 * HOUR)
    scene.book("def67890", start=scene.now() + 80 * HOUR)
    scene.tick(72 * HOUR, narrow, "def67890")
    scene.tick(QUARTER)
    assert scene.codes == ["missed"]
    scene.tick(QUARTER)
    assert scene.codes == []


def test_promise_broken_while_no_run_came_is_told_although_the_next_run_was_killed(scene: Scene) -> None:
    scene.tick()
    scene.book(start=scene.now() + 24 * HOUR)
    scene.clock.advance(72 * HOUR)
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.run_started(scene.now(), "run")
    scene.tick(QUARTER)
    assert scene.codes == ["missed"]
