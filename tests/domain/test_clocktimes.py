"""Times as other systems keep them: never an hour that was guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachsync.domain.clocktimes import Misread, TimeForm, carries_no_zone, millis_of, read_time
from coachsync.domain.model import Millis

AT: Millis = 1_791_896_400_000  # 2026-10-13T13:00:00Z
BERLIN = ZoneInfo("Europe/Berlin")
FORMS: tuple[TimeForm, ...] = ("ms", "s", "iso", "timestamp")


@pytest.mark.parametrize(
    ("value", "form", "read"),
    [
        (AT, "ms", AT),
        ("tomorrow", "ms", "tomorrow"),
        (AT // 1000, "s", AT),
        (f"{AT // 1000}", "s", AT),
        (AT / 1000 + 0.25, "s", AT + 250),
        ("2026-10-13T13:00:00Z", "iso", AT),
        ("2026-10-13T13:00:00.250Z", "iso", AT + 250),
        ("2026-10-13T09:00:00-04:00", "iso", AT),
        ("2026-10-13 13:00:00+00", "timestamp", AT),
        ("2026-10-13 13:00:00 UTC", "timestamp", AT),
        ("2026-10-13 15:00:00.000000", "timestamp", AT),
        ("2026-10-13 15:00", "timestamp", AT),
        (datetime(2026, 10, 13, 13, tzinfo=UTC), "timestamp", AT),
        (datetime(2026, 10, 13, 15, tzinfo=UTC).replace(tzinfo=None), "timestamp", AT),
        (None, "timestamp", None),
    ],
)
def test_a_time_is_read_to_the_millisecond(value: object, form: TimeForm, read: object) -> None:
    assert read_time("starts", value, form, BERLIN, "Europe/Berlin") == read


@pytest.mark.parametrize(
    ("value", "form", "told"),
    [
        ("2026-10-13", "timestamp", "starts is '2026-10-13', no date and time"),
        ("13.10.2026 15:00", "timestamp", "no date and time"),
        ("", "iso", "no date and time"),
        (AT, "timestamp", 'it is a number: set [store] time = "ms"'),
        (AT // 1000, "iso", 'it is a number: set [store] time = "s"'),
        (AT, "s", 'it looks like milliseconds: set [store] time = "ms"'),
        ("soon", "s", "no number of seconds"),
        (float("nan"), "s", "no number of seconds"),
        (float("inf"), "s", "no number of seconds"),
        (b"\xff", "iso", "no date and time"),
        ("2026-10-25 02:30:00", "timestamp", "2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z"),
        ("2026-03-29 02:30:00", "timestamp", "2026-03-29T00:30:00Z or 2026-03-29T01:30:00Z"),
        ("0001-01-01 00:00:00+14:00", "timestamp", None),
        ("9999-12-31 23:59:59-14:00", "iso", None),
    ],
)
def test_what_is_no_time_is_told_and_never_raises(value: object, form: TimeForm, told: str | None) -> None:
    found = read_time("starts", value, form, BERLIN, "Europe/Berlin")
    if told is not None:
        assert isinstance(found, Misread)
        assert told in f"{found.message} {found.hint}"


ANYTHING = st.text() | st.integers() | st.floats() | st.binary() | st.datetimes().map(str)
OF_BOOKINGS = st.datetimes(datetime(2015, 1, 1), datetime(2100, 12, 31), timezones=st.timezones())  # noqa: DTZ001


@given(ANYTHING, st.sampled_from(FORMS), st.sampled_from([None, BERLIN]))
def test_no_value_raises(value: object, form: TimeForm, zone: ZoneInfo | None) -> None:
    read_time("starts", value, form, zone)


@given(OF_BOOKINGS)
def test_a_time_with_an_offset_is_that_moment_whatever_the_zone(moment: datetime) -> None:
    assert read_time("starts", moment.isoformat(), "iso", BERLIN) == millis_of(moment)


@given(OF_BOOKINGS)
def test_a_local_time_is_that_moment_or_refused(moment: datetime) -> None:
    local = f"{moment:%Y-%m-%d %H:%M:%S.%f}"
    read = read_time("starts", local, "timestamp", moment.tzinfo)
    assert read == millis_of(moment.astimezone(UTC)) or isinstance(read, Misread)


def test_a_time_without_a_zone_is_none_if_no_zone_is_named() -> None:
    found = read_time("starts", "2026-10-13 15:00:00", "timestamp", None)
    assert isinstance(found, Misread)
    assert "carries no zone" in found.message


@pytest.mark.parametrize(
    ("value", "so"), [("2026-10-13 15:00", True), ("2026-10-13 15:00Z", False), ("soon", False), (5, False)]
)
def test_it_is_seen_whether_a_time_carries_a_zone(value: object, so: bool) -> None:
    assert carries_no_zone(value) is so
