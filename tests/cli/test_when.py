"""Moments and lengths as people type them."""

from __future__ import annotations

import pytest

from coachsync.cli.when import parse_length, parse_now, parse_start
from coachsync.errors import UsageError

ONE_PM_NEW_YORK = 1_791_997_200_000  # 2026-10-14T17:00:00Z


def refused(text: str, zone: str | None = None) -> UsageError:
    """Return why a start is not taken."""
    with pytest.raises(UsageError) as caught:
        parse_start(text, zone)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-14T17:00:00Z",
        "2026-10-14 17:00+00:00",
        "2026-10-14T13:00-04:00",
        "2026-10-14T17:00:00.000Z",
        "20261014T170000Z",
        str(ONE_PM_NEW_YORK),
    ],
)
def test_now_is_read_in_milliseconds(text: str) -> None:
    assert parse_now(text) == ONE_PM_NEW_YORK


def test_now_keeps_milliseconds() -> None:
    assert parse_now("2026-10-14T17:00:00.007Z") == ONE_PM_NEW_YORK + 7


@pytest.mark.parametrize(
    "text", ["2026-10-14T17:00", "2026-10-14", "1791997200", "-5", "noon", "", "9" * 30, "2026-02-30T00:00Z"]
)
def test_now_is_refused_when_it_is_no_moment(text: str) -> None:
    with pytest.raises(UsageError):
        parse_now(text)


def test_start_is_read_in_its_zone() -> None:
    assert parse_start("2026-10-14 13:00", "America/New_York") == ONE_PM_NEW_YORK


def test_start_is_read_by_its_offset() -> None:
    assert parse_start("2026-10-14T19:00+02:00", None) == ONE_PM_NEW_YORK


def test_start_is_refused_with_both_readings_when_the_clock_skips_it() -> None:
    found = refused("2026-03-08 02:30", "America/New_York")
    assert "does not exist" in found.message
    assert "2026-03-08T01:30:00-05:00" in found.hint
    assert "2026-03-08T03:30:00-04:00" in found.hint


def test_start_is_refused_with_both_readings_when_the_clock_repeats_it() -> None:
    found = refused("2026-11-01 01:30", "America/New_York")
    assert "exists twice" in found.message
    assert "2026-11-01T01:30:00-04:00" in found.hint
    assert "2026-11-01T01:30:00-05:00" in found.hint


@pytest.mark.parametrize("reading", ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"])
def test_reading_of_a_repeated_time_is_taken(reading: str) -> None:
    assert parse_start(reading, None) > 0


def test_host_zone_is_never_assumed() -> None:
    assert "--tz" in refused("2026-10-14 13:00").hint


def test_offset_and_zone_together_are_refused() -> None:
    assert "--tz" in refused("2026-10-14 13:00Z", "UTC").message


@pytest.mark.parametrize(
    ("zone", "meant"),
    [("new york", "America/New_York"), ("Europe/Berln", "Europe/Berlin"), ("utc+1x", "")],
)
def test_unknown_zone_is_refused_with_what_may_be_meant(zone: str, meant: str) -> None:
    assert meant in refused("2026-10-14 13:00", zone).hint


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "America", "", "a\0b"])
def test_zone_that_is_no_name_is_refused(zone: str) -> None:
    assert "is no time zone" in refused("2026-10-14 13:00", zone).message


@pytest.mark.parametrize("text", ["2014-12-31T23:59:59Z", "2101-01-01T00:00Z", "9999-12-31T23:59Z"])
def test_start_outside_the_years_is_refused(text: str) -> None:
    assert "2015 to 2100" in refused(text).message


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
@pytest.mark.parametrize("text", ["0001-01-01 00:00", "9999-12-31 23:59"])
def test_start_at_the_calendars_edge_is_refused_in_any_zone(text: str, zone: str) -> None:
    assert "2015 to 2100" in refused(text, zone).message


@pytest.mark.parametrize(("text", "minutes"), [("90m", 90), ("1h30m", 90), ("24h", 1440), ("60s", 1)])
def test_length_is_read_in_minutes(text: str, minutes: int) -> None:
    assert parse_length(text) == minutes


@pytest.mark.parametrize("text", ["90", "0m", "25h", "90s", "", "-1h", "x"])
def test_length_is_refused_when_no_session_lasts_so(text: str) -> None:
    with pytest.raises(UsageError):
        parse_length(text)
