"""What Discord hides or shows late never leads to a second room, and nothing counts as gone that is not."""

from __future__ import annotations

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.permissions import ADMINISTRATOR, ENTER
from coachsync.standin.log import Request
from tests.kit.scene import CHANNEL, CHANNELS, MEMBER_ROLE, QUARTER, ROLES, ROOM, Scene, Stage

OVER = 5 * HOUR
NOT_THE_CHANNEL = [10004, 10007, 10011, 10013, 50001, None]


@pytest.mark.parametrize("lists", [ROLES, CHANNELS])
@pytest.mark.parametrize("access", ["role", "member"])
def test_lagging_lists_lead_to_no_second_room(stage: Stage, lists: str, access: str) -> None:
    scene = stage(access=access)
    scene.book()
    scene.tick()
    things = scene.things()
    scene.standin.lag.requests = 10_000
    scene.tick(2 * MINUTE)
    assert (scene.report.exit_code, scene.writes, scene.things()) == (0, [], things)


@pytest.mark.parametrize("lost", [ROLES, CHANNELS])
def test_create_whose_answer_was_lost_and_that_lists_show_late_is_adopted(scene: Scene, lost: str) -> None:
    scene.book()
    scene.standin.lag.requests = 10_000
    scene.standin.faults.add("reset_after", ("POST", lost))
    scene.tick()
    assert scene.done == [("setup", "failed")]
    scene.standin.lag.requests = 0
    scene.tick(MINUTE)
    assert scene.done == [("setup", "done")]
    assert (len(scene.rooms()), len(scene.roles())) == (1, 1)


@pytest.mark.parametrize("fault", ["reset_after", "truncated", "status_after"])
@pytest.mark.parametrize("lost", [ROLES, CHANNELS])
def test_create_whose_answer_was_lost_is_looked_for_and_adopted_by_the_same_run(
    scene: Scene, lost: str, fault: str
) -> None:
    scene.book()
    scene.standin.faults.add(fault, ("POST", lost), status=502)
    scene.tick()
    assert scene.done == [("setup", "done")]
    assert [path.rpartition("/")[2] for path in scene.writes if path.startswith("POST")] == ["roles", "channels"]
    assert scene.people_in_reach() == {scene.student, scene.coach}


@pytest.mark.parametrize("lost", [ROLES, CHANNELS])
def test_late_twin_is_removed_when_the_lists_show_it(scene: Scene, lost: str) -> None:
    scene.book()
    scene.standin.lag.requests = 10_000
    scene.standin.faults.add("reset_after", ("POST", lost))
    scene.tick()
    scene.tick(MINUTE)
    scene.standin.lag.requests = 0
    scene.tick(QUARTER)
    assert (len(scene.rooms()), len(scene.roles())) == (1, 1)
    assert scene.people_in_reach() == {scene.student, scene.coach}
    scene.tick(OVER)
    assert scene.things() == {}


@pytest.mark.parametrize("lost", [ROLES, CHANNELS])
def test_late_twin_is_removed_although_its_session_is_long_over(scene: Scene, lost: str) -> None:
    scene.book()
    scene.standin.lag.requests = 10_000
    scene.standin.faults.add("reset_after", ("POST", lost))
    scene.tick()
    scene.tick(MINUTE)
    scene.change(status="CANCELLED")
    scene.tick(3 * MINUTE)
    scene.standin.lag.requests = 0
    scene.tick(MINUTE)
    assert scene.things() == {}


@pytest.mark.parametrize("later", [QUARTER, OVER])
def test_role_that_a_late_list_hid_goes_also_when_a_moderator_gave_it_everything(stage: Stage, later: int) -> None:
    scene = stage(access="role")
    scene.book()
    scene.tick()
    former = scene.role()
    scene.world.edit_role(scene.guild, former, permissions=ADMINISTRATOR)
    scene.standin.lag.requests = 8
    scene.tick(QUARTER)
    assert len(scene.roles()) == 2
    scene.standin.lag.requests = 0
    scene.tick(later)
    assert former not in scene.roles()
    scene.tick(5 * HOUR)
    assert scene.things() == {}


