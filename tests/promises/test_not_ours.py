"""What coachsync did not make is never adopted, changed or deleted, whatever the store claims (CONTRACT §6 "Ours")."""

from __future__ import annotations

import re
from typing import Any

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.permissions import ENTER, MANAGE_CHANNELS, Overwrite
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLE, ROLES, ROOM, Scene, Stage
from tests.kit.town import T0

ADMINISTRATOR = 8
OVER = 5 * HOUR


def claim(scene: Scene, **ids: Any) -> None:
    """Book a running session that the store says is set up, as an earlier system leaves it."""
    scene.book(start=T0 - 3 * HOUR, discordSetupComplete=True, **ids)


def looked_alikes(scene: Scene) -> list[str]:
    """Make by hand what bears the session's names, and return it."""
    roles = [scene.world.add_role(scene.guild, name, permissions=p) for name, p in ((ROLE, ADMINISTRATOR), (ROLE, 0))]
    hidden = [Overwrite(scene.guild, 0, 0, ENTER), Overwrite(scene.stranger, 1, ENTER, 0)]
    rooms = [scene.world.add_channel(scene.guild, ROOM), scene.world.add_channel(scene.guild, ROOM, overwrites=hidden)]
    text = scene.world.add_channel(scene.guild, ROOM, type=0)
    scene.world.give_role(scene.guild, scene.stranger, roles[1])
    return [*roles, *rooms, text]


def test_look_alikes_are_left_alone_through_a_whole_life(scene: Scene) -> None:
    foreign = looked_alikes(scene)
    before = scene.portrait(*foreign)
    scene.book()
    scene.tick()
    assert scene.done == [("setup", "done")]
    scene.tick(QUARTER)
    scene.tick(OVER)
    assert scene.done == [("cleanup", "done")]
    assert scene.portrait(*foreign) == before
    assert set(scene.things()) == set(foreign)


@pytest.mark.parametrize("access", ["role", "member"])
def test_session_gets_a_room_of_its_own_beside_look_alikes(stage: Stage, access: str) -> None:
    scene = stage(access=access)
    foreign = looked_alikes(scene)
    scene.book()
    scene.tick()
    (mine,) = set(scene.rooms()) - set(foreign)
    assert scene.world.who_can_enter(mine) == {scene.bot, scene.owner, scene.student, scene.coach}


