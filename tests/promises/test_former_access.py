"""Who leaves loses access, however the room let them in: by a role, by name, or by what an earlier configuration said.

The ledger is lost, and the configuration says another kind of access than the room was made with.
"""

from __future__ import annotations

import pytest

from tests.kit.scene import QUARTER, ROLES, Scene, Stage

OTHER = {"role": "member", "member": "role"}


def reopened(stage: Stage, access: str, *, marks: bool) -> Scene:
    """Return a scene with a room whose ledger is lost and whose kind of access is configured no more."""
    scene = stage(access=access)
    scene.book()
    scene.tick()
    scene.forget(marks=marks)
    scene.access = OTHER[access]
    scene.configure()
    return scene


@pytest.mark.parametrize("marks", [False, True], ids=["marks kept", "marks lost"])
@pytest.mark.parametrize("access", ["role", "member"])
def test_leaver_of_a_room_that_was_taken_over_loses_access(stage: Stage, access: str, marks: bool) -> None:
    scene = reopened(stage, access, marks=marks)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.student, scene.coach}
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert scene.report.exit_code == 0
    assert scene.people_in_reach() == {scene.stranger, scene.coach}
    assert len(scene.rooms()) == 1


def test_leaver_whom_a_room_lets_in_by_name_loses_access_when_it_is_taken_over_for_a_role(stage: Stage) -> None:
    scene = reopened(stage, "member", marks=True)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.stranger, scene.coach}


def test_leaver_who_held_the_role_before_all_was_lost_is_locked_out_by_a_new_role(stage: Stage) -> None:
    scene = reopened(stage, "role", marks=True)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.stranger, scene.coach}
    assert len(scene.roles()) == len(scene.rooms()) == 1


def test_session_that_went_without_a_role_is_taken_over_as_it_is(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.standin.faults.add("rate_limited", ("POST", ROLES), retry_after=100_000.0)
    scene.tick()
    scene.forget()
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert (scene.entry().access, scene.roles()) == ("member", [])
    assert scene.people_in_reach() == {scene.stranger, scene.coach}
