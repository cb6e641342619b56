"""A row that cannot be understood gains nothing; what can be read of it counts, and many at once are an accident."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coachsync.domain.model import HOUR
from tests.kit.home import JSON
from tests.kit.scene import ID, QUARTER, Scene, Stage

KEYS = {"scheduledDate": "scheduled_date", "studentDiscordId": "student_discord_id"}


def put(scene: Scene, fields: dict[str, Any], *ids: str) -> None:
    """Write fields into rows as another program does, whatever is in them."""
    for session_id in ids or (ID,):
        if scene.url != JSON:
            for key, value in fields.items():
                scene.sql(f"UPDATE sessions SET {KEYS.get(key, key)} = ? WHERE id = ?", value, session_id)
        else:
            rows = json.loads(scene.file.read_bytes())
            scene.file.write_text(json.dumps([r | fields if r["_id"] == session_id else r for r in rows]))


def test_room_goes_at_once_when_a_write_cancels_and_empties_the_start(scene: Scene) -> None:
    scene.book()
    scene.tick()
    put(scene, {"status": "CANCELLED", "scheduledDate": None})
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


def test_person_whose_field_became_unreadable_keeps_their_place_and_every_run_says_so(scene: Scene) -> None:
    scene.book()
    scene.tick()
    put(scene, {"studentDiscordId": "john#1234"})
    for _ in range(3):
        scene.tick(QUARTER)
        assert (scene.codes, scene.report.exit_code, scene.writes) == (["invalid"], 1, [])
    assert scene.people_in_reach() == {scene.student, scene.coach}
    put(scene, {"studentDiscordId": scene.student})
    scene.tick(QUARTER)
    assert (scene.codes, scene.report.exit_code, scene.writes) == ([], 0, [])


@pytest.mark.parametrize("after", ["another", "nobody"])
def test_person_whose_unreadable_field_became_readable_loses_their_place(scene: Scene, after: str) -> None:
    scene.book()
    scene.tick()
    put(scene, {"studentDiscordId": "john#1234"})
    scene.tick(QUARTER)
    put(scene, {"studentDiscordId": scene.stranger if after == "another" else ""})
    scene.tick(QUARTER)
    assert scene.student not in scene.people_in_reach()


def test_other_readable_id_of_an_unreadable_row_only_removes(scene: Scene) -> None:
    scene.book()
    scene.tick()
    put(scene, {"studentDiscordId": scene.stranger, "scheduledDate": "soon"})
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.coach}
    assert set(scene.codes) == {"invalid"}


WAYS: dict[str, dict[str, Any]] = {
    "emptied": {"studentDiscordId": ""},
    "cancelled and unreadable": {"status": "CANCELLED", "scheduledDate": "soon"},
}


@pytest.mark.parametrize("way", WAYS)
def test_many_rooms_that_would_lose_somebody_at_once_are_kept(scene: Scene, way: str) -> None:
    ids = [f"sess000{i}" for i in range(3)]
    for session_id in ids:
        scene.book(session_id)
    scene.tick()
    things = scene.things()
    put(scene, WAYS[way], *ids)
    for _ in range(2):
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.writes, scene.things()) == (1, [], things)
        assert [o.outcome for o in scene.report.outcomes] == ["refused"] * 3
    scene.tick(QUARTER, force=True)
    assert scene.writes != []
    scene.tick(5 * HOUR)
    assert scene.things() == {}


def test_accident_that_is_mended_leaves_everybody_where_they_are(scene: Scene) -> None:
    ids = [f"sess000{i}" for i in range(3)]
    for session_id in ids:
        scene.book(session_id)
    scene.tick()
    put(scene, {"studentDiscordId": None}, *ids)
    scene.tick(QUARTER)
    put(scene, {"studentDiscordId": scene.student}, *ids)
    scene.tick(QUARTER)
    assert (scene.done, scene.writes, scene.report.exit_code) == ([], [], 0)


@pytest.mark.parametrize(("statuses", "left"), [(("CANCELLED", "CANCELLED"), 0), (("CANCELLED", "SCHEDULED"), 2)])
@pytest.mark.parametrize("turned", [False, True])
def test_room_of_a_doubled_id_goes_only_when_all_its_rows_are_cancelled(
    stage: Stage, statuses: tuple[str, str], left: int, turned: bool
) -> None:
    scene = stage(store=JSON)
    scene.book()
    scene.tick()
    (row,) = json.loads(scene.file.read_bytes())
    rows = [row | {"status": status} for status in statuses]
    scene.file.write_text(json.dumps(rows[::-1] if turned else rows))
    for _ in range(2):
        scene.tick(QUARTER)
        assert len(scene.things()) == left
    assert scene.report.exit_code == (1 if left else 0)


def test_rows_of_a_doubled_id_that_disagree_on_somebody_take_nobodys_place(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book()
    scene.tick()
    (row,) = json.loads(scene.file.read_bytes())
    scene.file.write_text(json.dumps([row, row | {"studentDiscordId": scene.stranger}]))
    scene.tick(QUARTER)
    assert (scene.codes, scene.people_in_reach()) == (["invalid"], {scene.student, scene.coach})
