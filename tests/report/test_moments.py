"""How moments are shown."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.report.moments import Moments

BERLIN = ZoneInfo("Europe/Berlin")


def _ms(text: str) -> Millis:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


NOW = _ms("2026-11-26T07:55:00+00:00")
HERE, PIPED = Moments(NOW, BERLIN), Moments(NOW)


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("2026-11-26T09:03:00Z", "today 10:03"),
        ("2026-11-26T22:59:00Z", "today 23:59"),
        ("2026-11-26T23:00:00Z", "Fri 27 00:00"),
        ("2026-11-27T08:00:00Z", "Fri 27 09:00"),
        ("2026-11-05T08:00:00Z", "Thu 5 09:00"),
        ("2026-12-04T08:00:00Z", "Fri 4 Dec 09:00"),
        ("2027-11-26T08:00:00Z", "Fri 26 Nov 2027 09:00"),
    ],
)
def test_moment_is_told_as_short_as_it_can_be(moment: str, told: str) -> None:
    assert HERE.when(_ms(moment)) == told


def test_piped_moment_is_whole_and_in_utc() -> None:
    assert PIPED.when(NOW + 2 * HOUR + 8 * MINUTE) == "2026-11-26T10:03:00Z"


def test_today_goes_without_saying_in_a_sentence() -> None:
    assert (HERE.clock(NOW), HERE.clock(NOW + DAY)) == ("08:55", "Fri 27 08:55")


def test_moment_for_elsewhere_names_day_month_and_zone() -> None:
    assert (HERE.whole(NOW), PIPED.whole(NOW)) == ("Thu 26 Nov 08:55 CET", "Thu 26 Nov 07:55 UTC")
    assert HERE.whole(NOW + 400 * DAY) == "Fri 31 Dec 2027 08:55 CET"


def test_full_moment_says_how_far_it_is() -> None:
    assert HERE.full(NOW + 2 * HOUR + 8 * MINUTE) == "today 11:03, in 2 h 8 min"
    assert HERE.full(NOW - 4 * MINUTE) == "today 08:51, 4 min ago"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu"])
@pytest.mark.parametrize("moment", [-(10**18), -62_135_596_800_000, 253_402_300_799_000, 10**18])
def test_moment_beyond_the_calendar_is_shown_all_the_same(zone: str, moment: Millis) -> None:
    assert Moments(NOW, ZoneInfo(zone)).whole(moment)


def test_day_is_the_zones_own() -> None:
    late = Moments(_ms("2026-12-31T23:30:00+00:00"), BERLIN)
    assert late.when(_ms("2026-12-31T22:00:00+00:00")) == "Thu 31 Dec 2026 23:00"
    assert Moments(late.now, UTC).when(late.now) == "today 23:30"
