"""The stand-in lets the bot do what Discord would, and refuses the rest with Discord's codes."""

from __future__ import annotations

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite
from tests.standin.house import House


def test_room_is_seen_by_its_people_bot_owner_and_admins_alone(house: House) -> None:
    admins = house.world.add_role(house.guild, "Admins", permissions=p.ADMINISTRATOR, position=20)
    admin = house.world.add_user("Ada")
    house.world.join(house.guild, admin)
    house.world.give_role(house.guild, admin, admins)
    role = house.role()
    room = house.room((role, ROLE))
    house.grant(house.john, role)
    house.grant(house.sarah, role)
    assert house.world.who_can_see(room) == {house.john, house.sarah, house.bot, house.owner, admin}


def test_room_without_a_bot_overwrite_is_lost_to_the_bot(house: House) -> None:
    body = {
        "name": "mine",
        "type": 2,
        "permission_overwrites": [{"id": house.guild, "type": 0, "deny": p.ENTER}],
    }
    room = house.call("POST", f"/guilds/{house.guild}/channels", body).json()["id"]
    assert house.code("DELETE", f"/channels/{room}") == (403, 50001)


def test_channel_list_omits_what_the_bot_cannot_view(house: House) -> None:
    hidden = house.world.add_channel(house.guild, "hidden", overwrites=[_shut(house)])
    seen = house.room()
    listed = {c["id"] for c in house.call("GET", f"/guilds/{house.guild}/channels").json()}
    assert (seen in listed, hidden in listed) == (True, False)


def test_hidden_channel_answers_missing_access_when_asked_for(house: House) -> None:
    hidden = house.world.add_channel(house.guild, "hidden", overwrites=[_shut(house)])
    assert house.code("GET", f"/channels/{hidden}") == (403, 50001)


def test_hidden_category_is_listed_when_a_child_is_visible(house: House) -> None:
    category = house.world.add_category(house.guild, "Rooms", overwrites=[_shut(house)])
    house.room(parent_id=category)
    listed = {c["id"] for c in house.call("GET", f"/guilds/{house.guild}/channels").json()}
    assert category in listed


def test_visible_room_cannot_be_deleted_without_connect(house: House) -> None:
    open_to_see = Overwrite(house.guild, ROLE, 0, p.CONNECT)
    room = house.world.add_channel(house.guild, "look only", overwrites=[open_to_see])
    assert house.code("DELETE", f"/channels/{room}") == (403, 50001)


def test_create_refuses_an_overwrite_bit_the_bot_does_not_hold(house: House) -> None:
    body = {
        "name": "x",
        "type": 2,
        "permission_overwrites": [{"id": house.john, "type": 1, "allow": p.MOVE_MEMBERS}],
    }
    assert house.code("POST", f"/guilds/{house.guild}/channels", body) == (403, 50013)


def test_create_refuses_manage_roles_in_an_overwrite_without_administrator(house: House) -> None:
    body = {
        "name": "x",
        "type": 2,
        "permission_overwrites": [{"id": house.bot, "type": 1, "allow": p.MANAGE_ROLES}],
    }
    assert house.code("POST", f"/guilds/{house.guild}/channels", body) == (403, 50013)


def test_role_above_the_bot_cannot_be_given(house: House) -> None:
    high = house.world.add_role(house.guild, "High", position=11)
    assert house.code("PUT", f"/guilds/{house.guild}/members/{house.john}/roles/{high}") == (403, 50013)


def test_younger_role_at_the_bots_position_ranks_below_it(house: House) -> None:
    level = house.world.add_role(house.guild, "Level", position=10)
    assert house.grant(house.john, level).status_code == 204


def test_role_with_permissions_the_bot_lacks_is_refused(house: House) -> None:
    body = {"name": "x", "permissions": str(p.ADMINISTRATOR)}
    assert house.code("POST", f"/guilds/{house.guild}/roles", body) == (403, 50013)


def test_two_factor_is_demanded_where_the_guild_and_the_owner_disagree(house: House) -> None:
    house.world.guilds[house.guild].mfa_level = 1
    house.world.apps[house.bot].mfa_enabled = False
    assert house.code("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}) == (403, 60003)


def test_bot_without_manage_roles_makes_no_role(house: House) -> None:
    house.world.edit_role(house.guild, house.bot_role(), permissions=p.NEEDED & ~p.MANAGE_ROLES)
    assert house.code("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}) == (403, 50013)


def test_member_list_needs_the_intent(house: House) -> None:
    assert house.code("GET", f"/guilds/{house.guild}/members?limit=10") == (403, 50001)


def test_member_list_is_complete_with_the_intent(house: House) -> None:
    house.world.apps[house.bot].members_intent = True
    listed = house.call("GET", f"/guilds/{house.guild}/members?limit=10").json()
    assert {m["user"]["id"] for m in listed} == set(house.world.guilds[house.guild].members)


def test_losing_a_permission_does_not_disconnect(house: House) -> None:
    room = house.room((house.john, MEMBER))
    house.world.connect_voice(house.guild, house.john, room)
    house.call("DELETE", f"/channels/{room}/permissions/{house.john}")
    assert house.world.who_is_in(room) == {house.john}
    assert house.bot in house.world.who_can_see(room)
    assert house.john not in house.world.who_can_see(room)


def test_voice_connection_is_refused_to_who_may_not_enter(house: House) -> None:
    room = house.room((house.john, MEMBER))
    assert not house.world.connect_voice(house.guild, house.stranger, room)


def test_voice_state_tells_missing_access_when_the_bot_cannot_connect_there(house: House) -> None:
    lounge = house.world.add_channel(
        house.guild, "Lounge", overwrites=[_shut(house), Overwrite(house.john, MEMBER, p.ENTER, 0)]
    )
    assert house.world.connect_voice(house.guild, house.john, lounge)
    assert house.code("GET", f"/guilds/{house.guild}/voice-states/{house.john}") == (403, 50001)


def test_timed_out_bot_cannot_delete_its_room(house: House) -> None:
    room = house.room()
    house.world.time_out(house.guild, house.bot, house.clock.now() + 60_000)
    assert house.code("DELETE", f"/channels/{room}") == (403, 50001)


def _shut(house: House) -> Overwrite:
    return Overwrite(house.guild, ROLE, 0, p.ENTER)
