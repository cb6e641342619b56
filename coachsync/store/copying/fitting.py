"""What of a booking another store can hold, and as what. Pure.

A row is a dict of values by JSON key, as its store holds them. The rules are those of an export that is imported, but
that nothing is dropped without a word and that our own four marks go along.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from json import dumps
from typing import Any, Literal, NamedTuple

from coachsync.store.columns import FIELD_OF, FIELDS, FLAG_KEYS, IDS, KEY_OF
from coachsync.store.importing import as_json

Holds = Literal["anything", "numbers first", "text", "whole", "number", "truth"]
"""What a column takes. "numbers first": anything, but text that reads as a number becomes one."""

_MOST = (1 << 63) - 1
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_TRUTHS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False, "": False}
_ID_KEYS = tuple(KEY_OF[field] for field in IDS)
_LONGEST_NAME = 63  # bytes, of a PostgreSQL's column
_TAKEN = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "rowid", "oid", "_rowid_"})


class UnheldError(ValueError):
    """The target cannot hold a row; the text says why."""


class Fitting(NamedTuple):
    """How rows of a source become rows of a target.

    `columns` is JSON key → what its column holds; None: the target is JSON, and holds every key. `twice`: the ids that
    occur more than once and that the target cannot hold. `from_json`: of a JSON store, where a number is no id.
    `comes_back`: as what the target gives text back that is no ASCII.
    """

    columns: Mapping[str, Holds] | None
    twice: Collection[Any] = ()
    from_json: bool = False
    comes_back: Callable[[str], str] = str

    def fitted(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as the target holds it. Raises UnheldError."""
        if self.from_json and self.columns is not None:
            _require_ids_of_text(row)
        if row.get("_id") in self.twice:
            raise UnheldError("its id occurs more than once")
        if self.columns is None:
            return _as_json(row)
        if row.get("_id") is None:
            raise UnheldError("it has no id")
        kept = {key: held(value, self.columns[key], key) for key, value in row.items() if key in self.columns}
        made = {key: self._text(value) for key, value in kept.items() if value is not None}
        if made.get("_id") != kept["_id"]:
            raise UnheldError("its id holds what is no Unicode")
        return made

    def _text(self, value: Any) -> Any:
        return self.comes_back(value) if isinstance(value, str) and not value.isascii() else value

    def without(self, row: Mapping[str, Any]) -> list[str]:
        """Return the keys of a row that the target has no place for."""
        if self.columns is None:
            return []
        return [key for key, value in row.items() if key not in self.columns and value is not None]


def held(value: Any, holds: Holds, key: str) -> Any:
    """Return a value as a column holds it. Raises UnheldError."""
    if value is None:
        return None
    if isinstance(value, (list, dict)):
        value = dumps(value)
    if holds == "text":
        return _text(value)
    if holds == "whole":
        return _whole(value, key)
    if holds == "number":
        return _number(value, key)
    if holds == "truth":
        return _truth(value, key)
    return _small(_as_number(value) if holds == "numbers first" else value, key)


def kind_of(value: Any) -> Holds:
    """Return what a new column must hold for such a value."""
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "whole" if abs(value) <= _MOST else "text"
    return "number" if isinstance(value, float) and math.isfinite(value) else "text"


def joined(kinds: Collection[Holds]) -> Holds:
    """Return what a new column must hold for values of all these kinds."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return "number" if set(kinds) == {"whole", "number"} else "text"


def unfit_name(key: str, others: Collection[str]) -> str:
    """Return why no column can be called so; "" if one can. `others`: the names of the columns that are there."""
    if not key or "\0" in key or len(key.encode("utf-8", "replace")) > _LONGEST_NAME or not _is_unicode(key):
        return "no column can have this name"
    if key.lower() in FIELDS or key.lower() in _TAKEN:
        return "a column of this name means something else"
    if key.lower() in {other.lower() for other in others}:
        return "another column has the same name but for large letters"
    return ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _require_ids_of_text(row: Mapping[str, Any]) -> None:
    """Refuse numbers for ids: JavaScript rounds them, and as text they would let in somebody else."""
    for key in _ID_KEYS:
        if row.get(key) is not None and not isinstance(row[key], str):
            raise UnheldError(f"{key} is no text")


def _as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: as_json(key, _plain(key, value)) for key, value in row.items() if value is not None or key not in FIELD_OF
    }


def _plain(key: str, value: Any) -> Any:
    """Return a value as JSON can hold it; an id is text there, and one of our truths is one."""
    if (key in _ID_KEYS and type(value) is int) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return int(value) if key in FLAG_KEYS and isinstance(value, str) and value in ("0", "1") else value


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _as_number(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) <= 1 << 53:
        return int(value)
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return value
    found = float(value)
    plain = value.strip().lstrip("+-")
    if plain.isdigit() and len(plain) < 19:
        return int(value)
    return int(found) if found.is_integer() and abs(found) <= 1 << 53 else found


def _whole(value: Any, key: str) -> int:
    found = _as_number(value)
    if type(found) is not int and not isinstance(found, bool):
        raise UnheldError(f"{key} is no whole number")
    return int(_small(found, key))


def _number(value: Any, key: str) -> int | float:
    found = _as_number(value)
    if not isinstance(found, (int, float)):
        raise UnheldError(f"{key} is no number")
    return found


def _truth(value: Any, key: str) -> bool:
    found = _TRUTHS.get(str(int(value) if isinstance(value, (bool, float)) else value).strip().lower())
    if found is None:
        raise UnheldError(f"{key} is neither true nor false")
    return found


def _small(value: Any, key: str) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and abs(value) > _MOST:
        raise UnheldError(f"{key} is a number of more than 64 bits")
    return value
