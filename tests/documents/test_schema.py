"""The stand-in answers what Discord's official document allows, on every route and for every refusal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coachsync.domain import permissions as p
from coachsync.standin import Limits
from coachsync.standin.routes import TEMPLATES
from tests.documents.schema import Schema, SchemaMismatchError
from tests.standin.house import House, a_house


@pytest.fixture
def house() -> Iterator[House]:
    """A stand-in that keeps its answers."""
    with a_house() as made:
        made.standin.record_bodies = True
        yield made


def _judge(schema: Schema, house: House) -> None:
    for request in house.standin.requests:
        assert request.status is not None
        schema.check_request(request.method, request.path, request.body)
        schema.check_response(request.method, request.path, request.status, request.answer)


def _walk(house: House) -> None:
    """Use every route once, so that it succeeds."""
    guild, john = house.guild, house.john
    house.world.apps[house.bot].members_intent = True
    house.world.edit_role(guild, house.bot_role(), permissions=p.NEEDED | p.VIEW_AUDIT_LOG)
    category = house.world.add_category(guild, "Rooms")
    house.world.add_channel(guild, "news", type=0)
    for path in ("/users/@me", "/applications/@me", "/oauth2/applications/@me"):
        house.call("GET", path)
    role = house.role()
    room = house.room((role, 0), (john, 1), parent_id=category)
    member_role = f"/guilds/{guild}/members/{john}/roles/{role}"
    house.call("PUT", member_role)
    house.world.connect_voice(guild, john, room)
    house.world.connect_voice(guild, house.bot, room)
    for path in (
        *("", "?with_counts=true", "/roles", f"/roles/{role}", "/roles/member-counts", "/channels"),
        *(
            f"/members/{john}",
            "/members?limit=5",
            "/members/search?query=jo",
            "/audit-logs",
            f"/voice-states/{john}",
            "/voice-states/@me",
        ),
    ):
        house.call("GET", f"/guilds/{guild}{path}")
    overwrite = f"/channels/{room}/permissions/{house.sarah}"
    house.world.set_overwrite(room, house.bot, 1, allow=(1 << 20) | (1 << 10) | (1 << 4) | (1 << 28))
    house.call("PUT", overwrite, {"type": 1, "allow": "1049600", "deny": 0})
    house.call("DELETE", overwrite)
    house.call("GET", f"/channels/{room}")
    house.call("PATCH", f"/channels/{room}", {"name": "renamed"})
    house.call("PATCH", f"/guilds/{guild}/roles/{role}", {"name": "renamed", "color": 255})
    house.call("DELETE", f"/channels/{room}")
    house.call("DELETE", member_role)
    house.call("DELETE", f"/guilds/{guild}/roles/{role}")


def test_every_route_answers_as_the_official_document_says(schema: Schema, house: House) -> None:
    _walk(house)
    _judge(schema, house)


def test_the_walk_takes_every_route_there_is(house: House) -> None:
    _walk(house)
    taken = {(r.method, r.template) for r in house.standin.requests if r.status in (200, 201, 204)}
    assert taken == set(TEMPLATES)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/guilds/1", None),
        ("GET", "/channels/1", None),
        ("GET", "/guilds/{guild}/members/1", None),
        ("GET", "/guilds/{guild}/members", None),
        ("GET", "/guilds/{guild}/voice-states/{john}", None),
        ("PUT", "/guilds/{guild}/members/{john}/roles/1", None),
        ("DELETE", "/guilds/{guild}/roles/1", None),
        ("POST", "/guilds/{guild}/roles", {"permissions": "8"}),
        ("POST", "/guilds/{guild}/channels", {"name": "x", "type": 2, "parent_id": "1"}),
    ],
)
def test_refusal_is_shaped_as_the_official_document_says(
    schema: Schema, house: House, method: str, path: str, body: object
) -> None:
    house.call(method, path.format(guild=house.guild, john=house.john), body)
    assert 400 <= (house.standin.requests[-1].status or 0) < 500
    _judge(schema, house)


def test_429_is_shaped_as_the_official_document_says(schema: Schema, house: House) -> None:
    house.standin.limits = Limits.uniform(1, 60)
    for _ in range(2):
        house.call("GET", "/users/@me")
    assert house.standin.requests[-1].status == 429
    _judge(schema, house)


def test_bad_token_is_answered_as_the_official_document_says(schema: Schema, house: House) -> None:
    house.call("GET", "/users/@me", headers={"Authorization": "Bot wrong"})
    _judge(schema, house)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/guilds/1/roles", {"nmae": "x"}),
        ("/guilds/1/roles", {"permissions": "none"}),
        ("/guilds/1/channels", {"type": 2}),
        ("/guilds/1/channels", {"name": "x", "permission_overwrites": [{"allow": 1}]}),
        ("/guilds/1/nothing", {}),
    ],
)
def test_judge_refuses_a_request_the_document_does_not_allow(
    schema: Schema, path: str, body: dict[str, object]
) -> None:
    with pytest.raises(SchemaMismatchError):
        schema.check_request("POST", path, body)


@pytest.mark.parametrize(
    ("status", "body"), [(200, {"id": "1"}), (201, {}), (404, {"message": "gone"}), (429, {"code": 0})]
)
def test_judge_refuses_an_answer_the_document_does_not_allow(
    schema: Schema, status: int, body: dict[str, object]
) -> None:
    with pytest.raises(SchemaMismatchError):
        schema.check_response("POST", "/guilds/1/roles", status, body)


def test_judge_refuses_a_body_where_there_is_none(schema: Schema) -> None:
    with pytest.raises(SchemaMismatchError, match="takes no body"):
        schema.check_request("PUT", "/guilds/1/members/2/roles/3", {})
