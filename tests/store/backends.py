"""The stores that the conformance claims are run over: how each is made, filled behind our back and looked at."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import psycopg
import pytest

from coachsync.clock import at
from coachsync.domain.booking import LATEST, Defaults, is_start
from coachsync.domain.clocktimes import TimeForm
from coachsync.domain.mapping import TableMapping
from coachsync.domain.model import DAY, HOUR, MINUTE, Entry, Grant, Millis, Person, Resource, Span
from coachsync.store.base import Store
from coachsync.store.columns import FIELD_OF, KEY_OF, MARKS
from coachsync.store.open import create_store, open_store
from coachsync.store.postgres.text import stored

_ZONE = "America/New_York"
NOW = 1_790_000_000_000
GUILD = "1100000000000000000"
STUDENT, COACH = "1300000000000000011", "1300000000000000022"
DEFAULTS = Defaults(GUILD, 60 * MINUTE)
SPAN = Span(NOW - 3 * HOUR, NOW + 3 * HOUR, NOW - 2000 * HOUR)


def a_row(session_id: str = "abc12345", start: int = NOW, **fields: Any) -> dict[str, Any]:
    """Return a booking that nothing is wrong with, by JSON key."""
    row = {"_id": session_id, "status": "SCHEDULED", "scheduledDate": start, "studentDiscordId": STUDENT}
    return row | {"coachDiscordId": COACH} | fields


def an_entry(session_id: str = "abc12345", **fields: Any) -> Entry:
    """Return an open entry with a role, a channel and a grant."""
    entry = Entry(
        session_id=session_id,
        guild_id=GUILD,
        access="role",
        short=session_id[-8:],
        role_name=f"Session {session_id[-8:]}",
        channel_name=f"🎤 coaching-{session_id[-8:]}",
        start=NOW,
        end=NOW + HOUR,
        setup_start=NOW,
        state="open",
        people=(Person(STUDENT, "student"), Person(COACH, "coach")),
        resources=[
            Resource("role", "Session", GUILD, "made", NOW, NOW + 1, "71", NOW + 1),
            Resource("channel", "🎤", GUILD, "made", NOW, NOW + 1, "72", NOW + 1),
        ],
        grants=[Grant(STUDENT, "granted", NOW, seen_at=NOW - 1)],
    )
    for name, value in fields.items():
        setattr(entry, name, value)
    return entry


class Backend(Protocol):
    """One kind of store, empty at first."""

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows (JSON keys) as a booking system would, whatever is in them."""

    def content(self) -> object:
        """Return what differs if anything at all is written to the bookings."""

    def rows(self) -> list[dict[str, Any]]:
        """Return what is stored, by JSON key, without what is absent."""

    def open(self, *, writable: bool = True) -> Store:
        """Open it."""


class FileBackend(Backend, Protocol):
    """A store that is a file."""

    path: Path


class SqliteBackend:
    """A `sessions` table that `create_store` made."""

    def content(self) -> object:
        return self.path.read_bytes()

    def __init__(self, directory: Path) -> None:
        self.path = directory / "sessions.db"
        self._directory = directory
        create_store("sqlite:///sessions.db", directory)

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with sqlite3.connect(self.path) as connection:
            for row in rows:
                columns = [FIELD_OF[key] for key in row]
                slots = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO sessions ({', '.join(columns)}) VALUES ({slots})", list(row.values()))
        connection.close()

    def rows(self) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.path)
        cursor = connection.execute("SELECT * FROM sessions ORDER BY rowid")
        names = [KEY_OF[column[0]] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor]
        connection.close()
        return [{key: value for key, value in row.items() if value is not None} for row in found]

    def open(self, *, writable: bool = True) -> Store:
        return open_store("sqlite:///sessions.db", self._directory, DEFAULTS, writable=writable)


class JsonBackend:
    """A JSON array."""

    def content(self) -> object:
        return self.path.read_bytes()

    def __init__(self, directory: Path) -> None:
        self.path = directory / "sessions.json"
        self._directory = directory
        create_store("json:///sessions.json", directory)

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.path.write_text(json.dumps([*json.loads(self.path.read_text()), *rows], indent=2))

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.path.read_text())
        return rows

    def open(self, *, writable: bool = True) -> Store:
        return open_store("json:///sessions.json", self._directory, DEFAULTS, writable=writable)


