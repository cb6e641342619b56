"""A source that is a query of another system's database: one read-only transaction, streamed, bounded in time.

Its rows become one JSON object a line, under the names of the columns, so that they are read like any other source.
A MySQL or MariaDB session is in UTC: a TIMESTAMP is the moment that it is. A DATETIME carries no zone and is one of the
zone that the configuration names.
Source: https://mariadb.com/kb/en/aborting-statements/ (max_statement_time, in seconds) and
https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_max_execution_time (in milliseconds)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from coachsync.bookings.sources.answer import LARGEST, PullError, SourceAnswer, too_large, too_slow
from coachsync.host.limits import absolute, expanded
from coachsync.secrets import hide, redact

if TYPE_CHECKING:
    import sqlite3

_AT_ONCE = 1000  # rows
_MOMENTS = frozenset({"start", "end", "starttime", "endtime", "scheduleddate", "startsat", "endsat"})
_TIMESTAMP = 7  # MySQL's number of the type
_UNKNOWN_VARIABLE = 1193
_TOO_LONG = frozenset({1969, 3024, 1317, 2013})  # max_statement_time, max_execution_time, interrupted, lost
_HARMLESS = ("select", "with", "values", "table")


class Query(NamedTuple):
    """What is asked: where, the statement, the password if there is one, how times are written ("s": seconds)."""

    url: str
    sql: str
    password: str | None
    time: str
    base_dir: str
    timeout_s: float


def ask(query: Query) -> SourceAnswer:
    """Return the rows of a query, one JSON object a line. Raises PullError."""
    first = query.sql.lstrip(" \t\r\n(").split(None, 1)
    if not first or first[0].lower() not in _HARMLESS:
        raise PullError("its query is no SELECT", "let the query begin with SELECT or WITH")
    scheme = query.url.partition("://")[0]
    try:
        return SourceAnswer(_lines(_WAYS[scheme](query), query))
    except ModuleNotFoundError as problem:
        extra = "mysql" if scheme == "mysql" else "postgres"
        hint = f"pip install 'coachsync[{extra}]' where coachsync is installed"
        raise PullError(f"{problem.name} is not installed, by which a {scheme} database is asked", hint) from None


def _lines(rows: Iterator[dict[str, Any]], query: Query) -> bytes:
    until = time.monotonic() + query.timeout_s
    encode = msgspec.json.Encoder(enc_hook=str).encode
    document = bytearray()
    for number, row in enumerate(rows):
        document += encode({name: _plain(name, value, query.time) for name, value in row.items()})
        document += b"\n"
        if len(document) > LARGEST:
            raise too_large()
        if number % _AT_ONCE == 0 and time.monotonic() > until:
            raise too_slow(query.timeout_s)
    return bytes(document)


def _plain(name: str, value: Any, form: str) -> Any:
    """Return a column's value as JSON has it: ids as text, moments as ISO 8601, whole numbers as such."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == value.to_integral_value() else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        value = _text(bytes(value))
    plain = "".join(letter for letter in name.casefold() if letter.isalnum())
    if plain == "participants" and isinstance(value, str):
        with suppress(msgspec.DecodeError, ValueError, RecursionError):
            return msgspec.json.decode(value)
    if type(value) is int and plain.endswith("id"):
        return str(value)  # a number of this size would be rounded by half the world's readers
    if form == "s" and type(value) is int and plain in _MOMENTS:
        return value * 1000
    return value


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()


def _named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield dict(zip(columns, row, strict=True))


# SQLite


def _sqlite(query: Query) -> Iterator[dict[str, Any]]:
    import sqlite3

    path = os.path.join(query.base_dir, expanded(query.url.removeprefix("sqlite:///")))
    if not os.path.isfile(path):
        raise PullError(f"there is no database file {path}", "correct its url")
    until = time.monotonic() + query.timeout_s
    still = _stillness(path)
    try:
        database, alone = _opened(path, min(5.0, query.timeout_s))
        with closing(database):
            database.set_progress_handler(lambda: int(time.monotonic() > until), 10_000)
            cursor = database.execute(query.sql)
            yield from _named([column[0] for column in cursor.description or ()], cursor)
    except sqlite3.Error as problem:
        if "interrupted" in str(problem):
            raise too_slow(query.timeout_s) from None
        raise PullError(f"{path} does not answer the query: {problem}", "try the query by hand (sqlite3)") from None
    if alone and _stillness(path) != still:
        raise PullError(f"{path} was written while it was read", "nothing: the next run reads it again")


def _opened(path: str, wait_s: float) -> tuple[sqlite3.Connection, bool]:
    """Open a file for reading, within a transaction; return also whether that is without any lock.

    In WAL mode even a reader makes files beside it, which who may only read cannot. If there is no log (nobody has the
    file open), all is in the file itself, and it is read as one that nobody writes.
    """
    import sqlite3
    from pathlib import Path

    address = f"{Path(absolute(path)).as_uri()}?mode=ro"
    for alone in (False, True):
        database = sqlite3.connect(f"{address}&immutable=1" if alone else address, uri=True, timeout=wait_s)
        try:
            database.execute("PRAGMA query_only = 1")
            database.execute("BEGIN")
            database.execute("SELECT 1 FROM sqlite_master LIMIT 1")
        except sqlite3.OperationalError:
            database.close()
            if alone or not _has_empty_log(path):
                raise
        else:
            return database, alone
    raise AssertionError("the second way returns or raises")


