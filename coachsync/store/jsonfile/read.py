"""A JSON store's bytes, taken apart into rows: fast with msgspec, slowly if only Python's own reader goes along.

A row is kept as the bytes it stands in the file with, so that it can be read, or spliced, alone. msgspec refuses lone
surrogates, NaN and numbers beyond 64 bits, which foreign values may hold: then the slow road is taken, for one
row if that is enough.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from coachsync.store.columns import FIELD_OF
from coachsync.store.jsonfile.text import decoded, elements, encoded, members, value_of, well_formed

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


class _Top(msgspec.Struct, gc=False):
    sessions: msgspec.Raw = msgspec.Raw()


class _TopOfRows(msgspec.Struct, gc=False):
    sessions: list[Row]


_read_all = msgspec.json.Decoder(list[Row]).decode
_read_all_in_top = msgspec.json.Decoder(_TopOfRows).decode
_read_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_top = msgspec.json.Decoder(_Top).decode
_read_row = msgspec.json.Decoder(Row).decode
_REFUSED = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def read_rows(data: bytes) -> list[Row] | None:
    """Return every row's fields, read in one go; None if only the text of each row says it."""
    body = data.removeprefix(BOM)
    try:
        return _read_all(body) if body.lstrip()[:1] == b"[" else _read_all_in_top(body).sessions
    except _REFUSED:
        return None


def split(data: bytes) -> Sequence[Raw]:
    """Return the text of each row. Raises MalformedError or NotAStoreError."""
    body = data.removeprefix(BOM)
    try:
        if body.lstrip()[:1] == b"[":
            return _read_rows(body)
        array = bytes(_read_top(body).sessions)
        if array[:1] == b"[":
            return _read_rows(array)
    except _REFUSED:
        pass  # the slow road knows better why, or goes along
    text, start = _array(body)
    return [encoded(text[begin:end]) for begin, end in elements(text, start)]


def gaps(data: bytes, rows: Sequence[Raw]) -> list[bytes]:
    """Return what stands before, between and after the rows that `split` found: one more than there are rows."""
    at = array_at(data)
    between: list[bytes] = []
    start = 0
    for row in rows:
        # Between two rows stand only white space and a comma, which no value begins with: the first hit is the row.
        found = data.index(row, at)
        between.append(data[start:found])
        at = start = found + len(bytes(row))
    between.append(data[start:])
    return between


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


def array_at(data: bytes) -> int:
    """Return where the array of rows begins."""
    body = data.removeprefix(BOM)
    offset = len(data) - len(body)
    if body.lstrip()[:1] == b"[":
        return data.index(b"[", offset)
    try:
        array = _read_top(body).sessions
        if data.count(array) == 1:
            return data.index(array)
    except _REFUSED:
        pass
    text, start = _array(body)
    return offset + len(encoded(text[:start]))


def _array(body: bytes) -> tuple[str, int]:
    """Return the whole text and where its array of rows begins, by the slow road."""
    text = decoded(body)
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
