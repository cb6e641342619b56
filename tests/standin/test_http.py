"""The stand-in at the wire: who is let in, what is recorded, how it goes down, and forks."""

from __future__ import annotations

import os
import warnings

import pytest
import requests

from coachsync.standin import Request
from tests.standin.house import TOKEN, House


def test_wrong_token_answers_401_with_code_0(house: House) -> None:
    answer = house.call("GET", "/users/@me", headers={"Authorization": "Bot wrong"})
    assert (answer.status_code, answer.json()) == (401, {"message": "401: Unauthorized", "code": 0})


def test_replaced_token_stops_working(house: House) -> None:
    house.world.revoke_token(house.bot, "another.test.token")
    assert house.call("GET", "/users/@me").status_code == 401


def test_library_user_agent_is_blocked(house: House) -> None:
    answer = house.call("GET", "/users/@me", headers={"User-Agent": "python-requests/2"})
    assert (answer.status_code, answer.json()["code"]) == (403, 40333)


def test_body_without_json_content_type_is_an_invalid_form(house: House) -> None:
    answer = house.call("POST", f"/guilds/{house.guild}/roles", data='{"name": "x"}')
    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


@pytest.mark.parametrize("path", ["/gateway", "/guilds", "/users/@me/guilds", "/channels/1/messages"])
def test_unknown_route_answers_404_with_code_0(house: House, path: str) -> None:
    assert house.code("GET", path) == (404, 0)


def test_other_api_version_is_unknown(house: House) -> None:
    url = house.standin.base_url.replace("v10", "v9") + "/users/@me"
    assert house.http.get(url, timeout=5).status_code == 404


def test_request_is_recorded_without_the_token(house: House) -> None:
    house.standin.clear_requests()
    reason = {"X-Audit-Log-Reason": "session%20abc%20%F0%9F%8E%A4"}
    house.call("POST", f"/guilds/{house.guild}/roles", {"name": "x"}, headers=reason)
    (seen,) = house.standin.requests
    assert (seen.method, seen.template, seen.body) == ("POST", "/guilds/{guild_id}/roles", {"name": "x"})
    assert (seen.reason, seen.status, seen.bot_id, seen.acted) == ("session abc 🎤", 200, house.bot, True)
    assert TOKEN not in repr(seen)


def test_date_is_the_worlds(house: House) -> None:
    house.clock.advance(15 * 60_000)
    assert house.call("GET", "/users/@me").headers["Date"] == "Wed, 14 Oct 2026 13:15:00 GMT"


def test_connection_is_kept_alive(house: House) -> None:
    answers = [house.call("GET", "/users/@me") for _ in range(3)]
    assert all("Connection" not in answer.headers for answer in answers)


def test_connection_is_refused_while_down(house: House) -> None:
    house.standin.down()
    with pytest.raises(requests.ConnectionError, match="refused"):
        house.call("GET", "/users/@me")


def test_same_address_serves_again_after_up(house: House) -> None:
    house.call("GET", "/users/@me")
    house.standin.down()
    house.standin.up()
    assert house.call("GET", "/users/@me").status_code == 200


def test_hook_sees_the_world_before_and_after_the_act(house: House) -> None:
    counts: list[int] = []

    def count(request: Request, *_: object) -> None:
        counts.append(len(house.world.role_names(house.guild)))

    house.standin.before_request(count)
    house.standin.after_request(count)
    house.role()
    assert counts == [2, 3]


def test_forked_child_is_a_client_and_leaves_the_parent_serving(house: House) -> None:
    house.call("GET", "/users/@me")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = _ask_in_child(house)
        house.standin.close()
        os._exit(0 if status == 200 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert house.call("GET", "/users/@me").status_code == 200


def _ask_in_child(house: House) -> int:
    with requests.Session() as http:
        return http.get(house.standin.base_url + "/users/@me", headers=dict(house.http.headers), timeout=5).status_code
