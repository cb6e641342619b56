"""From a file or an answer to its entries, whatever its format.

The format is told, or taken from the name, or found out by the content; a reader is loaded only if it is needed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from coachsync.bookings.fields import Way
from coachsync.bookings.incoming import Incoming, Unreadable, UnusableInputError
from coachsync.bookings.people import with_ids

FORMATS = ("json", "jsonl", "csv", "ics", "convex")
_BY_NAME = {"json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv", "tsv": "csv", "ics": "ics",
            "ical": "ics", "ifb": "ics", "zip": "convex"}  # fmt: skip
_SNIFFED = 64 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_bookings(file: BinaryIO, way: Way, form: str = "", name: str = "") -> Iterator[Incoming | Unreadable]:
    """Yield the entries of an open file, with the ids of those whom the file of people knows: see `_entries`."""
    entries = _entries(file, way, form, name)
    if way.people is None:
        return entries
    people = way.people
    return (e._replace(fields=with_ids(e.fields, people)) if isinstance(e, Incoming) else e for e in entries)


def _entries(file: BinaryIO, way: Way, form: str, name: str) -> Iterator[Incoming | Unreadable]:
    """Yield the entries of an open file, from where it is read; it need not be one that can be sought in.

    `form` is one of `FORMATS`; if it is "", `name` and the content tell. Raises UnusableInputError, also on the way.
    """
    head = b""
    if not form:
        head = file.read(_SNIFFED)
        form = format_of(name, head)
    whole: BinaryIO = io.BufferedReader(_Joined(head, file)) if head else file
    if form == "jsonl":
        from coachsync.bookings.jsonrows import read_lines

        return read_lines(whole, way)
    if form == "json":
        from coachsync.bookings.jsonrows import read_array

        return read_array(whole.read(), way)
    if form == "csv":
        from coachsync.bookings.csvrows import read_csv

        return read_csv(whole, way)
    if form == "ics":
        from coachsync.bookings.ics import read_calendar

        return read_calendar(whole.read(), way)
    from coachsync.bookings.convex import read_convex

    return read_convex(whole, way)


def format_of(name: str, head: bytes) -> str:
    """Return the format of an input by what it is called and how it begins. Raises UnusableInputError."""
    told = _BY_NAME.get(name.rpartition(".")[2].lower(), "") if "." in name else ""
    if head[:4] == b"PK\x03\x04":
        if b"[Content_Types].xml" in head[:4096] or b"mimetypeapplication/vnd" in head[:4096]:
            hint = "save it as CSV there (UTF-8), and import that"
            raise UnusableInputError("it is a spreadsheet's own format", hint)
        return "convex"
    if told:
        return told
    text = head
    for bom in _BOMS:
        text = text.removeprefix(bom)
    if head[:2] in _BOMS[1:]:
        text = text.replace(b"\0", b"")
    text = text.lstrip()
    if text[:15].upper() == b"BEGIN:VCALENDAR":
        return "ics"
    if text[:1] == b"{" and _is_lines(text):
        return "jsonl"
    if text[:1] in (b"{", b"[", b"") or not _is_table(text):
        return "json"
    return "csv"


def _is_lines(text: bytes) -> bool:
    """Return whether each line is an object of its own: one that is none of an array in `sessions`."""
    import msgspec

    first, _, rest = text.partition(b"\n")
    try:
        row = msgspec.json.decode(first)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return first.rstrip().endswith(b"}") and rest.lstrip()[:1] == b"{"
    if not isinstance(row, dict) or isinstance(row.get("sessions"), list):
        return False
    return rest.lstrip()[:1] == b"{" or bool(row.keys() & {"_id", "id"})


def _is_table(text: bytes) -> bool:
    """Return whether the first line is a header: words, with something between them that parts columns."""
    header = text.partition(b"\n")[0]
    try:
        words = header.decode()
    except UnicodeDecodeError:
        return False
    return any(mark in words for mark in ",;\t") and words.rstrip("\r").replace("\t", "").isprintable()


class _Joined(io.RawIOBase):
    """What was read already, and the rest of a file behind it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = len(buffer)
        found = bytes(self._head[:size]) if self._head else self._rest.read(size)
        self._head = self._head[size:]
        buffer[: len(found)] = found
        return len(found)
