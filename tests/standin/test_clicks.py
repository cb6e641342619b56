"""Each click of a moderator changes who may do what, shows over HTTP, and is in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite
from coachsync.standin import audit
from tests.standin.house import House


def _overwrites(house: House, room: str) -> dict[str, tuple[int, int, int]]:
    """A room's overwrites as a moderator's own list shows them, by id: type, allow, deny."""
    house.world.edit_role(house.guild, house.bot_role(), permissions=p.ADMINISTRATOR)
    shown = house.call("GET", f"/channels/{room}").json()["permission_overwrites"]
    return {o["id"]: (o["type"], int(o["allow"]), int(o["deny"])) for o in shown}


def _role(house: House, role: str) -> dict[str, Any]:
    roles: list[dict[str, Any]] = house.call("GET", f"/guilds/{house.guild}/roles").json()
    return next(one for one in roles if one["id"] == role)


def test_synced_room_has_its_categorys_overwrites_instead(house: House) -> None:
    category = house.world.add_category(
        house.guild, "Rooms", overwrites=[Overwrite(house.stranger, MEMBER, p.ENTER, 0)]
    )
    room = house.room((house.john, MEMBER), parent_id=category)
    house.world.sync_with_category(room)
    assert house.stranger in house.world.who_can_enter(room)
    assert _overwrites(house, room) == {house.stranger: (MEMBER, p.ENTER, 0)}


def test_room_in_no_category_cannot_be_synced(house: House) -> None:
    room = house.room()
    with pytest.raises(ValueError, match="in no category"):
        house.world.sync_with_category(room)


def test_cleared_room_is_open_to_all(house: House) -> None:
    room = house.room()
    house.world.clear_permissions(room)
    assert house.stranger in house.world.who_can_enter(room)
    assert _overwrites(house, room) == {}


def test_bystander_let_in_by_hand_enters(house: House) -> None:
    room = house.room()
    house.world.set_overwrite(room, house.stranger, MEMBER, allow=p.ENTER)
    assert house.stranger in house.world.who_can_enter(room)
    assert _overwrites(house, room)[house.stranger] == (MEMBER, p.ENTER, 0)


def test_role_let_in_by_hand_brings_all_its_holders(house: House) -> None:
    room, member = house.room(), house.world.add_role(house.guild, "Member")
    house.world.give_role(house.guild, house.stranger, member)
    house.world.set_overwrite(room, member, ROLE, allow=p.ENTER)
    assert house.stranger in house.world.who_can_enter(room)


def test_room_whose_everyone_overwrite_is_deleted_is_open_to_all(house: House) -> None:
    room = house.room()
    house.world.delete_overwrite(room, house.guild)
    assert house.stranger in house.world.who_can_enter(room)
    assert house.guild not in _overwrites(house, room)


def test_room_opened_to_everyone_allows_instead_of_denying(house: House) -> None:
    room = house.room()
    house.world.open_to_everyone(room)
    assert house.stranger in house.world.who_can_enter(room)
    assert _overwrites(house, room)[house.guild] == (ROLE, p.ENTER, 0)


def test_room_without_the_bots_overwrite_drops_out_of_its_list(house: House) -> None:
    room = house.room()
    house.world.delete_overwrite(room, house.bot)
    assert room not in {c["id"] for c in house.call("GET", f"/guilds/{house.guild}/channels").json()}
    assert house.code("GET", f"/channels/{room}") == (403, 50001)


def test_empty_category_hidden_from_the_bot_drops_out_of_its_list(house: House) -> None:
    category = house.world.add_category(house.guild, "Rooms")
    house.world.hide_from(category, house.bot)
    assert category not in {c["id"] for c in house.call("GET", f"/guilds/{house.guild}/channels").json()}


def test_role_with_administrator_enters_every_room(house: House) -> None:
    role, room = house.role(), house.room()
    house.grant(house.john, role)
    house.world.edit_role(house.guild, role, permissions=p.ADMINISTRATOR)
    assert house.john in house.world.who_can_enter(room)
    assert int(_role(house, role)["permissions"]) == p.ADMINISTRATOR


def test_role_made_mentionable_and_hoisted_shows_it(house: House) -> None:
    role = house.role()
    house.world.edit_role(house.guild, role, mentionable=True, hoist=True)
    shown = _role(house, role)
    assert (shown["mentionable"], shown["hoist"]) == (True, True)


def test_role_dragged_above_the_bots_is_out_of_its_reach(house: House) -> None:
    role = house.role()
    house.world.move_role(house.guild, role, above=house.bot_role())
    assert _role(house, role)["position"] > _role(house, house.bot_role())["position"]
    assert house.code("DELETE", f"/guilds/{house.guild}/roles/{role}") == (403, 50013)


def test_role_dragged_back_below_the_bots_is_within_reach(house: House) -> None:
    role = house.role()
    house.world.move_role(house.guild, role, above=house.bot_role())
    house.world.move_role(house.guild, role, below=house.bot_role())
    assert house.call("DELETE", f"/guilds/{house.guild}/roles/{role}").status_code == 204


def test_dragged_roles_keep_the_order_of_the_others(house: House) -> None:
    first, second, third = (house.world.add_role(house.guild, n, position=i) for i, n in enumerate("abc", start=1))
    house.world.move_role(house.guild, first, above=second)
    positions = [_role(house, role)["position"] for role in (second, first, third, house.bot_role())]
    assert positions == [1, 2, 3, 4]


def test_everyone_stays_at_the_bottom(house: House) -> None:
    with pytest.raises(ValueError, match="@everyone"):
        house.world.move_role(house.guild, house.guild, above=house.bot_role())


def test_everyone_as_administrator_voids_every_deny(house: House) -> None:
    room = house.room()
    house.world.make_everyone_administrator(house.guild)
    assert house.stranger in house.world.who_can_enter(room)
    assert int(_role(house, house.guild)["permissions"]) & p.ADMINISTRATOR


def test_renamed_things_show_their_new_names(house: House) -> None:
    role, room = house.role(), house.room()
    for thing in (role, room, house.guild):
        house.world.rename(thing, "renamed")
    shown = [house.call("GET", path).json()["name"] for path in (f"/channels/{room}", f"/guilds/{house.guild}")]
    assert [*shown, _role(house, role)["name"]] == ["renamed"] * 3


@pytest.mark.parametrize("sync", [False, True])
def test_moved_room_keeps_its_overwrites_unless_it_is_synced(house: House, sync: bool) -> None:
    category = house.world.add_category(house.guild, "Public")
    room = house.room()
    house.world.move_channel(room, category, sync=sync)
    assert house.call("GET", f"/channels/{room}").json()["parent_id"] == category
    assert (house.stranger in house.world.who_can_enter(room)) is sync


def test_room_moved_out_of_its_category_is_in_none(house: House) -> None:
    room = house.room(parent_id=house.world.add_category(house.guild, "Rooms"))
    house.world.move_channel(room, None)
    assert house.call("GET", f"/channels/{room}").json()["parent_id"] is None


def test_given_and_taken_role_shows_in_the_member(house: House) -> None:
    role = house.role()
    path = f"/guilds/{house.guild}/members/{house.stranger}"
    house.world.give_role(house.guild, house.stranger, role)
    assert house.call("GET", path).json()["roles"] == [role]
    house.world.take_role(house.guild, house.stranger, role)
    assert house.call("GET", path).json()["roles"] == []


CLICKS: dict[str, tuple[Callable[[House, str, str, str], object], int]] = {
    "sync": (lambda h, c, r, _: h.world.sync_with_category(r), audit.CHANNEL_UPDATE),
    "clear": (lambda h, c, r, _: h.world.clear_permissions(r), audit.OVERWRITE_DELETE),
    "replace": (lambda h, c, r, _: h.world.set_overwrite(r, h.john, MEMBER), audit.OVERWRITE_UPDATE),
    "add": (lambda h, c, r, _: h.world.set_overwrite(r, h.stranger, MEMBER), audit.OVERWRITE_CREATE),
    "delete": (lambda h, c, r, _: h.world.delete_overwrite(r, h.john), audit.OVERWRITE_DELETE),
    "open": (lambda h, c, r, _: h.world.open_to_everyone(r), audit.OVERWRITE_UPDATE),
    "hide": (lambda h, c, r, _: h.world.hide_from(c, h.bot), audit.OVERWRITE_CREATE),
    "move channel": (lambda h, c, r, _: h.world.move_channel(r, None), audit.CHANNEL_UPDATE),
    "edit role": (lambda h, c, r, s: h.world.edit_role(h.guild, s, hoist=True), audit.ROLE_UPDATE),
    "move role": (lambda h, c, r, s: h.world.move_role(h.guild, s, above=h.bot_role()), audit.ROLE_UPDATE),
    "administrators": (lambda h, c, r, _: h.world.make_everyone_administrator(h.guild), audit.ROLE_UPDATE),
    "rename": (lambda h, c, r, _: h.world.rename(r, "renamed"), audit.CHANNEL_UPDATE),
    "give role": (lambda h, c, r, s: h.world.give_role(h.guild, h.john, s), audit.MEMBER_ROLE_UPDATE),
    "delete role": (lambda h, c, r, s: h.world.delete_role(h.guild, s), audit.ROLE_DELETE),
    "delete channel": (lambda h, c, r, _: h.world.delete_channel(r), audit.CHANNEL_DELETE),
    "delete category": (lambda h, c, r, _: h.world.delete_channel(c), audit.CHANNEL_DELETE),
    "kick": (lambda h, c, r, _: h.world.kick(h.guild, h.john), audit.MEMBER_KICK),
    "ban": (lambda h, c, r, _: h.world.ban(h.guild, h.john), audit.MEMBER_BAN_ADD),
    "time out": (lambda h, c, r, _: h.world.time_out(h.guild, h.john, 1), audit.MEMBER_UPDATE),
    "two factors": (lambda h, c, r, _: h.world.require_2fa(h.guild), audit.GUILD_UPDATE),
}


@pytest.mark.parametrize("click", CLICKS)
def test_click_is_the_owners_in_the_audit_log(house: House, click: str) -> None:
    category = house.world.add_category(house.guild, "Rooms")
    room, role = house.room((house.john, MEMBER), parent_id=category), house.role()
    act, kind = CLICKS[click]
    before = len(house.world.audit)
    act(house, category, room, role)
    (entry,) = house.world.audit[before:]
    assert (entry.actor, entry.kind, entry.guild_id) == (house.owner, kind, house.guild)


def test_audit_log_answers_newest_first_with_the_bots_reason(house: House) -> None:
    house.world.edit_role(house.guild, house.bot_role(), permissions=p.NEEDED | p.VIEW_AUDIT_LOG)
    headers = {"X-Audit-Log-Reason": "session%20abc12345"}
    made = house.call("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}, headers=headers).json()["id"]
    house.world.delete_role(house.guild, made)
    log = house.call("GET", f"/guilds/{house.guild}/audit-logs?limit=2").json()["audit_log_entries"]
    assert [(e["action_type"], e["target_id"], e["user_id"], e.get("reason")) for e in log] == [
        (audit.ROLE_DELETE, made, house.owner, None),
        (audit.ROLE_CREATE, made, house.bot, "session abc12345"),
    ]


def test_audit_log_is_filtered_by_person_and_type(house: House) -> None:
    house.world.edit_role(house.guild, house.bot_role(), permissions=p.NEEDED | p.VIEW_AUDIT_LOG)
    role, room = house.role(), house.room()
    path = f"/guilds/{house.guild}/audit-logs?user_id={house.bot}"
    entries = house.call("GET", path).json()["audit_log_entries"]
    rooms = house.call("GET", f"{path}&action_type={audit.CHANNEL_CREATE}").json()["audit_log_entries"]
    assert [e["target_id"] for e in entries] == [room, role]
    assert [e["target_id"] for e in rooms] == [room]


def test_audit_log_needs_its_permission(house: House) -> None:
    assert house.code("GET", f"/guilds/{house.guild}/audit-logs") == (403, 50013)