def _has_empty_log(path: str) -> bool:
    """Return whether a file is in WAL mode, without a log. In any other mode half a transaction may be in the file.

    Source: https://www.sqlite.org/fileformat.html, bytes 18 and 19 of the header.
    """
    try:
        with open(path, "rb") as file:
            return file.read(20)[18:] == b"\2\2" and not os.path.exists(f"{path}-wal")
    except OSError:
        return False


def _stillness(path: str) -> tuple[object, ...]:
    """Return what changes with a database's file, and whether somebody has it open in WAL mode."""
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns, os.path.exists(f"{path}-wal")


# MySQL and MariaDB


def _mysql(query: Query) -> Iterator[dict[str, Any]]:
    import pymysql
    from pymysql.cursors import SSCursor

    where = _where(query.url)
    try:
        with closing(pymysql.connect(**_mysql_way(query))) as database, database.cursor(SSCursor) as cursor:
            cursor.execute("SET SESSION time_zone = '+00:00'")
            _limit(cursor, query.timeout_s, pymysql.err.MySQLError)
            cursor.execute("START TRANSACTION READ ONLY")
            cursor.execute(query.sql)
            columns: Any = cursor.description or ()
            stamps = [number for number, column in enumerate(columns) if column[1] == _TIMESTAMP]
            rows = map(_in_utc(stamps), cursor) if stamps else cursor
            yield from _named([column[0] for column in columns], rows)
    except (pymysql.err.MySQLError, OSError) as problem:
        args: tuple[object, ...] = problem.args
        number = next((one for one in args if isinstance(one, int)), 0)
        if number in _TOO_LONG or "timed out" in str(problem):
            raise too_slow(query.timeout_s) from None
        text = redact(str(problem.args[-1] if problem.args else problem), foreign=True)[:300]
        raise PullError(f"{where} does not answer the query: {text}", "try the query by hand (mysql)") from None
    except RuntimeError as problem:  # PyMySQL wants a further package for some ways to log in
        raise PullError(f"{where} cannot be asked: {redact(str(problem))[:300]}", "install what it names") from None


def _in_utc(stamps: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return what gives the moments of a row their zone, which is the session's."""

    def with_zone(row: Sequence[Any]) -> Sequence[Any]:
        found = list(row)
        for number in stamps:
            if isinstance(found[number], datetime):
                found[number] = found[number].replace(tzinfo=UTC)
        return found

    return with_zone


def _limit(cursor: Any, seconds: float, refused: type[Exception]) -> None:
    """Let the server itself end what takes too long: MariaDB and MySQL have different words for that."""
    for statement in (
        f"SET SESSION max_statement_time = {seconds:.3f}",
        f"SET SESSION max_execution_time = {int(seconds * 1000)}",
    ):
        try:
            cursor.execute(statement)
        except refused as problem:
            if not problem.args or problem.args[0] != _UNKNOWN_VARIABLE:
                raise
        else:
            return


def _mysql_way(query: Query) -> dict[str, Any]:
    """Return how to connect: what the address says before what the client's own file says."""
    parts = urlsplit(query.url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    way: dict[str, Any] = {
        "host": parts.hostname,
        "user": unquote(parts.username) if parts.username else None,
        "password": _password(query, parts.password) or os.environ.get("MYSQL_PWD"),
        "database": unquote(parts.path.strip("/")) or None,
        "port": parts.port,
        "unix_socket": options.get("socket"),
    }
    way = {name: value for name, value in way.items() if value}
    if options.get("ssl_ca"):
        way["ssl"] = {"ca": os.path.join(query.base_dir, expanded(options["ssl_ca"])), "check_hostname": True}
    elif options.get("ssl") in ("on", "true", "1"):
        import ssl

        way["ssl"] = ssl.create_default_context()
    own = os.path.expanduser("~/.my.cnf")
    if os.path.isfile(own):
        way["read_default_file"] = own
    limits = {name: max(1, int(query.timeout_s)) for name in ("connect_timeout", "read_timeout", "write_timeout")}
    return way | limits | {"charset": "utf8mb4", "autocommit": False}


def _password(query: Query, in_url: str | None) -> str | None:
    if in_url:
        hide(unquote(in_url))
        return unquote(in_url)
    return query.password


# PostgreSQL


def _postgresql(query: Query) -> Iterator[dict[str, Any]]:
    import psycopg

    where = _where(query.url)
    limit = int(query.timeout_s * 1000)
    options = f"-c default_transaction_read_only=on -c statement_timeout={limit} -c timezone=UTC"
    given: dict[str, Any] = {"password": query.password} if query.password else {}
    wait = max(2, int(query.timeout_s))
    try:
        with psycopg.connect(query.url, options=options, connect_timeout=wait, **given) as database:
            database.read_only = True
            with database.cursor(name="coachsync") as cursor:
                cursor.itersize = _AT_ONCE
                cursor.execute(query.sql.encode())
                yield from _named([column.name for column in cursor.description or ()], cursor)
    except psycopg.errors.QueryCanceled:
        raise too_slow(query.timeout_s) from None
    except psycopg.Error as problem:
        text = " ".join(redact(str(problem), foreign=True).split())[:300]
        raise PullError(f"{where} does not answer the query: {text}", "try the query by hand (psql)") from None


def _where(url: str) -> str:
    """Return a database's place without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}{parts.path}"


_WAYS: dict[str, Callable[[Query], Iterator[dict[str, Any]]]] = {
    "sqlite": _sqlite,
    "mysql": _mysql,
    "postgresql": _postgresql,
}
