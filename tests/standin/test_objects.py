"""Roles, channels, members: what the routes make, change, refuse and take with them."""

from __future__ import annotations

import threading

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, ROLE
from coachsync.standin.model import EVERYONE_DEFAULT
from tests.standin.house import House


def test_new_role_copies_everyone_when_permissions_are_omitted(house: House) -> None:
    made = house.call("POST", f"/guilds/{house.guild}/roles", {"name": "x"}).json()
    assert (made["permissions"], made["position"]) == (str(EVERYONE_DEFAULT), 1)


def test_deleting_a_role_takes_it_from_members_and_overwrites(house: House) -> None:
    role = house.role()
    room = house.room((role, ROLE))
    house.grant(house.john, role)
    assert house.call("DELETE", f"/guilds/{house.guild}/roles/{role}").status_code == 204
    found = house.world.channel(room)
    assert found is not None
    assert house.world.roles_of(house.guild, house.john) == set()
    assert role not in found.overwrites


def test_deleting_a_channel_answers_it_and_disconnects_who_is_inside(house: House) -> None:
    room = house.room((house.john, MEMBER))
    assert house.world.connect_voice(house.guild, house.john, room)
    answer = house.call("DELETE", f"/channels/{room}")
    assert (answer.status_code, answer.json()["id"]) == (200, room)
    assert house.code("GET", f"/guilds/{house.guild}/voice-states/{house.john}") == (404, 10065)


def test_deleting_a_category_lets_its_children_go(house: House) -> None:
    category = house.world.add_category(house.guild, "Rooms")
    room = house.room(parent_id=category)
    house.world.delete_channel(category)
    assert house.call("GET", f"/channels/{room}").json()["parent_id"] is None


def test_channel_without_overwrites_copies_its_category(house: House) -> None:
    category = house.world.add_category(house.guild, "Rooms")
    house.world.set_overwrite(category, house.john, MEMBER, deny=p.SPEAK)
    body = {"name": "x", "type": 2, "parent_id": category}
    made = house.call("POST", f"/guilds/{house.guild}/channels", body).json()
    assert [o["id"] for o in made["permission_overwrites"]] == [house.john]


def test_voice_name_is_kept_but_for_white_space(house: House) -> None:
    room = house.room(name="  🎤  Coaching-ABC ")
    assert house.world.channel_names(house.guild)[room] == "🎤 Coaching-ABC"


def test_text_name_is_lowered_and_hyphened(house: House) -> None:
    body = {"name": "Big News", "type": 0}
    assert house.call("POST", f"/guilds/{house.guild}/channels", body).json()["name"] == "big-news"


def test_full_category_is_told_by_its_nested_error(house: House) -> None:
    category = house.world.add_category(house.guild, "Rooms")
    for n in range(50):
        house.world.add_channel(house.guild, f"r{n}", parent=category)
    body = {"name": "x", "type": 2, "parent_id": category}
    answer = house.call("POST", f"/guilds/{house.guild}/channels", body)
    (fault,) = answer.json()["errors"]["parent_id"]["_errors"]
    assert (answer.status_code, answer.json()["code"], fault["code"]) == (
        400,
        50035,
        "CHANNEL_PARENT_MAX_CHANNELS",
    )


def test_missing_parent_is_an_invalid_form(house: House) -> None:
    body = {"name": "x", "type": 2, "parent_id": "1"}
    assert house.code("POST", f"/guilds/{house.guild}/channels", body) == (400, 50035)


def test_guild_is_full_at_250_roles_with_everyone(house: House) -> None:
    while len(house.world.role_names(house.guild)) < 250:
        house.world.add_role(house.guild, "filler")
    assert house.code("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"}) == (400, 30005)


def test_guild_is_full_at_500_channels(house: House) -> None:
    for n in range(500):
        house.world.add_channel(house.guild, f"c{n}")
    assert house.code("POST", f"/guilds/{house.guild}/channels", {"name": "x", "type": 2}) == (400, 30013)


def test_blocked_word_in_a_name_is_refused(house: House) -> None:
    house.world.guilds[house.guild].blocked_words.append("coaching")
    body = {"name": "🎤 Coaching-x", "type": 2}
    assert house.code("POST", f"/guilds/{house.guild}/channels", body) == (400, 20031)


def test_community_channel_cannot_be_deleted(house: House) -> None:
    room = house.room()
    house.world.guilds[house.guild].community_channels.add(room)
    assert house.code("DELETE", f"/channels/{room}") == (400, 50074)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, 5, None])
