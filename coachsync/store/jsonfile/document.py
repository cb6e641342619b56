"""The content of a JSON store at one moment: its rows as text and as fields, and how an edit makes the next content.

A document never changes; an edit returns a new one that shares what stayed, so that marking one of 100,000 sessions
does not read them all again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest, nsmallest
from itertools import chain, zip_longest
from typing import Any

import msgspec

from coachsync.domain.booking import EARLIEST, LATEST, whole
from coachsync.domain.marks import Marks, completed, unsaid
from coachsync.domain.model import Millis, Span
from coachsync.store.columns import FIELD_OF, KEY_OF
from coachsync.store.jsonfile.read import BOM, Raw, Row, array_at, gaps, read_row, read_rows, split
from coachsync.store.jsonfile.text import ABSENT, Style, decoded, encoded, laid_out, spliced, style_of, value_of

_ONE_LINE = Style("", ": ", ", ", "")


class Document:
    """Rows by position; `rows` holds None for what is no object. `data` is the file they came from.

    `raws` is None until somebody asks for a row's text: most ticks never do.
    """

    def __init__(self, data: bytes, raws: Sequence[Raw] | None, rows: Sequence[Row | None]) -> None:
        self.data = data
        self.rows = rows
        self._raws = raws
        self._gaps: list[bytes] | None = None
        self._index: dict[str, list[int]] | None = None

    @classmethod
    def of(cls, data: bytes) -> Document:
        """Take a file's bytes apart. Raises MalformedError or NotAStoreError."""
        rows = read_rows(data)
        if rows is not None:
            return cls(data, None, rows)
        raws = split(data)
        return cls(data, raws, [read_row(raw) for raw in raws])

    def _texts(self) -> Sequence[Raw]:
        if self._raws is None:
            self._raws = split(self.data)
        return self._raws

    def positions(self, session_id: str) -> list[int]:
        """Return where the rows with this id are: several if it occurs more than once."""
        return self.index().get(session_id, [])

    def index(self) -> dict[str, list[int]]:
        """Return the positions of every id."""
        if self._index is None:
            self._index = {}
            for position, row in enumerate(self.rows):
                if row is not None and isinstance(row.id, str):
                    self._index.setdefault(row.id, []).append(position)
        return self._index

    def near(self, moment: Millis, limit: int, beginning: str) -> list[int]:
        """Return at most `limit` positions: what starts next after a moment, then what started last before it."""
        starts = [
            (row.scheduled_date, position)
            for position, row in enumerate(self.rows)
            if row is not None
            and type(row.scheduled_date) is int
            and isinstance(row.id, str)
            and (row.id.startswith(beginning) or row.id[-8:].startswith(beginning))
        ]
        coming = nsmallest(limit, (found for found in starts if found[0] >= moment))
        past = nlargest(limit - len(coming), (found for found in starts if found[0] < moment))
        return [position for _, position in (*coming, *past)]

    def by_user_name(self, moment: Millis) -> list[int]:
        """Return where the rows are that start after a moment and name somebody by a Discord user name, by start."""
        may = [  # one pass over all rows of every tick: most of them name nobody so, and have no participants
            at
            for at, row in enumerate(self.rows)
            if row is not None and (row.student_discord_name or row.coach_discord_name or row.participants)
        ]
        rows = ((at, self.rows[at]) for at in may)
        named = ((whole(row.scheduled_date), at) for at, row in rows if row is not None and _names(row))
        return [at for start, at in sorted((start or 0, at) for start, at in named) if moment < start < LATEST]

    def text(self, position: int) -> str:
        """Return a row's text."""
        return decoded(bytes(self._texts()[position]))

    def due(self, span: Span) -> Iterator[int]:
        """Yield the positions a tick must look at: in the span, open, no object, or a start that makes no sense."""
        since, until, open_since = span
        for position, row in enumerate(self.rows):
            if row is None:
                yield position
                continue
            start = row.scheduled_date if type(row.scheduled_date) is int else whole(row.scheduled_date)
            senseless = start is None or not EARLIEST <= start < LATEST
            if start is None or senseless or since <= start <= until or (start >= open_since and _is_open(row)):
                yield position

    def edited(self, texts: Mapping[int, str], added: Sequence[Mapping[str, Any]] = ()) -> Document:
        """Return the document with rows replaced, by position, and rows added at the end."""
        raws, rows, between = list(self._texts()), list(self.rows), list(self._between())
        for position, text in texts.items():
            raws[position] = encoded(text)
            rows[position] = read_row(raws[position])
        for fields in added:
            self._append(raws, between, fields)
            rows.append(read_row(raws[-1]))
        parts = chain.from_iterable(zip_longest(between, raws, fillvalue=b""))
        edited = Document(b"".join(parts), raws, rows)
        edited._gaps = between
        edited._index = None if added else self._index
        return edited

    def without(self, positions: Collection[int]) -> Document:
        """Return the document without these rows."""
        kept = [at for at in range(len(self.rows)) if at not in positions]
        raws, between = self._texts(), self._between()
        left = [raws[at] for at in kept]
        inner = [between[at] for at in kept[1:]]
        parts = chain.from_iterable(zip_longest((between[0], *inner), left, fillvalue=b""))
        return Document(b"".join((*parts, between[-1])), left, [self.rows[at] for at in kept])

    def why_foreign(self) -> str:
        """Return what in the file is no booking's field; "" if it is an array of bookings with nothing else in it."""
        if self.data.removeprefix(BOM).lstrip()[:1] != b"[":
            return "it is an object that another program made"
        for position, row in enumerate(self.rows):
            fields = None if row is None else value_of(self.text(position))
            if not isinstance(fields, dict):
                return f"its row {position + 1} is no booking"
            added = next((key for key in fields if key not in FIELD_OF), None)
            if added is not None:
                return f"its row {position + 1} has a field {added[:40]}, which is another program's"
        return ""

    def marked(self, listed: Iterable[Marks]) -> Document:
        """Return the document with these marks; itself if it says all of them already."""
        texts: dict[int, str] = {}
        for marks in listed:
            for position in self.positions(marks.session_id):
                earlier = texts.get(position)
                row = self.rows[position] if earlier is None else read_row(encoded(earlier))
                if row is not None and (changes := _mark_changes(row, marks)):
                    texts[position] = spliced(earlier or self.text(position), changes)
        return self.edited(texts) if texts else self

    def _between(self) -> list[bytes]:
        if self._gaps is None:
            self._gaps = gaps(self.data, self._texts())
        return self._gaps

    def _append(self, raws: list[Raw], between: list[bytes], fields: Mapping[str, Any]) -> None:
        """Add a row as the file's last one, laid out as the one before it."""
        if not raws:
            at = array_at(self.data) + 1
            between[:] = [self.data[:at] + b"\n  ", b"\n" + self.data[at:].lstrip()]
            raws.append(encoded(laid_out(fields, _ONE_LINE)))
            return
        before = decoded(bytes(raws[-1]))
        style = style_of(before) if before.startswith("{") else _ONE_LINE
        lead = between[0][between[0].rindex(b"[") + 1 :]
        between.insert(-1, between[-2] if len(raws) > 1 else b"," + (lead or b" "))
        raws.append(encoded(laid_out(fields, style)))


