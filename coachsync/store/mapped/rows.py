# ruff: noqa: S608  names are quoted, `where` is the operator's own SQL, every value is a parameter
"""Bookings in a table of another system: the rows, as `store.bookings` asks for them. The same for every database.

The table is only read. Our marks are in its columns as far as those are mapped for that, and in the ledger otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from coachsync.domain.booking import flag, is_start, whole
from coachsync.domain.clocktimes import Misread
from coachsync.domain.marks import Marks, completed, unsaid
from coachsync.domain.model import Millis, Span
from coachsync.errors import ConfigError, RowRefusedError
from coachsync.store.bookings import Edit, Found
from coachsync.store.columns import FIELDS, KEY_OF, MARKS
from coachsync.store.importing import as_json
from coachsync.store.mapped.table import ForeignTable, quote
from coachsync.store.sql import Row, Sql

if TYPE_CHECKING:
    from coachsync.store.ledger.ledger import Ledger
    from coachsync.store.ledger.writer import LedgerWriter

Fields = dict[str, Any]


def only_read(source: ForeignTable) -> ConfigError:
    """Say that bookings of another system's table are not ours to write."""
    key = "[store] table" if source.mapping.table != "sessions" or not source.mapping.columns else "[store.columns]"
    return ConfigError(
        f"{key} makes {source.mapping.table}, another system's table, the store: its bookings are only read",
        "make the change in that system; runs see it at once",
    )


