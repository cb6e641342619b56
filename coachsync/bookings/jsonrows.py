"""Bookings in JSON: an array of objects, an object whose `sessions` is one, or one object a line.

What databases write round a value (`$oid`, `$date`, `$numberLong`) is taken off. A row that cannot be read spoils none
beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgspec

from coachsync.bookings.fields import Fields, Way
from coachsync.bookings.incoming import Incoming, Unreadable, UnusableInputError
from coachsync.domain.flaws import shown

Change = Callable[[dict[str, Any]], dict[str, Any]]
Reading = Callable[[dict[str, Any], str], Incoming | Unreadable]

_BOM = b"\xef\xbb\xbf"
_AT_ONCE = 256 * 1024  # bytes of whole lines
_SHAPE = 'expected an array of sessions, or an object whose "sessions" is one'
_NOT_AN_OBJECT = "remove it, or write the booking as an object"
_WRAPPED = frozenset(("$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid"))
_REFUSED = (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError)

_read = msgspec.json.Decoder().decode
_read_lines = msgspec.json.Decoder().decode_lines


def read_lines(file: BinaryIO, way: Way, change: Change | None = None) -> Iterator[Incoming | Unreadable]:
    """Yield what each line of a file holds; empty ones count but say nothing. `change` may change a row first."""
    incoming = Fields(way).incoming
    first = 1
    while lines := file.readlines(_AT_ONCE):
        if first == 1:
            lines[0] = lines[0].removeprefix(_BOM)
        for number, row in enumerate(_objects(lines), first):
            if type(row) is dict:
                yield incoming(row if change is None else change(row), f"line {number}")
            elif lines[number - first].strip():
                yield _slowly(lines[number - first], f"line {number}", incoming)
        first += len(lines)


def _objects(lines: list[bytes]) -> list[Any]:
    """Return what each line holds; one that is empty or cannot be read holds None."""
    text = b"".join(lines)
    try:
        rows = _read_lines(text)
        if len(rows) != len(lines):  # some are empty
            rows = [_object(line) for line in lines]
    except _REFUSED:
        rows = [_object(line) for line in lines]
    if b'"$' in text:
        return [unwrapped_row(row) if type(row) is dict else row for row in rows]
    return rows


def _object(line: bytes) -> Any:
    try:
        return _read(line)
    except _REFUSED:
        return None


def objects_of(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file that holds one a line; what is none is left out."""
    for line in file:
        try:
            row = _read(line)
        except _REFUSED:
            continue
        if isinstance(row, dict):
            yield unwrapped_row(row)


def read_array(data: bytes, way: Way) -> Iterator[Incoming | Unreadable]:
    """Yield what each row of an array holds. Raises UnusableInputError if there is none."""
    from coachsync.store.jsonfile.read import MalformedError, NotAStoreError, split

    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    try:
        raws = split(data)
    except MalformedError as problem:
        why = str(problem) if _is_text(data) else "it is not UTF-8 text"
        raise UnusableInputError(f"it is not JSON: {why}", _SHAPE) from None
    except NotAStoreError:
        raise UnusableInputError("it holds no sessions", _SHAPE) from None
    incoming = Fields(way).incoming
    position = line = 1
    at = 0
    for position, raw in enumerate(raws, 1):
        text = bytes(raw)
        found = data.find(text, at)  # between two rows stand only white space and a comma: the first hit is the row
        line += data.count(b"\n", at, found)
        where = f"line {line}" if line > 1 else f"row {position}"
        line += text.count(b"\n")
        at = found + len(text)
        row = _object(text)
        if type(row) is dict:
            yield incoming(unwrapped_row(row) if b'"$' in text else row, where)
        else:
            yield _slowly(text, where, incoming)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def unwrapped_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose values are without what MongoDB's extended JSON writes round them."""
    return {key: unwrapped(value) for key, value in row.items()}


def unwrapped(value: Any) -> Any:
    """Return a value without what MongoDB's extended JSON writes round it."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, inner),) = value.items()
            if name in _WRAPPED:
                return _bare(name, inner)
        return unwrapped_row(value)
    return [unwrapped(inner) for inner in value] if isinstance(value, list) else value


def _bare(name: str, inner: Any) -> Any:
    if name in ("$numberLong", "$numberInt") and isinstance(inner, str):
        digits = inner.removeprefix("-")
        return int(inner) if digits.isascii() and digits.isdigit() and len(digits) < 20 else inner
    if name == "$numberDouble" and isinstance(inner, str):
        try:
            return float(inner)
        except ValueError:
            return inner
    return unwrapped(inner)


def _slowly(line: bytes, where: str, incoming: Reading) -> Incoming | Unreadable:
    """Read a row that msgspec refuses: a value of its own may be odd (NaN, a lone surrogate), and no field of ours."""
    from coachsync.store.jsonfile.text import decoded, value_of, well_formed

    text = decoded(line).strip()
    if not well_formed(text):
        return Unreadable(where, f"it is not JSON: {_why(line)}", "mend or remove it")
    row = value_of(text)
    if not isinstance(row, dict):
        return Unreadable(where, f"it is {shown(row)}, not an object", _NOT_AN_OBJECT)
    try:
        return incoming(unwrapped_row(row), where)
    except RecursionError:
        return Unreadable(where, "its values are nested too deeply", "mend or remove it")


def _why(line: bytes) -> str:
    try:
        _read(line)
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    except RecursionError:
        return "its values are nested too deeply"
    except ValueError as problem:  # msgspec's own errors are of this kind, too
        return str(problem).removeprefix("JSON is malformed: ")
    return "it holds more than one value"
