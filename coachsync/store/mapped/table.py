# ruff: noqa: S608  names are quoted, `where` is the operator's own SQL, every value is a parameter
"""The SQL that reads another system's table as bookings, and what is made of its rows. The same for every database.

What is asked of the table's times are ranges of the column itself, so that an index of it serves; which rows are in
the range to the millisecond is decided when they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from typing import Any, NamedTuple

from coachsync.domain.booking import EARLIEST, LATEST, is_start, whole
from coachsync.domain.clocktimes import TEXT_FORMS, Misread, at_utc, read_time
from coachsync.domain.flaws import shown
from coachsync.domain.mapping import TableMapping
from coachsync.domain.model import MINUTE, Millis, Span
from coachsync.store.columns import FIELDS, IDS, MARKS

READ = (*FIELDS, "end")
USER_NAMES = ("student_discord_name", "coach_discord_name")
_FIRST_DAY, _LAST_DAY = "2014-12-31", "2101-01-02"  # of text: one day more than can count, for any zone


class ForeignTable(NamedTuple):
    """Another system's table as it was found.

    `columns`: field → column, of those that are there. `table` and `number` are SQL: the table, and what numbers its
    rows ("0" if nothing does). `unique_id`: an id cannot occur twice. `typeless_id`: the id is computed, and has to be
    compared as text. `start_number` is the SQL that makes a number of the start, if it is kept as text, which compares
    by letters. `empty` is what
    our marks are cleared with if their columns refuse NULL. `derived_status`: the status is computed.
    """

    mapping: TableMapping
    columns: Mapping[str, str]
    table: str
    number: str = "0"
    unique_id: bool = False
    typeless_id: bool = False
    start_number: str = ""
    empty: Mapping[str, Any] = {}
    derived_status: bool = False
    zone: tzinfo | None = None

    @property
    def id(self) -> str:
        """Return the id's column as SQL compares it with text."""
        quoted = quote(self.columns["id"])
        return f"CAST({quoted} AS TEXT)" if self.typeless_id else quoted

    @property
    def start(self) -> str:
        """Return the start's column as SQL compares it with a bound."""
        return self.start_number or quote(self.columns["scheduled_date"])

    def select(self, condition: str = "", what: str = "") -> str:
        """Return the query for rows as `fields` takes them, or for something else of them."""
        listed = ", ".join(quote(self.columns[f]) if f in self.columns else "NULL" for f in READ)
        wanted = [f"({part})" for part in (self.narrowed, condition) if part]
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        return f"SELECT {what or f'{self.number}, {listed}'} FROM {self.table}{where}"

    @property
    def narrowed(self) -> str:
        """Return `[store] where`; a comment at its end comments nothing of ours."""
        return f"\n{self.mapping.where}\n" if self.mapping.where.strip() else ""

    def within(self, since: Millis, until: Millis) -> tuple[Any, Any]:
        """Return bounds (the first in, the second out) that hold every start from `since` to `until`, or more."""
        if self.mapping.time == "ms":
            return since, until + 1
        if self.mapping.time == "s":
            return since // 1000, until // 1000 + 1
        return f"{at_utc(since) - timedelta(days=1):%Y-%m-%d}", f"{at_utc(until) + timedelta(days=2):%Y-%m-%d}"

    @property
    def sensible(self) -> tuple[Any, Any]:
        """Return the bounds (the first in, the second out) outside which no start makes sense."""
        if self.mapping.time in TEXT_FORMS:
            return _FIRST_DAY, _LAST_DAY
        return self.within(EARLIEST, LATEST - 1)

    def due(self, span: Span) -> tuple[str, list[Any]]:
        """Return the query for all rows that `Rows.due` may have to return, each once."""
        first, last = self.sensible
        since, until = self.within(max(span.since, EARLIEST), min(span.until, LATEST - 1))
        since, until = max(since, first), min(until, last)
        start, args = self.start, [since, until]
        parts = [f"{start} >= ? AND {start} < ?"]
        if self.marks:
            older = max(first, min(self.within(max(span.open_since, EARLIEST), LATEST)[0], since))
            later = max(until, self.within(max(span.open_since, EARLIEST), LATEST)[0])
            parts += [f"{start} >= ? AND {start} < ? AND ({self._open})"] * 2
            args += [older, since, later, last]
        parts += [f"{start} < ?", f"{start} >= ?", f"{start} IS NULL"]
        args += [first, last]
        return " UNION ALL ".join(map(self.select, parts)), args

    @property
    def marks(self) -> tuple[str, ...]:
        """Return those of our marks that the table has columns for."""
        return tuple(field for field in MARKS if field in self.columns)

    @property
    def _open(self) -> str:
        """Return the condition for rows whose marks say that something was made; senseless values count."""
        said = [f"coalesce(CAST({quote(self.columns[f])} AS TEXT), '') NOT IN ('', '0', '0.0')" for f in self.marks
                if f != "discord_cleaned_up"]  # fmt: skip
        return " OR ".join(said) or "1 = 0"

    @property
    def by_name(self) -> str:
        """Return the condition for rows that may name somebody by a Discord user name, "" if none can."""
        said = [f"CAST({quote(self.columns[f])} AS TEXT) <> ''" for f in USER_NAMES if f in self.columns]
        if "participants" in self.columns:
            said.append(f"CAST({quote(self.columns['participants'])} AS TEXT) LIKE '%discordName%'")
        return " OR ".join(said)

    def fields(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Return a row's fields as CONTRACT §4 has them: times in milliseconds, the length in minutes.

        What cannot be read is a `Misread`.
        """
        found = dict(zip(READ, row[1:], strict=True))
        for field in IDS:  # a column of integers holds 64 bits: unlike JavaScript it rounds no id
            if type(found[field]) is int:
                found[field] = str(found[field])
        start = self._time("scheduled_date", found["scheduled_date"])
        ends = found.pop("end")
        if "end" in self.columns and ends is not None:
            found["duration"] = self._length(start, self._time("end", ends), ends)
        return found | {"scheduled_date": start}

    def _time(self, field: str, value: object) -> object:
        mapping = self.mapping
        return read_time(self.columns[field], value, mapping.time, self.zone, mapping.timezone or "")

    def _length(self, start: object, end: object, value: object) -> object:
        begins, ends, name = whole(start), whole(end), self.columns["end"]
        if isinstance(end, Misread) or begins is None or not is_start(begins):
            return end if isinstance(end, Misread) else None
        if ends is None or not is_start(ends):
            return Misread(f"{name} is {shown(value)}, no time of the years 2015 to 2100", "correct it", value)
        if ends <= begins:
            return Misread(f"{name} is {shown(value)}, not after the start", "correct the start or the end", value)
        return (ends - begins) / MINUTE


def quote(name: str) -> str:
    """Return a table's or column's name as SQL text has it."""
    return '"' + name.replace('"', '""') + '"'
