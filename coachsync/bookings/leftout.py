"""What a calendar no longer has of a series: the series is there, and an instance that it had is not.

A series that is moved as a whole, ends earlier, or becomes a single event says so by its rule alone: its former
instances are named nowhere. They are not absent, as what a window does not show is: the calendar tells all of a UID.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from coachsync.bookings.fields import ID, STATUS, Way
from coachsync.bookings.incoming import Incoming, Unreadable
from coachsync.domain.model import DAY

if TYPE_CHECKING:
    from coachsync.store.base import Store


_SLASH = -17  # where the "/" before an instance's original start stands in its id


def with_left_out(
    entries: Iterable[Incoming | Unreadable], store: Store, source: str, way: Way
) -> Iterator[Incoming | Unreadable]:
    """Yield a source's entries, and for each coming instance that its series has no more that it is cancelled.

    `way.whole` is filled by whoever reads the entries.
    """
    seen: set[str] = set()
    for entry in entries:
        if entry.key[_SLASH : _SLASH + 1] == "/":  # of a hundred thousand rows of a table nothing is held
            seen.add(entry.key)
        yield entry
    if not way.whole or not way.statuses.cancelled:
        return
    for key in sorted(_coming_instances(store, source, way) - seen):
        yield Incoming({ID: key, STATUS: way.statuses.cancelled[0]}, f"UID {key}", key, if_known=True)


def _coming_instances(store: Store, source: str, way: Way) -> set[str]:
    """Return the source's own ids of booked instances ahead, of series that were read whole."""
    from coachsync.bookings.ics import AHEAD, stamp_of

    whole = way.whole or ()
    prefix = f"{source}:" if source else ""
    keys = {i.removeprefix(prefix) for i in store.ledger.said_by(source)}
    near = {
        key
        for key in keys
        if key.rpartition("/")[0] in whole
        and (original := stamp_of(key)) is not None
        and way.now < original < way.now + AHEAD - DAY
    }
    sessions = store.bookings.by_ids([f"{prefix}{key}" for key in near]) if near else {}
    bookable = way.statuses.bookable
    return {i.removeprefix(prefix) for i, s in sessions.items() if s.status in bookable and s.start > way.now}
