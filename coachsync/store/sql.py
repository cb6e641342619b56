"""What the ledger asks of a database, whichever it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]


class Sql(Protocol):
    """A connection without implicit transactions, whose every failure is a StoreError.

    Statements are what SQLite (from 3.26 on) and PostgreSQL have in common, with "?" for each parameter. `words` is
    what stands for `{number}` and `{keyed}` in the statements that make tables: the type of a row's own number, which
    the database gives, and what follows a table that is read by its key alone. In statements about other systems'
    tables `{key}` stands for a parameter that is an id, and `{ending}` for the last 8 characters of `{column}`.
    `{now}` is the database's own clock, in milliseconds since the epoch.
    """

    name: str  # what messages call the database: never with a password in it
    writable: bool
    words: Mapping[str, str]

    def all(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Return every row of a query."""

    def one(self, sql: str, args: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query, or None."""

    def each(self, sql: str, args: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query without holding them all."""

    def named(self, sql: str, args: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query as dicts by column name, without holding them all."""

    def described(self, sql: str, args: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the few rows of a query as dicts by column name."""

    def among(self, sql: str, values: Iterable[Any], slot: str = "?") -> list[Row]:
        """Return the rows of a query whose `{}` is filled with one `slot` for each of the values, in chunks."""

    def run(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Run a statement that writes; return how many rows it changed."""

    def insert(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Run an insert and return the new row's number."""

    def immediate(self) -> AbstractContextManager[None]:
        """Hold the write lock for a block: all of it is on disk afterwards, or nothing after an exception."""

    def singly(self) -> AbstractContextManager[None]:
        """Let a StoreError of a block take back what the block did, and nothing of the transaction around it."""

    def erasing(self) -> AbstractContextManager[None]:
        """Have what is deleted or changed in a block's transactions overwritten on disk, as far as that can be had."""

    def remains(self) -> tuple[int, bool]:
        """Return how many free pages may hold what was deleted before, and whether a log still holds some of it."""

    def understands(self, sql: str) -> bool:
        """Return whether a query makes sense in this database."""

    def has_table(self, table: str) -> bool:
        """Return whether there is a table of this name."""

    def copied(self, prefix: str) -> Sql:
        """Return the tables whose names begin so, copied to memory, where they may be changed."""

    def close(self) -> None:
        """Close the connection."""
