"""Rate limits: windows to the second, Discord's buckets, headers, and who does not wait."""

from __future__ import annotations

import time

import pytest

from coachsync.standin import Bucket, Limits
from coachsync.standin.windows import FixedWindow, RollingWindow, SlidingWindow, Window
from tests.standin.house import House


def _granted(window: Window, times: list[float]) -> list[bool]:
    return [window.take(now).granted for now in times]


def test_fixed_window_frees_all_places_at_its_end() -> None:
    assert _granted(FixedWindow(2, 10), [0, 1, 9.9, 10, 10, 10]) == [True, True, False, True, True, False]


def test_sliding_window_frees_one_place_at_a_time() -> None:
    assert _granted(SlidingWindow(2, 10), [0, 0, 4.9, 5, 5, 10]) == [True, True, False, True, False, True]


def test_rolling_window_frees_a_place_a_span_after_it_was_taken() -> None:
    assert _granted(RollingWindow(2, 10), [0, 4, 9, 10, 10, 14]) == [True, True, False, True, False, True]


@pytest.mark.parametrize("window", [FixedWindow(3, 9), SlidingWindow(3, 9), RollingWindow(3, 9)])
def test_refused_request_passes_when_it_waits_as_told(window: Window) -> None:
    for _ in range(3):
        window.take(0)
    assert window.take(window.take(1).next_after + 1).granted


def test_sliding_window_tells_the_time_until_it_is_full_again() -> None:
    window = SlidingWindow(5, 10)
    assert [round(window.take(0).reset_after) for _ in range(3)] == [2, 4, 6]


def test_role_changes_share_one_bucket_of_ten(house: House) -> None:
    role = house.role()
    house.standin.limits = Limits.discord()
    path = f"/guilds/{house.guild}/members/{house.john}/roles/{role}"
    answers = [house.call("PUT" if n % 2 else "DELETE", path) for n in range(11)]
    assert [a.status_code for a in answers] == [204] * 10 + [429]
    assert len({a.headers["X-RateLimit-Bucket"] for a in answers}) == 1
    assert [a.headers["X-RateLimit-Remaining"] for a in answers][:3] == ["9", "8", "7"]


def test_create_of_a_role_shows_its_budget_of_two_days(house: House) -> None:
    house.standin.limits = Limits.discord()
    answer = house.call("POST", f"/guilds/{house.guild}/roles", {"permissions": "0"})
    shown = [answer.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset-After")]
    assert shown == ["250", "249", "172800.000"]


def test_429_tells_whole_seconds_in_the_header_and_the_exact_wait_in_the_body(house: House) -> None:
    house.standin.limits = Limits.uniform(1, 1.5)
    house.call("GET", "/users/@me")
    answer = house.call("GET", "/users/@me")
    body = answer.json()
    assert (answer.status_code, answer.headers["Retry-After"], body["global"]) == (429, "2", False)
    assert 1.0 < body["retry_after"] <= 1.5
    assert answer.headers["X-RateLimit-Scope"] == "user"


def test_routes_without_a_bucket_send_no_headers(house: House) -> None:
    house.standin.limits = Limits.discord()
    answer = house.call("GET", f"/guilds/{house.guild}/channels")
    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]


def test_global_limit_counts_over_all_routes(house: House) -> None:
    house.standin.limits = Limits(per_second=3)
    paths = ["/users/@me", "/applications/@me", f"/guilds/{house.guild}", f"/guilds/{house.guild}/roles"]
    answer = [house.call("GET", path) for path in paths][-1]
    assert (answer.status_code, answer.headers["X-RateLimit-Global"]) == (429, "true")
    assert house.standin.count_429("global") == 1


def test_refused_request_does_not_act(house: House) -> None:
    house.standin.limits = Limits.uniform(1, 60)
    house.role("first")
    assert house.call("POST", f"/guilds/{house.guild}/roles", {"name": "second"}).status_code == 429
    assert not house.world.find_roles(house.guild, "second")


def test_hidden_limit_shows_only_as_a_long_429(house: House) -> None:
    room = house.room()
    house.standin.limits = Limits.discord()
    answers = [house.call("PATCH", f"/channels/{room}", {"name": f"n{n}"}) for n in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].headers["X-RateLimit-Remaining"] == "2"
    assert answers[2].json()["retry_after"] > 500


def test_buckets_of_two_guilds_are_apart(house: House) -> None:
    other = house.another_guild()
    route = ("GET", "/guilds/{guild_id}/roles")
    house.standin.limits = Limits({route: [Bucket("roles", 1, 60, "guild_id")]})
    statuses = [house.call("GET", f"/guilds/{g}/roles").status_code for g in (house.guild, other, house.guild)]
    assert statuses == [200, 200, 429]


def test_request_within_the_wait_is_a_violation(house: House) -> None:
    house.standin.limits = Limits.uniform(1, 1.0)
    for _ in range(2):
        house.call("GET", "/users/@me")
    time.sleep(0.1)
    house.call("GET", "/users/@me")
    assert [v.request.seq for v in house.standin.violations] == [3]


def test_request_after_the_wait_is_no_violation(house: House) -> None:
    house.standin.limits = Limits.uniform(1, 0.2)
    for _ in range(2):
        answer = house.call("GET", "/users/@me")
    time.sleep(answer.json()["retry_after"])
    assert house.call("GET", "/users/@me").status_code == 200
    assert house.standin.violations == []
