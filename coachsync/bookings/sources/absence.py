"""What it means that a complete source no longer has a booking: cancelled, or an accident (CONTRACT §5). Pure.

Two good pulls at least 10 minutes apart must miss it, before its start; many at once are taken for an accident.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from coachsync.domain.model import Millis, Session
from coachsync.domain.vanished import TWICE_MISSED, is_accident
from coachsync.store.ledger.said import LastSaid


class Absence(NamedTuple):
    """What is decided: which bookings count as cancelled, what is to be remembered of all that are missing.

    `coming` is how many coming bookings are known of the source, `accident` whether too many are missing at once.
    """

    due: list[str]
    marked: list[LastSaid]
    coming: int
    accident: bool


def coming_among(sessions: Mapping[str, Session], bookable: Collection[str], now: Millis) -> frozenset[str]:
    """Return which of the sessions are booked and have not begun."""
    return frozenset(i for i, session in sessions.items() if session.status in bookable and session.start > now)


def absences(
    said: Mapping[str, LastSaid], coming: Collection[str], named: Collection[str], now: Millis, *, force: bool
) -> Absence:
    """Decide about the coming bookings of a source that a good pull did not name.

    `force`: an accident is none, and what it concerns counts as cancelled at once.
    """
    marked = [_missed(said[i], now) for i in sorted(coming) if i in said and i not in named]
    accident = is_accident(len(marked), len(coming))
    due = [one.session_id for one in marked if (force if accident else _missed_twice(one))]
    return Absence(due, marked, len(coming), accident and not force)


def _missed(said: LastSaid, now: Millis) -> LastSaid:
    """Return what is known of a booking that is missing now, too; a clock that was ahead proves nothing."""
    first = said.missing_first
    return said._replace(missing_first=now if first is None or first > now else first, missing_last=now)


def _missed_twice(said: LastSaid) -> bool:
    return (said.missing_last or 0) - (said.missing_first or 0) >= TWICE_MISSED
