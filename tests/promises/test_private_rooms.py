"""CONTRACT §5 "privacy", §6: whatever a moderator clicks, nobody but the invited can enter once a run has looked.

Each click is done twice, and a third time while the session is still being set up: a run either mends it or exits 1
and says who could enter and where.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.domain.naming import hash_of
from coachsync.domain.permissions import ADMINISTRATOR, ENTER, MEMBER, ROLE, VIEW_CHANNEL
from tests.kit.booking_system import BookingSystem
from tests.kit.scene import CHANNEL, CHANNELS, ID, QUARTER, Scene, Stage

Click = Callable[[Scene], None]
OPEN = "room_open_to_others"


def _category_that_sees(scene: Scene) -> None:
    """Put the room under a category that everyone sees, in step with it."""
    category = scene.world.add_category(scene.guild, f"Lobby {len(scene.world.channel_names(scene.guild))}")
    scene.world.move_channel(scene.room(), category, sync=True)


def _members_role(scene: Scene) -> str:
    found = scene.world.find_roles(scene.guild, "Member")
    role = found[0] if found else scene.world.add_role(scene.guild, "Member")
    scene.world.give_role(scene.guild, scene.stranger, role)
    return role


LEAKS: dict[str, Click] = {
    "sync with category": _category_that_sees,
    "clear permissions": lambda s: s.world.clear_permissions(s.room()),
    "everyone's deny deleted": lambda s: s.world.delete_overwrite(s.room(), s.guild),
    "opened to everyone": lambda s: s.world.open_to_everyone(s.room()),
    "a bystander added": lambda s: s.world.set_overwrite(s.room(), s.stranger, MEMBER, ENTER),
    "a bystander may look": lambda s: s.world.set_overwrite(s.room(), s.stranger, MEMBER, VIEW_CHANNEL),
    "a role added": lambda s: s.world.set_overwrite(s.room(), _members_role(s), ROLE, ENTER),
}


@pytest.mark.parametrize("click", LEAKS)
def test_click_that_opens_the_room_is_mended_and_told_every_time(any_access: Scene, click: str) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    room = scene.room()
    for _ in range(2):
        LEAKS[click](scene)
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.codes) == (1, [OPEN])
        assert scene.world.who_can_see(scene.room()) <= {scene.student, scene.coach, scene.bot, scene.owner}
        assert scene.room() == room
    scene.tick(QUARTER)
    if scene.access == "role" or click not in ("sync with category", "clear permissions"):
        assert (scene.report.exit_code, scene.done) == (0, [])
        assert scene.people_in_reach() == {scene.student, scene.coach}


@pytest.mark.parametrize("click", LEAKS)
def test_click_during_a_setup_that_is_not_complete_is_mended_and_told(any_access: Scene, click: str) -> None:
    scene = any_access
    scene.book(coachDiscordId=None)
    scene.tick()
    LEAKS[click](scene)
    scene.tick(QUARTER)
    (outcome,) = scene.report.outcomes
    assert outcome.error is not None
    assert (outcome.outcome, outcome.error.code) == ("failed", OPEN)
    assert "the coach has no Discord account" in outcome.error.message
    assert scene.world.who_can_see(scene.room()) <= {scene.student, scene.bot, scene.owner}


def test_mended_leak_says_who_and_where(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    scene.tick(QUARTER)
    assert scene.done == [("repair", "done")]
    error = scene.outcome.error
    assert error is not None
    assert scene.stranger in error.message
    assert scene.room() in error.message


def test_stranger_is_let_be_and_told_in_every_run_when_the_configuration_says_report(any_access: Scene) -> None:
    scene = any_access
    scene.configure(rest='[privacy]\nstrangers = "report"')
    scene.book()
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    for _ in range(3):
        scene.tick(QUARTER)
        assert (scene.done, scene.codes, scene.writes) == ([("repair", "failed")], [OPEN], [])
        assert scene.row()["discordSetupComplete"]
    scene.world.delete_overwrite(scene.room(), scene.stranger)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.done) == (0, [])


def test_whoever_the_configuration_lets_a_moderator_admit_is_no_stranger(any_access: Scene) -> None:
    scene = any_access
    scene.configure(rest=f'[privacy]\nalso = ["{scene.stranger}"]')
    scene.book()
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.writes) == (0, [])
    assert scene.stranger in scene.people_in_reach()


@pytest.mark.parametrize("state", ["over", "unreadable"])
def test_room_that_only_waits_for_its_end_is_kept_private(any_access: Scene, state: str) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    if state == "unreadable":
        scene.change(duration=0)
    scene.tick(10 * QUARTER if state == "unreadable" else 15 * QUARTER)
    for click in ("everyone's deny deleted", "a bystander added"):
        LEAKS[click](scene)
        scene.look(MINUTE)
        assert OPEN in scene.codes
        assert scene.people_in_reach() == {scene.student, scene.coach}


def _with_refused_removal(scene: Scene) -> None:
    """Have a cleanup not get rid of the room, and the session moved then: it is over, its cleanup not due again yet."""
    scene.standin.faults.add("forbidden", ("DELETE", CHANNEL))
    scene.tick(4 * HOUR)
    scene.standin.faults.clear()
    assert scene.done == [("cleanup", "failed")]
    scene.change(scheduledDate=scene.now() - 80 * MINUTE)


def test_room_whose_removal_was_refused_is_kept_private_until_its_new_end(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    _with_refused_removal(scene)
    for click in ("everyone's deny deleted", "a bystander added"):
        LEAKS[click](scene)
        scene.tick(MINUTE)
        assert (scene.done, scene.codes) == ([("repair", "done")], [OPEN])
        assert scene.people_in_reach() <= {scene.student, scene.coach}
    scene.tick(HOUR)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


def test_role_out_of_reach_that_was_given_something_is_told_although_its_removal_was_refused(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    mine = next(iter(scene.world.roles_of(scene.guild, scene.bot)))
    scene.world.move_role(scene.guild, scene.role(), above=mine)
    _with_refused_removal(scene)
    scene.world.delete_overwrite(scene.room(), scene.bot)
    scene.world.edit_role(scene.guild, scene.role(), permissions=ADMINISTRATOR)
    for _ in range(2):
        assert scene.tick(MINUTE).exit_code == 1
        assert (scene.done, scene.codes) == ([("repair", "failed")], ["role_too_high"])
    scene.world.move_role(scene.guild, scene.role(), below=mine)
    scene.tick(MINUTE)
    assert scene.world.guilds[scene.guild].roles[scene.role()].permissions == 0


def test_denies_of_a_moderator_are_let_be(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    muted = scene.world.add_role(scene.guild, "Muted")
    scene.world.set_overwrite(scene.room(), muted, ROLE, 0, ENTER)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.writes) == (0, [])


def test_overwrite_that_cannot_be_deleted_is_made_to_deny(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    scene.standin.faults.add(
        "forbidden", ("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}"), count=None, code=50013
    )
    scene.tick(QUARTER)
    assert (scene.done, scene.codes) == ([("repair", "done")], [OPEN])
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_deny_that_discord_refuses_costs_the_room_once(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    old = scene.room()
    scene.world.delete_overwrite(old, scene.guild)
    scene.standin.faults.add(
        "forbidden", ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}"), count=None, code=50013
    )
    scene.tick(QUARTER)
    assert scene.codes == [OPEN]
    assert scene.room() != old
    assert scene.people_in_reach() == {scene.student, scene.coach}
    new = scene.room()
    scene.world.delete_overwrite(new, scene.guild)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes, scene.room()) == (1, [OPEN], new)


@pytest.mark.parametrize("change", ["administrator", "mentionable", "hoisted"])
def test_session_role_that_was_given_something_is_put_back_every_time(stage: Stage, change: str) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    role = scene.role()
    for _ in range(2):
        if change == "administrator":
            scene.world.edit_role(scene.guild, role, permissions=ADMINISTRATOR)
        else:
            scene.world.edit_role(scene.guild, role, mentionable=change == "mentionable", hoist=change == "hoisted")
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.done) == (0, [("repair", "done")])
        there = scene.world.guilds[scene.guild].roles[role]
        assert (there.permissions, there.mentionable, there.hoist) == (0, False, False)


def test_room_is_made_anew_although_the_role_that_it_admits_was_made_mentionable(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.edit_role(scene.guild, scene.role(), mentionable=True)
    scene.world.delete_channel(scene.room())
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.done) == (0, [("repair", "done")])
    assert not scene.world.guilds[scene.guild].roles[scene.role()].mentionable
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_role_above_the_bot_that_was_given_something_costs_role_and_room(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    old_room, old_role = scene.room(), scene.role()
    mine = next(iter(scene.world.roles_of(scene.guild, scene.bot)))
    scene.world.move_role(scene.guild, old_role, above=mine)
    scene.world.edit_role(scene.guild, old_role, mentionable=True)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, ["role_too_high"])
    assert old_room not in scene.rooms()
    assert scene.people_in_reach() == {scene.student, scene.coach}
    scene.world.move_role(scene.guild, old_role, below=mine)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, len(scene.roles())) == (0, 1)


def test_bot_does_not_lock_itself_out_when_it_closes_a_room_that_only_waits_for_its_end(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.world.clear_permissions(scene.room())
    scene.tick(220 * MINUTE)
    assert scene.codes == [OPEN]
    scene.tick(HOUR)
    assert (scene.done, scene.rooms()) == ([("cleanup", "done")], [])


@pytest.mark.parametrize("over", [False, True])
def test_role_is_put_back_also_if_the_room_is_hidden(stage: Stage, over: bool) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.edit_role(scene.guild, scene.role(), permissions=ADMINISTRATOR)
    scene.world.delete_overwrite(scene.room(), scene.bot)
    scene.tick(220 * MINUTE if over else QUARTER)
    assert scene.world.guilds[scene.guild].roles[scene.role()].permissions == 0
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, ["missing_access"])


def test_room_of_a_booking_that_vanished_a_moment_ago_is_kept_private(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.book("later001", start=scene.now() + 10 * DAY)
    BookingSystem(scene.file).delete(ID)
    scene.world.open_to_everyone(scene.room())
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, [OPEN])
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_leaver_loses_access_by_a_new_role_and_room_when_the_role_was_dragged_above_the_bot(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    old_room, old_role = scene.room(), scene.role()
    mine = next(iter(scene.world.roles_of(scene.guild, scene.bot)))
    scene.world.move_role(scene.guild, old_role, above=mine)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, ["role_too_high"])
    assert old_room not in scene.rooms()
    assert scene.people_in_reach() == {scene.stranger, scene.coach}
    assert len(scene.roles()) == 2  # the old one opens nothing, and is told of until somebody moves it
    scene.tick(QUARTER)
    assert scene.codes == ["role_too_high"]
    scene.world.move_role(scene.guild, old_role, below=mine)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, len(scene.roles())) == (0, 1)


def test_bystander_who_holds_the_role_is_told_and_locked_out_by_a_new_role(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    room, role = scene.room(), scene.role()
    scene.world.give_role(scene.guild, scene.stranger, role)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, [OPEN])
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, [OPEN])
    assert (scene.room(), scene.people_in_reach()) == (room, {scene.student, scene.coach})
    assert scene.role() != role
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.done) == (0, [])


def test_bystander_who_holds_the_role_while_the_coach_is_unlinked_is_told(stage: Stage) -> None:
    scene = stage()
    scene.book(coachDiscordId=None)
    scene.tick()
    scene.world.give_role(scene.guild, scene.stranger, scene.role())
    scene.tick(QUARTER)
    assert OPEN in scene.codes
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.student}


def test_person_who_was_swapped_out_and_given_the_role_again_loses_it_again(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    for _ in range(2):
        scene.world.give_role(scene.guild, scene.student, scene.role())
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.codes) == (1, [OPEN])
        assert scene.outcome.error is not None
        assert scene.student in scene.outcome.error.message
        assert scene.people_in_reach() == {scene.stranger, scene.coach}
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.done) == (0, [])


def test_hidden_room_is_told_until_it_is_shown(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.world.delete_overwrite(scene.room(), scene.bot)
    for _ in range(2):
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.codes) == (1, ["missing_access"])
    scene.world.set_overwrite(scene.room(), scene.bot, MEMBER, ENTER)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.people_in_reach()) == (0, {scene.student, scene.coach})


def test_newcomer_cannot_enter_the_former_room_that_was_hidden_with_what_was_written_in_it(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    old = scene.room()
    scene.world.write_message(old, scene.student)
    scene.world.delete_overwrite(old, scene.bot)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    (new,) = set(scene.rooms()) - {old}
    assert scene.stranger in scene.world.who_can_enter(new)
    assert scene.world.who_can_enter(old) <= {scene.owner}
    scene.tick(QUARTER)
    assert scene.report.exit_code == 1
    assert scene.world.who_can_enter(old) <= {scene.owner}


def test_bystander_is_counted_while_somebody_booked_is_not_in_the_guild(stage: Stage) -> None:
    scene = stage()
    scene.book(coachDiscordId=scene.person("late", member=False))
    scene.tick()
    scene.world.give_role(scene.guild, scene.stranger, scene.role())
    scene.tick(QUARTER)
    assert OPEN in scene.codes
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.student}


def test_role_that_was_renamed_goes_also_when_its_room_was_deleted_by_hand(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.rename(scene.role(), "Friends")
    scene.world.delete_channel(scene.room())
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


# settings changed while a room is open


def test_staff_role_that_is_new_or_taken_out_holds_at_once_and_uses_up_no_repair(any_access: Scene) -> None:
    scene = any_access
    staff = scene.world.add_role(scene.guild, "Staff")
    scene.world.give_role(scene.guild, scene.stranger, staff)
    scene.book()
    scene.tick()
    for _ in range(2):
        scene.configure(f'staff_role_ids = ["{staff}"]')
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.done) == (0, [("repair", "done")])
        assert scene.stranger in scene.people_in_reach()
        scene.configure()
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.done) == (0, [("repair", "done")])
        assert scene.people_in_reach() == {scene.student, scene.coach}


def test_staff_role_taken_out_loses_the_room_also_when_strangers_are_only_reported(any_access: Scene) -> None:
    scene = any_access
    staff = scene.world.add_role(scene.guild, "Staff")
    scene.world.give_role(scene.guild, scene.stranger, staff)
    scene.configure(f'staff_role_ids = ["{staff}"]', '[privacy]\nstrangers = "report"')
    scene.book()
    scene.tick()
    scene.configure("", '[privacy]\nstrangers = "report"')
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.people_in_reach()) == (0, {scene.student, scene.coach})


# people


@pytest.mark.parametrize("whose", ["student", "coach"])
@pytest.mark.parametrize("gone", ["bot", "staff"])
def test_id_that_is_nobodys_keeps_the_other_in_and_the_room_private(any_access: Scene, whose: str, gone: str) -> None:
    scene = any_access
    staff = scene.world.add_role(scene.guild, "Staff")
    scene.configure(f'staff_role_ids = ["{staff}"]')
    nobody = scene.bot if gone == "bot" else staff
    student, coach = (nobody, scene.coach) if whose == "student" else (scene.student, nobody)
    scene.book(studentDiscordId=student, coachDiscordId=coach)
    other = scene.coach if whose == "student" else scene.student
    for _ in range(2):
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.codes) == (1, ["not_a_person"])
        assert scene.people_in_reach() == {other}
    scene.change(**{f"{whose}DiscordId": scene.student if whose == "student" else scene.coach})
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.people_in_reach()) == (0, {scene.student, scene.coach})
    room = scene.world.channel(scene.room())
    assert room is not None
    assert {scene.bot, staff, scene.guild} <= set(room.overwrites)
    scene.tick(20 * QUARTER)
    assert (scene.done, scene.rooms()) == ([("cleanup", "done")], [])


@pytest.mark.parametrize("back", [False, True], ids=["joins late", "comes back"])
@pytest.mark.parametrize("whose", ["student", "coach"])
def test_each_person_gets_in_by_the_run_after_they_join(any_access: Scene, whose: str, back: bool) -> None:
    scene = any_access
    person = scene.student if whose == "student" else scene.coach
    other = scene.coach if whose == "student" else scene.student
    if not back:
        scene.world.leave(scene.guild, person)
    scene.book()
    scene.tick()
    if back:
        scene.world.leave(scene.guild, person)
        scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, ["unknown_member"])
    assert scene.people_in_reach() == {other}
    for _ in range(2):  # and again
        scene.world.join(scene.guild, person)
        scene.tick(QUARTER)
        assert (scene.report.exit_code, scene.people_in_reach()) == (0, {scene.student, scene.coach})
        scene.world.leave(scene.guild, person)
        scene.tick(QUARTER)
        assert scene.codes == ["unknown_member"]


def test_person_who_left_and_came_back_between_two_runs_is_in_at_the_start(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.tick(9 * QUARTER)
    scene.world.leave(scene.guild, scene.coach)
    scene.clock.advance(60_000)
    scene.world.join(scene.guild, scene.coach)
    scene.tick(QUARTER - 60_000)
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_newcomer_reads_nothing_that_was_written_to_who_left(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    room = scene.room()
    scene.world.write_message(room, scene.student)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    assert scene.room() != room
    assert scene.people_in_reach() == {scene.stranger, scene.coach}


def test_newcomer_reads_nothing_also_when_the_leaver_left_some_runs_before(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    room = scene.room()
    scene.world.write_message(room, scene.student)
    scene.change(studentDiscordId=None)
    scene.tick(QUARTER)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    assert scene.room() != room
    assert scene.people_in_reach() == {scene.stranger, scene.coach}


def test_addition_keeps_the_room(any_access: Scene) -> None:
    scene = any_access
    scene.book(studentDiscordId=None)
    scene.tick()
    room = scene.room()
    scene.world.write_message(room, scene.coach)
    scene.change(studentDiscordId=scene.student)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.room()) == (0, room)


NAMED = '[naming]\nchannel = "{student} {short}"'


@pytest.mark.parametrize("written", [False, True], ids=["renamed", "replaced"])
def test_name_of_who_left_does_not_stay_on_the_room(any_access: Scene, written: bool) -> None:
    scene = any_access
    scene.configure(rest=NAMED)
    scene.book(studentName="John")
    scene.tick()
    (room,) = scene.rooms(f"John {ID}")
    if written:
        scene.world.write_message(room, scene.student)
    scene.change(studentDiscordId=scene.stranger, studentName="Zoe")
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.rooms(f"John {ID}")) == (0, [])
    assert (scene.rooms(f"Zoe {ID}") == [room]) is not written
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.done) == (0, [])


def test_room_that_may_not_be_renamed_is_told_of_and_works(any_access: Scene) -> None:
    scene = any_access
    scene.configure(rest=NAMED)
    scene.book(studentName="John")
    scene.tick()
    scene.standin.faults.add("forbidden", ("PATCH", CHANNEL), count=None, code=50013)
    scene.change(studentDiscordId=scene.stranger, studentName="Zoe")
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.codes) == (1, ["missing_permission"])
    (room,) = scene.rooms(f"John {ID}")
    assert scene.world.who_can_enter(room) - {scene.bot, scene.owner} == {scene.stranger, scene.coach}


def test_name_that_is_refused_gives_way_to_the_hash_without_anybodys_name(any_access: Scene) -> None:
    scene = any_access
    scene.configure(rest=NAMED)
    scene.book(studentName="John")
    scene.standin.faults.add("bad_request", ("POST", CHANNELS), count=1, code=20031)
    scene.tick()
    assert (scene.report.exit_code, len(scene.rooms(f"coaching-{hash_of(ID)}"))) == (0, 1)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.done) == (0, [])


# told truly


def test_failed_action_names_its_access_its_role_and_its_room(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.world.delete_channel(scene.room())
    scene.tick(QUARTER)
    scene.world.delete_channel(scene.room())
    scene.tick(QUARTER)
    outcome = scene.outcome
    assert (outcome.outcome, outcome.access) == ("failed", scene.access)
    assert outcome.role_id == (scene.role() if scene.access == "role" else None)
    assert outcome.channel_id is not None


def test_role_deleted_right_after_the_setup_is_repaired_by_the_next_run(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.delete_role(scene.guild, scene.role())
    scene.tick(60_000)
    assert (scene.report.exit_code, scene.done) == (0, [("repair", "done")])
    assert "role vanished" in scene.outcome.action.reason
    assert scene.people_in_reach() == {scene.student, scene.coach}
