"""The content of a JSON store at one moment: its rows as text and as fields, and how an edit makes the next content.

A document never changes; an edit returns a new one that shares what stayed, so that marking one of 100,000 sessions
does not read them all again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from coachsync.domain.booking import EARLIEST, LATEST
from coachsync.store.base import Completion, Marks, Span
from coachsync.store.jsonfile.read import Raw, Row, array_at, gaps, read_row, read_rows, split
from coachsync.store.jsonfile.text import ABSENT, Style, decoded, encoded, laid_out, spliced, style_of

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
        """Take a file's bytes apart. Raises MalformedError or ShapeError."""
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
        """Return where the rows with this id are: several where it occurs more than once."""
        return self.index().get(session_id, [])

    def index(self) -> dict[str, list[int]]:
        """Return the positions of every id."""
        if self._index is None:
            self._index = {}
            for position, row in enumerate(self.rows):
                if row is not None and isinstance(row.id, str):
                    self._index.setdefault(row.id, []).append(position)
        return self._index

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
            start = row.scheduled_date
            known = type(start) is int and EARLIEST <= start < LATEST
            if not known or since <= start <= until or (start >= open_since and _is_open(row)):
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

    def marked(self, listed: Iterable[Marks]) -> Document:
        """Return the document with these marks; itself where it says all of them already."""
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


def _is_open(row: Row) -> bool:
    """Return whether something was made for a row and it is not cleaned up; what makes no sense counts as open."""
    if row.discord_cleaned_up == 1:
        return False
    made = (row.discord_role_id, row.discord_channel_id)
    return row.discord_setup_complete not in (None, 0) or any(value not in (None, "") for value in made)


def _mark_changes(row: Row, marks: Marks) -> dict[str, Any]:
    """Return what of the marks a row does not say yet, by JSON key."""
    changes: dict[str, Any] = {}
    if marks.set_up is not None and _flag(row.discord_setup_complete) is not marks.set_up:
        changes["discordSetupComplete"] = marks.set_up
    if marks.cleaned_up is not None and _flag(row.discord_cleaned_up) is not marks.cleaned_up:
        changes["discordCleanedUp"] = marks.cleaned_up
    if marks.channel_id is not None and marks.channel_id != (row.discord_channel_id or ""):
        changes["discordChannelId"] = marks.channel_id or ABSENT
    if marks.role_id is not None and marks.role_id != (row.discord_role_id or ""):
        changes["discordRoleId"] = marks.role_id or ABSENT
    if marks.completion is not None and _may_complete(row, marks.completion):
        changes["status"] = marks.completion.status
    return changes


def _may_complete(row: Row, completion: Completion) -> bool:
    same_start = completion.start is None or row.scheduled_date == completion.start
    return same_start and isinstance(row.status, str) and row.status in completion.statuses - {completion.status}


def _flag(value: object) -> bool | None:
    """Return what a mark says, None where it makes no sense."""
    if value is None:
        return False
    return bool(value) if isinstance(value, int) and value in (0, 1) else None