def test_room_that_discord_hides_is_neither_made_again_nor_counted_as_gone(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    things = any_access.things()
    any_access.world.delete_overwrite(any_access.room(), any_access.bot)
    any_access.tick(QUARTER)
    assert (any_access.codes, any_access.things()) == (["missing_access"], things)
    assert "add the bot with View Channel and Connect" in any_access.hint
    any_access.tick(OVER)
    assert len(any_access.rooms()) == 1
    assert not any_access.row()["discordCleanedUp"]


def test_hidden_room_is_cleaned_up_once_the_bot_may_see_it_again(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    room = any_access.room()
    any_access.world.delete_overwrite(room, any_access.bot)
    any_access.tick(OVER)
    any_access.world.set_overwrite(room, any_access.bot, 1, ENTER)
    any_access.tick(QUARTER)
    assert any_access.things() == {}
    assert any_access.row()["discordCleanedUp"]


def test_hidden_room_does_not_keep_its_role(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.delete_overwrite(scene.room(), scene.bot)
    scene.tick(OVER)
    assert scene.roles() == []


@pytest.mark.parametrize("code", NOT_THE_CHANNEL)
def test_404_that_is_not_the_channels_does_not_count_as_deleted(any_access: Scene, code: int | None) -> None:
    any_access.book()
    any_access.tick()
    any_access.standin.faults.add("not_found", ("DELETE", CHANNEL), count=None, code=code)
    any_access.tick(OVER)
    assert any_access.done == [("cleanup", "failed")]
    assert not any_access.row()["discordCleanedUp"]
    any_access.standin.faults.clear()
    any_access.tick(QUARTER)
    assert any_access.things() == {}


@pytest.mark.parametrize("code", [10003, 10004, 10007, None])
def test_404_that_is_not_the_roles_does_not_count_as_deleted(scene: Scene, code: int | None) -> None:
    scene.book()
    scene.tick()
    scene.standin.faults.add("not_found", ("DELETE", f"{ROLES}/{{role_id}}"), count=None, code=code)
    scene.tick(OVER)
    assert scene.done == [("cleanup", "failed")]
    scene.standin.faults.clear()
    scene.tick(QUARTER)
    assert scene.things() == {}


@pytest.mark.parametrize("code", NOT_THE_CHANNEL)
def test_404_that_is_not_the_channels_makes_no_second_room(any_access: Scene, code: int | None) -> None:
    any_access.book()
    any_access.tick()
    things = any_access.things()
    any_access.standin.lag.requests = 10_000
    any_access.standin.faults.add("not_found", ("GET", CHANNEL), count=None, code=code)
    any_access.tick(2 * MINUTE)
    assert (any_access.report.exit_code, any_access.writes, any_access.things()) == (1, [], things)


@pytest.mark.parametrize("code", [10003, 10004, None])
def test_404_that_is_not_the_members_is_not_taken_for_somebody_absent(stage: Stage, code: int | None) -> None:
    scene = stage()
    scene.book()
    scene.standin.faults.add("not_found", ("PUT", MEMBER_ROLE), code=code)
    scene.tick()
    assert scene.done == [("setup", "failed")]
    assert "unknown_member" not in scene.codes
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.student, scene.coach}
    assert len(scene.rooms()) == 1


@pytest.mark.parametrize("template", [ROLES, CHANNELS])
@pytest.mark.parametrize("later", [QUARTER, OVER])
def test_single_unknown_guild_changes_nothing_that_is_remembered(scene: Scene, template: str, later: int) -> None:
    scene.book()
    scene.tick()
    things, row = scene.things(), scene.row()
    scene.standin.faults.add("not_found", ("GET", template), code=10004)
    scene.tick(later)
    assert (scene.writes, scene.things(), scene.row()) == ([], things, row)
    scene.tick(OVER)
    assert scene.things() == {}


@pytest.mark.parametrize("template", [ROLES, CHANNELS])
def test_empty_list_leads_to_no_second_room(any_access: Scene, template: str) -> None:
    any_access.book()
    any_access.tick()
    things = any_access.things()
    any_access.standin.faults.add("answer", ("GET", template), status=200, body="[]")
    any_access.tick(QUARTER)
    assert (any_access.writes, any_access.things()) == ([], things)


@pytest.mark.parametrize("template", [ROLES, CHANNELS])
def test_empty_list_does_not_count_as_cleaned_up(any_access: Scene, template: str) -> None:
    any_access.book()
    any_access.tick()
    any_access.standin.faults.add("answer", ("GET", template), status=200, body="[]")
    any_access.tick(OVER)
    any_access.tick(QUARTER)
    assert any_access.things() == {}


def test_member_of_the_bot_that_lacks_leads_to_no_change(scene: Scene) -> None:
    scene.book()
    scene.tick()
    things = scene.things()
    scene.standin.faults.add("not_found", ("GET", "/guilds/{guild_id}/members/{user_id}"), code=10007)
    scene.tick(QUARTER)
    assert (scene.writes, scene.things()) == ([], things)


# changes of one member's roles


def crowd(scene: Scene, number: int) -> list[str]:
    """Book sessions of one coach with a student each, all at one hour; return the students."""
    students = [scene.person(f"student{i}") for i in range(number)]
    for i, student in enumerate(students):
        scene.book(f"sess00{i:02d}", studentDiscordId=student)
    return students


def test_coach_of_twenty_sessions_at_one_hour_ends_with_twenty_roles(stage: Stage) -> None:
    scene = stage()
    crowd(scene, 20)
    scene.standin.latency = 0.01
    scene.tick()
    assert scene.done == [("setup", "done")] * 20
    assert len(scene.world.roles_of(scene.guild, scene.coach)) == 20
    assert scene.world.lost_role_changes == 0


def test_coach_swapped_out_of_twenty_sessions_loses_every_role(stage: Stage) -> None:
    scene = stage()
    crowd(scene, 20)
    scene.tick()
    for i in range(20):
        scene.change(f"sess00{i:02d}", coachDiscordId=scene.stranger)
    scene.standin.latency = 0.01
    scene.tick(QUARTER)
    assert scene.done == [("update", "done")] * 20
    assert len(scene.world.roles_of(scene.guild, scene.stranger)) == 20
    assert scene.world.roles_of(scene.guild, scene.coach) == set()
    assert scene.world.lost_role_changes == 0


def test_swaps_of_two_coaches_with_each_other_lose_no_role(stage: Stage) -> None:
    scene = stage()
    students = crowd(scene, 10)
    for i in range(5):
        scene.change(f"sess00{i:02d}", coachDiscordId=scene.stranger)
    scene.tick()
    for i in range(10):
        scene.change(f"sess00{i:02d}", coachDiscordId=scene.coach if i < 5 else scene.stranger)
    scene.standin.latency = 0.01
    scene.tick(QUARTER)
    held = [len(scene.world.roles_of(scene.guild, p)) for p in (scene.coach, scene.stranger, *students)]
    assert held == [5, 5, *[1] * 10]
    assert scene.world.lost_role_changes == 0


def test_coach_who_is_their_own_student_gets_one_role(any_access: Scene) -> None:
    any_access.book(studentDiscordId=any_access.coach)
    any_access.tick()
    assert any_access.people_in_reach() == {any_access.coach}


@pytest.mark.parametrize("lost", [ROLES, CHANNELS])
def test_session_that_goes_to_another_guild_leaves_no_lost_create_behind(scene: Scene, lost: str) -> None:
    other = scene.another_guild()
    for someone in (scene.student, scene.coach):
        scene.world.join(other, someone)
    scene.book()
    scene.standin.faults.add("reset_after", ("POST", lost))
    scene.standin.lag.requests = 10_000
    scene.tick()
    scene.change(guildId=other)
    scene.tick(MINUTE)
    assert scene.done == [("revoke", "failed")]
    scene.standin.lag.requests = 0
    for _ in range(2):
        scene.tick(MINUTE)
    assert (scene.report.exit_code, scene.things()) == (0, {})
    assert len(scene.world.find_channels(other, ROOM)) == 1


def test_session_goes_to_another_guild_when_nothing_came_of_its_lost_create(scene: Scene) -> None:
    other = scene.another_guild()
    scene.book()
    scene.standin.faults.add("reset_before", ("POST", ROLES))
    scene.tick()
    scene.change(guildId=other)
    for minutes in (1, 5):
        scene.tick(minutes * MINUTE)
    assert scene.done == [("revoke", "done")]


def take_minutes(scene: Scene, minutes: int, *route: str) -> None:
    """Let time pass before each such request."""

    def pass_by(request: Request) -> None:
        if request.route == route:
            scene.clock.advance(minutes * MINUTE)

    scene.standin.before_request(pass_by)


KILLED = """
import os
import coachsync.discord.api as m
create = m.Discord.create_role
async def killed(self, *a, **k):
    await create(self, *a, **k)
    os._exit(9)
m.Discord.create_role = killed
"""


def test_role_whose_creation_waited_long_before_the_run_was_killed_is_adopted(scene: Scene) -> None:
    scene.book()
    take_minutes(scene, 4, "POST", ROLES)
    assert scene.program("run", inject=KILLED).code == 9
    scene.standin.clear_hooks()
    role = scene.role()
    scene.tick(QUARTER)
    assert (scene.done, scene.role()) == ([("setup", "done")], role)


def test_lost_create_is_not_written_off_by_lists_that_a_slow_run_read_too_early(scene: Scene) -> None:
    scene.book()
    scene.standin.lag.requests = 10_000
    scene.standin.faults.add("reset_after", ("POST", CHANNELS))
    scene.tick()
    scene.change(status="CANCELLED")
    take_minutes(scene, 6, "DELETE", "/guilds/{guild_id}/roles/{role_id}")
    scene.tick(MINUTE)
    assert scene.done == [("cleanup", "done")]
    scene.standin.clear_hooks()
    scene.standin.lag.requests = 0
    scene.tick(QUARTER)
    assert scene.things() == {}
