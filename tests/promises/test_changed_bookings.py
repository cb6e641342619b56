"""Bookings that change while the room is open: people, times, cancelled, booked again, an operator's word."""

from __future__ import annotations

import json

import pytest

from coachsync.domain.model import DAY, HOUR
from coachsync.standin import Request
from tests.kit.scene import ID, MEMBER_ROLE, QUARTER, Scene, Stage

OVERWRITE = "/channels/{channel_id}/permissions/{overwrite_id}"
CLEARED = {
    "status": "SCHEDULED",
    "discordSetupComplete": False,
    "discordCleanedUp": False,
    "discordRoleId": None,
    "discordChannelId": None,
}


def _open(scene: Scene) -> str:
    """Open the room and return it."""
    scene.book()
    scene.tick()
    assert scene.done == [("setup", "done")]
    return scene.room()


def _swap(scene: Scene) -> str:
    """Put another student into the booking and return them."""
    joiner = scene.person("emma")
    scene.change(studentDiscordId=joiner)
    scene.clock.advance(QUARTER)
    return joiner


# other people


@pytest.mark.parametrize(("access", "template"), [("role", MEMBER_ROLE), ("member", OVERWRITE)])
def test_who_leaves_loses_access_before_who_replaces_them_gains_it(stage: Stage, access: str, template: str) -> None:
    scene = stage(access=access)
    _open(scene)
    joiner = _swap(scene)
    assert scene.command("run").code == 0
    changes = [(r.method, r.path) for r in scene.standin.requests if r.template == template and r.write]
    assert [method for method, _ in changes] == ["DELETE", "PUT"]
    assert (scene.student in changes[0][1], joiner in changes[1][1]) == (True, True)
    assert scene.people_in_reach() == {joiner, scene.coach}


def test_room_stays_when_the_leaver_is_not_inside(any_access: Scene) -> None:
    room = _open(any_access)
    joiner = _swap(any_access)
    assert any_access.command("run").code == 0
    assert (any_access.room(), any_access.people_in_reach()) == (room, {joiner, any_access.coach})


def test_room_is_replaced_when_the_leaver_is_inside(any_access: Scene) -> None:
    scene = any_access
    room = _open(scene)
    assert scene.world.connect_voice(scene.guild, scene.student, room)
    joiner = _swap(scene)
    assert scene.command("run").code == 0
    assert scene.room() != room
    assert (scene.world.who_is_in(room), scene.people_in_reach()) == (set(), {joiner, scene.coach})
    assert scene.marks()["discordChannelId"] == scene.room()


def test_room_is_replaced_when_nobody_can_tell_whether_the_leaver_is_inside(any_access: Scene) -> None:
    scene = any_access
    room = _open(scene)
    joiner = _swap(scene)
    scene.standin.faults.add("forbidden", ("GET", "/guilds/{guild_id}/voice-states/{user_id}"), count=None, code=50001)
    scene.command("run")
    assert scene.room() != room
    assert scene.people_in_reach() == {joiner, scene.coach}


# other times


def test_room_is_revoked_when_the_start_moves_out_of_the_window_and_made_again_in_time(any_access: Scene) -> None:
    scene = any_access
    _open(scene)
    scene.change(scheduledDate=scene.now() + 2 * DAY)
    assert scene.command("run").out.startswith(f"done revoke {ID} ")
    assert (scene.things(), scene.marks()) == ({}, CLEARED)
    assert scene.command("run").out == "nothing was due\n"
    scene.clock.advance(2 * DAY - 3 * HOUR)
    assert scene.command("run").out.startswith(f"done setup {ID} ")


def test_room_stays_and_cleanup_follows_when_the_start_moves_within_the_window(scene: Scene) -> None:
    room = _open(scene)
    scene.change(scheduledDate=scene.now() + 3 * HOUR)
    assert scene.command("run").out == "nothing was due\n"
    assert scene.room() == room
    scene.clock.advance(5 * HOUR - 1)
    assert scene.command("run").out == "nothing was due\n"
    scene.clock.advance(1)
    assert scene.command("run").out.startswith(f"done cleanup {ID} ")


def test_room_moves_along_when_the_booking_moves_to_another_guild(scene: Scene) -> None:
    _open(scene)
    other = scene.another_guild()
    for person in (scene.student, scene.coach):
        scene.world.join(other, person)
    scene.change(guildId=other)
    assert scene.command("run").out.startswith(f"done revoke {ID} ")
    assert scene.things() == {}
    scene.clock.advance(QUARTER)
    assert scene.command("run").out.startswith(f"done setup {ID} ")
    assert len(scene.world.find_channels(other, f"🎤 coaching-{ID}")) == 1


