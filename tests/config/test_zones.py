"""Zones as people name them: no suggestion is hours off."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from coachsync.cli.when import parse_length, parse_start
from coachsync.errors import UsageError

START = "2026-10-14 13:00"


def refused(zone: str) -> UsageError:
    """Return why a zone is not taken."""
    with pytest.raises(UsageError) as caught:
        parse_start(START, zone)
    return caught.value


def suggested(zone: str) -> list[str]:
    """Return the zones that the hint asks about."""
    told = refused(zone).hint.partition("? ")[0] + "?"
    return re.findall(r"\b(?:[A-Z][A-Za-z]+/[A-Za-z_+\-0-9/]+|UTC)(?=[ ?,(])", told)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("UTC+2", 2), ("UTC-5", -5), ("GMT-3", -3), ("GMT+1", 1), ("+2", 2), ("utc +02:00", 2), ("UTC+0200", 2),
     ("Z+1", 1), ("UTC+14", 14), ("UTC-12", -12), ("UTC\u22123", -3), ("UTC+0", 0)],
)  # fmt: skip
def test_offset_is_refused_with_the_zone_that_always_has_it(zone: str, hours: int) -> None:
    (name,) = suggested(zone)
    assert datetime(2026, 10, 14, tzinfo=ZoneInfo(name)).utcoffset() == timedelta(hours=hours)
    assert "no daylight saving" in refused(zone).message


@pytest.mark.parametrize("zone", ["UTC+5:30", "GMT+0545", "UTC-13", "UTC+99"])
def test_offset_that_no_zone_has_is_refused_with_the_way_to_write_it(zone: str) -> None:
    assert "--start" in refused(zone).hint
    assert suggested(zone) == []


@pytest.mark.parametrize(
    ("letters", "hours"),
    [("EST", -5), ("EDT", -4), ("PST", -8), ("PDT", -7), ("MST", -7), ("HST", -10), ("CEST", 2), ("BST", 1), ("JST", 9),
     ("AEST", 10), ("NZDT", 13), ("est", -5)],
)  # fmt: skip
def test_letters_are_refused_with_a_zone_that_keeps_that_time_in_a_part_of_its_year(letters: str, hours: int) -> None:
    offsets = [
        datetime(2026, month, 10, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
        for zone in suggested(letters)
        for month in (1, 7)
    ]
    assert timedelta(hours=hours) in offsets


def test_letters_that_the_system_knows_are_said_to_have_no_daylight_saving() -> None:
    assert "no daylight saving" in refused("EST").message
    assert "America/New_York" in refused("EST").hint


@pytest.mark.parametrize(
    ("zone", "meant"),
    [("America/NewYork", "America/New_York"), ("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"),
     ("New York", "America/New_York"), ("Europe/Munich", "Europe/Berlin"), ("Asia/Delhi", "Asia/Kolkata"),
     ("Beijing", "Asia/Shanghai"), ("San Francisco", "America/Los_Angeles"), ("EASTERN", "US/Eastern")],
)  # fmt: skip
def test_name_that_is_nearly_a_zones_is_refused_with_that_zone(zone: str, meant: str) -> None:
    assert suggested(zone) == [meant]


@pytest.mark.parametrize("zone", ["XYZ", "Q", "Mars/Base", "UTC2", "GMT+", "12", ""])
def test_name_that_is_like_none_gets_no_suggestion(zone: str) -> None:
    assert suggested(zone) in ([], ["America/New_York", "Europe/Berlin"])
    assert "did you mean" not in refused(zone).hint


@pytest.mark.parametrize(
    "zone", ["Etc/GMT-2", "GMT", "UTC", "CET", "EST5EDT", "America/New_York", "Etc/GMT+3", "GMT+0"]
)
def test_zone_is_taken_by_its_name(zone: str) -> None:
    assert parse_start(START, zone) == int(datetime(2026, 10, 14, 13, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize("minutes", ["60", "90", "1", "1440"])
def test_length_without_a_unit_is_taken_for_minutes_that_were_meant(minutes: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_length(minutes)
    assert caught.value.hint == f"did you mean {minutes}m?"


@pytest.mark.parametrize("text", ["0", "1441", "99999", "-60", "sixty"])
def test_length_that_is_none_gets_no_such_suggestion(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_length(text)
    assert "did you mean" not in caught.value.hint
