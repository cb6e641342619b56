"""Answers are told by their meaning, with a hint that someone can act on."""

from __future__ import annotations

import json

import pytest

from coachsync.discord import routes, verdict
from coachsync.discord.errors import (
    BadRequest,
    Blocked,
    DiscordError,
    Forbidden,
    NotFound,
    Stopped,
    Unauthorized,
    UnexpectedAnswer,
    failure_of,
)
from coachsync.discord.exchange import Answer
from coachsync.discord.routes import Call

CALL = routes.CREATE_CHANNEL.at(guild_id="1")
A_CHANNEL = routes.GET_CHANNEL.at(channel_id="1")


def meaning(status: int, body: object, raw: bytes | None = None, call: Call = CALL) -> DiscordError:
    answer = Answer(status, {}, json.dumps(body).encode() if raw is None else raw)
    return verdict.error_of(call, answer, verdict.decode(answer))


@pytest.mark.parametrize(
    ("status", "discord_code", "kind", "code"),
    [
        (401, 0, Unauthorized, "unauthorized"),
        (401, 50014, Unauthorized, "unauthorized"),
        (403, 50013, Forbidden, "missing_permission"),
        (403, 50001, Forbidden, "unknown_guild"),
        (403, 20026, Forbidden, "bot_flagged"),
        (403, 60003, Forbidden, "needs_2fa"),
        (403, 99999, Forbidden, "discord_error"),
        (404, 10004, NotFound, "unknown_guild"),
        (404, 10007, NotFound, "unknown_member"),
        (404, 10013, NotFound, "unknown_user"),
        (404, 10003, NotFound, "discord_error"),
        (404, 10011, NotFound, "discord_error"),
        (404, 77777, NotFound, "discord_error"),
        (400, 30005, BadRequest, "limit_reached"),
        (400, 30013, BadRequest, "limit_reached"),
        (400, 30060, BadRequest, "limit_reached"),
        (400, 30061, BadRequest, "limit_reached"),
        (400, 20031, BadRequest, "name_refused"),
        (400, 50028, BadRequest, "discord_error"),
        (400, 40333, Blocked, "blocked"),
    ],
)
def test_refusal_is_told_by_its_code(status: int, discord_code: int, kind: type[DiscordError], code: str) -> None:
    error = meaning(status, {"code": discord_code, "message": "text of Discord's"})

    assert (type(error), error.code, error.discord_code, error.http_status) == (
        kind,
        code,
        discord_code or None,
        status,
    )
    assert error.settled
    assert error.message
    assert error.hint


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, b"<html>error code: 1020</html>", Blocked),
        (403, b"", Blocked),
        (403, b'{"code": 0, "message": "You are being blocked from accessing our API temporarily"}', Blocked),
        (404, b"<html>nginx</html>", UnexpectedAnswer),
        (404, b'{"message": "404: Not Found", "code": 0}', UnexpectedAnswer),
        (302, b"", UnexpectedAnswer),
        (418, b"teapot", UnexpectedAnswer),
    ],
)
def test_answer_of_someone_else_is_not_taken_for_discords(status: int, body: bytes, kind: type[DiscordError]) -> None:
    assert type(meaning(status, None, body)) is kind


def test_unexpected_answer_to_a_create_leaves_open_whether_it_was_done() -> None:
    assert not meaning(302, None, b"").settled


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (routes.GET_ROLES.at(guild_id="1"), "unknown_guild"),
        (routes.GET_CHANNELS.at(guild_id="1"), "unknown_guild"),
        (routes.GET_MEMBER.at(guild_id="1", user_id="2"), "unknown_guild"),
        (routes.CREATE_ROLE.at(guild_id="1"), "unknown_guild"),
        (A_CHANNEL, "missing_access"),
        (routes.DELETE_CHANNEL.at(channel_id="1"), "missing_access"),
        (routes.GET_VOICE_STATE.at(guild_id="1", user_id="2"), "missing_access"),
    ],
)
def test_missing_access_on_a_guilds_own_routes_is_an_unknown_guild(call: Call, code: str) -> None:
    assert meaning(403, {"code": 50001, "message": "Missing Access"}, call=call).code == code


def test_unknown_code_of_a_403_is_said_with_discords_own_words_in_one_line() -> None:
    said = meaning(403, {"code": 99999, "message": "Not today:\x1b[31m\nask " + "again " * 99})

    assert "99999" in said.message
    assert "Not today: [31m ask again" in said.message
    assert "permission" not in said.message + said.hint
    assert len(said.message) < 300
    assert said.message.isprintable()


@pytest.mark.parametrize("code", [10**9, 10**30, -1, True, "50013"])
def test_number_that_cannot_be_a_code_counts_as_none(code: object) -> None:
    assert meaning(403, {"code": code, "message": "no"}).discord_code is None


def form_error(errors: object) -> BadRequest:
    error = meaning(400, {"code": 50035, "message": "Invalid Form Body", "errors": errors})
    assert isinstance(error, BadRequest)
    return error


def leaf(code: str) -> dict[str, object]:
    return {"_errors": [{"code": code, "message": "…"}]}


def test_full_category_is_told_from_a_bad_one() -> None:
    full = form_error({"parent_id": leaf("CHANNEL_PARENT_MAX_CHANNELS")})
    gone = form_error({"parent_id": leaf("CHANNEL_PARENT_INVALID")})

    assert (full.category_full, full.bad_parent, full.code) == (True, False, "limit_reached")
    assert (gone.category_full, gone.bad_parent, gone.code) == (False, True, "discord_error")


def test_refused_name_is_told_when_the_form_complains_about_it() -> None:
    assert form_error({"name": leaf("CONTAINS_BLOCKED_WORDS")}).code == "name_refused"


def test_nested_form_errors_are_flattened_to_dotted_paths() -> None:
    error = form_error({"permission_overwrites": {"2": {"allow": leaf("NUMBER_TYPE_COERCE")}}, **leaf("TOP")})

    assert error.field_errors == {"permission_overwrites.2.allow": ("NUMBER_TYPE_COERCE",), "": ("TOP",)}
    assert error.names("permission_overwrites")


@pytest.mark.parametrize("errors", [None, [], "x", {"name": 3}, {"_errors": "x"}, {"a": {"_errors": [3]}}])
def test_malformed_form_errors_are_borne(errors: object) -> None:
    assert form_error(errors).discord_code == 50035


def test_bottomless_form_errors_are_borne() -> None:
    tree: object = leaf("DEEP")
    for _ in range(300):
        tree = {"a": tree}

    assert form_error(tree).field_errors == {}


def test_hints_name_the_clicks_and_commands_that_mend_it() -> None:
    assert "Edit Channel → Permissions" in meaning(403, {"code": 50001}, call=A_CHANNEL).hint
    assert "cleanup ID --abandon" in meaning(404, {"code": 10004}).hint
    assert "next run after they join" in meaning(404, {"code": 10007}).hint
    assert "fresh token" in meaning(401, {"code": 0}).hint


def test_stopped_request_carries_the_cause_into_its_failure() -> None:
    cause = meaning(401, {"code": 50014})

    failure = failure_of(Stopped("the token is refused", cause))

    assert failure == failure_of(cause)