def _names(row: Row) -> bool:
    """Return whether a row names somebody by a Discord user name."""
    if row.student_discord_name or row.coach_discord_name:
        return True
    listed = row.participants
    if isinstance(listed, list):
        return any(isinstance(person, dict) and person.get("discordName") for person in listed)
    return isinstance(listed, str) and "discordName" in listed


def _is_open(row: Row) -> bool:
    """Return whether something was made for a row and it is not cleaned up; what makes no sense counts as open."""
    if row.discord_cleaned_up == 1:
        return False
    made = (row.discord_role_id, row.discord_channel_id)
    return row.discord_setup_complete not in (None, 0) or any(value not in (None, "") for value in made)


def _mark_changes(row: Row, marks: Marks) -> dict[str, Any]:
    """Return what of the marks a row does not say yet, by JSON key."""
    fields = msgspec.structs.asdict(row)
    changes = {KEY_OF[field]: ABSENT if value is None else value for field, value in unsaid(marks, fields).items()}
    if marks.completion is not None and completed(marks, fields):
        changes["status"] = marks.completion.status
    return changes


class Draft:
    """A document while its rows are changed, see `store.bookings.Edit`; every key has a place in it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._texts: dict[int, str] = {}
        self._added: dict[str, Mapping[str, Any]] = {}
        self._removed: set[int] = set()

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields as stored, or None."""
        if session_id in self._added:
            return dict(self._added[session_id])
        positions = self._document.positions(session_id)
        fields: dict[str, Any] | None = value_of(self._text(positions[0])) if positions else None
        return fields

    def insert(self, fields: Mapping[str, Any]) -> None:
        """Add a row at the end."""
        self._added[fields["_id"]] = fields

    def update(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change fields of a row; return False if it is gone or its status is not `status_from`."""
        changes = {key: ABSENT if value is None and key in FIELD_OF else value for key, value in fields.items()}
        positions = [
            position
            for position in self._document.positions(session_id)
            if status_from is None or self._status(position) == status_from
        ]
        if changes:
            self._texts.update({position: spliced(self._text(position), changes) for position in positions})
        return bool(positions and changes)

    def remove(self, session_id: str) -> int:
        """Take the rows of this id away; return how many there were."""
        positions = self._document.positions(session_id)
        self._removed.update(positions)
        return len(positions)

    def storable(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return all fields."""
        return dict(fields)

    def document(self) -> Document:
        """Return the changed document; the one there was if nothing changed."""
        edited = self._document
        if self._texts or self._added:
            edited = edited.edited(self._texts, list(self._added.values()))
        return edited.without(self._removed) if self._removed else edited

    def _text(self, position: int) -> str:
        return self._texts.get(position) or self._document.text(position)

    def _status(self, position: int) -> object:
        row = self._document.rows[position] if position not in self._texts else read_row(encoded(self._text(position)))
        return None if row is None else row.status