def test_look_alikes_made_while_the_room_is_open_are_left_alone(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    foreign = looked_alikes(any_access)
    before = any_access.portrait(*foreign)
    any_access.tick(QUARTER)
    assert (any_access.done, any_access.writes) == ([], [])
    any_access.tick(OVER)
    assert any_access.portrait(*foreign) == before
    assert set(any_access.things()) == set(foreign)


def test_role_made_by_hand_between_failed_attempts_and_held_by_a_friend_stays_foreign(scene: Scene) -> None:
    scene.book()
    scene.standin.faults.add("reset_before", ("POST", ROLES))
    scene.tick()
    assert scene.codes == ["unreachable"]
    friend = scene.world.add_role(scene.guild, ROLE)
    scene.world.give_role(scene.guild, scene.stranger, friend)
    before = scene.portrait(friend)
    scene.tick(MINUTE)
    assert scene.done == [("setup", "done")]
    scene.tick(OVER)
    assert scene.portrait(friend) == before
    assert set(scene.things()) == {friend}


def test_role_made_by_hand_long_after_a_failed_attempt_and_held_by_nobody_stays_foreign(scene: Scene) -> None:
    scene.book()
    scene.standin.faults.add("reset_before", ("POST", ROLES))
    scene.tick()
    scene.clock.advance(QUARTER)
    made_by_hand = scene.world.add_role(scene.guild, ROLE)
    before = scene.portrait(made_by_hand)
    scene.tick(MINUTE)
    assert scene.done == [("setup", "done")]
    scene.tick(OVER)
    assert scene.portrait(made_by_hand) == before
    assert set(scene.things()) == {made_by_hand}


def test_administrator_role_made_by_hand_between_failed_attempts_stays_foreign(scene: Scene) -> None:
    scene.book()
    scene.standin.faults.add("hang_before", ("POST", ROLES), seconds=3)
    scene.tick()
    admin = scene.world.add_role(scene.guild, ROLE, permissions=ADMINISTRATOR)
    before = scene.portrait(admin)
    scene.tick(MINUTE)
    assert admin not in scene.world.roles_of(scene.guild, scene.student)
    scene.tick(OVER)
    assert scene.portrait(admin) == before


@pytest.mark.parametrize("later", [MINUTE, OVER])
def test_role_held_by_a_friend_is_left_alone_when_discord_fails_to_count(stage: Stage, later: int) -> None:
    scene = stage()
    scene.book()
    scene.standin.faults.add("reset_before", ("POST", ROLES))
    scene.tick()
    friend = scene.world.add_role(scene.guild, ROLE)
    scene.world.give_role(scene.guild, scene.stranger, friend)
    before = scene.portrait(friend)
    scene.standin.faults.add("status_before", ("GET", f"{ROLES}/member-counts"), count=None, status=500)
    scene.tick(later)
    assert scene.report.exit_code == 1
    scene.standin.faults.clear()
    scene.tick(OVER)
    assert scene.portrait(friend) == before
    assert set(scene.things()) == {friend}


def test_room_goes_although_discord_fails_to_count(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.standin.faults.add("reset_before", ("POST", ROLES))
    scene.tick()
    scene.tick(QUARTER)
    scene.world.add_role(scene.guild, ROLE, id=str(((T0 - 1_420_070_400_000) << 22) + 999))
    scene.standin.faults.add("status_before", ("GET", f"{ROLES}/member-counts"), count=None, status=500)
    scene.tick(OVER)
    assert (scene.done, scene.rooms()) == ([("cleanup", "failed")], [])


def test_channel_made_by_hand_between_failed_attempts_stays_foreign(scene: Scene) -> None:
    scene.book()
    scene.standin.faults.add("reset_before", ("POST", CHANNELS))
    scene.tick()
    lounge = scene.world.add_channel(scene.guild, ROOM)
    before = scene.portrait(lounge)
    scene.tick(MINUTE)
    assert scene.done == [("setup", "done")]
    scene.tick(OVER)
    assert scene.portrait(lounge) == before


@pytest.mark.parametrize("kind", ["admins", "lobby", "category", "text channel", "everyone", "bot's own role"])
@pytest.mark.parametrize("command", ["run", "setup", "cleanup"])
def test_store_that_claims_what_is_foreign_is_refused(stage: Stage, kind: str, command: str) -> None:
    scene = stage()
    world, guild = scene.world, scene.guild
    role = {
        "admins": world.add_role(guild, "Admins", permissions=ADMINISTRATOR),
        "everyone": guild,
        "bot's own role": world.find_roles(guild, "coachsync")[0],
    }.get(kind)
    channel = {
        "lobby": world.add_channel(guild, "Lobby"),
        "category": world.add_category(guild, ROOM),
        "text channel": world.add_channel(guild, ROOM, type=0),
    }.get(kind)
    claim(scene, discordRoleId=role, discordChannelId=channel)
    before = scene.portrait(*(i for i in (role, channel) if i))
    scene.tick(0, command, *([] if command == "run" else [ID]))
    if command != "setup":  # a session that has ended gets no setup
        assert (scene.codes, scene.outcome.outcome) == (["not_ours"], "refused")
        assert scene.report.exit_code == 1
    assert scene.writes == []
    assert scene.portrait(*(i for i in (role, channel) if i)) == before


@pytest.mark.parametrize("kind", ["admins", "lobby"])
def test_refusal_names_what_is_foreign_and_the_way_out(scene: Scene, kind: str) -> None:
    admins = scene.world.add_role(scene.guild, "Admins", permissions=ADMINISTRATOR)
    lobby = scene.world.add_channel(scene.guild, "Lobby")
    claim(scene, **({"discordRoleId": admins} if kind == "admins" else {"discordChannelId": lobby}))
    result = scene.program("run")
    error, hint = result.err.splitlines()
    assert result.code == 1
    assert kind.capitalize() in error
    assert f"coachsync cleanup {ID} --abandon" in hint


def test_running_session_whose_ids_point_at_the_lobby_is_refused_and_adopts_nothing(any_access: Scene) -> None:
    lobby = any_access.world.add_channel(any_access.guild, "Lobby")
    any_access.book(start=T0 + HOUR, discordSetupComplete=True, discordChannelId=lobby)
    before = any_access.portrait(lobby)
    any_access.tick()
    assert (any_access.codes, any_access.writes) == (["not_ours"], [])
    assert any_access.portrait(lobby) == before


def test_session_that_claims_the_lobby_and_is_not_set_up_gets_a_room_of_its_own(any_access: Scene) -> None:
    lobby = any_access.world.add_channel(any_access.guild, "Lobby")
    before = any_access.portrait(lobby)
    any_access.book(discordChannelId=lobby)
    any_access.tick()
    any_access.tick(QUARTER)
    any_access.tick(OVER)
    assert any_access.portrait(lobby) == before
    assert list(any_access.things()) == [lobby]


@pytest.mark.parametrize("ledger", ["kept", "lost"])
def test_session_that_claims_anothers_room_does_not_get_it(stage: Stage, ledger: str) -> None:
    scene = stage()
    scene.book("owner001")
    scene.tick()
    room, role = scene.outcome.channel_id, scene.outcome.role_id
    assert room
    assert role
    if ledger == "lost":
        scene.forget()
    before = scene.portrait(room, role)
    scene.book("thief002", start=T0 - 3 * HOUR, discordSetupComplete=True, discordRoleId=role, discordChannelId=room)
    scene.tick(QUARTER)
    assert ("cleanup", "refused") in scene.done
    assert "not_ours" in scene.codes
    scene.tick(QUARTER, "cleanup", "thief002")
    assert scene.portrait(room, role) == before


@pytest.mark.parametrize("ledger", ["kept", "lost"])
def test_room_in_another_guild_is_refused_even_when_it_bears_the_sessions_name(stage: Stage, ledger: str) -> None:
    scene = stage()
    other = scene.another_guild()
    room = scene.world.add_channel(other, ROOM, overwrites=[Overwrite(scene.bot, 1, ENTER | MANAGE_CHANNELS, 0)])
    claim(scene, discordChannelId=room)
    before = scene.portrait(room)
    scene.tick()
    assert (scene.codes, scene.writes) == (["not_ours"], [])
    if ledger == "lost":
        scene.forget()
    scene.tick(QUARTER, "cleanup", ID)
    assert (scene.codes, scene.writes) == (["not_ours"], [])
    assert scene.portrait(room) == before


def test_role_of_another_guild_is_not_touched(scene: Scene) -> None:
    other = scene.another_guild()
    role = scene.world.add_role(other, ROLE)
    claim(scene, discordRoleId=role)
    scene.tick()
    scene.tick(QUARTER, "cleanup", ID)
    assert scene.writes == []
    assert scene.world.find_roles(other, ROLE) == [role]


def test_open_session_that_claims_a_room_of_another_guild_leaves_it_alone(any_access: Scene) -> None:
    other = any_access.another_guild()
    bot = Overwrite(any_access.bot, 1, ENTER | MANAGE_CHANNELS, 0)
    room = any_access.world.add_channel(other, ROOM, overwrites=[bot])
    any_access.book(start=T0 + HOUR, discordSetupComplete=True, discordChannelId=room)
    before = any_access.portrait(room)
    any_access.tick()
    any_access.tick(QUARTER)
    any_access.tick(OVER)
    assert any_access.portrait(room) == before


# rooms of an earlier system


@pytest.mark.parametrize("name", [f"coaching-{ID}", ROOM, f"🎤  Coaching-{ID}"])
def test_room_of_an_earlier_system_is_taken_over_and_cleaned_up(scene: Scene, name: str) -> None:
    role = scene.world.add_role(scene.guild, ROLE)
    room = scene.world.add_channel(scene.guild, name)
    scene.world.give_role(scene.guild, scene.student, role)
    claim(scene, discordRoleId=role, discordChannelId=room)
    scene.tick()
    assert scene.done == [("cleanup", "done")]
    assert scene.things() == {}
    assert scene.row()["discordCleanedUp"]


def test_open_room_of_an_earlier_system_is_taken_over_and_put_right(scene: Scene) -> None:
    role = scene.world.add_role(scene.guild, ROLE)
    closed = [Overwrite(scene.guild, 0, 0, ENTER), Overwrite(role, 0, ENTER, 0), Overwrite(scene.bot, 1, ENTER, 0)]
    room = scene.world.add_channel(scene.guild, f"coaching-{ID}", overwrites=closed)
    for person in (scene.student, scene.coach):
        scene.world.give_role(scene.guild, person, role)
    scene.book(start=T0 + HOUR, discordSetupComplete=True, discordRoleId=role, discordChannelId=room)
    scene.tick()
    assert scene.world.who_can_enter(room) == {scene.bot, scene.owner, scene.student, scene.coach}
    scene.tick(OVER)
    assert scene.things() == {}


def test_hidden_room_of_an_earlier_system_names_the_clicks_that_mend_it(scene: Scene) -> None:
    role = scene.world.add_role(scene.guild, ROLE)
    hidden = [Overwrite(scene.guild, 0, 0, ENTER), Overwrite(role, 0, ENTER, 0)]
    room = scene.world.add_channel(scene.guild, f"coaching-{ID}", overwrites=hidden)
    claim(scene, discordRoleId=role, discordChannelId=room)
    scene.tick()
    assert scene.report.exit_code == 1
    assert "Edit Channel → Permissions → add the bot with View Channel and Connect" in scene.hint
    assert scene.world.find_channels(scene.guild, f"coaching-{ID}") == [room]
    scene.world.set_overwrite(room, scene.bot, 1, ENTER)
    scene.tick(QUARTER)
    assert scene.done == [("cleanup", "done")]
    assert scene.things() == {}


def test_role_of_an_earlier_system_with_permissions_of_its_own_is_not_taken_over(scene: Scene) -> None:
    role = scene.world.add_role(scene.guild, ROLE, permissions=ADMINISTRATOR)
    claim(scene, discordRoleId=role)
    scene.tick()
    assert (scene.codes, scene.writes) == (["not_ours"], [])


# the ledger lost


def test_lost_ledger_is_rebuilt_while_the_room_is_open(scene: Scene) -> None:
    scene.book()
    scene.tick()
    things = scene.things()
    scene.forget()
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.things()) == (0, things)
    assert scene.people_in_reach() == {scene.student, scene.coach}
    scene.tick(OVER)
    assert scene.done == [("cleanup", "done")]
    assert scene.things() == {}


@pytest.mark.parametrize("access", ["role", "member"])
def test_lost_ledger_and_marks_make_no_second_room(stage: Stage, access: str) -> None:
    scene = stage(access=access)
    scene.book()
    scene.tick()
    things = scene.things()
    scene.forget(marks=True)
    scene.tick(QUARTER)
    assert scene.things() == things
    assert scene.people_in_reach() == {scene.student, scene.coach}
    scene.tick(OVER)
    assert scene.things() == {}


def test_person_swapped_while_the_ledger_was_lost_is_sent_away_where_the_room_tells_who_is_in(stage: Stage) -> None:
    scene = stage(access="member")
    scene.book()
    scene.tick()
    scene.forget()
    scene.change(studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.stranger, scene.coach}


# what Discord made otherwise than asked


@pytest.mark.parametrize("spoil", ["reset_before", "reset_after", "status_before"])
@pytest.mark.parametrize("who", ["role", "person"])
def test_room_that_came_out_open_is_removed_even_when_the_first_removal_fails(
    any_access: Scene, spoil: str, who: str
) -> None:
    friends = any_access.world.add_role(any_access.guild, "Friends")
    any_access.world.give_role(any_access.guild, any_access.stranger, friends)
    any_access.book()
    bot = (any_access.bot, 1, ENTER | MANAGE_CHANNELS, 0)
    guest = (friends, 0, ENTER, 0) if who == "role" else (any_access.stranger, 1, ENTER, 0)
    opened = ((any_access.guild, 0, 0, ENTER), guest, bot)
    any_access.standin.faults.add("overwrites", ("POST", CHANNELS), overwrites=opened)
    any_access.standin.faults.add(spoil, lambda r: r.method == "DELETE", count=9, status=500, code=None)
    any_access.tick()
    any_access.standin.faults.clear()
    any_access.tick(QUARTER)
    any_access.tick(QUARTER)
    assert any_access.people_in_reach() == {any_access.student, any_access.coach}
    any_access.tick(OVER)
    assert list(any_access.things()) == [friends]


def test_room_renamed_and_opened_by_hand_is_told_of_and_taken_back_under_the_name_in_the_hint(
    any_access: Scene,
) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    room = scene.room()
    scene.world.rename(room, "lounge")
    scene.world.clear_permissions(room)
    assert scene.tick(QUARTER).exit_code == 1
    assert (scene.codes, scene.writes) == (["not_ours"], [])
    (failure,) = [outcome.error for outcome in scene.report.outcomes if outcome.error is not None]
    assert "whoever can see it still can" in failure.message
    (name,) = re.findall("name it '([^']*)' again", failure.hint)
    scene.world.rename(room, name)
    scene.tick(QUARTER)
    assert (scene.room(), scene.codes) == (room, ["room_open_to_others"])
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_role_left_alone_and_renamed_by_hand_is_told_of_and_goes_under_the_name_in_the_hint(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    role, bots = scene.role(), next(iter(scene.world.roles_of(scene.guild, scene.bot)))
    scene.world.move_role(scene.guild, role, above=bots)
    scene.tick(OVER)
    assert (scene.codes, list(scene.things())) == (["role_too_high"], [role])
    scene.world.rename(role, "friends")
    scene.world.edit_role(scene.guild, role, hoist=True)
    scene.world.move_role(scene.guild, role, below=bots)
    for _ in range(2):
        assert scene.tick(QUARTER).exit_code == 1
        assert (scene.codes, scene.writes) == (["not_ours"], [])
    (name,) = re.findall("name it '([^']*)' again", scene.hint)
    scene.world.rename(role, name)
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})
