"""What tests of readers share: a way to read, and what came of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from coachsync.bookings.fields import Source, Way, parse_map
from coachsync.bookings.incoming import Incoming, Unreadable
from coachsync.bookings.read import read_bookings
from coachsync.config.settings import StatusSettings

STATUSES = StatusSettings(("SCHEDULED", "CONFIRMED", "IN_PROGRESS"), ("CANCELLED",), "COMPLETED")
NOW = 1_790_000_000_000  # 2026-09-21T14:13:20Z
SAMPLES = Path(__file__).parent / "samples"


def a_way(zone: str = "", mapped: dict[str, str] | None = None, **more: Any) -> Way:
    """Return a way to read with the usual statuses, as of `NOW`."""
    sources = parse_map(mapped or {})
    assert not isinstance(sources, str), sources
    given: dict[str, Source] = sources
    return Way(STATUSES, NOW, given, ZoneInfo(zone) if zone else None, **more)


def entries(data: bytes, form: str = "", name: str = "", **way: Any) -> list[Incoming | Unreadable]:
    """Return everything that is read of these bytes."""
    return list(read_bookings(io.BytesIO(data), a_way(**way), form, name))


def good(found: list[Incoming | Unreadable]) -> list[Incoming]:
    """Return the entries that were read."""
    return [entry for entry in found if isinstance(entry, Incoming)]


def bad(found: list[Incoming | Unreadable]) -> list[Unreadable]:
    """Return the entries that were not."""
    return [entry for entry in found if isinstance(entry, Unreadable)]
