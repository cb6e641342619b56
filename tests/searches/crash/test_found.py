"""What the matrix and the search found, as examples by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from coachsync import waits
from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.pauses import Pause
from coachsync.domain.permissions import ENTER, MEMBER
from coachsync.standin import Request
from tests.kit.scene import CHANNEL, CHANNELS, ID, MEMBER_ROLE, QUARTER, ROLES, Scene

OVERWRITE = "/channels/{channel_id}/permissions/{overwrite_id}"
VOICE_STATE = "/guilds/{guild_id}/voice-states/{user_id}"
ROLE_BY_ID = "/guilds/{guild_id}/roles/{role_id}"
LOSSES = {"role": ("DELETE", MEMBER_ROLE), "member": ("DELETE", OVERWRITE)}


@pytest.fixture(params=["role", "member"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Return a scene whose session is open and is about to get another student."""
    with ExitStack() as stack:
        stack.enter_context(waits.hurried(settle=0.02))
        scene = Scene(tmp_path, access=request.param)
        stack.enter_context(scene.standin)
        scene.book()
        scene.tick()
        yield scene


def replaced(scene: Scene, *, inside: bool) -> str:
    """Book another student in place of the one there was, who may be talking, and return the new one."""
    if inside:
        assert scene.world.connect_voice(scene.guild, scene.student, scene.room())
    nina = scene.person("nina")
    scene.change(studentDiscordId=nina)
    return nina


def pause(scene: Scene) -> None:
    """Pause everything for a day."""
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.pause(Pause("", "", scene.now(), scene.now() + 24 * HOUR))


