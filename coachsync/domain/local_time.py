"""Local times: which moments they are in a zone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from coachsync.domain.model import Millis

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def millis_of(moment: datetime) -> Millis:
    """Return an aware datetime in milliseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def readings(moment: datetime, zone: tzinfo) -> tuple[tuple[datetime, ...], str]:
    """Return the moments that a local time may be, the earlier first, and why there are two: "" if there is one.

    A change of clocks lets a local time "exist twice" or "not exist".
    """
    moment = moment.replace(year=min(max(moment.year, 2), 9998))  # room for any offset; refused later anyway
    exact = [moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if exact[0] == exact[1]:
        return (exact[0].astimezone(zone),), ""
    first, second = (reading.astimezone(zone) for reading in exact)
    twice = first.replace(tzinfo=None) == moment
    return tuple(sorted((first, second), key=millis_of)), "exists twice" if twice else "does not exist"