class MappedRows:
    """See `store.bookings.Rows`. `separate`: the ledger is in another database.

    `key` makes a parameter of an id and `text` one of other text; `prove` raises StoreError if columns that are mapped
    to be written may not be.
    """

    def __init__(
        self,
        sql: Sql,
        source: ForeignTable,
        ledger: Ledger,
        key: Callable[[str], object],
        *,
        separate: bool,
        text: Callable[[str], object] | None = None,
        prove: Callable[[], None] = lambda: None,
    ) -> None:
        self._db = sql
        self._source = source
        self._ledger = ledger
        self._key = key
        self._text = text or key
        self._prove = prove
        self._separate = separate
        self._slot = sql.words["key"]
        self._id = source.id
        self.refused_statuses: dict[str, str] = {}

    def due(self, span: Span) -> Iterable[Found]:
        """Return the rows a tick must look at, by index."""
        sql, args = self._source.due(span)
        rows = self._db.all(sql, args)
        listed = {row[1] if isinstance(row[1], str) else str(row[1]) for row in rows}
        marked = [i for i in self._ledger.marked_open() if i not in listed]
        if marked:
            rows += self._db.among(self._named, map(self._key, marked), self._slot)
        return self._found([(row, fields) for row, fields in self._read(rows) if _is_due(fields, span)])

    def named(self, ids: Collection[str]) -> Iterable[Found]:
        """Return the rows of these ids."""
        return self._found(self._read(self._db.among(self._named, map(self._key, ids), self._slot)))

    def all(self) -> Iterable[Found]:
        """Return every row, by start, then by id."""
        twice: set[object] = set()
        if not self._source.unique_id:
            twice = {row[0] for row in self._db.all(self._twice(""))}
        return self._all(twice)

    def alike(self, session_id: str) -> Iterable[Found]:
        """Return every row that bears this id."""
        return [Found(row[0], fields) for row, fields in self._read(self._of(session_id))]

    def ids(self, endings: Collection[str] | None = None) -> Iterable[str]:
        """Return every id that is text, or those whose last 8 characters are among `endings`."""
        column = quote(self._source.columns["id"])
        if endings is None:
            rows: Iterable[Row] = self._db.each(self._source.select(what=column))
        else:
            ending = self._db.words["ending"].format(column=f"CAST({column} AS TEXT)")
            sql = self._sql(f"{ending} IN ({{}})", column)
            rows = self._db.among(sql, map(self._text, endings), self._slot)
        return (str(row[0]) for row in rows if isinstance(row[0], (str, int)) and row[0] != "")

    def near(self, moment: Millis, limit: int, beginning: str) -> Iterable[Found]:
        """Return what starts next after a moment, then what started last before it."""
        first, last = self._source.within(moment, moment)
        start = self._source.start
        coming = self._nearest(f"{start} >= ?", first, "", limit, beginning, lambda at: at >= moment)
        rest = limit - len(coming)
        past = self._nearest(f"{start} < ?", last, " DESC", rest, beginning, lambda at: at < moment) if rest else []
        return self._found([*coming, *past])

    def by_user_name(self, moment: Millis) -> Iterable[Found]:
        """Return the rows that start after a moment and name somebody by a Discord user name, by start."""
        named = self._source.by_name
        if not named:
            return []
        first, last = self._source.within(moment, moment)[0], self._source.sensible[1]
        start = self._source.start
        sql = f"{self._source.select(f'{start} >= ? AND {start} < ? AND ({named})')} ORDER BY {start}"
        found = self._read(self._db.all(sql, (first, last)))
        return self._found([(row, fields) for row, fields in found if (whole(fields["scheduled_date"]) or 0) > moment])

    def guild_ids(self) -> Iterable[object]:
        """Return what the rows name as their guild, each once; an integer as its digits."""
        if "guild_id" not in self._source.columns:
            return []
        guild = quote(self._source.columns["guild_id"])
        rows = self._db.all(self._source.select(f"{guild} IS NOT NULL", f"DISTINCT {guild}"))
        return [str(row[0]) for row in rows]

    def is_empty(self) -> bool:
        """Return whether there is no row at all."""
        return self._db.one(f"{self._source.select(what='1')} LIMIT 1") is None

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's mapped fields by JSON key, or None."""
        found = [_json_row(fields) for _, fields in self._read(self._of(session_id))]
        return found[0] if found else None

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's mapped fields by JSON key, by start: other columns are none of ours."""
        for found in self._all(set()):
            yield _json_row(found.fields or {})

    def view(self) -> NoReturn:
        """Raise ConfigError: what a look is for would be refused."""
        raise only_read(self._source)

    def edit(self, change: Callable[[Edit], None]) -> NoReturn:
        """Raise ConfigError: the bookings are another system's."""
        del change
        raise only_read(self._source)

    def edit_within(self, change: Callable[[Edit], None]) -> NoReturn:
        """Raise ConfigError: the bookings are another system's."""
        self.edit(change)

    def why_foreign(self) -> str:
        """Say whose the table is."""
        return "[store] table makes it another system's, which is only read"

    @contextmanager
    def marking(self, ledger: LedgerWriter) -> Iterator[Callable[[Marks], bool]]:
        """Yield what writes marks: in the ledger's transaction, and in one of the table's own if that is elsewhere."""

        def mark(marks: Marks) -> bool:
            with self._db.singly():
                return self._mark(marks, ledger)

        if self._separate and self._db.writable:
            with self._db.immediate():
                yield mark
        else:
            yield mark

    def prove(self) -> None:
        """Raise StoreError if what is written to the table could not be."""
        self._prove()
        if self._separate and self._db.writable:
            with self._db.immediate():
                pass

    def close(self) -> None:
        """Release the database."""
        self._db.close()

    # reading

    @property
    def _named(self) -> str:
        return self._sql(f"{self._id} IN ({{}})")

    def _sql(self, condition: str, what: str = "") -> str:
        """Return a query with a slot for `among`; braces in names and in the operator's SQL stand for themselves."""
        text = self._source.select(condition.replace("{}", "\0"), what)
        return text.replace("{", "{{").replace("}", "}}").replace("\0", "{}")

    def _of(self, session_id: str) -> list[Row]:
        return self._db.all(self._source.select(f"{self._id} = {self._slot}"), (self._key(session_id),))

    def _read(self, rows: list[Row]) -> list[tuple[Row, Fields]]:
        """Return rows with their fields, our marks among them."""
        read = [(row, self._source.fields(row)) for row in rows]
        if len(self._source.marks) < len(MARKS):
            kept = self._ledger.marks([f["id"] for _, f in read if isinstance(f["id"], str)])
            for _, fields in read:
                _fill(fields, kept, self._source)
        return read

    def _all(self, twice: Collection[object]) -> Iterator[Found]:
        order = f" ORDER BY {quote(self._source.columns['scheduled_date'])}, {quote(self._source.columns['id'])}"
        rows = self._db.each(self._source.select() + order)
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == 500:
                yield from (Found(r[0], fields, r[1] in twice) for r, fields in self._read(batch))
                batch = []
        yield from (Found(r[0], fields, r[1] in twice) for r, fields in self._read(batch))

    def _nearest(
        self, condition: str, bound: object, order: str, limit: int, beginning: str, fits: Callable[[Millis], bool]
    ) -> list[tuple[Row, Fields]]:
        """Return at most `limit` rows of a condition, the nearest first."""
        args = [bound]
        if beginning:
            text = f"CAST({quote(self._source.columns['id'])} AS TEXT)"
            ending = self._db.words["ending"].format(column=text)
            condition += f" AND (substr({text}, 1, ?) = {self._slot} OR substr({ending}, 1, ?) = {self._slot})"
            args += [len(beginning), self._text(beginning)] * 2
        found: list[Row] = []
        for row in self._db.each(f"{self._source.select(condition)} ORDER BY {self._source.start}{order}", args):
            start = whole(self._source.fields(row)["scheduled_date"])
            if start is not None and is_start(start) and fits(start):
                found.append(row)
            if len(found) == limit:
                break
        return self._read(found)

    def _found(self, read: list[tuple[Row, Fields]]) -> list[Found]:
        """Return the rows, doubled if the table lets an id occur twice and it does."""
        if self._source.unique_id or not read:
            return [Found(row[0], fields) for row, fields in read]
        ids = {self._key(fields["id"]) for _, fields in read if isinstance(fields["id"], str)}
        sql = self._sql(f"{self._id} IN ({{}})", quote(self._source.columns["id"])) + self._grouped
        twice = {row[0] for row in self._db.among(sql, ids, self._slot)}
        return [Found(row[0], fields, row[1] in twice) for row, fields in read]

    def _twice(self, condition: str) -> str:
        return self._source.select(condition, quote(self._source.columns["id"])) + self._grouped

    @property
    def _grouped(self) -> str:
        return f" GROUP BY {quote(self._source.columns['id'])} HAVING count(*) > 1"

    # marks

    def _mark(self, marks: Marks, ledger: LedgerWriter) -> bool:
        """Write marks; return False if the booking is gone."""
        read = [fields for _, fields in self._read(self._of(marks.session_id))]
        for fields in read[:1]:
            self._keep(marks, fields, ledger)
        mapped = self._source.marks
        changes = {f: v for fields in read for f, v in unsaid(marks, fields, None).items() if f in mapped}
        cleared = {field: self._source.empty.get(field) if value is None else value for field, value in changes.items()}
        self._update(marks.session_id, cleared)
        for fields in read:
            if marks.completion is not None and completed(marks, fields):
                self._complete(marks.session_id, marks.completion.status, fields["status"])
        return bool(read)

    def _keep(self, marks: Marks, fields: Fields, ledger: LedgerWriter) -> None:
        """Write what the table has no columns for to the ledger."""
        changes = {f: v for f, v in unsaid(marks, fields, None).items() if f not in self._source.marks}
        if changes:
            kept = {field: fields[field] for field in MARKS if field not in self._source.marks}
            ledger.keep_marks(marks.session_id, kept | changes)

    def _complete(self, session_id: str, status: str, before: str) -> None:
        """Change the status if it is mapped for that; one that the table does not take is left, and noted."""
        if not self._source.mapping.writes("status"):
            return
        try:
            if not self._source.derived_status:
                with self._db.singly():
                    self._update(session_id, {"status": status}, before)
                return
        except RowRefusedError:
            pass
        self.refused_statuses[session_id] = before

    def _update(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> None:
        """Change mapped fields of a booking, and nothing else."""
        if not fields:
            return
        settings = ", ".join(f"{quote(self._source.columns[field])} = ?" for field in fields)
        wanted, keys = [f"{self._id} = {self._slot}"], [self._key(session_id)]
        if self._source.narrowed:
            wanted.append(f"({self._source.narrowed})")
        if status_from is not None:
            wanted.append(f"{quote(self._source.columns['status'])} = {self._slot}")
            keys.append(self._text(status_from))
        sql = f"UPDATE {self._source.table} SET {settings} WHERE {' AND '.join(wanted)}"
        self._db.run(sql, [*fields.values(), *keys])


def _fill(fields: Fields, kept: Mapping[str, Mapping[str, object]], source: ForeignTable) -> None:
    """Give a row those of our marks that the ledger keeps for it."""
    said = kept.get(fields["id"], {}) if isinstance(fields["id"], str) else {}
    fields.update({field: said.get(field) for field in MARKS if field not in source.marks})


def _is_due(fields: Fields, span: Span) -> bool:
    start = whole(fields["scheduled_date"])
    if start is None or not is_start(start) or span.since <= start <= span.until:
        return True
    return start >= span.open_since and _is_open(fields)


def _is_open(fields: Fields) -> bool:
    """Return whether something was made for a booking and is not cleaned up; what makes no sense counts as open."""
    if flag(fields["discord_cleaned_up"]):
        return False
    ids = (fields["discord_channel_id"], fields["discord_role_id"])
    return flag(fields["discord_setup_complete"]) is not False or any(
        snowflake not in (None, "", 0) for snowflake in ids
    )


def _json_row(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields by JSON key; what could not be read is as it stands in the table."""
    plain = ((KEY_OF[field], fields[field]) for field in FIELDS)
    read = ((key, value.value if isinstance(value, Misread) else value) for key, value in plain)
    return {key: as_json(key, _minutes(value)) for key, value in read if value is not None}


def _minutes(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
