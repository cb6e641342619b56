"""Bookings in a table of text (RFC 4180), as databases, forms and spreadsheets write it.

What parts columns (`,` `;` or tab) is found by the header. Text is UTF-8, or UTF-16 with its mark; a byte that is no
UTF-8 is read as Windows has it. Rows are read one by one.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from coachsync.bookings.fields import ID, START, STATUS, Fields, Way, fields_of
from coachsync.bookings.incoming import Incoming, Unreadable, UnusableInputError
from coachsync.domain.flaws import shown
from coachsync.store.columns import FLAG_KEYS

_MARKS = ",;\t"
_LONGEST_CELL = 1024 * 1024
_MOST_LINES = 100  # of one record
_ROUNDED = re.compile(r"\d[.,]\d+E\+\d+$")
_YES, _NO = (
    frozenset(("true", "wahr", "vrai", "yes", "ja", "oui")),
    frozenset(("false", "falsch", "faux", "no", "nein", "non")),
)
_DISARMED = re.compile(r"'[=+\-@\t\r']")
_HINT = "name its columns: --map id=COLUMN --map start=COLUMN"


def read_csv(file: BinaryIO, way: Way) -> Iterator[Incoming | Unreadable]:
    """Yield what each record of a table holds. Raises UnusableInputError if its header names no booking."""
    csv.field_size_limit(_LONGEST_CELL)
    text = _text(file)
    try:
        yield from _rows(_records(text), way)
    finally:
        text.detach()


def _rows(records: Iterator[tuple[int, list[str] | str]], way: Way) -> Iterator[Incoming | Unreadable]:
    header = next(records, (0, []))[1]
    if isinstance(header, str):
        raise UnusableInputError(f"its first line: {header}", "give a table whose first line names its columns")
    columns = [name.strip() for name in header]
    if not any(columns):
        raise UnusableInputError("it is empty", "give a table whose first line names its columns")
    fields = Fields(way)
    named = fields_of(tuple(columns), way)
    lacking = [name for name, field in (("id", ID), ("start", START)) if field not in named]
    found = ", ".join(shown(name) for name in columns[:12])
    mistaken = [source.column for field, source in way.sources.items() if named.get(field) != source.column]
    if mistaken:  # or whoever it says would silently be nobody
        what = " and ".join(map(shown, mistaken))
        raise UnusableInputError(f"it has no column {what}: its columns are {found}", "correct what --map names")
    if lacking:
        raise UnusableInputError(f"no column is the booking's {' and '.join(lacking)}: its columns are {found}", _HINT)
    default = {} if STATUS in named else {STATUS: way.statuses.bookable[0]}
    for line, cells in records:
        where = f"line {line}"
        if not any(cells):
            continue
        if isinstance(cells, str):
            yield Unreadable(where, cells, "mend or remove it")
            continue
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            reason = f"it has {len(cells)} cells, the header {len(columns)}"
            yield Unreadable(where, reason, "put quotes round what holds the mark between columns")
            continue
        row = {name: _cell(cell) for name, cell in zip(columns, cells, strict=False) if name}
        rounded = next((name for name, cell in row.items() if isinstance(cell, str) and _ROUNDED.match(cell)), None)
        if rounded is not None and named_by(rounded, named):
            reason = f"{rounded} is {shown(row[rounded])}: the spreadsheet has rounded the number"
            yield Unreadable(where, reason, "format the column as text there, and enter the ids again")
            continue
        entry = fields.incoming(row, where)
        yield _finished(entry, default) if isinstance(entry, Incoming) else entry


def named_by(column: str, named: dict[str, str]) -> bool:
    """Return whether a column is one that is read."""
    return column in named.values()


def _finished(entry: Incoming, default: dict[str, Any]) -> Incoming:
    """Read what only text has to be read for: our own marks, and a list of people."""
    fields = entry.fields | {key: value for key, value in default.items() if key not in entry.fields}
    for key in FLAG_KEYS:
        word = fields.get(key)
        if isinstance(word, str) and word.casefold() in _YES | _NO:
            fields[key] = word.casefold() in _YES
    people = fields.get("participants")
    if isinstance(people, str) and people.startswith("["):
        from json import loads

        with suppress(ValueError, RecursionError):  # then it is told as wrong for what it is
            fields["participants"] = loads(people)
    return entry._replace(fields=fields)


def _cell(text: str) -> str | None:
    """Return what a cell says: nothing if it is empty; without the mark that keeps spreadsheets from computing it."""
    if _DISARMED.match(text):
        return text[1:]
    return text.strip() or None


def _records(lines: Iterator[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the line on which each record begins, and its cells, or why it has none.

    A quote that is opened and not closed spoils its own line alone: the ones after it are read anew.
    """
    waiting: deque[tuple[int, str]] = deque()
    numbered = ((number, line.replace("\0", "")) for number, line in enumerate(lines, 1))
    mark = ""
    while (first := waiting.popleft() if waiting else next(numbered, None)) is not None:
        number, text = first
        if not mark:
            mark = _mark_of(text)
            if text.lower().startswith("sep=") and len(text.strip()) == 5:  # Excel's own line before the header
                mark = text.strip()[4]
                continue
        taken = [first]
        problem = ""
        while True:
            try:
                cells = next(csv.reader([text], delimiter=mark, skipinitialspace=True, strict=True), [])
                break
            except csv.Error as error:
                problem = str(error)
            more = waiting.popleft() if waiting else next(numbered, None)
            if more is not None:
                taken.append(more)
                text += more[1]
            if more is None or "unexpected end" not in problem or len(taken) > _MOST_LINES or len(text) > _LONGEST_CELL:
                waiting.extendleft(reversed(taken[1:]))
                cells = []
                break
            problem = ""
        if problem and "unexpected end" in problem:
            problem = "a quote is opened and never closed"
        yield number, f"it is no record: {problem}" if problem else cells


def _mark_of(header: str) -> str:
    """Return what parts the header's columns: the mark that occurs most outside quotes."""
    bare = re.sub(r'"(?:[^"]|"")*"', "", header)
    return max(_MARKS, key=bare.count)


def _text(file: BinaryIO) -> io.TextIOWrapper:
    raw = file if isinstance(file, io.BufferedIOBase) and hasattr(file, "peek") else io.BufferedReader(_Raw(file))
    head = raw.peek(4)[:3]
    encoding = "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    codecs.register_error("coachsync-windows", _as_windows_has_it)
    errors = "replace" if encoding == "utf-16" else "coachsync-windows"
    return io.TextIOWrapper(raw, encoding, errors, newline="")


class _Raw(io.RawIOBase):
    """A file that only reads, for a buffer round it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _as_windows_has_it(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    return problem.object[problem.start : problem.end].decode("cp1252", "replace"), problem.end