class PostgresBackend:
    """A table `sessions` that `create_store` made in a PostgreSQL, at `url`; `direct`: without the pooler between."""

    def __init__(self, url: str, direct: str = "") -> None:
        self.url = url
        self._direct = direct or url
        self._order: list[object] = []  # in which rows were written; a PostgreSQL keeps none
        create_store(url, "")

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._connected() as connection:
            for row in rows:
                named = ", ".join(FIELD_OF[key] for key in row)
                sql = f"INSERT INTO sessions ({named}) VALUES ({', '.join(['%s'] * len(row))})"
                connection.execute(sql.encode(), list(map(_untyped, row.values())))
                self._order.append(row["_id"])

    def content(self) -> object:
        with self._connected() as connection:
            return connection.execute("SELECT xmin::text, ctid::text, s::text FROM sessions AS s").fetchall()

    def rows(self) -> list[dict[str, Any]]:
        with closing(self.open(writable=False)) as store:
            found = {row["_id"]: row for row in store.bookings.export()}
        order = [*self._order, *(name for name in found if name not in self._order)]
        return [found[name] for name in order]

    def open(self, *, writable: bool = True) -> Store:
        return open_store(self.url, "", DEFAULTS, writable=writable)

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._direct, autocommit=True, cursor_factory=psycopg.ClientCursor)


def _untyped(value: object) -> object:
    """Return a value as a literal that becomes whatever the column is."""
    return stored(value) if isinstance(value, str) else str(value) if isinstance(value, bool) else value


_APPOINTMENTS = """
CREATE TABLE appointments (
    "Reference" TEXT PRIMARY KEY NOT NULL, password TEXT DEFAULT 'secret', kind TEXT DEFAULT 'coaching',
    state TEXT, "begins at" INTEGER, minutes INTEGER, client_discord TEXT, coach_discord TEXT, client TEXT, coach TEXT,
    client_tag TEXT, coach_tag TEXT, people TEXT, server TEXT,
    room_open BOOLEAN, room_gone BOOLEAN, room TEXT, role TEXT
)"""
_COLUMNS = {
    "id": "Reference",
    "status": "state",
    "scheduled_date": "begins at",
    "duration": "minutes",
    "student_discord_id": "client_discord",
    "coach_discord_id": "coach_discord",
    "student_name": "client",
    "coach_name": "coach",
    "student_discord_name": "client_tag",
    "coach_discord_name": "coach_tag",
    "participants": "people",
    "guild_id": "server",
}
_MARKED = {
    "discord_setup_complete": "room_open",
    "discord_cleaned_up": "room_gone",
    "discord_channel_id": "room",
    "discord_role_id": "role",
}


class MappedBackend:
    """A table of another system, with columns that our marks are mapped to; rows of other kinds are beside them."""

    columns = _COLUMNS | _MARKED
    made = _APPOINTMENTS

    def __init__(self, directory: Path) -> None:
        self.path = directory / "app.db"
        self._directory = directory
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(self.made)

    @property
    def mapping(self) -> TableMapping:
        return TableMapping("appointments", "kind = 'coaching'", "ms", None, self.columns, None, writes_status=True)

    def content(self) -> object:
        return self.path.read_bytes()

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for row in rows:
                named = ", ".join('"' + (_COLUMNS | _MARKED)[FIELD_OF[key]] + '"' for key in row)
                values = [json.dumps(value) if isinstance(value, list) else value for value in row.values()]
                slots = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO appointments ({named}) VALUES ({slots})", values)

    def rows(self) -> list[dict[str, Any]]:
        keys = {column: KEY_OF[field] for field, column in (_COLUMNS | _MARKED).items()}
        with closing(sqlite3.connect(self.path)) as connection:
            cursor = connection.execute("SELECT * FROM appointments ORDER BY rowid")
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, row, strict=True)) for row in cursor]
        return [{keys[c]: value for c, value in row.items() if c in keys and value is not None} for row in found]

    def open(self, *, writable: bool = True) -> Store:
        return open_store("sqlite:///app.db", self._directory, DEFAULTS, writable=writable, mapping=self.mapping)