# cancelled, booked again, and an operator's word


def test_cancelled_session_loses_its_room_at_once_and_keeps_its_status(scene: Scene) -> None:
    _open(scene)
    scene.command("sessions", "cancel", ID)
    assert scene.command("run").out.startswith(f"done cleanup {ID} ")
    assert (scene.things(), scene.marks()["status"]) == ({}, "CANCELLED")


def test_cancelled_session_that_is_booked_again_starts_anew(scene: Scene) -> None:
    room = _open(scene)
    scene.change(status="CANCELLED")
    scene.tick()
    scene.change(status="CONFIRMED")
    scene.clock.advance(QUARTER)
    assert scene.command("run").out.startswith(f"done setup {ID} ")
    assert scene.room() != room
    assert (scene.marks()["discordSetupComplete"], scene.marks()["discordCleanedUp"]) == (True, False)


def test_session_that_an_operator_closed_stays_closed_until_it_is_set_up_by_name(scene: Scene) -> None:
    _open(scene)
    assert scene.command("cleanup", ID).code == 0
    assert scene.marks()["status"] == "SCHEDULED"
    for _ in range(3):
        scene.clock.advance(QUARTER)
        assert (scene.command("run").code, scene.things()) == (0, {})
    assert scene.command("setup", ID).out.startswith(f"done setup {ID} ")
    scene.clock.advance(QUARTER)
    scene.command("run")
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_setup_ahead_of_time_is_not_taken_back(scene: Scene) -> None:
    scene.book(start=scene.now() + 2 * DAY)
    assert scene.command("setup", ID).out.startswith(f"done setup {ID} ")
    room = scene.room()
    for _ in range(3):
        scene.clock.advance(QUARTER)
        assert scene.command("run").out == "nothing was due\n"
    assert scene.room() == room


def test_setup_by_name_refuses_what_has_ended_or_is_not_bookable(scene: Scene) -> None:
    scene.book("over0001", start=scene.now() - 2 * HOUR)
    scene.book("oddstate", status="PENCILLED_IN")
    for session_id, code in (("over0001", "ended"), ("oddstate", "not_bookable"), ("nobody99", "unknown_session")):
        result = scene.command("setup", session_id, "--json")
        assert (result.code, [a["error"]["code"] for a in result.json["actions"]]) == (1, [code])
    assert scene.standin.requests == []


def test_room_made_gone_by_hand_is_made_again_once(any_access: Scene) -> None:
    scene = any_access
    for kept in (True, False):
        if kept:
            _open(scene)
        scene.world.delete_channel(scene.room())
        scene.clock.advance(QUARTER)
        result = scene.command("run")
        assert (result.code, len(scene.rooms())) == ((0, 1) if kept else (1, 0))


def test_marks_that_a_booking_system_resets_are_given_back_without_a_request_that_writes(scene: Scene) -> None:
    _open(scene)
    before = scene.marks()
    with scene.store() as store:
        row = store.bookings.raw(ID)
    assert row is not None
    reset = {"discordSetupComplete": False, "discordRoleId": None, "discordChannelId": None}
    _overwrite(scene, row | reset)
    assert scene.marks() != before
    scene.clock.advance(QUARTER)
    assert scene.command("run").code == 0
    assert (scene.marks(), scene.writes) == (before, [])


def _overwrite(scene: Scene, row: dict[str, object]) -> None:
    """Write a booking as its booking system does: our fields too."""
    if scene.url.startswith("json:"):
        scene.file.write_text(json.dumps([row]), "utf-8")
    else:
        scene.sql("UPDATE sessions SET discord_setup_complete = '0', discord_role_id = NULL, discord_channel_id = NULL")


def test_deletes_that_meet_nothing_count_as_deleted(any_access: Scene) -> None:
    scene = any_access
    _open(scene)

    def somebody_is_faster(request: Request) -> None:
        if request.method == "DELETE" and scene.rooms():
            scene.world.delete_channel(scene.room())
            for role in scene.roles():
                scene.world.delete_role(scene.guild, role)

    scene.standin.before_request(somebody_is_faster)
    scene.clock.advance(5 * HOUR)
    result = scene.command("run")
    assert (result.code, result.err) == (0, "")
    assert {r.status for r in scene.standin.requests if r.write} == {404}
    assert scene.marks()["discordCleanedUp"] is True
