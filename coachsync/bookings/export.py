"""Bookings for other programs: as a table, and as a calendar that names nobody unless it is asked to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coachsync.bookings.incoming import UnusableInputError
from coachsync.domain.booking import is_start, whole
from coachsync.domain.model import Millis, Session
from coachsync.store.columns import FIELD_OF

if TYPE_CHECKING:
    from coachsync.config.settings import StatusSettings

_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "'")  # what a spreadsheet would compute, or take away


def table(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table (RFC 4180) of the contract's fields, its times in ISO 8601; `sessions import` takes it back."""
    yield _record(FIELD_OF)
    for row in rows:
        yield _record(_cell(key, row.get(key)) for key in FIELD_OF)


def _record(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key == "scheduledDate" and is_start(value):
        moment = datetime.fromtimestamp((whole(value) or 0) / 1000, UTC)
        return moment.isoformat(timespec="seconds" if moment.microsecond == 0 else "milliseconds").replace(
            "+00:00", "Z"
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        from json import dumps

        return dumps(value)
    text = str(value).encode("utf-8", "replace").decode()
    return f"'{text}" if text.startswith(_COMPUTED) else text


def calendar(sessions: Iterable[Session], statuses: StatusSettings, now: Millis, *, names: bool) -> Iterator[str]:
    """Yield a calendar (RFC 5545) of the bookings that can be read: a booking's id is its event's UID.

    Who takes part stands in it only with `names`, and by name alone. Raises UnusableInputError without the extra.
    """
    try:
        from icalendar import Event
    except ImportError:
        why = "a calendar needs the extra ics: icalendar is not installed"
        raise UnusableInputError(why, "install it: pip install 'coachsync[ics]'") from None
    yield "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//coachsync//sessions export//EN\r\n"
    for session in sessions:
        if session.flaw is not None:
            continue
        event = Event()
        event.add("uid", session.id)
        event.add("dtstamp", _moment(now))
        event.add("dtstart", _moment(session.start))
        event.add("dtend", _moment(session.end))
        event.add("status", "CANCELLED" if session.status in statuses.cancelled else "CONFIRMED")
        event.add("summary", _summary(session) if names else "Coaching")
        yield event.to_ical().decode("utf-8", "replace")
    yield "END:VCALENDAR\r\n"


def _summary(session: Session) -> str:
    named = " with ".join(name for person in session.people if (name := person.name.strip()))
    return f"Coaching: {named}" if named else "Coaching"


def _moment(at: Millis) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)
