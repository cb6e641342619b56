"""Overwrites as Discord is reported to keep them: one for an id, in vain for who is away, gone with who leaves."""

from __future__ import annotations

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite
from tests.standin.house import House


def _put(house: House, room: str, target: str, kind: int = MEMBER) -> int:
    body = {"type": kind, "allow": p.ENTER}
    return house.call("PUT", f"/channels/{room}/permissions/{target}", body).status_code


def _shown(house: House, channel: str) -> set[str]:
    answer = house.call("GET", f"/channels/{channel}").json()
    return {o["id"] for o in answer["permission_overwrites"]}


def test_overwrite_put_while_away_is_in_vain_after_joining(house: House) -> None:
    newcomer = house.world.add_user("Nina")
    room = house.room()
    assert _put(house, room, newcomer) == 204
    house.world.join(house.guild, newcomer)
    assert newcomer in _shown(house, room)
    assert newcomer not in house.world.who_can_see(room)


def test_create_with_an_overwrite_for_somebody_away_is_in_vain_after_joining(house: House) -> None:
    newcomer = house.world.add_user("Nina")
    room = house.room((newcomer, MEMBER), (house.john, MEMBER))
    house.world.join(house.guild, newcomer)
    assert house.world.who_can_enter(room) == {house.john, house.bot, house.owner}


def test_overwrite_put_again_after_joining_lets_in(house: House) -> None:
    newcomer = house.world.add_user("Nina")
    room = house.room((newcomer, MEMBER))
    house.world.join(house.guild, newcomer)
    _put(house, room, newcomer)
    assert newcomer in house.world.who_can_enter(room)


def test_overwrite_of_who_leaves_is_gone_and_stays_so_when_they_are_back(house: House) -> None:
    room = house.room((house.john, MEMBER))
    house.world.leave(house.guild, house.john)
    assert house.john not in _shown(house, room)
    house.world.join(house.guild, house.john)
    assert house.john not in _shown(house, room) | house.world.who_can_see(room)


def test_overwrite_for_an_unknown_user_is_refused_if_so_set(house: House) -> None:
    house.world.unknown_overwrites = "refuse"
    room = house.room()
    body = {"type": MEMBER, "allow": p.ENTER}
    assert house.code("PUT", f"/channels/{room}/permissions/1234567890", body) == (404, 10009)


def test_overwrite_for_an_unknown_role_is_refused(house: House) -> None:
    room = house.room()
    body = {"type": ROLE, "allow": p.ENTER}
    assert house.code("PUT", f"/channels/{room}/permissions/1234567890", body) == (404, 10009)


def test_guilds_id_as_a_role_is_everyone(house: House) -> None:
    room = house.room()
    assert _put(house, room, house.guild, ROLE) == 204
    assert house.stranger in house.world.who_can_enter(room)


def test_members_overwrite_with_the_guilds_id_replaces_the_deny_of_everyone(house: House) -> None:
    room = house.room((house.guild, MEMBER))
    shown = house.call("GET", f"/channels/{room}").json()["permission_overwrites"]
    assert [(o["id"], o["type"]) for o in shown] == [(house.guild, MEMBER), (house.bot, MEMBER)]
    assert house.stranger in house.world.who_can_enter(room)


def test_members_overwrite_with_the_guilds_id_put_later_opens_the_room_too(house: House) -> None:
    room = house.room()
    assert _put(house, room, house.guild) == 204
    assert house.stranger in house.world.who_can_enter(room)


def test_everyone_is_denied_again_when_its_overwrite_is_put_over_the_members(house: House) -> None:
    room = house.room((house.guild, MEMBER))
    house.call("PUT", f"/channels/{room}/permissions/{house.guild}", {"type": ROLE, "deny": p.ENTER})
    assert house.world.who_can_see(room) == {house.bot, house.owner}


def test_members_overwrite_with_a_roles_id_is_accepted_and_lets_nobody_in(house: House) -> None:
    staff = house.world.add_role(house.guild, "Staff")
    house.world.give_role(house.guild, house.john, staff)
    room = house.room((staff, ROLE))
    assert _put(house, room, staff, MEMBER) == 204
    assert house.john not in house.world.who_can_see(room)


@pytest.mark.parametrize("target", ["18446744073709551616", "99999999999999999999", "0123456789012345678"])
def test_id_beyond_64_bits_or_with_a_leading_zero_is_an_invalid_form(house: House, target: str) -> None:
    room = house.room()
    body = {"name": "x", "type": 2, "permission_overwrites": house.private((target, MEMBER))}
    assert house.code("POST", f"/guilds/{house.guild}/channels", body) == (400, 50035)
    assert house.code("PUT", f"/channels/{room}/permissions/{target}", {"type": MEMBER}) == (400, 50035)


def test_hidden_category_may_refuse_a_create_and_overwrites_of_its_children(house: House) -> None:
    category = house.world.add_category(house.guild, "Rooms")
    room = house.room(parent_id=category)
    house.world.hide_from(category, house.bot)
    house.world.hidden_category_refuses |= {"create", "overwrite"}
    body = {"name": "x", "type": 2, "parent_id": category, "permission_overwrites": house.private()}
    assert house.code("POST", f"/guilds/{house.guild}/channels", body) == (403, 50001)
    path = f"/channels/{room}/permissions/{house.john}"
    assert house.code("PUT", path, {"type": MEMBER, "allow": p.ENTER}) == (403, 50001)
    assert house.code("DELETE", path) == (403, 50001)


def test_hidden_category_refuses_nothing_by_default(house: House) -> None:
    category = house.world.add_category(house.guild, "Rooms")
    house.world.hide_from(category, house.bot)
    room = house.room(parent_id=category)
    assert _put(house, room, house.john) == 204


def test_change_of_a_category_reaches_the_synced_children_alone(house: House) -> None:
    deny = Overwrite(house.guild, ROLE, 0, p.ENTER)
    category = house.world.add_category(house.guild, "Rooms", overwrites=[deny])
    synced = house.world.add_channel(house.guild, "synced", parent=category, overwrites=[deny])
    apart = house.room(parent_id=category)
    house.world.set_overwrite(category, house.stranger, MEMBER, allow=p.ENTER)
    assert house.stranger in house.world.who_can_enter(synced)
    assert house.stranger not in house.world.who_can_see(apart)
