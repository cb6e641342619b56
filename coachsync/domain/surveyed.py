"""What was found in another system's database: tables, columns, and some of their values. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_APART = re.compile(r"[^a-z0-9]+")


class SurveyedColumn(NamedTuple):
    """One column. `values` are those of some rows, the latest first; `choices` all that a status column holds or takes.

    `refers`: the table and column that it is a foreign key of, if that is declared.
    """

    name: str
    declared: str
    unique: bool = False
    refers: tuple[str, str] | None = None
    values: tuple[object, ...] = ()
    choices: tuple[object, ...] = ()

    @property
    def words(self) -> str:
        """Return the name in small letters, its words apart: "starts at" of startsAt and starts_at."""
        return words_of(self.name)

    @property
    def known(self) -> list[object]:
        """Return the values that are there."""
        return [value for value in self.values if value not in (None, "")]


class SurveyedTable(NamedTuple):
    """One table or view, with its columns in their order.

    `key` is the column that is the primary key, "" for none; `in_postgres`: SQL about it is PostgreSQL's.
    """

    name: str
    is_view: bool
    columns: tuple[SurveyedColumn, ...]
    key: str = ""
    in_postgres: bool = False

    def column(self, name: str) -> SurveyedColumn | None:
        """Return a column by its name."""
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)


def words_of(name: str) -> str:
    """Return a name in small letters, its words apart."""
    return _APART.sub(" ", _CAMEL.sub(" ", name).lower()).strip()
