"""Which column of a file is which field of a booking: by `--map`, or by the contract's names in any spelling.

A row is a dict by column. It becomes fields by JSON key (CONTRACT §4), times in milliseconds and lengths in minutes;
what a field holds is judged later, by `domain.booking`, in the words that runs use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from coachsync.bookings.incoming import Incoming, Unreadable
from coachsync.bookings.times import NoTime, as_strptime, length_between, read_minutes, read_time, unfit_format
from coachsync.domain.flaws import shown
from coachsync.domain.snowflake import bare_id, is_snowflake
from coachsync.store.columns import FIELD_OF, MARK_KEYS

if TYPE_CHECKING:
    from coachsync.config.settings import StatusSettings

ID, STATUS, START, DURATION = "_id", "status", "scheduledDate", "duration"
END, ZONE = "end", "timezone"  # what no store keeps: it becomes a duration, or the zone of the row's own times
WHO = {"student": "student", "coach": "coach"}  # a person by whatever the source calls them
TIMES = (START, END)
_new = tuple.__new__  # half the price of a named tuple's own way, paid for each row


def plain(name: str) -> str:
    """Return a name's letters and digits, without case: "Scheduled Date" and "scheduled_date" are one."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


# what columns are called without --map, the contract's own names first; "start" and "end" as calendars have them
_OWN = {key: key for key in FIELD_OF} | {field: key for key, field in FIELD_OF.items()}
_LOOSE = {plain(name): key for name, key in _OWN.items()} | {
    "start": START,
    "starttime": START,
    "end": END,
    "endtime": END,
    "sessionid": ID,
}
# what --map may name: the same, and what cannot be known by a column's name alone
_MAPPED = _LOOSE | {"id": ID, "timezone": ZONE, "tz": ZONE} | WHO


class Directory(Protocol):
    """Who is meant by a mail address, a name or any other key."""

    def id_of(self, key: str) -> str | None:
        """Return the Discord id of a key, None if it is not known."""


class Source(NamedTuple):
    """Where a field comes from: a column (of a calendar also "/regular expression/"), and of a time its format."""

    column: str
    form: str = ""


class Way(NamedTuple):
    """How an input is read: what is told of it (`--map`, `--tz`, `--table`), and what the configuration says.

    `now`: milliseconds. `foreign`: columns that are no field of a booking are kept under their own names. `whole`:
    where a reader notes the UIDs of which a calendar said all that there is (see `leftout`); None: nobody asks.
    """

    statuses: StatusSettings
    now: int
    sources: Mapping[str, Source] = {}
    zone: tzinfo | None = None
    table: str = "sessions"
    people: Directory | None = None
    foreign: bool = False
    whole: set[str] | None = None


def parse_map(items: Mapping[str, str]) -> dict[str, Source] | str:
    """Return field → source of a mapping as people write it, or what is wrong with it in one sentence."""
    found: dict[str, Source] = {}
    for name, text in items.items():
        field = _MAPPED.get(plain(name))
        if field is None:
            return f"{name!r} is no field of a booking: expected one of {', '.join(_NAMED)}"
        if not text.strip():
            return f"{name}: no column is named"
        if field in found:
            return f"{name}: the same field is named twice"
        flaw = _unfit_expression(text)
        if flaw:
            return f"{name}: {text!r} is no regular expression: {flaw}"
        source = Source(text)
        if field in TIMES:
            source = _with_format(text)
            flaw = unfit_format(source.form) if source.form else ""
            if flaw:
                return f"{name}: the format {source.form!r} reads no time: {flaw}"
            source = source._replace(form=as_strptime(source.form) if source.form else "")
        found[field] = source
    return found


def _unfit_expression(text: str) -> str:
    """Return what is wrong with "/an expression/", "" if nothing is, or it is none."""
    if len(text) < 3 or not (text.startswith("/") and text.endswith("/")):
        return ""
    try:
        re.compile(text[1:-1])
    except (re.error, RecursionError, OverflowError) as problem:
        return str(problem)
    return ""


_NOT_TOLD = (ID, STATUS, START, *MARK_KEYS)
_NAMED = ("id", "status", "start", "end", "timezone", *WHO, *(key for key in FIELD_OF if key not in _NOT_TOLD))