def keep_marks(store: Store, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the marks of rows to the ledger."""
    with closing(store), store.transaction() as transaction:
        for row in rows:
            marks = {FIELD_OF[key]: value for key, value in row.items() if FIELD_OF[key] in MARKS}
            if marks:
                transaction.ledger.keep_marks(str(row["_id"]), marks)


def local_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without marks, its times written as local ones of a zone."""
    kept = {key: value for key, value in row.items() if FIELD_OF[key] not in MARKS}
    start = row["scheduledDate"]
    if not is_start(start):
        return kept
    end = {} if "duration" not in row else {"duration": _written(start + row["duration"] * MINUTE)}
    return kept | {"scheduledDate": _written(start)} | end


class LocalBackend(MappedBackend):
    """Another system's table of local timestamps, with an end in place of a length; our marks are in the ledger."""

    columns = {field: column for field, column in _COLUMNS.items() if field != "duration"} | {"end": "minutes"}
    made = _APPOINTMENTS.replace('"begins at" INTEGER', '"begins at" DATETIME').replace(
        "minutes INTEGER", "minutes TEXT"
    )

    @property
    def mapping(self) -> TableMapping:
        where = "kind = 'coaching'"
        return TableMapping("appointments", where, "timestamp", _ZONE, self.columns, None, writes_status=True)

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        keep_marks(self.open(), rows)
        super().fill(list(map(local_row, rows)))

    def rows(self) -> list[dict[str, Any]]:
        with closing(self.open(writable=False)) as store:
            return [store.bookings.raw(row["_id"]) or {} for row in super().rows()]


def _written(moment: Millis) -> str:
    return f"{at(moment).astimezone(ZoneInfo(_ZONE)):%Y-%m-%d %H:%M:%S.%f}"


class PostgresMappedBackend:
    """Another system's table in a PostgreSQL, as `MappedBackend`; the ledger is in its database."""

    columns = _COLUMNS | _MARKED
    made = _APPOINTMENTS.replace("INTEGER", "BIGINT")
    form: TimeForm = "ms"
    zone: str | None = None

    def __init__(self, url: str) -> None:
        self._url = url
        self._order: list[object] = []
        with self._connected() as connection:
            connection.execute(self.made.encode())

    @property
    def mapping(self) -> TableMapping:
        where = "kind = 'coaching'"
        return TableMapping("appointments", where, self.form, self.zone, self.columns, None, writes_status=True)

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._connected() as connection:
            for row in rows:
                named = ", ".join('"' + (_COLUMNS | _MARKED)[FIELD_OF[key]] + '"' for key in row)
                values = [_untyped(json.dumps(value) if isinstance(value, list) else value) for value in row.values()]
                sql = f"INSERT INTO appointments ({named}) VALUES ({', '.join(['%s'] * len(row))})"
                connection.execute(sql.encode(), values)
                self._order.append(row["_id"])

    def content(self) -> object:
        with self._connected() as connection:
            return connection.execute("SELECT xmin::text, ctid::text, a::text FROM appointments AS a").fetchall()

    def rows(self) -> list[dict[str, Any]]:
        with closing(self.open(writable=False)) as store:
            found = {row["_id"]: row for row in store.bookings.export()}
        return [found[name] for name in self._order]

    def open(self, *, writable: bool = True) -> Store:
        return open_store(self._url, "", DEFAULTS, writable=writable, mapping=self.mapping)

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._url, autocommit=True, cursor_factory=psycopg.ClientCursor)


class PostgresLocalBackend(PostgresMappedBackend):
    """Another system's table of timestamps without a zone, with an end in place of a length; marks in the ledger."""

    columns = LocalBackend.columns
    made = PostgresMappedBackend.made.replace('"begins at" BIGINT', '"begins at" TIMESTAMP').replace(
        "minutes BIGINT", "minutes TIMESTAMP"
    )
    form = "timestamp"
    zone = _ZONE

    def fill(self, rows: Sequence[Mapping[str, Any]]) -> None:
        keep_marks(self.open(), rows)
        super().fill([self._moment(local_row(row)) for row in rows])

    def _moment(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a row whose start is a timestamp, however far away."""
        start = row["scheduledDate"]
        if not isinstance(start, int):
            return row
        return {**row, "scheduledDate": _written(start + 2 * DAY) if abs(start) < LATEST * 2 else "infinity"}


BACKENDS: dict[str, type[SqliteBackend] | type[JsonBackend]] = {"sqlite": SqliteBackend, "json": JsonBackend}
BOOKABLE = (*BACKENDS, "postgresql", "pgbouncer")
UNTYPED = (*BACKENDS, "mapped", "local")  # whose columns hold what they were not made for
READABLE = (*BOOKABLE, "mapped", "local", "postgres-mapped", "postgres-local")
"""Those whose bookings can be read and marked; nothing is booked in the last ones."""


def made(kind: str, directory: Path, request: pytest.FixtureRequest) -> Backend:
    """Return a store of a kind, empty."""
    files = {**BACKENDS, "mapped": MappedBackend, "local": LocalBackend}
    if kind in files:
        return files[kind](directory)
    url: str = request.getfixturevalue("postgres_server").fresh()
    if kind == "pgbouncer":
        return PostgresBackend(request.getfixturevalue("pooler").through(url), url)
    kinds = {"postgres-mapped": PostgresMappedBackend, "postgres-local": PostgresLocalBackend}
    return kinds[kind](url) if kind in kinds else PostgresBackend(url)


def snapshot(directory: Path) -> dict[str, bytes]:
    """Return every file of a directory with its bytes."""
    return {entry.name: entry.read_bytes() for entry in directory.iterdir() if entry.is_file()}
