"""Local times: one moment, or both that it may be."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from coachsync.domain.local_time import readings

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "moments", "why"),
    [
        ("2026-10-14T13:00", ["2026-10-14T13:00:00+02:00"], ""),
        ("2026-10-25T02:30", ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"], "exists twice"),
        ("2026-03-29T02:30", ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"], "does not exist"),
    ],
)
def test_a_local_time_is_one_moment_or_both_are_told_the_earlier_first(
    local: str, moments: list[str], why: str
) -> None:
    found, told = readings(datetime.fromisoformat(local), BERLIN)
    assert ([moment.isoformat() for moment in found], told) == (moments, why)
