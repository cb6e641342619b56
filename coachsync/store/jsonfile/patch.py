"""The next content of a JSON store, put together from the former one and what changes in it.

Pure. Bytes that stay are taken over by where they stand, so that 100,000 rows are never 100,000 objects, and the
next content is pieces of the former one and of what is new, so that both need not be held whole.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from coachsync.store.jsonfile.read import array_at

if TYPE_CHECKING:
    from coachsync.store.jsonfile.read import Data

    Pieces = list[bytes | memoryview]  # in order, they are a content
    Spans = tuple[array[int], array[int]]  # where each row begins, and where it ends

_SHORT = 4096  # bytes: a copy of so few is less than what a view of them takes, or not much more


def patched(data: Data, spans: Spans, texts: Mapping[int, bytes], added: Sequence[bytes]) -> tuple[Pieces, Spans]:
    """Return the data with rows replaced, by position in order, and rows added at its end; and where its rows are."""
    starts, ends = spans
    patch = _Patch(data, spans)
    first = 0
    for position, text in texts.items():
        patch.rows(first, position)
        patch.between(position)
        patch.row(text)
        first = position + 1
    patch.rows(first, len(starts))
    lead, separator, at = _seam(data, spans) if added else (b"", b"", len(data) if not ends else ends[-1])
    if not ends:
        patch.keep(0, at)
    for text in added:
        patch.put(lead)
        patch.row(text)
        lead = separator
    if not ends and added:
        patch.put(b"\n" + bytes(data[at:]).lstrip())
    else:
        patch.keep(at, len(data))
    return patch.done()


def lessened(data: Data, spans: Spans, removed: Collection[int]) -> tuple[Pieces, Spans]:
    """Return the data without the rows at these positions, and where its rows are."""
    starts, ends = spans
    patch = _Patch(data, spans)
    patch.keep(0, starts[0])
    before = None
    for position in range(len(starts)):
        if position in removed:
            continue
        if before is not None:
            patch.keep(ends[position - 1], starts[position])
        patch.kept_row(position)
        before = position
    patch.keep(ends[-1], len(data))
    return patch.done()


def _seam(data: Data, spans: Spans) -> tuple[bytes, bytes, int]:
    """Return what goes before the first added row, what before each other, and up to where the data stays."""
    starts, ends = spans
    if not starts:
        return b"\n  ", b",\n  ", array_at(data) + 1
    if len(starts) > 1:
        separator = data[ends[-2] : starts[-1]]
    else:
        separator = b"," + (data[data.rfind(b"[", 0, starts[0]) + 1 : starts[0]] or b" ")
    return separator, separator, ends[-1]


class _Patch:
    """Pieces that become more, and where the rows among them are."""

    def __init__(self, data: Data, spans: Spans) -> None:
        self._data = memoryview(data)
        self._old_starts, self._old_ends = spans
        self._pieces: Pieces = []
        self._size = 0
        self._starts, self._ends = array("Q"), array("Q")

    def put(self, text: bytes | memoryview) -> None:
        self._pieces.append(text)
        self._size += len(text)

    def keep(self, start: int, end: int) -> None:
        piece = self._data[start:end]
        self.put(bytes(piece) if end - start < _SHORT else piece)

    def row(self, text: bytes) -> None:
        self._starts.append(self._size)
        self.put(text)
        self._ends.append(self._size)

    def kept_row(self, position: int) -> None:
        self._starts.append(self._size)
        self.keep(self._old_starts[position], self._old_ends[position])
        self._ends.append(self._size)

    def between(self, position: int) -> None:
        """Keep what stands before a row."""
        self.keep(self._old_ends[position - 1] if position else 0, self._old_starts[position])

    def rows(self, first: int, last: int) -> None:
        """Keep the rows from `first` up to, not with, `last`, and what stands before and between them."""
        if first >= last:
            return
        self.between(first)
        moved = (self._size - self._old_starts[first]).__add__
        self._starts.extend(map(moved, self._old_starts[first:last]))
        self._ends.extend(map(moved, self._old_ends[first:last]))
        self.keep(self._old_starts[first], self._old_ends[last - 1])

    def done(self) -> tuple[Pieces, Spans]:
        return self._pieces, (self._starts, self._ends)
