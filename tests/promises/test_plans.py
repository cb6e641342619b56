"""Saved plans: what was reviewed is what is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coachsync.domain.model import HOUR, MINUTE
from tests.kit.scene import ID, QUARTER, Scene, Stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    found = stage()
    found.book()
    found.tick(QUARTER)
    for later in (0, QUARTER):
        found.tick(later)
    found.book("next", start=found.now() + 2 * HOUR + QUARTER)
    return found


@pytest.fixture
def plan(scene: Scene) -> Path:
    path = scene.folder / "plan.json"
    assert scene.program("run", "--dry-run", "--out", str(path)).code == 0
    return path


def writes(scene: Scene) -> list[str]:
    return [request.method for request in scene.standin.requests if request.method != "GET"]


def test_plan_that_still_fits_is_carried_out(scene: Scene, plan: Path) -> None:
    scene.clock.advance(10 * MINUTE)
    found = scene.command("run", "--plan", str(plan), "--json")
    assert found.code == 0
    assert found.actions == [("next", "setup", "done")]


def test_plan_is_for_its_user_alone_and_says_what_is_done_for_whom(scene: Scene, plan: Path) -> None:
    assert plan.stat().st_mode & 0o777 == 0o600
    document = json.loads(plan.read_text("utf-8"))
    (action,) = document["actions"]
    assert (action["session"], action["action"], action["guild_id"]) == ("next", "setup", scene.guild)
    assert action["people"] == sorted([scene.student, scene.coach])


def change_people(scene: Scene) -> None:
    scene.change("next", studentDiscordId=scene.stranger)


def cancel(scene: Scene) -> None:
    scene.change("next", status="CANCELLED")


def add(scene: Scene) -> None:
    scene.book("third", start=scene.now() + 2 * HOUR + QUARTER)


def end_another(scene: Scene) -> None:
    scene.change(ID, status="CANCELLED")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_people, "setup of next is for"),
        (cancel, "setup of next is in the plan and is not due now"),
        (add, "setup of third is due now and is not in the plan"),
        (end_another, f"cleanup of {ID} is due now and is not in the plan"),
    ],
)
@pytest.mark.parametrize("how", [(), ("--json",), ("--quiet",), ("--dry-run",)])
def test_plan_that_fits_no_more_sends_nothing_and_names_the_difference(
    scene: Scene, plan: Path, change: Any, said: str, how: tuple[str, ...]
) -> None:
    change(scene)
    found = scene.command("run", "--plan", str(plan), *how)
    assert found.code == 1
    assert scene.standin.requests == []
    assert said in found.err
    if how == ("--json",):
        assert found.json["error"]["code"] == "plan_changed"


def test_later_start_is_no_difference_while_the_same_is_due(scene: Scene, plan: Path) -> None:
    scene.change("next", scheduledDate=scene.now() + 2 * HOUR + 20 * MINUTE)
    assert scene.command("run", "--plan", str(plan)).code == 0


def test_plan_repairs_nothing_that_lets_somebody_in(scene: Scene, plan: Path) -> None:
    room = scene.entry().current("channel")
    assert room is not None
    assert room.snowflake is not None
    scene.world.delete_channel(room.snowflake)
    found = scene.command("run", "--plan", str(plan), "--json")
    assert found.actions == [("next", "setup", "done")]
    assert ("repair", "done") in {(a, o) for _, a, o in scene.command("run", "--json").actions}


def test_plan_keeps_strangers_out_all_the_same(scene: Scene, plan: Path) -> None:
    room = scene.entry().current("channel")
    assert room is not None
    assert room.snowflake is not None
    scene.world.open_to_everyone(room.snowflake)
    found = scene.command("run", "--plan", str(plan), "--json")
    assert found.code == 1
    assert (ID, "repair", "done") in found.actions
    assert found.error_of(ID)["code"] == "room_open_to_others"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "command": "run", "actions": []}', "\0", "[" * 10_000]
)
def test_file_that_is_no_plan_is_refused(scene: Scene, text: str) -> None:
    path = scene.folder / "odd.json"
    path.write_text(text, "utf-8")
    found = scene.command("run", "--plan", str(path))
    assert found.code == 2
    assert "is no plan" in found.err
    assert scene.standin.requests == []


def test_plan_that_is_not_there_is_refused(scene: Scene) -> None:
    assert scene.command("run", "--plan", "/nowhere/plan.json").code == 2


def test_out_needs_a_dry_run(scene: Scene) -> None:
    found = scene.command("run", "--out", "plan.json")
    assert found.code == 2
    assert "--dry-run" in found.err


def test_plan_that_cannot_be_written_is_said(scene: Scene) -> None:
    found = scene.command("run", "--dry-run", "--out", "/nowhere/plan.json")
    assert found.code == 3
    assert "/nowhere/plan.json" in found.err
