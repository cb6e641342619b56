"""Bookings in a calendar (RFC 5545), as Google, Outlook, Apple and others write them.

Each event stands alone: the events of one UID are read together, and what is wrong with them spoils no other. A single
event is a booking by its UID; of a series each instance within the horizon is one, by UID and *original* start, so that
an instance that is moved or cancelled stays the same booking. `recurring_ical_events` computes the instances.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from coachsync.bookings.fields import DURATION, ID, START, STATUS, WHO, Fields, Source, Way, plain
from coachsync.bookings.incoming import Incoming, Unreadable, UnusableInputError
from coachsync.bookings.invited import Invited, as_fields, invited
from coachsync.bookings.times import NoTime, in_zone, length_between
from coachsync.domain.flaws import shown
from coachsync.domain.model import DAY, Millis

if TYPE_CHECKING:
    from coachsync.config.settings import StatusSettings

AHEAD: Millis = 60 * DAY
BEHIND: Millis = 7 * DAY  # what ended before is of no use: rooms that are left open are taken over within this time
_TZID = re.compile(r';TZID="?([^":;,]+)', re.IGNORECASE)
_STAMP = re.compile(r"/(\d{8}T\d{6}Z)$")
_STAMPED = "%Y%m%dT%H%M%SZ"
_NEVER = ("SECONDLY", "MINUTELY", "HOURLY")
_WHY = "it needs the extra ics: icalendar and recurring-ical-events are not installed"
_INSTALL = "install it: pip install 'coachsync[ics]'"
_EARLIEST_YEAR = 1900


class _Text(NamedTuple):
    """A calendar taken apart: what holds for all of it, its zones by name, its events as text by UID."""

    zone: str
    cancelled: bool
    zones: dict[str, str]
    events: dict[str, list[str]]
    unreadable: list[Unreadable]


def stamp_of(key: str) -> Millis | None:
    """Return the original start that a booking's own id ends with, None if it is no instance of a series."""
    found = _STAMP.search(key)
    try:
        return None if found is None else _millis(datetime.strptime(found[1], _STAMPED).replace(tzinfo=UTC))
    except ValueError:
        return None


def read_calendar(data: bytes, way: Way) -> Iterator[Incoming | Unreadable]:
    """Yield the bookings of a calendar from a week ago to 60 days ahead. Raises UnusableInputError if it is none."""
    _require_extra()
    from icalendar.timezone import tzp

    calendar = _taken_apart(data)
    zone = way.zone or _zone(calendar.zone)
    reader = _Reader(way, zone, calendar.cancelled)
    yield from calendar.unreadable
    tzp.use_default()  # which forgets zones that another calendar defined under the same name
    try:
        for uid, events in calendar.events.items():
            yield from reader.entries(uid, _alone(events, calendar.zones))
    finally:
        tzp.use_default()


def _require_extra() -> None:
    try:
        import icalendar  # noqa: F401 - asked for early, to say how it is installed
        import recurring_ical_events  # noqa: F401
    except ImportError:
        raise UnusableInputError(_WHY, _INSTALL) from None


def _taken_apart(data: bytes) -> _Text:
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    found = _Text(*_of_all(text), {}, {}, [])
    open_at = 0
    kind = ""
    lines: list[str] = []
    depth = 0
    for number, line in _unfolded(text):
        name = line.strip().upper()
        if name in ("BEGIN:VEVENT", "BEGIN:VTIMEZONE") and (not kind or name == "BEGIN:VEVENT"):
            if kind == "VEVENT":
                found.unreadable.append(_without_end(open_at))
            kind, lines, depth, open_at = name[6:], [line], 0, number
        elif kind and name == f"END:{kind}":
            _keep(found, kind, [*lines, line], open_at)
            kind = ""
        elif kind == "VEVENT" and name.startswith("BEGIN:"):
            depth += 1  # an alarm, say: of no use
        elif kind == "VEVENT" and name.startswith("END:"):
            depth = max(depth - 1, 0)
        elif kind and not depth and line.strip():
            lines.append(line)
    if kind == "VEVENT":
        found.unreadable.append(_without_end(open_at))
    return found


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line, and the number on which it begins; one that begins with a blank goes on with the one before."""
    begins, parts = 1, [""]
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in (" ", "\t"):
            parts.append(line[1:])
            continue
        yield begins, "".join(parts)
        begins, parts = number, [line]
    yield begins, "".join(parts)


def _without_end(line: int) -> Unreadable:
    return Unreadable(f"line {line}", "the event has no end", "export the calendar again")


def _of_all(text: str) -> tuple[str, bool]:
    """Return the calendar's own zone, and whether all its events are cancellations. Raises UnusableInputError."""
    if not text.lstrip()[:15].upper().startswith("BEGIN:VCALENDAR"):
        hint = "give the address or the file that ends in .ics, not the page that shows the calendar"
        raise UnusableInputError("it is no calendar: it does not begin with BEGIN:VCALENDAR", hint)
    zone = re.search(r"^X-WR-TIMEZONE(?:;[^:\n]*)?:(.+?)\s*$", text, re.MULTILINE | re.IGNORECASE)
    method = re.search(r"^METHOD:CANCEL\s*$", text, re.MULTILINE | re.IGNORECASE)
    return zone[1] if zone else "", method is not None


