"""A JSON store's bytes, taken apart into rows: fast with msgspec, slowly if only Python's own reader goes along.

A row is kept as the bytes it stands in the file with, so that it can be read, or spliced, alone. msgspec refuses lone
surrogates, NaN and numbers beyond 64 bits, which foreign values may hold: then the slow road is taken, for one
row if that is enough.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from coachsync.store.columns import FIELD_OF
from coachsync.store.jsonfile.text import decoded, elements, encoded, members, value_of, well_formed

if TYPE_CHECKING:
    from mmap import mmap

    Data = bytes | mmap  # what of the two it is depends on how many they are, see `swap.read`

BOM = b"\xef\xbb\xbf"
Raw = bytes | msgspec.Raw


class MalformedError(Exception):
    """The bytes are no JSON; the message says why and where."""


class NotAStoreError(Exception):
    """The JSON is neither an array nor an object whose `sessions` is one."""


class Row(msgspec.Struct, gc=False):
    """The fields of CONTRACT §4 in its order, of whatever type they are; None if absent."""

    id: Any = msgspec.field(default=None, name="_id")
    status: Any = None
    scheduled_date: Any = msgspec.field(default=None, name="scheduledDate")
    duration: Any = None
    student_discord_id: Any = msgspec.field(default=None, name="studentDiscordId")
    coach_discord_id: Any = msgspec.field(default=None, name="coachDiscordId")
    student_name: Any = msgspec.field(default=None, name="studentName")
    coach_name: Any = msgspec.field(default=None, name="coachName")
    student_discord_name: Any = msgspec.field(default=None, name="studentDiscordName")
    coach_discord_name: Any = msgspec.field(default=None, name="coachDiscordName")
    participants: Any = None
    guild_id: Any = msgspec.field(default=None, name="guildId")
    discord_setup_complete: Any = msgspec.field(default=None, name="discordSetupComplete")
    discord_cleaned_up: Any = msgspec.field(default=None, name="discordCleanedUp")
    discord_channel_id: Any = msgspec.field(default=None, name="discordChannelId")
    discord_role_id: Any = msgspec.field(default=None, name="discordRoleId")


class Outline(msgspec.Struct, gc=False):
    """What of a row tells whether somebody must look at it: a small part, for it is held of every row."""

    id: Any = msgspec.field(default=None, name="_id")
    scheduled_date: Any = msgspec.field(default=None, name="scheduledDate")
    student_discord_name: Any = msgspec.field(default=None, name="studentDiscordName")
    coach_discord_name: Any = msgspec.field(default=None, name="coachDiscordName")
    participants: Any = None
    guild_id: Any = msgspec.field(default=None, name="guildId")
    discord_setup_complete: Any = msgspec.field(default=None, name="discordSetupComplete")
    discord_cleaned_up: Any = msgspec.field(default=None, name="discordCleanedUp")
    discord_channel_id: Any = msgspec.field(default=None, name="discordChannelId")
    discord_role_id: Any = msgspec.field(default=None, name="discordRoleId")


class _Named(msgspec.Struct, gc=False):
    id: Any = msgspec.field(default=None, name="_id")


class _Top(msgspec.Struct, gc=False):
    sessions: msgspec.Raw = msgspec.Raw()


class _TopOfOutlines(msgspec.Struct, gc=False):
    sessions: list[Outline]


_read_all = msgspec.json.Decoder(list[Outline]).decode
_read_all_in_top = msgspec.json.Decoder(_TopOfOutlines).decode
_read_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_top = msgspec.json.Decoder(_Top).decode
_read_row = msgspec.json.Decoder(Row).decode
_read_outline = msgspec.json.Decoder(Outline).decode
_read_id = msgspec.json.Decoder(_Named).decode
_FIRST = re.compile(rb"\s*(.?)", re.DOTALL)
_REFUSED = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def read_outlines(data: Data) -> Sequence[Outline | None]:
    """Return every row's outline, None for what is no object. Raises MalformedError or NotAStoreError."""
    body = _body(data)
    try:
        return _read_all(body) if _first(body) == b"[" else _read_all_in_top(body).sessions
    except _REFUSED:
        return [_outline(raw) for raw in split(data)]


