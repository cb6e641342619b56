"""Answers that cannot be: each looks to the client as named, and the world stays what it was."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from coachsync.domain import permissions as p
from tests.standin.house import TOKEN, USER_AGENT, House

ROLES = ("POST", "/guilds/{guild_id}/roles")
CHANNELS = ("POST", "/guilds/{guild_id}/channels")
GRANT = ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}")


def _create_role(house: House) -> dict[str, Any]:
    made: dict[str, Any] = house.call("POST", f"/guilds/{house.guild}/roles", {"name": "mine"}).json()
    return made


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "another"},
        {"permissions": "8"},
        {"managed": True},
        {"position": None},
        {"id": "9" * 5000},
    ],
)
def test_create_is_answered_with_what_was_not_asked_for(house: House, fields: dict[str, object]) -> None:
    house.standin.faults.add("lie", ROLES, fields=fields)
    made = _create_role(house)
    assert {key: made[key] for key in fields} == fields
    assert len(house.world.find_roles(house.guild, "mine")) == 1


def test_create_is_answered_with_an_existing_id(house: House) -> None:
    lobby = house.world.add_channel(house.guild, "Lobby")
    house.standin.faults.add("lie", CHANNELS, fields={"id": lobby})
    assert house.room() == lobby
    assert house.world.channel_names(house.guild)[lobby] == "Lobby"


def test_one_object_of_a_list_is_odd(house: House) -> None:
    first, second = (house.world.add_channel(house.guild, name) for name in "ab")
    house.standin.faults.add("lie", ("GET", None), target=second, fields={"parent_id": 0, "position": None})
    listed = {c["id"]: c for c in house.call("GET", f"/guilds/{house.guild}/channels").json()}
    assert (listed[second]["parent_id"], listed[second]["position"]) == (0, None)
    assert (listed[first]["parent_id"], listed[first]["position"]) == (None, 0)


def test_lie_leaves_a_refusal_alone(house: House) -> None:
    house.standin.faults.add("lie", fields={"code": 1})
    assert house.code("GET", "/channels/1") == (404, 10003)


@pytest.mark.parametrize(("kind", "held"), [("answer", False), ("answer_after", True)])
def test_grant_is_answered_200_and_an_empty_object(house: House, kind: str, held: bool) -> None:
    role = house.role()
    house.standin.faults.add(kind, GRANT, status=200)
    answer = house.grant(house.john, role)
    assert (answer.status_code, answer.json()) == (200, {})
    assert (house.john in house.world.role_holders(role)) is held


def test_one_bit_more_is_allowed_than_asked_for(house: House) -> None:
    house.standin.faults.add("more_allowed", CHANNELS, target=house.bot, bits=p.BITS["PRIORITY_SPEAKER"])
    room = house.room()
    shown = house.call("GET", f"/channels/{room}").json()["permission_overwrites"]
    assert {o["id"]: int(o["allow"]) for o in shown} == {
        house.guild: 0,
        house.bot: p.ENTER | p.MANAGE_CHANNELS | p.BITS["PRIORITY_SPEAKER"],
    }


def test_one_route_alone_is_turned_away_with_a_page(house: House) -> None:
    house.standin.faults.add("cloudflare", CHANNELS, status=403, count=None)
    answer = house.call("POST", f"/guilds/{house.guild}/channels", {"name": "x", "type": 2})
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=UTF-8")
    assert house.call("GET", f"/guilds/{house.guild}/channels").status_code == 200


def test_early_hints_go_before_the_answer(house: House) -> None:
    house.standin.faults.add("early_hints")
    request = f"GET /api/v10/users/@me HTTP/1.1\r\nAuthorization: Bot {TOKEN}\r\nUser-Agent: {USER_AGENT}\r\n"
    with socket.create_connection(("127.0.0.1", house.standin.port), timeout=5) as client:
        client.sendall(f"{request}Connection: close\r\n\r\n".encode())
        said = b"".join(iter(lambda: client.recv(65_536), b""))
    hints, _, answer = said.partition(b"\r\n\r\n")
    assert hints.startswith(b"HTTP/1.1 103 Early Hints\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_429_may_leave_the_wait_unsaid(house: House) -> None:
    house.standin.faults.add("rate_limited_unsaid", headers={"X-RateLimit-Reset-After": "2.000"})
    answer = house.call("GET", "/users/@me")
    assert (answer.status_code, "retry_after" in answer.json(), "Retry-After" in answer.headers) == (429, False, False)
    assert (answer.headers["X-RateLimit-Scope"], answer.headers["X-RateLimit-Reset-After"]) == ("user", "2.000")


def test_429_may_ask_for_a_negative_wait(house: House) -> None:
    house.standin.faults.add("rate_limited", retry_after=-1.5)
    answer = house.call("GET", "/users/@me")
    assert (answer.json()["retry_after"], answer.headers["Retry-After"]) == (-1.5, "-1")
    assert house.call("GET", "/users/@me").status_code == 200
    assert house.standin.violations == []


def test_one_date_is_a_day_off(house: House) -> None:
    house.standin.faults.add("date", nth=2, offset=86_400.0)
    dates = [house.call("GET", "/users/@me").headers["Date"][:16] for _ in range(3)]
    assert dates == ["Wed, 14 Oct 2026", "Thu, 15 Oct 2026", "Wed, 14 Oct 2026"]