def _with_format(text: str) -> Source:
    """Split COLUMN:FORMAT; a colon that no format follows is the column's own."""
    column, colon, form = text.partition(":")
    looks = form in ("ms", "s", "iso", "timestamp") or "%" in form or "YY" in form
    return Source(column, form) if colon and column and looks else Source(text)


class Fields:
    """Reads rows of one input. What columns they have is found out once for each set of columns."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._statuses = frozenset((*way.statuses.bookable, *way.statuses.cancelled))
        self._columns: tuple[str, ...] = ()
        self._plan = _plan_of((), way)
        self._as_it_is = False
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def incoming(self, row: dict[str, Any], where: str) -> Incoming | Unreadable:
        """Return what a row says. A time or a length that cannot be read makes it unreadable."""
        columns = tuple(row)
        if columns != self._columns:
            plan = self._plans.get(columns)
            if plan is None:
                plan = self._plans[columns] = _plan_of(columns, self._way)
            self._columns, self._plan, self._as_it_is = columns, plan, plan.as_it_is
        if self._as_it_is:
            # most rows of most files: the contract's own keys, with values that need no reading
            key, start, status = row[ID], row[START], row[STATUS]
            if type(start) is float and start.is_integer():  # as JavaScript's databases export numbers
                start = row[START] = int(start)
            if type(start) is int and type(key) is str and key and type(status) is str and status in self._statuses:
                lasts = row.get(DURATION, 0)
                if type(lasts) is float and lasts.is_integer():
                    lasts = row[DURATION] = int(lasts)
                if lasts is None or type(lasts) is int:
                    return _new(Incoming, (row, where, key, False))
        return self._read(row, where, self._plan)

    def _read(self, row: dict[str, Any], where: str, plan: _Plan) -> Incoming | Unreadable:
        values = {field: _value(row, source.column) for field, source in plan.sources.items()}
        ours = plan.sources.get(ID, Source("")).column == ID and ID not in self._way.sources
        key = _key(values.get(ID), exact=ours)
        if not isinstance(key, str) or not key:
            what = "is missing" if key is None else f"is {shown(key)}, not a non-empty text"
            hint = "give the booking an id: any non-empty text that is its own"
            if type(key) is int:
                hint = "write it as text, in quotes; or say that numbers are ids there: --map id=_id"
            return Unreadable(where, f"_id {what}", hint)
        problem = self._times(values, plan)
        if problem is not None:
            return Unreadable(where, problem.reason, problem.hint, key)
        for kind in WHO:
            if kind in values:
                self._who(values, kind, values.pop(kind))
        fields = {field: values[field] for field in FIELD_OF if field in values} | {ID: key}
        if STATUS in fields:
            fields[STATUS] = as_status(fields[STATUS], self._way.statuses)
        fields |= {column: row[column] for column in plan.foreign}
        return Incoming(fields, where, key)

    def _times(self, values: dict[str, Any], plan: _Plan) -> NoTime | None:
        """Read the row's times in place; an end becomes a duration. Return what is wrong with them."""
        zone = self._way.zone
        named = values.pop(ZONE, None)
        if named is not None and named != "":
            zone = _zone(named)
            if zone is None:
                return NoTime(f"timezone is {str(named)[:40]!r}, which is no time zone", "name one as Europe/Berlin")
        for field in TIMES:
            value = values.get(field)
            if value is None or value == "":
                continue
            found = read_time(value, plan.sources[field].form, zone)
            if isinstance(found, NoTime):
                called, column = "start" if field == START else "end", plan.sources[field].column
                hint = found.hint.replace("start=COLUMN", f"{called}={column}")
                return NoTime(f"{called}: {found.reason}", hint)
            values[field] = found
        if DURATION in values:
            values[DURATION] = read_minutes(values[DURATION])
        end = values.pop(END, None)
        start = values.get(START)
        if end is None or end == "" or not isinstance(start, int):
            return None
        minutes = length_between(start, end)
        if isinstance(minutes, NoTime):
            return minutes
        given = values.get(DURATION)
        if given is not None and given != minutes:
            return NoTime(f"duration is {given}, but from start to end it is {minutes} minutes", "correct one of them")
        values[DURATION] = minutes
        return None

    def _who(self, values: dict[str, Any], kind: str, value: object) -> None:
        """Take a person by whatever the source calls them: an id, a key of the people's file, else their name."""
        text = value.strip() if isinstance(value, str) else value
        if not isinstance(text, str) or not text:
            values.setdefault(f"{kind}DiscordId", value if text else None)
            return
        found = person_of(text, self._way.people)
        values.setdefault(f"{kind}DiscordId", found)
        if found is None and text.startswith("@") and f"{kind}DiscordName" in FIELD_OF:
            values.setdefault(f"{kind}DiscordName", text)
        elif not is_snowflake(bare_id(text)):
            values.setdefault(f"{kind}Name", text)


