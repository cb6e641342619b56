"""Which rows of an import may go in, and what each changes. The same for every backend.

Rows are objects with the JSON keys of CONTRACT §4. Our own four fields are taken for a booking that is new (a
restored export keeps what was made for it) and never for one that is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from coachsync.domain.booking import Defaults, not_a_row, occurs_twice, read_booking
from coachsync.domain.model import Session
from coachsync.store.columns import FIELD_OF, FLAG_KEYS, MARK_KEYS


class BadRow(NamedTuple):
    """A row that an import did not take: its position from 1, its id or "", what is wrong and what to do."""

    row: int
    session: str
    message: str
    hint: str


class Imported(NamedTuple):
    """What an import did, by session id."""

    added: list[str]
    changed: list[str]
    unchanged: list[str]
    bad: list[BadRow]


def read_json_row(row: Mapping[str, Any], defaults: Defaults, position: int = 0) -> Session:
    """Read a booking from fields by JSON key."""
    return read_booking({field: row.get(key) for key, field in FIELD_OF.items()}, defaults, position)


def sift(rows: Iterable[Any], defaults: Defaults) -> tuple[dict[str, dict[str, Any]], Imported]:
    """Return the good rows by id, and the import's account with the bad ones."""
    listed = list(rows)
    seen = Counter(row["_id"] for row in listed if isinstance(row, dict) and isinstance(row.get("_id"), str))
    good: dict[str, dict[str, Any]] = {}
    account = Imported([], [], [], [])
    for position, row in enumerate(listed, 1):
        if not isinstance(row, dict):
            account.bad.append(_bad(position, "", not_a_row(row, position, defaults)))
            continue
        session = read_json_row(row, defaults, position)
        if seen[session.id] > 1:
            session = occurs_twice([session])
        if session.flaw is None:
            good[session.id] = row
        else:
            named = row.get("_id")
            account.bad.append(_bad(position, named if isinstance(named, str) else "", session))
    return good, account


def _bad(position: int, session_id: str, session: Session) -> BadRow:
    assert session.flaw is not None
    return BadRow(position, session_id, session.flaw.message, session.flaw.hint)


def to_write(existing: Mapping[str, Any] | None, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return which fields of a row an import writes; none if it changes nothing."""
    if existing is None:
        return {key: value for key, value in row.items() if value is not None}
    return {
        key: value
        for key, value in row.items()
        if key not in MARK_KEYS and key != "_id" and not same(existing.get(key), value)
    }


def own_fields(fields: Mapping[str, Any]) -> None:
    """Raise ValueError if a change names the id or one of our four marks."""
    named = [key for key in fields if key in MARK_KEYS or key == "_id"]
    if named:
        raise ValueError(f"change() never writes {', '.join(named)}")


def same(one: Any, other: Any) -> bool:
    """Return whether two values are one in JSON; True is not 1 and 1 is not 1.0."""
    if type(one) is type(other) and isinstance(one, (str, int, bool)):
        return bool(one == other)
    from json import dumps

    return dumps(one) == dumps(other)


def as_json(key: str, value: Any) -> Any:
    """Return a column's value as JSON has it: a mark as a boolean, bytes as hexadecimal digits, people as an array."""
    if key == "participants" and isinstance(value, str):
        return _array_of(value)
    if isinstance(value, bytes):
        return value.hex()
    return bool(value) if key in FLAG_KEYS and value in (0, 1) else value


def _array_of(text: str) -> Any:
    """Return the array that a text holds; the text itself if it holds none."""
    from json import loads

    try:
        found = loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, list) else text
