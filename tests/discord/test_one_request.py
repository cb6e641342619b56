"""What the client does with the answers to one request: what is sent again, how often, and what is raised."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import requests_mock

from coachsync.discord import routes
from coachsync.discord.errors import (
    AnswerLost,
    Blocked,
    DiscordError,
    Forbidden,
    NotFound,
    ServerError,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
)
from coachsync.discord.routes import Call
from tests.discord.mocked import TOKEN, asked

GET = routes.GET_ROLES.at(guild_id="1")
POST = routes.CREATE_ROLE.at(guild_id="1")
DELETE = routes.DELETE_ROLE.at(guild_id="1", role_id="3")
EDIT = routes.EDIT_ROLE.at(guild_id="1", role_id="3")
GRANT = routes.PUT_MEMBER_ROLE.at(guild_id="1", user_id="2", role_id="3")

Given = dict[str, Any]
GOOD: Given = {"json": {"id": "3"}}
OUTAGE: Given = {"status_code": 502, "text": "<html>bad gateway</html>"}
NO_JSON: Given = {"text": "<html>welcome to the hotel's network</html>"}
NO_CONNECTION: Given = {"exc": requests.ConnectTimeout("timed out")}
REFUSAL: Given = {"status_code": 429, "json": {"retry_after": 0.01}, "headers": {"Retry-After": "0"}}


def in_turn(*answers: Given) -> requests_mock.Adapter:
    """Return an adapter that answers one after the other, the last one again and again."""
    adapter = requests_mock.Adapter()
    adapter.register_uri(requests_mock.ANY, requests_mock.ANY, list(answers))
    return adapter


def refused(adapter: requests_mock.Adapter, call: Call) -> tuple[DiscordError, int]:
    """Return what is raised, and how many requests were sent for it."""
    with pytest.raises(DiscordError) as caught:
        asked(adapter, call)
    return caught.value, len(adapter.request_history)


@pytest.mark.parametrize("call", [GET, EDIT, DELETE], ids=lambda call: call.route.method)
@pytest.mark.parametrize("failure", [OUTAGE, NO_JSON, NO_CONNECTION], ids=["outage", "no json", "no connection"])
def test_repeatable_request_is_sent_again_until_it_is_answered(call: Call, failure: Given) -> None:
    adapter = in_turn(failure, failure, GOOD)

    assert asked(adapter, call) == {"id": "3"}
    assert len(adapter.request_history) == 3


@pytest.mark.parametrize(
    ("failure", "error"), [(OUTAGE, ServerError), (NO_JSON, UnexpectedAnswer), (NO_CONNECTION, Unreachable)]
)
def test_repeatable_request_is_tried_three_times(failure: Given, error: type[DiscordError]) -> None:
    raised, tries = refused(in_turn(failure), GET)

    assert (type(raised), tries) == (error, 3)


@pytest.mark.parametrize("proof", [REFUSAL, NO_CONNECTION], ids=["refusal", "no connection"])
def test_create_is_sent_again_if_nothing_can_have_been_made(proof: Given) -> None:
    adapter = in_turn(proof, GOOD)

    assert asked(adapter, POST, body={"name": "x"}) == {"id": "3"}
    assert [request.body for request in adapter.request_history] == [b'{"name": "x"}'] * 2


@pytest.mark.parametrize("doubt", [OUTAGE, NO_JSON], ids=["outage", "no json"])
def test_create_is_not_sent_again_if_something_may_have_been_made(doubt: Given) -> None:
    raised, tries = refused(in_turn(doubt, GOOD), POST)

    assert (type(raised), raised.settled, tries) == (AnswerLost, False, 1)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ({"status_code": 401, "json": {"code": 0, "message": TOKEN}}, Unauthorized, "unauthorized"),
        ({"status_code": 403, "json": {"code": 50013}}, Forbidden, "missing_permission"),
        ({"status_code": 404, "json": {"code": 10004}}, NotFound, "unknown_guild"),
        ({"status_code": 404, "text": "<html></html>"}, UnexpectedAnswer, "unexpected_answer"),
        ({"status_code": 302, "headers": {"Location": "https://x.test/"}}, UnexpectedAnswer, "unexpected_answer"),
    ],
)  # fmt: skip
def test_answer_that_no_further_try_would_change_is_raised_at_once(
    answer: Given, error: type[DiscordError], code: str
) -> None:
    raised, tries = refused(in_turn(answer, GOOD), GET)

    assert (type(raised), raised.code, tries) == (error, code, 1)
    assert TOKEN not in str(raised)


def test_empty_answer_is_none() -> None:
    assert asked(in_turn({"status_code": 204}), GRANT) is None


OVERWRITE = routes.PUT_OVERWRITE.at(channel_id="1", target_id="2")


@pytest.mark.parametrize("call", [GRANT, OVERWRITE], ids=str)
@pytest.mark.parametrize(
    "answer",
    [{"status_code": 200, "json": {}}, {"status_code": 200}, {"status_code": 202, "json": {"id": "3"}}],
    ids=str,
)
def test_grant_is_proven_by_204_alone(call: Call, answer: Given) -> None:
    raised, tries = refused(in_turn(answer), call)

    assert (type(raised), raised.code, tries) == (UnexpectedAnswer, "unexpected_answer", 1)


def test_answer_too_large_for_discord_is_unexpected() -> None:
    adapter = in_turn({"content": b"[" + b"[]," * 10_000_000 + b"[]]"})

    raised, _tries = refused(adapter, GET)

    assert raised.code == "unexpected_answer"


@pytest.mark.parametrize("page", [{"status_code": s, "text": "<html>1015</html>"} for s in (403, 429)])
def test_page_in_place_of_an_answer_is_a_block_and_checked_by_a_second_request(page: Given) -> None:
    raised, tries = refused(in_turn(page, GOOD), POST)

    assert (type(raised), raised.code, tries) == (Blocked, "blocked", 2)
