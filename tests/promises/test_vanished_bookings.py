"""Bookings that vanish, stores that are emptied, times that make no sense: nothing is torn down by accident."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coachsync.domain.model import DAY, HOUR, MINUTE
from tests.kit.home import JSON
from tests.kit.scene import ID, QUARTER, Scene, Stage
from tests.kit.town import T0

COMING = T0 + 3 * HOUR
SENSELESS = {"seconds": COMING // 1000, "negative": -5, "year 3000": 32_503_680_000_000, "text": "soon", "none": None}


def book_many(scene: Scene, number: int, **fields: Any) -> None:
    for i in range(number):
        scene.book(f"sess000{i}", start=COMING, **fields)


def keep(scene: Scene, *ids: str) -> list[dict[str, Any]]:
    """Delete every other booking, as a booking system does; return the rows that are gone."""
    with scene.store(writable=False) as store:
        rows = list(store.bookings.export())
    write(scene, [row for row in rows if row["_id"] in ids])
    return [row for row in rows if row["_id"] not in ids]


def write(scene: Scene, rows: list[dict[str, Any]]) -> None:
    if scene.url != JSON:
        scene.sql("DELETE FROM sessions")
        with scene.store() as store:
            store.bookings.import_rows(rows)
    else:
        scene.file.write_text(json.dumps(rows))


def put(scene: Scene, session_id: str, value: object) -> None:
    """Put a senseless start into a booking."""
    if scene.url != JSON:
        scene.sql("UPDATE sessions SET scheduled_date = ? WHERE id = ?", value, session_id)
    else:
        rows = json.loads(scene.file.read_bytes())
        scene.file.write_text(
            json.dumps([row | {"scheduledDate": value} if row["_id"] == session_id else row for row in rows])
        )


def test_deleted_booking_loses_its_room_after_two_runs_that_missed_it(scene: Scene) -> None:
    book_many(scene, 3)
    scene.tick()
    keep(scene, "sess0000", "sess0001")
    scene.tick(QUARTER)
    assert len(scene.things()) == 6
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert len(scene.things()) == 4


def test_two_runs_within_ten_minutes_do_not_suffice(scene: Scene) -> None:
    book_many(scene, 3)
    scene.tick()
    keep(scene, "sess0000", "sess0001")
    for _ in range(5):
        scene.tick(2 * MINUTE - 1)
    assert len(scene.things()) == 6


def test_store_that_is_emptied_and_refilled_keeps_every_room(scene: Scene) -> None:
    book_many(scene, 4)
    scene.tick()
    things = scene.things()
    gone = keep(scene)
    for _ in range(4):
        scene.tick(QUARTER)
        assert (set(scene.codes), scene.report.exit_code, scene.writes) == ({"booking_vanished"}, 1, [])
    write(scene, gone)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.writes, scene.things()) == (0, [], things)
    scene.tick(5 * HOUR)
    assert scene.things() == {}


def test_bookings_that_come_back_without_our_marks_keep_their_rooms(scene: Scene) -> None:
    book_many(scene, 4)
    scene.tick()
    things = scene.things()
    bare = [{k: v for k, v in row.items() if not k.startswith("discord")} for row in keep(scene)]
    scene.tick(QUARTER)
    write(scene, bare)
    scene.tick(QUARTER)
    assert (scene.writes, scene.things()) == ([], things)
    assert scene.row("sess0000")["discordSetupComplete"]


def test_emptied_store_lets_rooms_live_to_their_own_end(scene: Scene) -> None:
    book_many(scene, 3)
    scene.tick()
    keep(scene)
    scene.tick(5 * HOUR)
    assert scene.things() == {}


@pytest.mark.parametrize(("gone", "kept"), [(2, 2), (1, 3)])
def test_few_vanished_bookings_are_no_accident(scene: Scene, gone: int, kept: int) -> None:
    book_many(scene, gone + kept)
    scene.tick()
    keep(scene, *(f"sess000{i}" for i in range(kept)))
    for _ in range(3):
        scene.tick(QUARTER)
    assert len(scene.things()) == 2 * kept


def test_one_guilds_bookings_gone_is_an_accident_there_and_none_elsewhere(stage: Stage) -> None:
    scene = stage()
    other = scene.another_guild()
    for person in (scene.student, scene.coach):
        scene.world.join(other, person)
    scene.configure(rest=f'[guilds.{other}]\naccess = "role"\n')
    book_many(scene, 4)
    for i in range(4):
        scene.book(f"else000{i}", start=COMING, guildId=other)
    scene.tick()
    keep(scene, "sess0000", "sess0001", "sess0002", "sess0003")
    for _ in range(4):
        scene.tick(QUARTER)
    assert len(scene.things()) == 8
    assert len(scene.world.channel_names(other)) == 4
    assert set(scene.codes) == {"booking_vanished"}


def test_force_ends_an_accident_by_cleaning_up(scene: Scene) -> None:
    book_many(scene, 3)
    scene.tick()
    keep(scene)
    scene.tick(QUARTER)
    scene.tick(QUARTER, force=True)
    assert scene.things() == {}


@pytest.mark.parametrize("kind", SENSELESS)
def test_open_room_whose_start_became_senseless_lives_to_its_own_end(scene: Scene, kind: str) -> None:
    scene.book(start=COMING)
    scene.tick()
    things = scene.things()
    put(scene, ID, SENSELESS[kind])
    for _ in range(3):
        scene.tick(QUARTER)
        assert scene.things() == things
    scene.clock.set(COMING + 2 * HOUR)
    scene.tick()
    assert scene.things() == {}


@pytest.mark.parametrize("kind", SENSELESS)
def test_senseless_start_is_reported_once_and_keeps_nobody_else_from_their_room(scene: Scene, kind: str) -> None:
    scene.book()
    scene.book("def67890")
    put(scene, ID, SENSELESS[kind])
    scene.tick()
    assert (set(scene.codes), scene.report.exit_code) == ({"invalid"}, 1)
    assert len(scene.world.find_channels(scene.guild, "🎤 coaching-def67890")) == 1
    scene.tick(QUARTER)
    assert (scene.codes, scene.report.exit_code) == ([], 0)


def test_start_that_makes_sense_again_goes_on_as_if_nothing_was(scene: Scene) -> None:
    scene.book(start=COMING)
    scene.tick()
    things = scene.things()
    put(scene, ID, 17)
    scene.tick(QUARTER)
    put(scene, ID, COMING)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.writes, scene.things()) == (0, [], things)


CLOCK_OFF = """
import time
real, real_ns = time.time, time.time_ns
time.time = lambda: real() + {0}
time.time_ns = lambda: real_ns() + {0} * 1_000_000_000
"""


@pytest.mark.parametrize(("hours", "codes"), [(-6, []), (6, ["clock_skew"])])
def test_host_clock_hours_off_tears_nothing_down(stage: Stage, hours: int, codes: list[str]) -> None:
    scene = stage(real_time=True)
    scene.book(start=scene.now() + HOUR)
    scene.tick()
    things = scene.things()
    result = scene.program("run", "--json", inject=CLOCK_OFF.format(hours * 3600))
    assert [action["error"]["code"] for action in result.json["actions"]] == codes
    assert (result.code, scene.things()) == (len(codes), things)


def test_moved_clock_does_not_make_vanished_bookings_vanish_faster(stage: Stage) -> None:
    scene = stage()
    book_many(scene, 3)
    scene.tick()
    keep(scene, "sess0000", "sess0001")
    scene.tick(QUARTER)
    scene.tick(-DAY)
    assert len(scene.rooms("🎤 coaching-sess0002")) <= 1


def test_room_that_is_kept_through_an_accident_is_mended(scene: Scene) -> None:
    book_many(scene, 1)
    scene.tick()
    keep(scene)
    scene.world.delete_channel(scene.rooms("🎤 coaching-sess0000")[0])
    scene.tick(QUARTER)
    assert ("repair", "done") in scene.done
    assert len(scene.things()) == 2


def test_room_of_a_booking_that_may_be_gone_for_good_is_not_made_again(scene: Scene) -> None:
    book_many(scene, 2)
    scene.tick()
    keep(scene, "sess0000")
    scene.world.delete_channel(scene.rooms("🎤 coaching-sess0001")[0])
    scene.tick(QUARTER)
    assert scene.done == []
