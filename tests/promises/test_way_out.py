"""There is always a way out: what no run can finish names `cleanup ID --abandon`, and that ends it."""

from __future__ import annotations

import json
import shlex

import pytest

from coachsync.domain.model import HOUR
from tests.kit.scene import CHANNEL, ID, QUARTER, Scene, Stage

OVER = 5 * HOUR
WAY_OUT = f"coachsync cleanup {ID} --abandon"


def cast_out(scene: Scene) -> None:
    scene.world.leave(scene.guild, scene.bot)


def forbid(scene: Scene) -> None:
    scene.standin.faults.add("forbidden", ("DELETE", CHANNEL), count=None, code=50001)


def refuse_token(scene: Scene) -> None:
    scene.world.revoke_token(scene.bot, "another.token.altogether")


CORNERS = {"bot removed from the guild": cast_out, "room hidden for ever": forbid, "token gone": refuse_token}


@pytest.mark.parametrize("corner", CORNERS)
def test_error_names_the_way_out_and_it_ends_the_story(scene: Scene, corner: str) -> None:
    scene.book()
    scene.tick()
    CORNERS[corner](scene)
    scene.tick(OVER)
    assert scene.outcome.outcome == "failed"
    assert WAY_OUT in scene.hint
    scene.tick(QUARTER, "cleanup", ID, abandon=True)
    assert (scene.done, scene.report.exit_code) == ([("cleanup", "done")], 0)
    scene.tick(QUARTER)
    writes = [r for r in scene.standin.requests if r.write]  # a read that the run before gave up may arrive only now
    assert (scene.done, writes, scene.report.exit_code) == ([], [], 0)


def test_guild_that_left_the_configuration_names_the_way_out(stage: Stage) -> None:
    scene = stage()
    other = scene.another_guild()
    for person in (scene.student, scene.coach):
        scene.world.join(other, person)
    scene.configure(rest=f'[guilds.{other}]\naccess = "member"\n')
    scene.book(guildId=other)
    scene.tick()
    assert scene.done == [("setup", "done")]
    scene.configure()
    scene.world.leave(other, scene.bot)
    scene.tick(OVER)
    assert WAY_OUT in scene.hint
    scene.tick(QUARTER, "cleanup", ID, abandon=True)
    scene.tick(QUARTER)
    assert (scene.done, scene.report.exit_code) == ([], 0)


def test_claim_that_is_foreign_for_ever_is_ended_by_abandoning_it(scene: Scene) -> None:
    lobby = scene.world.add_channel(scene.guild, "Lobby")
    scene.book(start=scene.now() - 3 * HOUR, discordSetupComplete=True, discordChannelId=lobby)
    for _ in range(3):
        scene.tick(QUARTER)
        assert (scene.codes, WAY_OUT in scene.hint) == (["not_ours"], True)
    scene.tick(QUARTER, "cleanup", ID, abandon=True)
    scene.tick(QUARTER)
    assert (scene.done, scene.report.exit_code) == ([], 0)
    assert scene.world.channel_names(scene.guild) == {lobby: "Lobby"}
    assert scene.row()["status"] == "COMPLETED"


def test_abandoning_says_what_may_be_left_behind(scene: Scene) -> None:
    scene.book()
    scene.tick()
    room, role = scene.room(), scene.role()
    scene.tick(OVER, "cleanup", ID, abandon=True)
    (note,) = scene.report.notes
    assert room in note
    assert role in note
    assert scene.standin.requests == []


def test_abandoning_works_without_a_token_and_without_discord(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.standin.down()
    result = scene.program("cleanup", ID, "--abandon", "--json", COACHSYNC_TOKEN="")
    assert result.code == 0, result.err
    assert [a["outcome"] for a in json.loads(result.out)["actions"]] == ["done"]


def test_abandoned_room_is_not_touched_again(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    room = any_access.room()
    before = any_access.portrait(room)
    any_access.tick(QUARTER, "cleanup", ID, abandon=True)
    any_access.tick(QUARTER)
    any_access.tick(OVER)
    assert any_access.portrait(room) == before


def test_abandoned_session_set_up_again_gets_a_room_of_its_own(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    old = any_access.room()
    any_access.tick(0, "cleanup", ID, abandon=True)
    any_access.change(status="SCHEDULED")
    any_access.tick(QUARTER, "setup", ID)
    assert any_access.done == [("setup", "done")]
    (new,) = set(any_access.rooms()) - {old}
    any_access.tick(OVER)
    assert any_access.rooms() == [old]
    assert new not in any_access.things()


def test_abandoning_one_session_leaves_the_others_alone(scene: Scene) -> None:
    scene.book()
    scene.book("def67890")
    scene.tick()
    scene.tick(OVER, "cleanup", ID, abandon=True)
    scene.tick(QUARTER)
    assert [(o.action.session.id, o.outcome) for o in scene.report.outcomes] == [("def67890", "done")]


def test_foreign_claim_of_a_session_to_come_does_not_keep_it_from_its_room(scene: Scene) -> None:
    admins = scene.world.add_role(scene.guild, "Admins", permissions=8)
    scene.book(discordRoleId=admins)
    scene.tick()
    assert scene.done == [("setup", "done")]
    assert admins not in scene.world.roles_of(scene.guild, scene.student)


def test_revoke_in_a_guild_that_is_gone_is_ended_by_abandoning_it(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    other = scene.another_guild()
    for person in (scene.student, scene.coach):
        scene.world.join(other, person)
    scene.change(guildId=other)
    cast_out(scene)
    scene.tick(QUARTER)
    assert WAY_OUT in scene.hint
    scene.tick(QUARTER, "cleanup", ID, abandon=True)
    scene.tick(0, "setup", ID)
    scene.tick(QUARTER)
    assert (scene.done, scene.report.exit_code) == ([], 0)


@pytest.mark.parametrize("odd", ["x$(touch PWNED)", "it's", "-rf", "two words"])
def test_way_out_can_be_pasted_into_a_shell_whatever_the_id_holds(scene: Scene, odd: str) -> None:
    scene.book(odd)
    scene.tick()
    forbid(scene)
    scene.tick(OVER)
    command = scene.hint.split("`")[1]
    words = [word for word in shlex.split(command) if word not in ("--abandon", "--")]
    assert words == ["coachsync", "cleanup", odd]


@pytest.mark.parametrize("command", ["setup", "cleanup"])
def test_named_session_of_which_nothing_is_to_be_done_is_told_why(scene: Scene, command: str) -> None:
    scene.book(start=scene.now() + 2 * HOUR + QUARTER)
    if command == "setup":
        scene.tick()
    scene.tick(0, command, ID)
    assert scene.done == []
    (note,) = scene.report.notes
    assert note.startswith(f"{ID}: {'has its room already' if command == 'setup' else 'has no room'}")
