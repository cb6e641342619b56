"""People: how they come and go, what holds them back, where they talk and write; and what befalls the bot."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, Overwrite
from coachsync.standin.model import QUARANTINED_GUILD_TAG, QUARANTINED_NAME
from tests.standin.house import START, House


def _member(house: House, user: str) -> dict[str, Any]:
    shown: dict[str, Any] = house.call("GET", f"/guilds/{house.guild}/members/{user}").json()
    return shown


def test_who_leaves_and_comes_back_has_joined_anew_and_holds_no_role(house: House) -> None:
    role = house.role()
    house.grant(house.john, role)
    before = _member(house, house.john)["joined_at"]
    house.clock.advance(60_000)
    house.world.leave(house.guild, house.john)
    assert house.code("GET", f"/guilds/{house.guild}/members/{house.john}") == (404, 10007)
    house.world.join(house.guild, house.john)
    after = _member(house, house.john)
    assert (after["joined_at"] > before, after["roles"]) == (True, [])


def test_guest_by_voice_invite_has_no_time_of_joining(house: House) -> None:
    guest = house.world.add_user("Gus")
    house.world.join(house.guild, guest, guest=True)
    assert _member(house, guest)["joined_at"] is None


def test_member_is_pending_until_screened(house: House) -> None:
    newcomer = house.world.add_user("Nina")
    house.world.join(house.guild, newcomer, pending=True)
    before = _member(house, newcomer)["pending"]
    house.world.screen(house.guild, newcomer, pending=False)
    assert (before, _member(house, newcomer)["pending"]) == (True, False)


def test_banned_user_cannot_join_before_the_ban_is_lifted(house: House) -> None:
    house.world.ban(house.guild, house.john)
    with pytest.raises(ValueError, match="banned"):
        house.world.join(house.guild, house.john)
    house.world.unban(house.guild, house.john)
    house.world.join(house.guild, house.john)
    assert _member(house, house.john)["user"]["id"] == house.john


def test_timed_out_member_shows_until_when_and_cannot_enter(house: House) -> None:
    room = house.room((house.john, MEMBER))
    house.world.time_out(house.guild, house.john, START + 60_000)
    assert _member(house, house.john)["communication_disabled_until"].startswith("2026-10-14T13:01:00")
    assert house.john in house.world.who_can_see(room) - house.world.who_can_enter(room)
    house.clock.advance(60_001)
    assert house.john in house.world.who_can_enter(room)


@pytest.mark.parametrize("flag", [QUARANTINED_NAME, QUARANTINED_GUILD_TAG])
def test_quarantined_member_shows_the_flag_and_cannot_enter(house: House, flag: int) -> None:
    room = house.room((house.john, MEMBER))
    house.world.quarantine(house.guild, house.john, flag)
    assert _member(house, house.john)["flags"] == flag
    assert house.john in house.world.who_can_see(room) - house.world.who_can_enter(room)
    house.world.quarantine(house.guild, house.john, 0)
    assert house.john in house.world.who_can_enter(room)


def test_member_search_finds_names_that_begin_so_without_the_intent(house: House) -> None:
    found = house.call("GET", f"/guilds/{house.guild}/members/search?query=jO&limit=10").json()
    assert [m["user"]["id"] for m in found] == [house.john]


def test_member_search_answers_one_by_default_and_none_from_outside(house: House) -> None:
    for name in ("Zack", "Zed"):
        house.world.join(house.guild, house.world.add_user(name))
    house.world.add_user("Zora")
    path = f"/guilds/{house.guild}/members/search?query=z"
    assert (len(house.call("GET", path).json()), len(house.call("GET", f"{path}&limit=9").json())) == (1, 3)


def test_member_search_needs_a_text_and_a_limit_within_bounds(house: House) -> None:
    path = f"/guilds/{house.guild}/members/search"
    assert house.code("GET", path) == (400, 50035)
    assert house.code("GET", f"{path}?query=z&limit=1001") == (400, 50035)


def test_moved_user_is_in_a_room_they_may_not_enter(house: House) -> None:
    lounge, room = house.world.add_channel(house.guild, "Lounge"), house.room()
    house.world.connect_voice(house.guild, house.stranger, lounge)
    assert house.world.move_voice(house.guild, house.stranger, room)
    shown = house.call("GET", f"/guilds/{house.guild}/voice-states/{house.stranger}").json()
    assert (shown["channel_id"], house.world.who_is_in(room)) == (room, {house.stranger})


def test_user_who_is_not_connected_cannot_be_moved(house: House) -> None:
    assert not house.world.move_voice(house.guild, house.stranger, house.room())


def test_disconnected_user_has_no_voice_state(house: House) -> None:
    room = house.room((house.john, MEMBER))
    house.world.connect_voice(house.guild, house.john, room)
    house.world.put_out_of_voice(house.guild, house.john)
    assert house.code("GET", f"/guilds/{house.guild}/voice-states/{house.john}") == (404, 10065)


def test_message_in_a_room_shows_as_its_last(house: House) -> None:
    room = house.room((house.john, MEMBER))
    before = house.call("GET", f"/channels/{room}").json()["last_message_id"]
    written = house.world.write_message(room, house.john)
    assert (before, written is None) == (None, False)
    assert house.call("GET", f"/channels/{room}").json()["last_message_id"] == written


def test_who_may_not_enter_a_room_cannot_write_in_it(house: House) -> None:
    room = house.room()
    no_connect = Overwrite(house.john, MEMBER, p.VIEW_CHANNEL, p.CONNECT)
    house.world.set_overwrite(room, *no_connect)
    assert [house.world.write_message(room, who) for who in (house.john, house.stranger)] == [None, None]
    assert house.call("GET", f"/channels/{room}").json()["last_message_id"] is None


@pytest.mark.parametrize("way", ["kick", "ban"])
def test_bot_put_out_finds_no_guild_and_no_access_to_what_is_in_it(house: House, way: str) -> None:
    room = house.room()
    getattr(house.world, way)(house.guild, house.bot)
    codes = [
        house.code("GET", path)
        for path in (
            *(f"/guilds/{house.guild}", f"/guilds/{house.guild}/roles", f"/guilds/{house.guild}/channels"),
            *(f"/guilds/{house.guild}/members/{house.john}", f"/channels/{room}", "/guilds/1/roles"),
        )
    ]
    assert codes == [(404, 10004), *[(403, 50001)] * 4, (404, 10004)]


def test_bot_that_comes_back_has_lost_its_role_and_its_rooms(house: House) -> None:
    room, role = house.room(), house.bot_role()
    house.world.kick(house.guild, house.bot)
    again = house.world.invite_bot(house.guild, house.bot)
    assert again != role
    assert house.code("GET", f"/channels/{room}") == (403, 50001)


@pytest.mark.parametrize("how", ["time out", "quarantine"])
def test_bot_held_back_reads_and_writes_nothing(house: House, how: str) -> None:
    role = house.role()
    if how == "time out":
        house.world.time_out(house.guild, house.bot, START + 60_000)
    else:
        house.world.quarantine(house.guild, house.bot)
    assert house.call("GET", f"/guilds/{house.guild}/roles").status_code == 200
    assert house.code("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}) == (403, 50013)
    assert house.code("PUT", f"/guilds/{house.guild}/members/{house.john}/roles/{role}") == (403, 50013)


def test_administrator_cannot_be_held_back(house: House) -> None:
    house.world.edit_role(house.guild, house.bot_role(), permissions=p.ADMINISTRATOR)
    house.world.time_out(house.guild, house.bot, START + 60_000)
    assert house.call("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}).status_code == 200


def test_flagged_bot_reads_and_writes_nothing(house: House) -> None:
    room = house.room()
    house.world.flag_bot(house.bot)
    assert house.call("GET", f"/channels/{room}").status_code == 200
    assert house.code("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}) == (403, 20026)
    assert house.code("DELETE", f"/channels/{room}") == (403, 20026)
    house.world.flag_bot(house.bot, flagged=False)
    assert house.call("DELETE", f"/channels/{room}").status_code == 200


def test_two_factors_are_required_of_the_bots_owner(house: House) -> None:
    house.world.require_2fa(house.guild, lacking=[house.bot])
    assert house.code("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}) == (403, 60003)
    assert house.call("GET", f"/guilds/{house.guild}").json()["mfa_level"] == 1


def test_community_guild_tells_a_refused_name_at_its_field(house: House) -> None:
    home = house.world.guilds[house.guild]
    home.blocked_words.append("coaching")
    home.features.append("COMMUNITY")
    answer = house.call("POST", f"/guilds/{house.guild}/channels", {"name": "coaching-x", "type": 2})
    (fault,) = answer.json()["errors"]["name"]["_errors"]
    assert (answer.status_code, fault["code"]) == (400, "INVALID_COMMUNITY_PROPERTY_NAME")


def _found(house: House, query: str) -> list[str]:
    answer = house.call("GET", f"/guilds/{house.guild}/members/search?query={query}&limit=10").json()
    return [member["user"]["id"] for member in answer]


def test_search_finds_members_by_the_beginning_of_user_name_and_nickname(house: House) -> None:
    nadja, other = house.person("nadja.k"), house.person("other")
    house.world.nickname(house.guild, other, "Nadjinka")
    house.person("nadja.away", member=False)
    assert _found(house, "NADJ") == [nadja, other]


def test_renamed_user_is_found_by_the_new_name_alone(house: House) -> None:
    nadja = house.person("nadja")
    house.world.rename_user(nadja, "ninja")
    assert (_found(house, "nadja"), _found(house, "ninja")) == ([], [nadja])
