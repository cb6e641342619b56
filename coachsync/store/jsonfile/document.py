"""The content of a JSON store at one moment: its rows as text and as fields, and how an edit makes the next content.

A document never changes; an edit returns a new one that shares what stayed, so that marking one of 100,000 sessions
does not read them all again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest, nsmallest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from coachsync.domain.booking import EARLIEST, LATEST, is_start, whole
from coachsync.domain.marks import Marks, completed, unsaid
from coachsync.domain.model import Millis, Span
from coachsync.store.columns import FIELD_OF, KEY_OF
from coachsync.store.jsonfile.patch import lessened, patched
from coachsync.store.jsonfile.read import Outline, Row, is_array, outline_of, read_ids, read_outlines, read_row, spans
from coachsync.store.jsonfile.text import ABSENT, Style, decoded, encoded, laid_out, spliced, style_of, value_of

if TYPE_CHECKING:
    from coachsync.store.jsonfile.patch import Pieces, Spans
    from coachsync.store.jsonfile.read import Data

_ONE_LINE = Style("", ": ", ", ", "")
_NONE: Mapping[str, bytes] = MappingProxyType({})


class Document:
    """`data` is the file's bytes; of an edit's result, pieces of them until it `settles` on what was written.

    What is known of its rows besides is read from them when somebody asks.

    Of 100,000 rows everything that is read together takes five times the file, so nothing is held that a run or
    an import can do without: of each row where it stands, its id, and the outline by which a tick passes it over.
    """

    def __init__(self, data: Data | Pieces) -> None:
        self._data = data
        self._outlines: Sequence[Outline | None] | None = None
        self._spans: Spans | None = None
        self._index: dict[str, int | list[int]] | None = None
        self._style: Style | None = None

    @classmethod
    def of(cls, data: Data) -> Document:
        """Take a file's bytes apart. Raises MalformedError or NotAStoreError."""
        document = cls(data)
        document._outlines = read_outlines(data)
        return document

    @property
    def data(self) -> Data:
        """Return the bytes."""
        if isinstance(self._data, list):
            self._data = b"".join(self._data)
        return self._data

    @property
    def pieces(self) -> Pieces:
        """Return the bytes in pieces."""
        return self._data if isinstance(self._data, list) else [memoryview(self._data)]

    def settle(self, data: Data) -> None:
        """Hold these bytes, which are the same, in the place of its own."""
        self._data = data

    @property
    def outlines(self) -> Sequence[Outline | None]:
        """Return every row's outline, None for what is no object."""
        if self._outlines is None:
            self._outlines = read_outlines(self.data)
        return self._outlines

    @property
    def spans(self) -> Spans:
        """Return where each row begins and ends. Most ticks never ask."""
        if self._spans is None:
            self._spans = spans(self.data)
        return self._spans

    def __len__(self) -> int:
        return len(self.outlines) if self._outlines is not None else len(self.spans[0])

    def slim(self) -> Document:
        """Return the document without the outlines: an import asks for ids alone."""
        self.index()
        self._outlines = None
        return self

    def positions(self, session_id: str) -> list[int]:
        """Return where the rows with this id are: several if it occurs more than once."""
        found = self.index().get(session_id, [])
        return found if isinstance(found, list) else [found]

    def index(self) -> dict[str, int | list[int]]:
        """Return the position of every id, or the positions of one that occurs more than once."""
        if self._index is None:
            self._index = {}
            for position, named in enumerate(self._ids()):
                if isinstance(named, str):
                    _note(self._index, named, position)
        return self._index

    def _ids(self) -> Iterable[object]:
        if self._outlines is not None:
            return (None if row is None else row.id for row in self._outlines)
        return read_ids(self.data, *self.spans)

    def near(self, moment: Millis, limit: int, beginning: str) -> list[int]:
        """Return at most `limit` positions: what starts next after a moment, then what started last before it."""
        starts = [
            (row.scheduled_date, position)
            for position, row in enumerate(self.outlines)
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
            for at, row in enumerate(self.outlines)
            if row is not None and (row.student_discord_name or row.coach_discord_name or row.participants)
        ]
        rows = ((at, self.outlines[at]) for at in may)
        named = ((whole(row.scheduled_date), at) for at, row in rows if row is not None and _names(row))
        return [at for start, at in sorted((start or 0, at) for start, at in named) if moment < start < LATEST]

    def by_start(self) -> list[int]:
        """Return every position, by start, then by id."""
        outlines = self.outlines
        return sorted(range(len(outlines)), key=lambda position: _start_and_id(outlines[position]))

    def raw(self, position: int) -> bytes:
        """Return a row's text as it stands in the file."""
        starts, ends = self.spans
        return self.data[starts[position] : ends[position]]

    def text(self, position: int) -> str:
        """Return a row's text."""
        return decoded(self.raw(position))

    def row(self, position: int) -> Row | None:
        """Return a row's fields, None for what is no object."""
        return read_row(self.raw(position))

    def due(self, span: Span) -> Iterator[int]:
        """Yield the positions a tick must look at: in the span, open, no object, or a start that makes no sense."""
        since, until, open_since = span
        for position, row in enumerate(self.outlines):
            if row is None:
                yield position
                continue
            start = row.scheduled_date if type(row.scheduled_date) is int else whole(row.scheduled_date)
            senseless = start is None or not EARLIEST <= start < LATEST
            if start is None or senseless or since <= start <= until or (start >= open_since and _is_open(row)):
                yield position

    def new_row(self, fields: Mapping[str, Any]) -> bytes:
        """Return the text of a row that is to be added at the end, laid out as the last one there is."""
        if self._style is None:
            last = self.text(len(self) - 1) if len(self) else ""
            self._style = style_of(last) if last.startswith("{") else _ONE_LINE
        return encoded(laid_out(fields, self._style))

    def edited(self, texts: Mapping[int, str], added: Mapping[str, bytes] = _NONE) -> Document:
        """Return the document with rows replaced, by position, and rows added at the end: by id, from `new_row`."""
        texts_of = {position: encoded(texts[position]) for position in sorted(texts)}
        pieces, taken = patched(self.data, self.spans, texts_of, [*added.values()])
        edited = Document(pieces)
        edited._spans, edited._style = taken, self._style
        edited._index = self._index if not added else None if self._index is None else dict(self._index)
        for position, session_id in enumerate(added, len(self)):
            if edited._index is not None:
                _note(edited._index, session_id, position)
        if self._outlines is not None:
            changed = list(self._outlines)
            for position, raw in texts_of.items():
                changed[position] = outline_of(read_row(raw))
            edited._outlines = [*changed, *(outline_of(read_row(raw)) for raw in added.values())]
        return edited

    def without(self, positions: Collection[int]) -> Document:
        """Return the document without these rows."""
        pieces, taken = lessened(self.data, self.spans, positions)
        left = Document(pieces)
        left._spans = taken
        return left

    def why_foreign(self) -> str:
        """Return what in the file is no booking's field; "" if it is an array of bookings with nothing else in it."""
        if not is_array(self.data):
            return "it is an object that another program made"
        for position in range(len(self)):
            fields = value_of(self.text(position))
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
                row = self.row(position) if earlier is None else read_row(encoded(earlier))
                if row is not None and (changes := _mark_changes(row, marks)):
                    texts[position] = spliced(earlier or self.text(position), changes)
        return self.edited(texts) if texts else self


