"""The ledger lost, or restored with the store: what is open is found again, what is over goes, the rest is told.

Two sessions whose ids end in the same eight characters may bear one name: a name alone never decides between them.
"""

from __future__ import annotations

import pytest

from coachsync.domain.model import DAY, HOUR
from coachsync.domain.naming import hash_of
from coachsync.domain.permissions import ADMINISTRATOR, ENTER, MANAGE_CHANNELS, Overwrite
from tests.kit.home import JSON, SQLITE
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLE, ROOM, Scene, Stage
from tests.kit.town import T0

OVER = 5 * HOUR
FIRST, SECOND = f"first-{ID}", f"second-{ID}"


@pytest.fixture(params=[(SQLITE, "role"), (SQLITE, "member"), (JSON, "role"), (JSON, "member")])
def opened(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """Return a scene with an open room, on each kind of store and with each kind of access."""
    store, access = request.param
    scene = stage(store=store, access=access)
    scene.book()
    scene.tick()
    assert scene.done == [("setup", "done")]
    return scene


def orphans(scene: Scene) -> list[str]:
    """Return what the last tick said of things that are nobody's."""
    return [w.message for w in scene.report.warnings if w.code == "orphan"]


# everything lost


@pytest.mark.parametrize("status", ["CANCELLED", "SCHEDULED"])
def test_room_of_a_session_that_was_cancelled_or_is_over_is_found_once_all_was_lost(opened: Scene, status: str) -> None:
    opened.forget(marks=True)
    opened.change(status=status)
    opened.tick(QUARTER if status == "CANCELLED" else OVER)
    assert opened.done == [("cleanup", "done")]
    assert (opened.things(), opened.report.exit_code) == ({}, 0)
    assert opened.row()["discordCleanedUp"]
    opened.tick(QUARTER)
    assert (opened.standin.requests, opened.done) == ([], [])


def test_room_of_a_session_that_ended_weeks_ago_is_found_too(opened: Scene) -> None:
    opened.forget(marks=True)
    opened.tick(30 * DAY)
    assert opened.things() == {}
    assert ("cleanup", "done") in opened.done


def test_room_of_a_session_that_was_moved_is_found_and_made_anew_in_its_time(opened: Scene) -> None:
    opened.forget(marks=True)
    start = opened.now() + 2 * DAY
    opened.change(scheduledDate=start)
    opened.tick(QUARTER)
    assert opened.done == [("revoke", "done")]
    assert opened.things() == {}
    opened.tick(start - 2 * HOUR - 2 * QUARTER - opened.now())
    assert opened.done == [("setup", "done")]


def test_open_room_is_taken_over_when_all_was_lost_and_lets_in_who_is_booked_now(opened: Scene) -> None:
    opened.forget(marks=True)
    opened.change(studentDiscordId=opened.stranger)
    opened.tick(QUARTER)
    opened.tick(QUARTER)
    assert opened.people_in_reach() == {opened.stranger, opened.coach}
    assert (len(opened.rooms()), len(opened.roles())) == (1, opened.access == "role")


def test_open_room_of_a_session_under_way_is_taken_over(opened: Scene) -> None:
    opened.forget(marks=True)
    opened.tick(3 * HOUR)
    opened.tick(QUARTER)
    assert opened.people_in_reach() == {opened.student, opened.coach}
    assert opened.row()["discordSetupComplete"]
    opened.tick(OVER)
    assert opened.things() == {}


def test_room_that_names_a_former_student_is_found_by_its_short_name(stage: Stage) -> None:
    scene = stage(access="member")
    scene.configure(rest='[naming]\nchannel = "{student} {short}"')
    scene.book(studentName="John")
    scene.tick()
    scene.forget(marks=True)
    scene.change(status="CANCELLED", studentName="Jane")
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


# the look itself


def test_new_ledger_looks_once(scene: Scene) -> None:
    scene.tick()
    assert [r.path.rpartition("/")[2] for r in scene.standin.requests if "channels" in r.path] == ["channels"]
    assert (scene.writes, scene.report.exit_code, scene.report.outcomes) == ([], 0, ())
    scene.tick(QUARTER)
    assert scene.standin.requests == []


def test_ledger_that_was_silent_for_long_looks_again(scene: Scene) -> None:
    scene.tick()
    scene.tick(HOUR)
    assert scene.standin.requests
    scene.tick(QUARTER)
    assert scene.standin.requests == []


def test_look_is_tried_again_until_the_list_was_read(scene: Scene) -> None:
    scene.standin.faults.add("status_before", ("GET", CHANNELS), count=None, status=500)
    scene.tick()
    assert (scene.report.exit_code, scene.report.warnings) == (0, ())
    scene.standin.faults.clear()
    scene.tick(QUARTER)
    assert scene.standin.requests
    scene.tick(QUARTER)
    assert scene.standin.requests == []


def test_look_at_a_guild_that_the_bot_is_not_in_is_no_error_and_not_tried_in_every_run(scene: Scene) -> None:
    stranger = scene.world.add_guild("Other", scene.owner, [])
    scene.book(guildId=stranger, start=T0 + 20 * DAY)
    scene.tick()
    assert (scene.report.exit_code, scene.report.warnings) == (0, ())
    scene.tick(QUARTER)
    assert (scene.standin.requests, scene.report.exit_code) == ([], 0)


def test_guild_that_only_a_row_names_is_looked_at(scene: Scene) -> None:
    other = scene.world.add_guild("Other", scene.owner, [scene.bot])
    scene.world.join(other, scene.student)
    scene.world.join(other, scene.coach)
    scene.book(guildId=other)
    scene.tick()
    scene.forget(marks=True)
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    assert scene.done == [("cleanup", "done")]
    assert scene.world.find_channels(other, ROOM) == []


def test_setup_and_cleanup_by_name_do_not_look(scene: Scene) -> None:
    scene.book(start=T0 + 20 * DAY)
    scene.tick(0, "cleanup", ID)
    assert scene.standin.requests == []
    scene.tick(QUARTER)
    assert scene.standin.requests


# what is nobody's


def restored(scene: Scene) -> None:
    """Set up a session, then bring store and ledger back from before its booking."""
    scene.tick()
    backup = scene.keep()
    scene.book()
    scene.tick(QUARTER)
    scene.restore(backup)


def test_room_of_a_booking_that_a_restored_backup_does_not_know_is_reported_by_every_run(any_access: Scene) -> None:
    scene = any_access
    restored(scene)
    things = scene.things()
    for _ in range(3):
        scene.tick(HOUR)
        assert scene.report.exit_code == 1
        (told,) = orphans(scene)
        assert ROOM in told
        assert scene.guild in told
        assert all(thing in told for thing in things)
        assert (scene.writes, scene.things()) == ([], things)
    assert "orphan" in scene.program("run", "--quiet").err


def test_what_is_reported_as_nobodys_is_removed_by_the_command_that_the_report_names(any_access: Scene) -> None:
    scene = any_access
    restored(scene)
    scene.tick(HOUR)
    (told,) = orphans(scene)
    assert f"`coachsync audit {scene.room()} --fix`" in told
    removed = scene.program("audit", scene.room(), "--fix", "--yes")
    assert (removed.code, scene.things()) == (0, {}), removed.err + removed.out
    scene.tick(QUARTER)
    assert (orphans(scene), scene.report.exit_code) == ([], 0)


def test_orphan_is_forgotten_once_somebody_removed_it(any_access: Scene) -> None:
    restored(any_access)
    any_access.tick(HOUR)
    for role in any_access.roles():
        any_access.world.delete_role(any_access.guild, role)
    any_access.world.delete_channel(any_access.room())
    any_access.clock.advance(QUARTER)
    any_access.tick(QUARTER)
    assert (orphans(any_access), any_access.report.exit_code) == ([], 0)
    any_access.tick(QUARTER)
    assert any_access.standin.requests == []


def test_orphan_goes_to_its_booking_once_that_is_there_again(any_access: Scene) -> None:
    scene = any_access
    restored(scene)
    things = scene.things()
    scene.tick(HOUR)
    scene.book(start=scene.now() + HOUR)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert (orphans(scene), scene.report.exit_code, scene.things()) == ([], 0, things)
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_room_of_another_program_under_this_bot_is_no_orphan(scene: Scene) -> None:
    bot = Overwrite(scene.bot, 1, ENTER | MANAGE_CHANNELS, 0)
    scene.world.add_channel(scene.guild, "Lounge", overwrites=[bot])
    scene.world.add_channel(scene.guild, ROOM, overwrites=[bot])  # open to everyone: not as we make them
    scene.tick()
    assert (scene.report.warnings, scene.report.exit_code, scene.writes) == ((), 0, [])


# two that could bear one name


def two(stage: Stage, access: str) -> Scene:
    """Return a scene in which the first of two like sessions has the plain name; then all is lost and they swap."""
    scene = stage(access=access)
    scene.book(FIRST, start=T0 + 2 * HOUR + QUARTER)
    scene.book(SECOND, start=T0 + 2 * HOUR + 2 * QUARTER, studentDiscordId=scene.stranger)
    scene.tick()
    assert len(scene.rooms()) == len(scene.rooms(f"🎤 coaching-{hash_of(SECOND)}")) == 1
    return scene


@pytest.mark.parametrize("access", ["role", "member"])
def test_like_sessions_keep_their_rooms_when_their_starts_change_order_and_the_ledger_is_lost(
    stage: Stage, access: str
) -> None:
    scene = two(stage, access)
    things = scene.things()
    scene.forget()
    scene.change(FIRST, scheduledDate=T0 + 3 * HOUR)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert scene.things() == things
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_people_whom_the_rooms_let_in_by_name_decide_between_like_sessions_when_all_is_lost(stage: Stage) -> None:
    scene = two(stage, "member")
    things = scene.things()
    scene.forget(marks=True)
    scene.change(FIRST, scheduledDate=T0 + 3 * HOUR)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert (scene.things(), scene.report.exit_code) == (things, 0)
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_room_that_two_live_sessions_could_bear_goes_to_neither(stage: Stage) -> None:
    scene = two(stage, "role")
    room, role = scene.room(), scene.role()
    before = scene.portrait(room, role)
    scene.forget(marks=True)
    scene.change(FIRST, scheduledDate=T0 + 3 * HOUR)
    scene.tick(QUARTER)
    assert room in orphans(scene)[0]
    assert scene.portrait(room, role) == before
    assert room not in {o.channel_id for o in scene.report.outcomes}
    scene.tick(QUARTER)
    names = sorted(scene.world.channel_names(scene.guild).values())
    assert names == sorted([ROOM, f"🎤 coaching-{hash_of(FIRST)}", f"🎤 coaching-{hash_of(SECOND)}"])
    assert scene.report.exit_code == 1


# rows of the ledger that prove nothing


def forge(scene: Scene, kind: str, snowflake: str) -> None:
    """Have the ledger name something as the open session's."""
    scene.sql("UPDATE coachsync_resources SET snowflake = ? WHERE kind = ? AND state = 'made'", snowflake, kind)


def test_room_that_a_forged_row_of_the_ledger_names_is_not_deleted(stage: Stage) -> None:
    scene = stage()
    lobby = scene.world.add_channel(scene.guild, "Lobby")
    scene.book()
    scene.tick()
    forge(scene, "channel", lobby)
    before = scene.portrait(lobby)
    scene.tick(QUARTER)
    scene.tick(OVER)
    assert "not_ours" in scene.codes
    assert scene.portrait(lobby) == before


def test_room_of_another_guild_that_a_forged_row_names_is_not_deleted(stage: Stage) -> None:
    scene = stage()
    other = scene.world.add_guild("Other", scene.owner, [scene.bot])
    room = scene.world.add_channel(other, "Lobby")
    scene.book()
    scene.tick()
    forge(scene, "channel", room)
    scene.tick(OVER)
    assert scene.world.find_channels(other, "Lobby") == [room]


@pytest.mark.parametrize("name", ["Moderator", "Members"])
def test_role_that_a_forged_row_of_the_ledger_names_is_neither_handed_out_nor_deleted(stage: Stage, name: str) -> None:
    scene = stage()
    role = scene.world.add_role(scene.guild, name, permissions=ADMINISTRATOR if name == "Moderator" else 0)
    scene.clock.advance(HOUR)
    scene.book()
    scene.tick()
    forge(scene, "role", role)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    scene.tick(OVER)
    assert "not_ours" in scene.codes
    assert scene.world.find_roles(scene.guild, name) == [role]
    assert scene.world.role_holders(role) == set()


def test_role_that_a_moderator_renamed_is_still_the_sessions(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    home = scene.world.guilds[scene.guild]
    home.roles[scene.role()].name = "My nice role"
    assert ROLE not in scene.world.role_names(scene.guild).values()
    scene.tick(QUARTER)
    assert scene.report.exit_code == 0
    scene.tick(OVER)
    assert scene.things() == {}