def misdate(scene: Scene) -> None:
    """Write the session's start in seconds."""
    scene.change(scheduledDate=scene.now() // 1000)


def fail_to_show(scene: Scene) -> None:
    """Give the session a status that gets no room and keeps the one it has."""
    scene.change(status="NO_SHOW")


@pytest.mark.parametrize("and_then", [pause, misdate, fail_to_show])
def test_stranger_is_sent_away_with_the_leaver_when_nobody_new_gets_in(
    live: Scene, and_then: Callable[[Scene], None]
) -> None:
    live.world.set_overwrite(live.room(), live.stranger, MEMBER, ENTER)
    replaced(live, inside=False)
    and_then(live)
    live.tick(QUARTER)
    assert ("update", "done") in live.done
    assert "room_open_to_others" in live.codes
    assert live.people_in_reach() == {live.coach}


def test_leaver_is_left_alone_in_no_room_when_the_answer_to_the_new_rooms_creation_is_lost(live: Scene) -> None:
    old = live.room()
    nina = replaced(live, inside=True)
    live.standin.faults.add("reset_after", ("POST", CHANNELS))
    live.tick(QUARTER)
    assert live.done == [("update", "done")]
    assert live.room() != old
    assert live.people_in_reach() == {nina, live.coach}


def test_new_room_made_after_all_is_no_second_one_when_its_creation_was_given_up(live: Scene) -> None:
    nina = replaced(live, inside=True)
    live.standin.faults.add("status_after", ("POST", CHANNELS))
    hidden = live.standin.faults.add("status_before", ("GET", CHANNELS), nth=2, count=None)
    live.tick(QUARTER)
    assert live.done == [("update", "failed")]
    live.standin.faults.remove(hidden)
    live.tick(QUARTER)
    assert live.done == [("update", "done")]
    assert live.people_in_reach() == {nina, live.coach}


def test_new_room_is_in_the_ledger_when_the_old_one_is_deleted(live: Scene) -> None:
    known: list[bool] = []

    def look(request: Request) -> None:
        if request.route == ("DELETE", CHANNEL):
            made = live.entry().current("channel")
            known.append(made is not None and made.snowflake == max(live.rooms(), key=int))

    replaced(live, inside=True)
    live.standin.before_request(look)
    live.tick(QUARTER)
    assert known == [True]


def test_room_is_made_anew_when_it_vanished_and_the_student_changed_before_the_same_run(live: Scene) -> None:
    nina = replaced(live, inside=False)
    live.world.delete_channel(live.room())
    live.tick(QUARTER)
    assert live.done == [("update", "done")]
    assert live.people_in_reach() == {nina, live.coach}


@pytest.mark.parametrize("code", [10003, 10007, 10009, 10011, 10013])
def test_nobody_replaces_a_leaver_who_still_has_access_whatever_404_says(live: Scene, code: int) -> None:
    nina = replaced(live, inside=False)
    live.standin.faults.add("not_found", LOSSES[live.access], code=code)
    live.tick(QUARTER)
    assert live.people_in_reach() == {live.student, live.coach}
    live.tick(QUARTER)
    assert live.people_in_reach() == {nina, live.coach}


def test_room_is_replaced_when_one_answer_alone_says_that_the_leaver_inside_left_the_guild(live: Scene) -> None:
    old = live.room()
    replaced(live, inside=True)
    live.standin.faults.add("not_found", ("GET", VOICE_STATE), code=10007)
    live.tick(QUARTER)
    assert live.done == [("update", "done")]
    assert live.room() != old


def test_room_is_kept_when_the_leaver_left_the_guild(live: Scene) -> None:
    old = live.room()
    nina = replaced(live, inside=True)
    live.world.leave(live.guild, live.student)
    live.tick(QUARTER)
    assert live.done == [("update", "done")]
    assert live.room() == old
    assert live.people_in_reach() == {nina, live.coach}


def test_room_that_is_listed_is_not_believed_gone_when_its_deletion_says_so(live: Scene) -> None:
    live.standin.faults.add("not_found", ("DELETE", CHANNEL), code=10003)
    live.tick(5 * HOUR)
    assert live.done == [("cleanup", "failed")]
    live.tick(QUARTER)
    assert (live.done, live.rooms()) == ([("cleanup", "done")], [])


@pytest.mark.parametrize("live", ["role"], indirect=True)
def test_role_that_is_listed_is_not_believed_gone_when_its_deletion_says_so(live: Scene) -> None:
    live.standin.faults.add("not_found", ("DELETE", ROLE_BY_ID), code=10011)
    live.tick(5 * HOUR)
    assert live.done == [("cleanup", "failed")]
    live.tick(QUARTER)
    assert (live.done, live.roles()) == ([("cleanup", "done")], [])


def test_booking_ends_although_room_and_role_were_deleted_by_hand_before(live: Scene) -> None:
    live.clock.advance(5 * HOUR)
    for role in live.roles():
        live.world.delete_role(live.guild, role)
    live.world.delete_channel(live.room())
    live.tick(MINUTE)
    assert live.done == [("cleanup", "done")]
    assert live.row(ID)["discordCleanedUp"]


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("live", ["role"], indirect=True)
def test_people_are_exchanged_although_the_role_was_deleted_by_hand_before(live: Scene, inside: bool) -> None:
    nina = replaced(live, inside=inside)
    live.world.delete_role(live.guild, live.role())
    live.tick(QUARTER)
    assert live.done == [("update", "done")]
    assert live.people_in_reach() == {nina, live.coach}


@pytest.mark.parametrize("live", ["role"], indirect=True)
def test_who_was_in_gets_the_role_again_that_was_deleted_before_the_other_could_be_let_in(live: Scene) -> None:
    live.change(studentDiscordId=live.person("nina", member=False))
    live.tick(QUARTER)
    assert live.codes == ["unknown_member"]
    live.world.delete_role(live.guild, live.role())
    live.tick(QUARTER)
    assert live.codes == ["unknown_member"]
    assert live.people_in_reach() == {live.coach}


@pytest.mark.parametrize("live", ["role"], indirect=True)
def test_role_that_an_operator_gave_up_is_not_taken_for_its_namesakes(live: Scene) -> None:
    given_up = live.role()
    live.tick(0, "cleanup", ID, abandon=True)
    live.change(status="CANCELLED", scheduledDate=live.now() + 30 * HOUR)
    live.standin.faults.add("status_before", ("POST", ROLES))
    live.standin.faults.add("not_found", ("GET", f"{ROLES}/member-counts"), count=None)
    nina = live.person("nina")
    live.book(f"z-{ID}", studentDiscordId=nina)
    live.tick()
    live.tick(QUARTER)
    entry = live.entry(f"z-{ID}")
    role, room = entry.current("role"), entry.current("channel")
    assert role is not None
    assert role.snowflake != given_up
    assert room is not None
    assert live.world.who_can_enter(room.snowflake or "") - {live.bot, live.owner} == {nina, live.coach}


def test_room_that_is_hidden_is_not_believed_gone_when_its_deletion_says_so(live: Scene) -> None:
    room = live.room()
    live.world.delete_overwrite(room, live.bot)
    live.standin.faults.add("not_found", ("DELETE", CHANNEL), code=10003)
    live.tick(5 * HOUR)
    assert live.done == [("cleanup", "failed")]
    assert live.entry().live


def test_person_whose_access_was_taken_just_before_another_replaced_the_coach_gets_in_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, access="member")
    with scene.standin:
        scene.book()
        scene.tick()
        nina = scene.person("nina")
        scene.world.delete_overwrite(scene.room(), scene.student)
        scene.change(coachDiscordId=nina)
        scene.tick(QUARTER)
        assert scene.people_in_reach() == {scene.student, nina}
        assert (scene.done, scene.report.exit_code) == ([("update", "done")], 0)
