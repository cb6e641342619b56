"""Whether two stores hold the same rows, whatever their order: how many there are, and the sum of a hash of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from json import dumps
from typing import Any

_BYTES = 16
_MODULUS = 1 << (8 * _BYTES)


class RowsDigest:
    """The rows of one part of a store."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, values: Iterable[Any]) -> None:
        """Take one more row in, by its values in a fixed order."""
        self._take(tuple(None if value is None else text_of(value) for value in values))

    def add_fields(self, fields: Mapping[str, Any]) -> None:
        """Take one more row in, by its fields; one that is None is none."""
        self._take(tuple(sorted((key, text_of(value)) for key, value in fields.items() if value is not None)))

    def _take(self, row: tuple[Any, ...]) -> None:
        found = blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=_BYTES)
        self._sum = (self._sum + int.from_bytes(found.digest())) % _MODULUS
        self.rows += 1

    @property
    def hex(self) -> str:
        """Return the sum."""
        return f"{self._sum:0{2 * _BYTES}x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowsDigest) and (self.rows, self._sum) == (other.rows, other._sum)

    __hash__ = None  # type: ignore[assignment]  # it changes


def text_of(value: Any) -> str:
    """Return a value as text: one and the same whether a database keeps it as a number, a truth or text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogatepass") if _is_text(value) else value.hex()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(int(value) if isinstance(value, bool) else value)
    return dumps(value)


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
