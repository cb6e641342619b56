"""One SQLite connection whose every failure is a `StoreError` that a person can act on.

Owns how a database file is opened (for reading alone nothing on disk changes, except that the journal of a killed
writer is rolled back), how long a lock is waited for, and what each of SQLite's failures means.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from coachsync import waits
from coachsync.errors import RowRefusedError, StoreError

_CHUNK = 500  # parameters of one statement, well below SQLite's least limit of 999

Decoder = Callable[[bytes], str]


class Database:
    """A connection without implicit transactions. `corrupt_hint` says what to do about a file that is damaged."""

    def __init__(self, path: str, *, writable: bool, corrupt_hint: str, text: Decoder | None = None) -> None:
        self.path = path
        self.writable = writable
        self._corrupt_hint = corrupt_hint
        with self._errors():
            self._connection = _connect(path, writable=writable)
        if text is not None:
            self._connection.text_factory = text

    def all(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of a query."""
        with self._errors():
            return self._connection.execute(sql, args).fetchall()

    def one(self, sql: str, args: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        with self._errors():
            row: tuple[Any, ...] | None = self._connection.execute(sql, args).fetchone()
        return row

    def each(self, sql: str, args: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query without holding them all."""
        with self._errors():
            cursor = self._connection.execute(sql, args)
        while True:
            with self._errors():
                rows = cursor.fetchmany(1000)
            if not rows:
                return
            yield from rows

    def named(self, sql: str, args: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query as dicts by column name."""
        with self._errors():
            cursor = self._connection.execute(sql, args)
        names = [column[0] for column in cursor.description]
        while True:
            with self._errors():
                rows = cursor.fetchmany(1000)
            if not rows:
                return
            for row in rows:
                yield dict(zip(names, row, strict=True))

    def among(self, sql: str, values: Iterable[Any], slot: str = "?") -> list[tuple[Any, ...]]:
        """Return the rows of a query whose `{}` is filled with one `slot` for each of the values, in chunks."""
        rows: list[tuple[Any, ...]] = []
        left = list(values)
        for at in range(0, len(left), _CHUNK):
            part = left[at : at + _CHUNK]
            rows += self.all(sql.format(", ".join([slot] * len(part))), part)
        return rows

    def run(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Run a statement that writes; return how many rows it changed."""
        with self._errors():
            return self._connection.execute(sql, args).rowcount

    def insert(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Run an insert and return the new row's number."""
        with self._errors():
            return self._connection.execute(sql, args).lastrowid or 0

    @contextmanager
    def immediate(self) -> Iterator[None]:
        """Hold the write lock for a block: all of it is on disk afterwards, or nothing after an exception."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._rollback()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            self.run("ROLLBACK")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from error
        except (OverflowError, UnicodeEncodeError) as error:
            hint = "numbers must fit in 64 bits and text must be Unicode"
            raise StoreError(f"{self.path}: a value cannot be stored: {error}", hint) from error

    def _told(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            hint = "another program holds a long transaction on it: try again when it has ended"
            return StoreError(f"{self.path} is locked by another process", hint)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return StoreError(f"{self.path} is not a readable SQLite database: {error}", self._corrupt_hint)
        if code == sqlite3.SQLITE_FULL:
            return StoreError(f"{self.path} cannot be written: the disk is full", "free some space, then run again")
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
            hint = "the file and its directory must be readable and writable for the user that runs coachsync"
            return StoreError(f"{self.path} cannot be used: {error}", hint)
        hint = "see what the booking system expects of its table"
        kind = RowRefusedError if code == sqlite3.SQLITE_CONSTRAINT else StoreError
        return kind(f"{self.path}: {error}", hint)


def _connect(path: str, *, writable: bool) -> sqlite3.Connection:
    """Open an existing file. For reading: as a writer that may not write, so that a killed writer's journal, which
    hides the data until somebody rolls it back, does not stop us; read-only where the file or directory is."""
    modes = ("rw",) if writable else ("rw", "ro")
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    for mode in modes:
        connection = sqlite3.connect(
            f"file:{quoted}?mode={mode}",
            uri=True,
            timeout=waits.current().sqlite_lock,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if not writable:
                connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if mode == modes[-1] or not _denied(error):
                raise
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError("one mode returns or raises")


def _denied(error: sqlite3.OperationalError) -> bool:
    return (error.sqlite_errorcode & 0xFF) in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
    )


def tolerant_text(data: bytes) -> str:
    """Decode text that may not be UTF-8; `text_key` gives the same bytes back."""
    return data.decode("utf-8", "surrogateescape")


def text_key(text: str) -> str | bytes:
    """Return text as SQLite can take it: as it is, or the bytes it came from where it is no Unicode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _escaped(text)
    return text


def _escaped(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def resolved(path: str) -> str:
    """Return the absolute path behind every symbolic link."""
    return os.path.realpath(path)
