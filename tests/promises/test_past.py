"""Sessions that were over before coachsync could do anything for them are past, and nobody is woken for them."""

from __future__ import annotations

import json

import pytest

from coachsync.clock import host_now
from coachsync.domain.model import DAY, HOUR, Millis
from tests.kit.home import COACH, STUDENT, Home
from tests.kit.scene import ID, QUARTER, Scene, Stage


def phase(scene: Scene, session_id: str = ID) -> str:
    """Return what `status` says of a session."""
    (found,) = scene.program("status", session_id, "--json").json["sessions"]
    return str(found["phase"])


def test_first_run_over_many_bookings_tells_of_none_that_was_over(scene: Scene) -> None:
    for day in range(-5, 0):
        scene.book(f"past000{-day}", start=scene.now() + day * DAY)
    scene.book()
    assert phase(scene, "past0005") == "past"
    scene.tick()
    assert (scene.done, scene.report.exit_code) == ([("setup", "done")], 0)
    scene.tick(QUARTER)
    assert (scene.done, phase(scene, "past0001")) == ([], "past")


def fill_with_the_past(scene: Scene) -> None:
    """Fill the store with what a booking system kept of ten months, as coachsync finds it when it is installed."""
    statuses = ("SCHEDULED", "CONFIRMED", "COMPLETED", "CANCELLED", "NO_SHOW")
    people = {"studentDiscordId": scene.student, "coachDiscordId": scene.coach}
    rows = [
        {"_id": f"old{day:05}", "status": statuses[day % 5], "scheduledDate": scene.now() - day * DAY} | people
        for day in range(1, 301)
    ]
    with scene.store() as store:
        store.bookings.import_rows(rows)


def test_first_hour_over_a_store_full_of_the_past_tells_of_today_alone(scene: Scene) -> None:
    fill_with_the_past(scene)
    scene.book(studentDiscordId="1300000000000000099")
    first = scene.program("run", "--quiet")
    told = [line for line in first.err.splitlines() if not line.startswith("hint: ")]
    assert (first.code, len(told), "old00" in first.err + first.out) == (1, 1, False)
    shown = scene.program("status").out
    assert (shown.index("1300000000000000099") < shown.index("old00"), "missed" in shown) == (True, False)
    assert {one["sessions"][0] for one in scene.program("status", "--json").json["attention"]} == {ID}


def test_row_that_another_program_writes_later_is_missed(scene: Scene) -> None:
    scene.tick()
    scene.clock.advance(2 * HOUR)
    scene.book(start=scene.now() - 70 * 60_000)
    scene.tick()
    assert (scene.codes, phase(scene)) == (["missed"], "missed")


@pytest.mark.parametrize("status", ["NO_SHOW", "CANCELLED"])
def test_session_of_the_past_that_gets_no_room_is_not_past(scene: Scene, status: str) -> None:
    scene.book(status=status, start=scene.now() - DAY)
    assert phase(scene) == {"NO_SHOW": "closed", "CANCELLED": "cancelled"}[status]


@pytest.mark.parametrize(("ended_before", "left"), [(7 * DAY - 1, 0), (7 * DAY, 1)])
def test_what_an_earlier_system_left_open_is_taken_over_for_seven_days(
    stage: Stage, ended_before: Millis, left: int
) -> None:
    scene = stage()
    old = scene.world.add_channel(scene.guild, f"🎤 coaching-{ID}")
    scene.book(start=scene.now() - ended_before - HOUR, discordSetupComplete=True, discordChannelId=old)
    scene.tick()
    assert len(scene.rooms()) == left
    assert phase(scene) == ("past" if left else "cleaned")


def test_first_run_by_a_clock_that_was_years_behind_does_not_count(scene: Scene) -> None:
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.run_finished(transaction.ledger.run_started(5 * DAY, "run"), 5 * DAY, None, 0)
    scene.book(start=scene.now() - DAY)
    scene.tick()
    assert (scene.done, phase(scene)) == ([], "past")


def booked_over(home: Home, way: str) -> str:
    """Bring a booking in that is over, by `sessions add` or an import; return what `status` calls it."""
    home.run("run", COACHSYNC_TOKEN="x" * 70)
    start = host_now() - 3 * HOUR
    if way == "add":
        assert home.book(ID, start=str(start)).code == 0
    else:
        row = {"_id": ID, "status": "SCHEDULED", "scheduledDate": start, "studentDiscordId": STUDENT}
        assert home.run("sessions", "import", "-", stdin=json.dumps([row | {"coachDiscordId": COACH}])).code == 0
    (found,) = home.run("status", "--json", ID).json["sessions"]
    return str(found["phase"])


@pytest.mark.parametrize("way", ["add", "import"])
def test_booking_that_coachsync_brought_in_when_it_was_over_is_past(home: Home, way: str) -> None:
    assert booked_over(home, way) == "past"
    said = home.run("run", COACHSYNC_TOKEN="x" * 70)
    assert (said.code, "missed" in said.err) == (0, False)