def _keep(found: _Text, kind: str, lines: list[str], at: int) -> None:
    body = "\n".join(lines) + "\n"
    name = "TZID" if kind == "VTIMEZONE" else "UID"
    value = next((v for v in (_value_of(line, name) for line in lines) if v), "")
    if kind == "VTIMEZONE":
        found.zones[value] = body
    elif not value:
        found.unreadable.append(Unreadable(f"line {at}", "the event has no UID", "export the calendar again"))
    else:
        found.events.setdefault(value, []).append(body)


def _value_of(line: str, name: str) -> str:
    head, colon, value = line.partition(":")
    return value.strip() if colon and head.partition(";")[0].upper() == name else ""


def _alone(events: list[str], zones: Mapping[str, str]) -> str:
    """Return a calendar of one UID's events alone, with the zones that they name."""
    body = "".join(events)
    named = {zone for zone in _TZID.findall(body) if zone in zones}
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-\n{''.join(zones[z] for z in sorted(named))}{body}END:VCALENDAR\n"


def _zone(name: str) -> tzinfo | None:
    from coachsync.config.zones import Odd, zone_named

    found = zone_named(name) if name else None
    return None if isinstance(found, Odd) else found


class _BadEventError(Exception):
    """What is wrong with one UID's events, and what to do."""

    def __init__(self, reason: str, hint: str = "correct the event in the calendar") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class _Reader:
    """Reads the events of one UID after the other."""

    def __init__(self, way: Way, zone: tzinfo | None, cancelled: bool) -> None:
        self._way = way
        self._zone = zone
        self._all_cancelled = cancelled
        self._since = way.now - BEHIND
        self._until = way.now + AHEAD
        self._people = {
            f: s for f, s in way.sources.items() if f in WHO and plain(s.column) in ("attendee", "organizer")
        }
        self._mapped = {field: source for field, source in way.sources.items() if field not in self._people}
        self._fields = Fields(way._replace(sources=self._mapped, zone=zone))

    def entries(self, uid: str, text: str) -> Iterator[Incoming | Unreadable]:
        """Yield the bookings of one UID's events."""
        try:
            yield from self._entries(uid, text)
        except _BadEventError as bad:
            yield Unreadable(f"UID {uid}", bad.reason, bad.hint, uid)
        except Exception as problem:  # noqa: BLE001 - the libraries raise many kinds of errors for text that is none
            why = shown(str(problem)) if str(problem) else type(problem).__name__
            yield Unreadable(f"UID {uid}", f"the event cannot be read: {why}", "correct the event in the calendar", uid)

    def _entries(self, uid: str, text: str) -> Iterator[Incoming | Unreadable]:
        import icalendar

        calendar = icalendar.Calendar.from_ical(text)
        events = list(calendar.walk("VEVENT"))
        series = any(name in event for event in events for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
        if any(self._near(event) for event in events):
            for event in events:
                _require_sound(event)
            if series:
                # one that was a single event before goes on as its instances
                yield Incoming({ID: uid, STATUS: self._cancelled()}, f"UID {uid}", uid, if_known=True)
                yield from self._left_out(uid, events)
            shifts = _shifts(events)
            for instance in self._instances(calendar, events):
                yield self._instance(uid, instance, shifts, series=series)
        yield from self._far(uid, events, series=series)
        ruled = any(name in event for event in events for name in ("RRULE", "RDATE"))
        if self._way.whole is not None and (ruled or not series):  # single instances may be a window's
            self._way.whole.add(uid)

    def _far(self, uid: str, events: list[Any], *, series: bool) -> Iterator[Incoming]:
        """Yield what was moved out of the horizon: the store may have it at its former time."""
        moved = [event for event in events if not series or "RECURRENCE-ID" in event]
        if not series:
            moved = [max(moved, key=lambda event: int(event.get("SEQUENCE", 0)))]
        for event in moved:
            try:
                found = self._instance(uid, event, {}, series=series)
            except Exception:  # noqa: BLE001, S112 - it is too far away to be told of
                continue
            start = found.fields.get(START) if isinstance(found, Incoming) else None
            if isinstance(found, Incoming) and isinstance(start, int) and not self._since <= start <= self._until:
                yield found._replace(if_known=True)

    def _near(self, event: Any) -> bool:
        """Return whether an event may be within the horizon, before anything of it is computed."""
        if any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID", "EXDATE")) or "DTSTART" not in event:
            return True
        start = event["DTSTART"].dt
        if not isinstance(start, datetime):
            return self._since - DAY <= _millis(datetime(start.year, start.month, start.day, tzinfo=UTC)) <= self._until
        return self._since - 2 * DAY <= _millis(start.replace(tzinfo=start.tzinfo or UTC)) <= self._until + DAY

    def _instances(self, calendar: Any, events: list[Any]) -> list[Any]:
        from recurring_ical_events import of

        since, until = (datetime.fromtimestamp(at / 1000, UTC) for at in (self._since, self._until))
        floating = all(e["DTSTART"].dt.tzinfo is None for e in events)
        if floating:  # compared as it stands, a day wider: which moments they are is found out below
            since, until = (at.replace(tzinfo=None) for at in (since - timedelta(days=1), until + timedelta(days=1)))
        found = of(calendar).between(since, until)
        return sorted(found, key=lambda event: str(event["DTSTART"].dt))

    def _left_out(self, uid: str, events: list[Any]) -> Iterator[Incoming]:
        """Yield the instances that a series leaves out: they are gone if the store has them."""
        for event in events:
            listed = event.get("EXDATE", [])
            for left_out in listed if isinstance(listed, list) else [listed]:
                for one in left_out.dts:
                    moment = in_zone(one.dt, self._zone, str(one.dt)) if isinstance(one.dt, datetime) else None
                    if isinstance(moment, int) and self._since <= moment <= self._until:
                        key = f"{uid}/{_stamp(moment)}"
                        yield Incoming({ID: key, STATUS: self._cancelled()}, f"UID {key}", key, if_known=True)

    def _instance(
        self, uid: str, event: Any, shifts: Mapping[Any, timedelta], *, series: bool
    ) -> Incoming | Unreadable:
        """Return one instance's booking."""
        where, key = f"UID {uid}", uid
        start = self._moment(event, event["DTSTART"].dt)
        if series:
            original = self._moment(event, _original(event, shifts))
            if isinstance(original, NoTime):
                return Unreadable(where, original.reason, original.hint, uid)
            key = f"{uid}/{_stamp(original)}"
            where = f"UID {key}"
        if isinstance(start, NoTime):
            return Unreadable(where, start.reason, start.hint, key)
        row: dict[str, Any] = {ID: key, START: start, STATUS: self._status(event)}
        if "DTEND" in event or "DURATION" in event:
            end = self._moment(event, event.end)
            minutes = end if isinstance(end, NoTime) else length_between(start, end)
            if isinstance(minutes, NoTime):
                return Unreadable(where, minutes.reason, minutes.hint, key)
            row[DURATION] = minutes
        row |= self._people_of(event)
        mapped = {source.column: _column(event, source) for source in self._mapped.values()}
        if ID in self._mapped and series:
            column = self._mapped[ID].column
            mapped[column] = f"{mapped[column]}/{key.rpartition('/')[2]}" if mapped[column] else None
        return self._fields.incoming(row | mapped, where)

    def _moment(self, event: Any, moment: Any) -> Millis | NoTime:
        """Return the moment of a date and time of an event; a change of clocks leaves none open."""
        if not isinstance(moment, datetime):
            return NoTime("it is an all-day event", "give it a time, or leave it out of this calendar")
        if moment.tzinfo is None:
            return in_zone(moment, self._zone, moment.isoformat())
        return in_zone(moment.replace(tzinfo=None), moment.tzinfo, moment.replace(tzinfo=None).isoformat())

    def _status(self, event: Any) -> str:
        said = str(event.get("STATUS", "CONFIRMED")).strip().upper()
        if said in ("CANCELLED", "CANCELED") or self._all_cancelled:
            return self._cancelled()
        statuses = self._way.statuses
        return statuses.bookable[0] if said in ("CONFIRMED", "") and "CONFIRMED" not in statuses.bookable else said

    def _cancelled(self) -> str:
        return _cancelled(self._way.statuses)

    def _people_of(self, event: Any) -> dict[str, Any]:
        """Return who is invited, by field; who is named by --map in another way is left to that."""
        found: Invited = invited(event, self._way.people)
        kinds = {kind: plain(source.column) for kind, source in self._people.items()}
        taken = {field.removesuffix("DiscordId").removesuffix("DiscordName") for field in self._mapped}
        return as_fields(found, kinds, taken)


def _cancelled(statuses: StatusSettings) -> str:
    return statuses.cancelled[0] if statuses.cancelled else "CANCELLED"


def _require_sound(event: Any) -> None:
    """Raise _BadEventError for what cannot be computed, or not in any time."""
    if "DTSTART" not in event:
        raise _BadEventError("the event has no start")
    start = event["DTSTART"]
    if not isinstance(start.dt, datetime):
        raise _BadEventError("it is an all-day event", "give it a time, or leave it out of this calendar")
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        moment = event.get(name)
        if moment is None:
            continue
        if isinstance(moment, list):
            raise _BadEventError(f"the event has several {name}")
        zone = moment.params.get("TZID")
        if zone and isinstance(moment.dt, datetime) and moment.dt.tzinfo is None:
            raise _BadEventError(f"its zone {shown(str(zone))} is no time zone, and the calendar does not describe it")
    if not isinstance(event.get("DTEND", start).dt, datetime):
        raise _BadEventError("it ends on a day without a time")
    if start.dt.year < _EARLIEST_YEAR:
        raise _BadEventError(f"it starts in the year {start.dt.year}")
    if "EXRULE" in event:
        raise _BadEventError("it leaves out instances by a rule (EXRULE)", "leave them out one by one")
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        _require_sound_rule(rule)


def _require_sound_rule(rule: Any) -> None:
    interval = rule.get("INTERVAL", [1])
    often = str((rule.get("FREQ") or ["?"])[0]).upper() in _NEVER
    several = any(len(rule.get(part, [])) > 1 for part in ("BYSECOND", "BYMINUTE")) or len(rule.get("BYHOUR", [])) > 24
    if often or several:
        raise _BadEventError("it is repeated several times an hour")
    if any(not isinstance(step, int) or step < 1 for step in (interval if isinstance(interval, list) else [interval])):
        raise _BadEventError("its rule repeats it without ever going on (INTERVAL)")


def _shifts(events: list[Any]) -> dict[Any, timedelta]:
    """Return how far the instances from a moved one on are moved, by what they name as their original start."""
    moved = [
        event
        for event in events
        if str(event.get("RECURRENCE-ID", None) and event["RECURRENCE-ID"].params.get("RANGE", "")) == "THISANDFUTURE"
    ]
    return {
        event["RECURRENCE-ID"].dt: event["DTSTART"].dt.replace(tzinfo=None)
        - event["RECURRENCE-ID"].dt.replace(tzinfo=None)
        for event in moved
        if isinstance(event["RECURRENCE-ID"].dt, datetime)
    }


def _original(event: Any, shifts: Mapping[Any, timedelta]) -> date:
    """Return when an instance would have started if nobody had moved it."""
    named = event.get("RECURRENCE-ID")
    start: datetime = event["DTSTART"].dt
    if named is None:
        return start
    original: date = named.dt
    if original in shifts:
        return start - shifts[original]
    return original


def _stamp(moment: Millis) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


def _millis(moment: datetime) -> Millis:
    return int(moment.timestamp() * 1000)


def _column(event: Any, source: Source) -> str | None:
    """Return what an event says by the name of a property, or where a regular expression finds it in its text."""
    column = source.column
    if len(column) > 2 and column.startswith("/") and column.endswith("/"):
        found = re.search(column[1:-1], str(event.get("DESCRIPTION", "")))
        return (found[1] if found.re.groups else found[0]) if found else None
    value = event.get(column.upper())
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else str(value).strip() or None
