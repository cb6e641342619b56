"""Times of other systems: one moment, or a reason; never a wrong hour."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.bookings.times import NoTime, read_minutes, read_time, unfit_format

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def told(value: object, form: str = "", zone: ZoneInfo | None = None) -> str:
    """Return what was read, in UTC, or why it was not."""
    found = read_time(value, form, zone)
    return found.reason if isinstance(found, NoTime) else datetime.fromtimestamp(found / 1000, UTC).isoformat()


@pytest.mark.parametrize(
    ("value", "form", "zone"),
    [
        (1_791_982_800_000, "", None),
        (1_791_982_800_000.0, "", None),
        ("1791982800000", "", None),
        ("1791982800", "s", None),
        ("2026-10-14T13:00:00Z", "", None),
        ("2026-10-14T15:00:00.000+02:00", "", None),
        ("2026-10-14 15:00", "", BERLIN),
        ("14.10.2026 15:00", "", BERLIN),
        ("14.10.26, 15:00:00", "", BERLIN),
        ("14.10.2026 um 15:00 Uhr", "", BERLIN),
        ("14/10/2026 15:00", "", BERLIN),
        ("14/10/2026 15h00", "", BERLIN),
        ("10/14/2026 9:00 AM", "", NEW_YORK),
        ("10/14/2026 9:00\u202fAM", "", NEW_YORK),
        ("2026/10/14 9:00", "", NEW_YORK),
        ("10/14/26 09:00", "", NEW_YORK),
        ("14.10.2026 15:00", "%d.%m.%Y %H:%M", BERLIN),
        ("2026-10-14T15:00:00+02:00", "%d.%m.%Y %H:%M", BERLIN),
    ],
)
def test_one_moment_is_read_from_each_way_to_write_it(value: object, form: str, zone: ZoneInfo | None) -> None:
    assert told(value, form, zone) == "2026-10-14T13:00:00+00:00"


@pytest.mark.parametrize("value", ["2026-10-14 13:00", "2026-10-14T13:00", "14.10.2026 13:00", "10/14/2026 1:00 PM"])
def test_a_time_without_offset_needs_a_zone(value: str) -> None:
    assert "has neither offset nor zone" in told(value)


@pytest.mark.parametrize(
    ("text", "why", "first", "second"),
    [
        ("2026-10-25 02:30", "exists twice", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("29.03.2026 02:30", "does not exist", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
    ],
)
def test_an_hour_that_is_skipped_or_repeated_is_refused_with_both_readings(
    text: str, why: str, first: str, second: str
) -> None:
    reason = told(text, zone=BERLIN)
    assert [part in reason for part in (why, first, second)] == [True] * 3


@pytest.mark.parametrize("text", ["05/06/2026 13:00", "5-6-2026 13:00", "05/06/26 1:00 PM"])
def test_a_day_that_may_be_a_month_is_refused(text: str) -> None:
    assert "may be day 5 of month 6, or the other way round" in told(text, zone=BERLIN)


@pytest.mark.parametrize(
    "value",
    ["2026-10-14", "tomorrow", "", "46309.54", True, [], {}, "32.10.2026 13:00", "13/13/2026 13:00",
     "10/14/2026 13:00 PM", "14-10-26 13:00", "Wed Oct 14 2026 13:00:00 GMT+0200",
     "9999999999999999999999", float("nan"), "14.10.2026"],
)  # fmt: skip
def test_what_is_no_time_is_refused(value: object) -> None:
    assert isinstance(read_time(value, "", BERLIN), NoTime)


@pytest.mark.parametrize(
    "form", ["ms", "s", "iso", "timestamp", "%d.%m.%Y %H:%M", "DD.MM.YYYY HH:mm", "%m/%d/%y %I:%M %p"]
)
def test_a_format_that_says_day_and_hour_is_taken(form: str) -> None:
    assert unfit_format(form) == ""


@pytest.mark.parametrize(
    "form", ["%H:%M", "%d.%m.%Y", "%d.%m. %H:%M", "%Y-%m %H", "%d.%m.%Y %I:%M", "%Y-%m-%d %H:%M %Z", "%"]
)
def test_a_format_that_leaves_the_hour_or_the_day_open_is_none(form: str) -> None:
    assert unfit_format(form) != ""


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("60", 60), ("60 min", 60), ("1:30", 90), ("1:30:00", 90), ("1h30m", 90), ("1 h", 60), ("90,0", 90), (" ", None),
     (60.0, 60), ("an hour", "an hour"), ("1,5", "1,5")],
)  # fmt: skip
def test_lengths_are_minutes_however_they_are_written(text: object, minutes: object) -> None:
    assert read_minutes(text) == minutes


@settings(max_examples=50, deadline=None)
@given(st.datetimes(datetime(2015, 1, 2), datetime(2100, 12, 30)), st.sampled_from([BERLIN, NEW_YORK]))  # noqa: DTZ001
def test_a_local_time_is_that_time_in_its_zone_or_refused(moment: datetime, zone: ZoneInfo) -> None:
    moment = moment.replace(microsecond=0)
    for text in (moment.isoformat(), moment.strftime("%d.%m.%Y %H:%M:%S"), moment.strftime("%Y/%m/%d %I:%M:%S %p")):
        found = read_time(text, "", zone)
        if isinstance(found, NoTime):
            assert "because the clocks change" in found.reason
        else:
            assert datetime.fromtimestamp(found / 1000, zone).replace(tzinfo=None) == moment


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.binary(max_size=4), st.from_regex(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[ T]\d{1,2}:\d{2}( [AP]M)?", fullmatch=True)))  # fmt: skip  # noqa: E501
def test_whatever_is_given_as_a_time_is_a_moment_or_a_reason(value: object) -> None:
    found = read_time(value, "", BERLIN)
    assert isinstance(found, (int, NoTime))