def read_ids(data: Data, starts: Sequence[int], ends: Sequence[int]) -> Iterator[object]:
    """Yield every row's id, None for a row that has none, by where the rows stand."""
    view = memoryview(data)
    for start, end in zip(starts, ends, strict=True):
        try:
            yield _read_id(view[start:end]).id
        except _REFUSED:
            row = read_row(data[start:end])
            yield None if row is None else row.id


def split(data: Data) -> Sequence[Raw]:
    """Return the text of each row. Raises MalformedError or NotAStoreError."""
    body = _body(data)
    try:
        if _first(body) == b"[":
            return _read_rows(body)
        rows = _read_top(body).sessions
        if bytes(memoryview(rows)[:1]) == b"[":
            return _read_rows(rows)
    except _REFUSED:
        pass  # the slow road knows better why, or goes along
    text, start = _array(body)
    return [encoded(text[begin:end]) for begin, end in elements(text, start)]


def spans(data: Data) -> tuple[array[int], array[int]]:
    """Return where each row begins and ends. Raises MalformedError or NotAStoreError."""
    at = array_at(data)
    starts, ends = array("Q"), array("Q")
    for row in split(data):
        # Between two rows stand only white space and a comma, which no value begins with: the first hit is the row.
        found = data.find(row, at)
        at = found + len(bytes(row))
        starts.append(found)
        ends.append(at)
    return starts, ends


def read_row(raw: Raw) -> Row | None:
    """Return a row's fields, None if it is no object."""
    try:
        return _read_row(raw)
    except _REFUSED:
        text = decoded(bytes(raw))
    if not text.startswith("{"):
        return None
    found = {member.key: value_of(text[member.start : member.end]) for member in members(text)}
    return Row(*(found.get(key) for key in FIELD_OF))


def outline_of(row: Row | None) -> Outline | None:
    """Return a row's outline."""
    return None if row is None else Outline(*(getattr(row, field) for field in Outline.__struct_fields__))


def _outline(raw: Raw) -> Outline | None:
    try:
        return _read_outline(raw)
    except _REFUSED:
        return outline_of(read_row(raw))


def is_array(data: Data) -> bool:
    """Return whether the rows are all there is, and not within an object."""
    return _first(_body(data)) == b"["


def array_at(data: Data) -> int:
    """Return where the array of rows begins."""
    body = _body(data)
    offset = len(data) - len(body)
    if _first(body) == b"[":
        return data.find(b"[", offset)
    try:
        rows = _read_top(body).sessions
        found = data.find(rows)
        if found >= 0 and data.find(rows, found + 1) < 0:
            return found
    except _REFUSED:
        pass
    text, start = _array(body)
    return offset + len(encoded(text[:start]))


def _body(data: Data) -> Data | memoryview:
    """Return the data without a mark of its encoding."""
    return memoryview(data)[len(BOM) :] if data[: len(BOM)] == BOM else data


def _first(body: Data | memoryview) -> bytes:
    """Return the first byte that is no white space."""
    found = _FIRST.match(body)
    return found[1] if found is not None else b""


def _array(body: Data | memoryview) -> tuple[str, int]:
    """Return the whole text and where its array of rows begins, by the slow road."""
    text = decoded(bytes(body))
    _check(text)
    start = len(text) - len(text.lstrip())
    if text[start] == "{":
        arrays = [member.start for member in members(text, start) if member.key == "sessions"]
        start = arrays[-1] if arrays else start
    if text[start] != "[":
        raise NotAStoreError
    return text, start


def _check(text: str) -> None:
    """Raise MalformedError if the text is no JSON. Foreign numbers of any length are fine."""
    if "\0" in text[:4]:
        raise MalformedError("it is not UTF-8 text")
    try:
        json.loads(text, parse_int=len, parse_float=len)
    except json.JSONDecodeError as error:
        why = "it is empty" if not text.strip() else f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise MalformedError(why) from None
    except RecursionError:
        if not well_formed(text):
            raise MalformedError("its values are nested too deeply, or not closed") from None
