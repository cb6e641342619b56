"""Rate-limit headers and bodies are read with distrust."""

from __future__ import annotations

import pytest

from coachsync.discord.pace.headers import Reading, read_limits

FULL = {
    "x-ratelimit-limit": "10",
    "x-ratelimit-remaining": "3",
    "x-ratelimit-reset": "1000.5",
    "x-ratelimit-reset-after": "4.25",
    "x-ratelimit-bucket": "abcd",
}


def test_reset_after_is_preferred_to_reset() -> None:
    assert read_limits(204, FULL, None, 900.0) == Reading(10, 3, 4.25, "abcd", teaches=True)


def test_reset_stands_in_when_there_is_no_reset_after() -> None:
    headers = {name: value for name, value in FULL.items() if not name.endswith("after")}

    assert read_limits(204, headers, None, 990.5).reset_after == 10.0
    assert read_limits(204, headers, None, 2000.0).reset_after == 0.0


@pytest.mark.parametrize(("status", "teaches"), [(200, True), (404, True), (403, False), (500, False), (502, False)])
def test_silence_of_a_failing_or_foreign_backend_teaches_nothing(status: int, teaches: bool) -> None:
    assert read_limits(status, {}, None, 0.0).teaches is teaches


@pytest.mark.parametrize("value", ["", "x", "-1", "nan", "inf", "1e999", "0x10", "²"])
def test_nonsense_in_headers_counts_as_absent(value: str) -> None:
    reading = read_limits(429, dict.fromkeys([*FULL, "retry-after"], value), {"retry_after": value}, 0.0)

    assert (reading.limit, reading.remaining, reading.reset_after, reading.retry_after) == (None, None, None, 1.0)


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"retry-after": "5"}, {"retry_after": 4.2}, 5.0),
        ({"retry-after": "1"}, {"retry_after": 64.57}, 64.57),
        ({"retry-after": "1", "x-ratelimit-reset-after": "9.5"}, {"retry_after": 1.0}, 9.5),
        ({}, {"retry_after": 0.3}, 0.3),
        ({"x-ratelimit-reset-after": "9.5"}, {}, 9.5),
        ({}, {"retry_after": True}, 1.0),
        ({}, {"retry_after": None}, 1.0),
        ({}, [1], 1.0),
        ({"retry-after": "3"}, {"retry_after": 1e12}, 3.0),
        ({}, {"retry_after": -1.0}, 1.0),
        ({"retry-after": "2", "x-ratelimit-global": "true", "x-ratelimit-reset-after": "60"}, {}, 2.0),
    ],
)
def test_wait_is_the_longest_named_or_a_second(headers: dict[str, str], body: object, wait: float) -> None:
    assert read_limits(429, headers, body, 0.0).retry_after == wait


@pytest.mark.parametrize(
    ("headers", "body", "scope"),
    [
        ({}, {}, "user"),
        ({"x-ratelimit-scope": "shared"}, {}, "shared"),
        ({"x-ratelimit-scope": "global"}, {}, "global"),
        ({"x-ratelimit-global": "true", "x-ratelimit-scope": "user"}, {}, "global"),
        ({}, {"global": True}, "global"),
        ({"x-ratelimit-scope": "martian"}, {"global": False}, "user"),
    ],
)
def test_scope_is_global_when_any_sign_says_so(headers: dict[str, str], body: object, scope: str) -> None:
    assert read_limits(429, headers, body, 0.0).scope == scope
