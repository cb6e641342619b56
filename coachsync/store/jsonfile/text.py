"""JSON as text: where its values stand, and how one object's members are changed while all else stays as it is.

Pure. Text is decoded with "surrogateescape", so that bytes which are no UTF-8 come back as they were. Everything here
works on text that is known to be well-formed JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s\[\]{},:"]+', re.DOTALL)
_SIMPLE = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+', re.DOTALL)
_LEXEME = re.compile(
    r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"|[\[\]{},:]|true|false|null|NaN|-?Infinity'
    r"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?",
    re.DOTALL | re.ASCII,
)
_VALUE, _FIRST, _KEY, _FIRST_KEY, _COLON, _MORE = "value", "first value", "key", "first key", "colon", "more"
_FOLLOWS = {
    **dict.fromkeys([(w, kind) for w in (_VALUE, _FIRST) for kind in ('"', "scalar")], _MORE),
    (_KEY, '"'): _COLON,
    (_FIRST_KEY, '"'): _COLON,
    (_COLON, ":"): _VALUE,
}
_BLANK = re.compile(r"[ \t\n\r]*")
_BLANK_OR_COMMA = re.compile(r"[ \t\n\r,]*")


class Pair(NamedTuple):
    """One member of an object: its key, where the key begins, where its value begins and ends."""

    key: str
    key_start: int
    start: int
    end: int


_loads = json.JSONDecoder(strict=False).decode
_UNREADABLE = object()
ABSENT = object()  # as a value in `spliced`: the member is removed


def decoded(data: bytes) -> str:
    """Decode bytes that may hold what is no UTF-8; `encoded` gives the same bytes back."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Encode what `decoded` gave."""
    return text.encode("utf-8", "surrogateescape")


def value_end(text: str, start: int) -> int:
    """Return where the value that begins at `start` ends. Knows no depth at which it would fail."""
    simple = _SIMPLE.match(text, start)
    if simple is not None:
        return simple.end()
    depth = 0
    for token in _TOKEN.finditer(text, start):
        letter = token[0][0]
        depth += (letter in "[{") - (letter in "]}")
        if depth == 0:
            return token.end()
    raise ValueError("no whole value")


def well_formed(text: str) -> bool:
    """Return whether a text is one JSON value. Knows no depth at which it would fail, and is slower than a reader."""
    shut: list[str] = []  # what closes each value that is open
    wanted: str | None = _VALUE
    at = _after(_BLANK, text, 0)
    while at < len(text) and wanted is not None:
        token = _LEXEME.match(text, at)
        wanted = _after_token(wanted, token[0], shut) if token is not None else None
        at = _after(_BLANK, text, token.end()) if token is not None else at
    return wanted == _MORE and not shut


def _after_token(wanted: str, sign: str, shut: list[str]) -> str | None:
    """Return what may follow a token where `wanted` was, None if the token may not stand there."""
    if sign in "}]":
        fits = wanted in (_MORE, _FIRST_KEY if sign == "}" else _FIRST)
        return _MORE if fits and shut and shut.pop() == sign else None
    if sign in "{[" and wanted in (_VALUE, _FIRST):
        shut.append("}" if sign == "{" else "]")
        return _FIRST_KEY if sign == "{" else _FIRST
    if sign == "," and wanted == _MORE and shut:
        return _KEY if shut[-1] == "}" else _VALUE
    kind = sign if sign in ":,{[" else sign[0] if sign[0] == '"' else "scalar"
    return _FOLLOWS.get((wanted, kind))


def members(text: str, start: int = 0) -> Iterator[Pair]:
    """Yield the members of the object that begins at `start`, in order; a key may occur twice."""
    at = _after(_BLANK, text, start + 1)
    while text[at] != "}":
        key = _STRING.match(text, at)
        if key is None:
            raise ValueError("no key")
        begin = _after(_BLANK, text, _after(_BLANK, text, key.end()) + 1)
        end = value_end(text, begin)
        named = key[0]
        yield Pair(_loads(named) if "\\" in named else named[1:-1], at, begin, end)
        at = _after(_BLANK_OR_COMMA, text, end)


def elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield where each element of the array that begins at `start` begins and ends."""
    at = _after(_BLANK, text, start + 1)
    while text[at] != "]":
        end = value_end(text, at)
        yield at, end
        at = _after(_BLANK_OR_COMMA, text, end)


def value_of(text: str) -> Any:
    """Return what a JSON text means; what Python refuses to read (a number or nesting too long) is a list.

    In an object that is the one member alone.
    A list is what no field of ours may be, so such a row is told as wrong and survives.
    """
    value = _read(text)
    if value is _UNREADABLE and text.startswith("{"):
        found = {m.key: _read(text[m.start : m.end]) for m in members(text)}
        return {key: [] if value is _UNREADABLE else value for key, value in found.items()}
    return [] if value is _UNREADABLE else value


def _read(text: str) -> Any:
    try:
        return _loads(text)
    except (ValueError, RecursionError):
        return _UNREADABLE


def spliced(text: str, changes: Mapping[str, Any]) -> str:
    """Return an object's text with members changed: replaced in place, added at its end, removed if `ABSENT`.

    Everything else stays to the letter. Of a key that occurs twice the last one counts, as it does for readers.
    """
    for key, value in changes.items():
        found = list(members(text))
        at = next((i for i in range(len(found) - 1, -1, -1) if found[i].key == key), None)
        if value is ABSENT:
            while at is not None:
                text = _removed(text, found, at)
                found = list(members(text))
                at = next((i for i, member in enumerate(found) if member.key == key), None)
        elif at is not None:
            text = text[: found[at].start] + written(value) + text[found[at].end :]
        else:
            text = _added(text, found, key, value)
    return text


def written(value: Any) -> str:
    """Return a value as JSON text: readable letters as they are, lone surrogates escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


class Style(NamedTuple):
    """How an object is laid out: after the brace, between key and value, between members, before the brace."""

    lead: str
    colon: str
    separator: str
    tail: str


def style_of(text: str) -> Style:
    """Return an object's layout, taken from its last members."""
    found = list(members(text))
    if not found:
        return Style("", ": ", ", ", "")
    first, last = found[0], found[-1]
    lead = text[1 : first.key_start]
    separator = text[found[-2].end : last.key_start] if len(found) > 1 else "," + (lead or " ")
    key_end = value_end(text, last.key_start)
    return Style(lead, text[key_end : last.start], separator, text[last.end : -1])


def laid_out(fields: Mapping[str, Any], style: Style) -> str:
    """Return an object's text in a given layout."""
    parts = [written(key) + style.colon + written(value) for key, value in fields.items()]
    return "{" + style.lead + style.separator.join(parts) + style.tail + "}"


def _added(text: str, found: list[Pair], key: str, value: Any) -> str:
    style = style_of(text)
    member = written(key) + style.colon + written(value)
    if not found:
        return "{" + member + "}"
    return text[: found[-1].end] + style.separator + member + text[found[-1].end :]


def _removed(text: str, found: list[Pair], at: int) -> str:
    if at > 0:
        return text[: found[at - 1].end] + text[found[at].end :]
    if len(found) > 1:
        return text[: found[0].key_start] + text[found[1].key_start :]
    return text[: found[0].key_start] + text[found[0].end :]


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match is not None else at