def fields_of(columns: tuple[str, ...], way: Way) -> dict[str, str]:
    """Return field → column, as rows of these columns are read."""
    return {field: source.column for field, source in _plan_of(columns, way).sources.items()}


class _Plan(NamedTuple):
    """Where each field stands in rows of these columns, and what else is kept of them."""

    sources: dict[str, Source]
    foreign: tuple[str, ...]
    as_it_is: bool


def _plan_of(columns: tuple[str, ...], way: Way) -> _Plan:
    """Return where each field stands in rows of these columns: as `way` maps them, else by their names."""
    chosen = {field: source for field, source in way.sources.items() if _there(source.column, columns)}
    taken = {column for source in chosen.values() for column in _parts(source.column, columns)}
    free = [column for column in columns if column not in taken]
    for table in (_OWN, _LOOSE):
        for column in free:
            field = table.get(column if table is _OWN else plain(column))
            if field is not None and field not in chosen and _people_unmapped(field, chosen):
                chosen[field] = Source(column)
                taken.add(column)
        free = [column for column in free if column not in taken]
    foreign = tuple(column for column in free if plain(column) not in _LOOSE) if way.foreign else ()
    own = all(source.column == field and not source.form for field, source in chosen.items())
    as_it_is = own and {ID, START} <= chosen.keys() and len(foreign) == len(free) and STATUS in chosen
    return _Plan(chosen, foreign, as_it_is and not way.sources)


def person_of(text: str, people: Directory | None) -> str | None:
    """Return a person's id by what a source calls them: the id itself, a mention, or a key of the people's file."""
    bare = bare_id(text)
    if is_snowflake(bare):
        return bare
    return people.id_of(text) if people is not None else None


def as_status(value: object, statuses: StatusSettings) -> object:
    """Return a status as the configuration spells it; others as they are."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in statuses.bookable or text in statuses.cancelled:
        return text
    known = {plain(status): status for status in (*statuses.cancelled, *statuses.bookable)}
    if statuses.cancelled:
        known = dict.fromkeys(("cancelled", "canceled"), statuses.cancelled[0]) | known
    return known.get(plain(text), text)


def _people_unmapped(field: str, chosen: Mapping[str, Source]) -> bool:
    """Return whether a person's field may be taken by its name: not if --map says who that is."""
    return not any(kind in chosen and field in (f"{kind}DiscordId", f"{kind}DiscordName") for kind in WHO)


def _there(column: str, columns: tuple[str, ...]) -> bool:
    return bool(_parts(column, columns))


def _parts(column: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that are meant: the one of that name, or that it begins with before a "." (a value within
    an object), else several joined by "+" (a day and a time)."""
    if column in columns:
        return (column,)
    if (outer := column.partition(".")[0]) in columns:
        return (outer,)
    parts = tuple(part.strip() for part in column.split("+"))
    if len(parts) > 1 and all(part in columns for part in parts):
        return parts
    spelled = [one for one in columns if plain(one) == plain(column)]
    return (spelled[0],) if len(spelled) == 1 else ()


def _value(row: dict[str, Any], column: str) -> Any:
    if column in row:
        return row[column]
    outer, dot, inner = column.partition(".")
    if dot and outer in row:
        return _within(row[outer], inner)
    parts = _parts(column, tuple(row))
    if len(parts) == 1:
        return row[parts[0]]
    joined = " ".join(str(row[part]).strip() for part in parts if row[part] is not None)
    return joined or None


def _within(value: Any, path: str) -> Any:
    """Return what stands within an object: "a.b" is the `b` of its `a`."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _key(value: object, *, exact: bool) -> object:
    """Return a row's id; a number is one where the source has a name of its own for it."""
    return str(value) if type(value) is int and not exact else value


def _zone(name: object) -> tzinfo | None:
    from coachsync.config.zones import Odd, zone_named

    if not isinstance(name, str):
        return None
    found = zone_named(name.strip())
    return None if isinstance(found, Odd) else found