def test_bad_channel_name_is_told_at_its_field(house: House, name: object) -> None:
    answer = house.call("POST", f"/guilds/{house.guild}/channels", {"name": name, "type": 2})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["name"])


def test_bad_overwrite_is_told_by_its_index(house: House) -> None:
    body = {"name": "x", "type": 2, "permission_overwrites": [{"id": house.john}, {"id": "abc"}]}
    errors = house.call("POST", f"/guilds/{house.guild}/channels", body).json()["errors"]
    assert list(errors["permission_overwrites"]) == ["1"]


def test_overwrite_for_a_user_outside_the_guild_is_accepted_by_default(house: House) -> None:
    room = house.room((house.world.add_user("Not here"), MEMBER))
    assert house.world.who_can_enter(room) == {house.bot, house.owner}


def test_overwrite_for_a_user_outside_the_guild_is_refused_when_so_set(house: House) -> None:
    house.world.unknown_overwrites = "refuse"
    outside = house.world.add_user("Not here")
    body = {"name": "x", "type": 2, "permission_overwrites": house.private((outside, MEMBER))}
    assert house.code("POST", f"/guilds/{house.guild}/channels", body) == (404, 10009)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/guilds/1/roles", 10004),
        ("/channels/1", 10003),
        ("/guilds/{guild}/roles/1", 10011),
        ("/guilds/{guild}/members/1", 10013),
        ("/guilds/{guild}/members/{outside}", 10007),
        ("/guilds/{guild}/voice-states/{john}", 10065),
    ],
)
def test_unknown_thing_is_told_by_its_code(house: House, path: str, code: int) -> None:
    outside = house.world.add_user("Not here")
    path = path.format(guild=house.guild, john=house.john, outside=outside)
    assert house.code("GET", path) == (404, code)


def test_everyone_cannot_be_granted(house: House) -> None:
    assert house.code("PUT", f"/guilds/{house.guild}/members/{house.john}/roles/{house.guild}") == (404, 10011)


def test_managed_role_cannot_be_deleted(house: House) -> None:
    managed = house.world.add_role(house.guild, "Other bot", managed=True)
    assert house.code("DELETE", f"/guilds/{house.guild}/roles/{managed}") == (400, 50028)


def test_member_counts_tell_how_many_hold_each_role(house: House) -> None:
    role = house.role()
    house.grant(house.john, role)
    counts = house.call("GET", f"/guilds/{house.guild}/roles/member-counts").json()
    assert counts == {role: 1, house.bot_role(): 1}


def test_member_counts_are_absent_when_switched_off(house: House) -> None:
    house.world.member_counts = False
    assert house.code("GET", f"/guilds/{house.guild}/roles/member-counts") == (404, 0)


def test_overlapping_role_changes_of_one_member_lose_one(house: House) -> None:
    roles = [house.role("a"), house.role("b")]
    house.standin.latency = 0.1
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda r=r: statuses.append(house.grant(house.john, r).status_code)) for r in roles
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [204, 204]
    assert len(house.world.roles_of(house.guild, house.john)) == 1
    assert house.world.lost_role_changes == 1


def test_role_changes_of_one_member_in_turn_lose_none(house: House) -> None:
    roles = {house.role("a"), house.role("b")}
    for role in roles:
        house.grant(house.john, role)
    assert house.world.roles_of(house.guild, house.john) == roles


def test_bot_that_left_finds_no_guild(house: House) -> None:
    house.world.leave(house.guild, house.bot)
    assert house.code("GET", f"/guilds/{house.guild}") == (404, 10004)


def test_guild_tells_member_count_only_when_asked(house: House) -> None:
    plain = house.call("GET", f"/guilds/{house.guild}").json()
    counted = house.call("GET", f"/guilds/{house.guild}?with_counts=true").json()
    assert ("approximate_member_count" in plain, counted["approximate_member_count"]) == (False, 5)


def test_edited_channel_carries_the_new_overwrites_instead(house: House) -> None:
    room = house.room((house.john, MEMBER))
    body = {"permission_overwrites": house.private((house.sarah, MEMBER))}
    house.world.edit_role(house.guild, house.bot_role(), permissions=p.NEEDED | p.ADMINISTRATOR)
    assert house.call("PATCH", f"/channels/{room}", body).status_code == 200
    assert house.world.who_can_enter(room) == {house.sarah, house.bot, house.owner}
