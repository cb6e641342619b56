"""The host's clock; moments and lengths of time as text."""

from __future__ import annotations

import pytest
from freezegun import freeze_time

from coachsync.clock import host_now, iso, relative
from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.domain.words import span


@pytest.mark.parametrize(
    ("ms", "expected"),
    [
        (1_791_990_000_000, "2026-10-14T15:00:00Z"),
        (1_791_990_000_007, "2026-10-14T15:00:00.007Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
    ],
)
def test_iso_shows_milliseconds_only_when_there_are_any(ms: int, expected: str) -> None:
    assert iso(ms) == expected


@pytest.mark.parametrize("ms", [10**30, -(10**30)])
def test_times_never_fail_when_they_are_absurd(ms: int) -> None:
    assert iso(ms).endswith("Z")


@pytest.mark.parametrize(
    ("ms", "expected"),
    [(2 * HOUR, "2 h 0 min"), (3 * DAY + 4 * HOUR, "3 d 4 h"), (90_000, "1 min"), (45_000, "45 s"), (-MINUTE, "1 min")],
)
def test_span_tells_the_two_largest_units(ms: int, expected: str) -> None:
    assert span(ms) == expected


@pytest.mark.parametrize(("ms", "expected"), [(HOUR, "in 1 h 0 min"), (-HOUR, "1 h 0 min ago"), (999, "now")])
def test_relative_tells_the_direction(ms: int, expected: str) -> None:
    assert relative(ms, 0) == expected


@pytest.mark.parametrize("text", ["2027-03-14T07:00:00.500Z", "2026-11-01T05:59:59.750Z", "2028-02-29T00:00:00Z"])
def test_hosts_clock_counts_the_milliseconds_that_its_calendar_shows(text: str) -> None:
    with freeze_time(text):
        assert iso(host_now()) == text
