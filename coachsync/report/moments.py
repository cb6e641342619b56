"""How a moment is shown, the same on every screen.

On a terminal in somebody's zone, as short as it can be said: "today 10:03", "Fri 27 09:00", "Fri 4 Dec 09:00". Piped
in UTC and whole: "2026-11-27T09:00:00Z".
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from coachsync.clock import at, iso, relative
from coachsync.domain.model import DAY, Millis

_FIRST: Millis = -62_135_596_800_000 + DAY  # the year 1, with room for any zone


class Moments(NamedTuple):
    """Shows moments as of `now`, in a zone; None if what is shown is piped."""

    now: Millis
    zone: tzinfo | None = None

    def when(self, moment: Millis) -> str:
        """Return "today 10:03", "Fri 27 09:00", with month and year if they are not this one's; piped: ISO 8601."""
        if self.zone is None:
            return iso(moment)
        there, here = self._local(moment), self._local(self.now)
        if there.date() == here.date():
            return f"today {there:%H:%M}"
        if there.year != here.year:
            return f"{there:%a} {there.day} {there:%b} {there.year} {there:%H:%M}"
        month = "" if there.month == here.month else f" {there:%b}"
        return f"{there:%a} {there.day}{month} {there:%H:%M}"

    def clock(self, moment: Millis) -> str:
        """Return "10:03" if that is today, else as `when`: for what stands in a sentence ("since 10:03")."""
        return self.when(moment).removeprefix("today ")

    def whole(self, moment: Millis) -> str:
        """Return "Thu 26 Nov 10:30 CET", with the year if it is not this one: for what is read elsewhere, later.

        Piped it is in UTC.
        """
        there, here = self._local(moment), self._local(self.now)
        year = "" if there.year == here.year else f" {there.year}"
        return f"{there:%a} {there.day} {there:%b}{year} {there:%H:%M %Z}"

    def day(self, moment: Millis) -> str:
        """Return "today, Thu 26 Nov" or "Fri 27 Nov", with the year if it is not this one."""
        there, here = self._local(moment), self._local(self.now)
        year = "" if there.year == here.year else f" {there.year}"
        return f"{'today, ' if there.date() == here.date() else ''}{there:%a} {there.day} {there:%b}{year}"

    def date(self, moment: Millis) -> str:
        """Return "Thu 26 Nov 2026": for what is looked at on another day."""
        there = self._local(moment)
        return f"{there:%a} {there.day} {there:%b %Y}"

    def iso_date(self, moment: Millis) -> str:
        """Return "2026-11-26", the date in the zone: for what programs read."""
        return f"{self._local(moment):%Y-%m-%d}"

    def hour(self, moment: Millis) -> str:
        """Return "10:03": for what stands below its day."""
        return f"{self._local(moment):%H:%M}"

    def midnight(self, moment: Millis) -> Millis:
        """Return when the day of a moment began."""
        there = self._local(moment).replace(hour=0, minute=0, second=0, microsecond=0)
        return int(there.timestamp() * 1000)

    @property
    def zone_or_utc(self) -> tzinfo:
        """Return the zone in which a day begins."""
        return self.zone or UTC

    def away(self, moment: Millis) -> str:
        """Return "in 2 h 10 min", "4 min ago" or "now"."""
        return relative(moment, self.now)

    def full(self, moment: Millis) -> str:
        """Return "today 10:03, in 2 h 8 min"."""
        return f"{self.when(moment)}, {self.away(moment)}"

    def _local(self, moment: Millis) -> datetime:
        return at(max(moment, _FIRST)).astimezone(self.zone or UTC)
