"""One SQLite connection whose every failure is a `StoreError` that a person can act on.

Owns how a database file is opened (for reading alone nothing on disk changes, except that the journal of a killed
writer is rolled back), how long a lock is waited for, and what each of SQLite's failures means.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from coachsync import waits
from coachsync.errors import EnvironmentalError, RowRefusedError, StoreError
from coachsync.host.limits import out_of_files, too_few_files

_CHUNK = 500  # parameters of one statement, well below SQLite's least limit of 999

OLDEST = (3, 26, 0)
VERSION = sqlite3.sqlite_version
_MEMORY = ":memory:"
_MADE = (
    "SELECT type, name, sql FROM origin.sqlite_master"
    " WHERE substr(tbl_name, 1, ?) = ? AND sql IS NOT NULL AND type IN ('table', 'index') ORDER BY type DESC"
)

Decoder = Callable[[bytes], str]


class Database:
    """A connection without implicit transactions. `corrupt_hint` says what to do about a file that is damaged."""

    words: Mapping[str, str] = MappingProxyType(
        {
            "number": "INTEGER PRIMARY KEY",
            "keyed": " WITHOUT ROWID",
            "key": "CAST(? AS TEXT)",  # one that is not UTF-8 comes as bytes
            "ending": "substr({column}, -8)",
            "now": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        }
    )

    def __init__(self, path: str, *, writable: bool, corrupt_hint: str, text: Decoder | None = None) -> None:
        self.name = path
        self.writable = writable
        self._corrupt_hint = corrupt_hint
        if sqlite3.sqlite_version_info < OLDEST:
            needed = ".".join(map(str, OLDEST))
            hint = f"upgrade SQLite to {needed} or later, or use a Python that brings its own"
            raise StoreError(f"this host's SQLite is {sqlite3.sqlite_version}: coachsync needs {needed}", hint)
        with self._errors():
            self._connection, self._mode = _connect(path, writable=writable)
        self._path = path
        self._text = text
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

    def described(self, sql: str, args: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query as dicts by column name."""
        return list(self.named(sql, args))

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

    @contextmanager
    def singly(self) -> Iterator[None]:
        """Do nothing: SQLite takes back the one statement that failed, for a block of one statement."""
        yield

    @contextmanager
    def erasing(self) -> Iterator[None]:
        """Have what is deleted or changed in a block's transactions overwritten in the file, and its log emptied."""
        before = self.one("PRAGMA secure_delete")
        self.run("PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            self.run(f"PRAGMA secure_delete = {'FAST' if before == (2,) else int(before == (1,))}")
        if str((self.one("PRAGMA journal_mode") or ("",))[0]).lower() == "wal":
            self.all("PRAGMA wal_checkpoint(TRUNCATE)")  # a reader that is in its way is told by `remains`

    def remains(self) -> tuple[int, bool]:
        """Return how many pages of the file are free, which may hold what was deleted before, and whether a log waits.

        The log (`FILE-wal`) holds pages as they were until every reader of them has ended.
        """
        free = self.one("PRAGMA freelist_count") or (0,)
        try:
            waits_there = os.path.getsize(f"{self._path}-wal") > 0
        except OSError:
            waits_there = False
        return int(free[0]), waits_there

    def has_table(self, table: str) -> bool:
        """Return whether there is a table of this name."""
        return self.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)) is not None

    def understands(self, sql: str) -> bool:
        """Return whether a query makes sense in this database."""
        with self._errors():
            try:
                self._connection.execute(sql).close()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                    raise
                return False
        return True

    def copied(self, prefix: str) -> Database:
        """Return the tables whose names begin so, copied to memory, where they may be changed.

        The copy goes by this database's name. Nothing changes on disk.
        """
        copy = Database(_MEMORY, writable=True, corrupt_hint=self._corrupt_hint, text=self._text)
        copy.name = self.name
        try:
            copy.run("ATTACH ? AS origin", (_uri(self._path, self._mode),))
            copy.run("BEGIN")  # all is read at one moment; the origin's write lock is not asked for
            for kind, name, sql in copy.all(_MADE, (len(prefix), prefix)):
                copy.run(sql)
                if kind == "table":
                    copy.run(f'INSERT INTO main."{name}" SELECT * FROM origin."{name}"')  # noqa: S608
            copy.run("COMMIT")
            copy.run("DETACH origin")
        except BaseException:
            copy.close()
            raise
        return copy

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
            raise RowRefusedError(f"{self.name}: a value cannot be stored: {error}", hint) from error

    def _told(self, error: sqlite3.Error) -> StoreError | EnvironmentalError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            hint = "another program holds a long transaction on it: try again when it has ended"
            return StoreError(f"{self.name} is locked by another process", hint)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return StoreError(f"{self.name} is not a readable SQLite database: {error}", self._corrupt_hint)
        if code == sqlite3.SQLITE_FULL:
            return StoreError(
                f"{self.name} cannot be written: the disk is full",
                "make room there: `df` shows the space, `df -i` the inodes",
            )
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR) and out_of_files():
            return too_few_files()
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
            hint = "the file and its directory must be readable and writable for the user that runs coachsync"
            if code == sqlite3.SQLITE_READONLY and not self.writable:
                hint = "it is in WAL mode, in which readers write beside it, too: let that user write in its folder"
            return StoreError(f"{self.name} cannot be used: {error}", hint)
        hint = "see what the booking system expects of its table"
        kind = RowRefusedError if code == sqlite3.SQLITE_CONSTRAINT else StoreError
        return kind(f"{self.name}: {error}", hint)


def _connect(path: str, *, writable: bool) -> tuple[sqlite3.Connection, str]:
    """Open an existing file; return the mode it was opened in, too.

    For reading: as a writer that may not write, so that a killed writer's journal, which hides the data until somebody
    rolls it back, does not stop us; read-only if the file or directory is.
    """
    modes = ("memory",) if path == _MEMORY else ("rw",) if writable else ("rw", "ro")
    for mode in modes:
        connection = sqlite3.connect(
            _uri(path, mode),
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
            return connection, mode
    raise AssertionError("one mode returns or raises")


def _uri(path: str, mode: str) -> str:
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?mode={mode}"


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
    """Return text as SQLite can take it: as it is, or the bytes it came from if it is no Unicode."""
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