def _note(index: dict[str, int | list[int]], session_id: str, position: int) -> None:
    """Note in an index where a row with this id is. What is there already is not changed, others may hold it."""
    found = index.get(session_id)
    index[session_id] = position if found is None else [*(found if isinstance(found, list) else [found]), position]


def _start_and_id(row: Outline | None) -> tuple[object, str]:
    start, session_id = (None, None) if row is None else (row.scheduled_date, row.id)
    return start if is_start(start) else 0, session_id if isinstance(session_id, str) else ""


def _names(row: Outline) -> bool:
    """Return whether a row names somebody by a Discord user name."""
    if row.student_discord_name or row.coach_discord_name:
        return True
    listed = row.participants
    if isinstance(listed, list):
        return any(isinstance(person, dict) and person.get("discordName") for person in listed)
    return isinstance(listed, str) and "discordName" in listed


def _is_open(row: Outline) -> bool:
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
        self._added: dict[str, bytes] = {}
        self._removed: set[int] = set()

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields as stored, or None."""
        if session_id in self._added:
            return dict(value_of(decoded(self._added[session_id])))
        positions = self._document.positions(session_id)
        fields: dict[str, Any] | None = value_of(self._text(positions[0])) if positions else None
        return fields

    def insert(self, fields: Mapping[str, Any]) -> None:
        """Add a row at the end."""
        self._added[fields["_id"]] = self._document.new_row(fields)

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
            edited = edited.edited(self._texts, self._added)
        return edited.without(self._removed) if self._removed else edited

    def _text(self, position: int) -> str:
        return self._texts.get(position) or self._document.text(position)

    def _status(self, position: int) -> object:
        row = read_row(encoded(self._text(position)))
        return None if row is None else row.status
