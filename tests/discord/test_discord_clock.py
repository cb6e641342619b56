"""Discord's clock is known to better than its Date header's second."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from coachsync.discord.discord_clock import DiscordClock

BASE = 1_790_000_000


def date(second: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(second), UTC), usegmt=True)


def test_clock_is_unknown_before_the_first_answer() -> None:
    assert DiscordClock().now(5.0) is None


@pytest.mark.parametrize("value", ["", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_unreadable_date_is_ignored(value: str) -> None:
    clock = DiscordClock()
    clock.learn(value, 0.0, 0.1)

    assert clock.now(5.0) is None


def test_bounds_tighten_with_every_answer() -> None:
    clock = DiscordClock()
    for step in range(40):
        sent = step * 0.23
        clock.learn(date(BASE + 0.7 + sent + 0.03), sent, sent + 0.06)

    assert clock.now(20.0) == pytest.approx((BASE + 20.7) * 1000, abs=120)


def test_latest_answer_is_believed_when_the_clock_was_set() -> None:
    clock = DiscordClock()
    clock.learn(date(BASE), 0.0, 0.1)
    clock.learn(date(BASE + 5000), 1.0, 1.1)

    assert clock.now(1.0) == pytest.approx((BASE + 5000.5) * 1000, abs=600)


DAY = 86_400


@pytest.mark.parametrize("nth", [0, 1, 3, 8])
@pytest.mark.parametrize("off", [-DAY, DAY])
def test_one_date_off_among_others_moves_no_clock(nth: int, off: int) -> None:
    clock = DiscordClock()
    for step in range(9):
        clock.learn(date(BASE + step + (off if step == nth else 0)), step, step + 0.1)
        if step >= 2:
            assert clock.now(step) == pytest.approx((BASE + step) * 1000, abs=1200)


def test_clock_that_was_set_is_followed_once_most_of_the_latest_answers_say_so() -> None:
    clock = DiscordClock()
    for step in range(40):
        clock.learn(date(BASE + step), step, step + 0.1)
    for step in range(40, 46):
        clock.learn(date(BASE + step + DAY), step, step + 0.1)

    assert clock.now(46.0) == pytest.approx((BASE + DAY + 46) * 1000, abs=1200)
