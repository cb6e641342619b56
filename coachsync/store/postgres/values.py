"""What PostgreSQL's values are here: numbers and truths as such, bytes as bytes, everything else as the text it is.

So a moment, a UUID or a JSON document is read alike whatever the role's settings and the year are, and no value of a
row stops the others from being read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader

from coachsync.store.postgres.text import restored, stored

_AS_THEY_ARE = frozenset({"int2", "int4", "int8", "bool", "float4", "float8", "bytea", "numeric"})


class _Text(Loader):
    def load(self, data: Buffer) -> str:
        return restored(str(data, "utf-8", "surrogateescape"))


class _Numeric(Loader):
    def load(self, data: Buffer) -> int | float:
        """Return a whole number exactly, another as near as a float comes."""
        text = str(data, "ascii")
        whole, _, rest = text.partition(".")
        return int(whole) if whole.lstrip("-").isdigit() and not rest.strip("0") else float(text)


class Adapting:
    """What a connection is opened with, so that it reads values this way."""

    connection = None

    @property
    def adapters(self) -> AdaptersMap:
        """Return how each type is read."""
        return _adapters()


@cache
def _adapters() -> AdaptersMap:
    made = AdaptersMap(psycopg.adapters)
    made.register_loader(0, _Text)  # of a type that psycopg does not know: an enum, one of an extension's
    for kind in psycopg.adapters.types:
        if kind.name not in _AS_THEY_ARE:
            made.register_loader(kind.oid, _Text)
        if kind.array_oid:
            made.register_loader(kind.array_oid, _Text)
    made.register_loader("numeric", _Numeric)
    return made


def parameters(args: Iterable[Any]) -> list[Any]:
    """Return parameters of a statement as the database takes them.

    Text goes in without a type, so that it is compared with, and becomes, whatever the column is; so do truths, which
    are 1 and 0.
    """
    return [_parameter(value) for value in args]


def _parameter(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogatepass")
    if isinstance(value, bool):
        return "1" if value else "0"
    return stored(value) if isinstance(value, str) else value
