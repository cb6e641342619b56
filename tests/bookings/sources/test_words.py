"""What is to be done about a source's entries is told by the keys of its configuration."""

from __future__ import annotations

import pytest

from coachsync.bookings.csvrows import _HINT
from coachsync.bookings.sources.pull import in_words_of
from coachsync.bookings.times import NO_ZONE


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        (NO_ZONE, 'name the zone (timezone = "America/New_York" in [sources.page]), or write times with an offset'),
        (_HINT, 'name its columns: map = {id = "COLUMN", start = "COLUMN"} in [sources.page]'),
        (
            "or name its format: --map 'start=when:%d.%m.%Y %H:%M'",
            'or name its format: map = {start = "when:%d.%m.%Y %H:%M"} in [sources.page]',
        ),
        ("name the zone with --tz", "name the zone with sources.page.timezone"),
        ("correct it, or the format in --map", "correct it, or the format in sources.page.map"),
        ("name the one with --table", "name the one with sources.page.table"),
        ("correct its url", "correct its url"),
    ],
)
def test_options_of_an_import_become_keys(hint: str, told: str) -> None:
    assert in_words_of("page", hint) == told
