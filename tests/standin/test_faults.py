"""Faults on demand: each kind looks to the client as named, and acts or does not act as named."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from coachsync.standin import Fault
from coachsync.standin.fault_kinds import AFTER, BEFORE
from tests.standin.house import House

ROLES = ("POST", "/guilds/{guild_id}/roles")
SHORT: dict[str, Any] = {"seconds": 0.05, "interval": 0.001}


def _post_role(house: House) -> requests.Response | None:
    try:
        return house.call("POST", f"/guilds/{house.guild}/roles", {"name": "x", "permissions": "0"})
    except requests.RequestException:
        return None


@pytest.mark.parametrize("kind", sorted(BEFORE.keys() - {"delay"}))
def test_fault_before_the_act_leaves_the_world_alone(house: House, kind: str) -> None:
    house.standin.faults.add(kind, ROLES, **SHORT)
    _post_role(house)
    assert not house.world.find_roles(house.guild, "x")
    assert house.standin.requests[-1].fault == kind


@pytest.mark.parametrize("kind", sorted(AFTER))
def test_fault_after_the_act_leaves_the_role_made(house: House, kind: str) -> None:
    house.standin.faults.add(kind, ROLES, **SHORT)
    _post_role(house)
    assert len(house.world.find_roles(house.guild, "x")) == 1


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "hang_before", "hang_after", "cut"])
def test_fault_breaks_the_connection(house: House, kind: str) -> None:
    house.standin.faults.add(kind, ROLES, **SHORT)
    assert _post_role(house) is None


@pytest.mark.parametrize(
    ("kind", "options", "status"),
    [
        ("status_before", {"status": 503}, 503),
        ("status_after", {"status": 502}, 502),
        ("html_before", {"status": 502}, 502),
        ("html", {}, 200),
        ("html", {"status": 502}, 502),
        ("not_json", {}, 200),
        ("truncated", {}, 200),
        ("empty", {}, 200),
        ("forbidden", {}, 403),
        ("not_found", {"code": 10011}, 404),
        ("unauthorized", {}, 401),
        ("rate_limited", {"retry_after": 2.5, "scope": "shared"}, 429),
        ("rate_limited_bare", {}, 429),
        ("cloudflare", {}, 429),
        ("cloudflare", {"status": 403}, 403),
        ("redirect", {}, 302),
        ("answer", {"status": 200, "body": "[1]"}, 200),
    ],
)
def test_fault_answers_its_status(house: House, kind: str, options: dict[str, Any], status: int) -> None:
    house.standin.faults.add(kind, ROLES, **options)
    answer = _post_role(house)
    assert answer is not None
    assert answer.status_code == status


@pytest.mark.parametrize("kind", ["html", "html_before", "not_json", "truncated", "cloudflare", "empty"])
def test_fault_body_is_not_json(house: House, kind: str) -> None:
    house.standin.faults.add(kind, ROLES)
    answer = _post_role(house)
    assert answer is not None
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_refusal_without_a_code_has_none(house: House) -> None:
    house.standin.faults.add("not_found", ROLES, code=None)
    answer = _post_role(house)
    assert answer is not None
    assert "code" not in answer.json()


def test_bare_429_has_no_retry_after(house: House) -> None:
    house.standin.faults.add("rate_limited_bare", ROLES)
    answer = _post_role(house)
    assert answer is not None
    assert "Retry-After" not in answer.headers


def test_fault_hits_from_the_nth_on_as_often_as_told(house: House) -> None:
    fault = house.standin.faults.add("status_before", ("GET", None), nth=2, count=2)
    statuses = [house.call("GET", "/users/@me").status_code for _ in range(4)]
    assert (statuses, fault.hits) == ([200, 500, 500, 200], 2)


def test_fault_hits_what_its_callable_picks(house: House) -> None:
    house.standin.faults.add("status_before", lambda r: r.path.endswith("roles"), count=None)
    assert house.call("GET", "/users/@me").status_code == 200
    assert house.call("GET", f"/guilds/{house.guild}/roles").status_code == 500


def test_fault_may_be_decided_request_by_request(house: House) -> None:
    house.standin.faults.decide = lambda r: Fault("status_before", status=503) if r.seq == 2 else None
    assert [house.call("GET", "/users/@me").status_code for _ in range(3)] == [200, 503, 200]


def test_delay_answers_in_the_end(house: House) -> None:
    house.standin.faults.add("delay", ROLES, seconds=0.1)
    began = time.monotonic()
    answer = _post_role(house)
    assert answer is not None
    assert (answer.status_code, time.monotonic() - began >= 0.1) == (200, True)


def test_hang_ends_when_released(house: House) -> None:
    fault = house.standin.faults.add("hang_before", ROLES)
    threading.Timer(0.05, fault.release).start()
    assert _post_role(house) is None


def test_drip_delivers_the_body_slowly(house: House) -> None:
    house.standin.faults.add("drip", ("GET", "/users/@me"), interval=0.0002)
    answer = house.call("GET", "/users/@me")
    assert answer.json()["id"] == house.bot


def test_drip_without_a_body_drips_the_headers(house: House) -> None:
    role = house.role()
    house.standin.faults.add("drip", interval=0.0002)
    assert house.grant(house.john, role).status_code == 204


def test_date_fault_answers_another_time(house: House) -> None:
    house.standin.faults.add("date", offset=-3600.0)
    assert house.call("GET", "/users/@me").headers["Date"] == "Wed, 14 Oct 2026 12:00:00 GMT"


def test_overwrites_fault_answers_and_keeps_others_than_asked(house: House) -> None:
    house.standin.faults.add("overwrites")
    body = {"name": "x", "type": 2, "permission_overwrites": house.private()}
    made = house.call("POST", f"/guilds/{house.guild}/channels", body).json()
    assert made["permission_overwrites"] == []
    assert house.stranger in house.world.who_can_see(made["id"])


def test_connection_is_refused_after_the_answer_that_goes_down(house: House) -> None:
    house.standin.faults.add("then_refuse", ROLES)
    assert _post_role(house) is not None
    assert _post_role(house) is None
    assert len(house.world.find_roles(house.guild, "x")) == 1


def test_unknown_kind_is_an_error(house: House) -> None:
    with pytest.raises(ValueError, match="no such fault: resets"):
        house.standin.faults.add("resets")


def test_list_omits_a_role_younger_than_so_many_requests(house: House) -> None:
    house.standin.lag.requests = 2
    house.standin.world.served += 5
    role = house.role()
    listed = [role in _ids(house) for _ in range(4)]
    assert listed == [False, False, True, True]


def _ids(house: House) -> set[str]:
    return {r["id"] for r in house.call("GET", f"/guilds/{house.guild}/roles").json()}
