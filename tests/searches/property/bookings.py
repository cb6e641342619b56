"""The booking system: what it believes it wrote, and how it writes to each kind of store behind coachsync's back."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coachsync.domain.model import MINUTE, Millis
from coachsync.store.columns import FIELD_OF, MARK_KEYS
from coachsync.store.open import create_store


@dataclass
class Booking:
    """One booking as the booking system knows it. `garbled`: its start was written in seconds by mistake."""

    id: str
    status: str
    start: Millis
    minutes: int
    student: str | None
    coach: str | None
    guild: str
    garbled: bool = False
    note: int = 0

    @property
    def end(self) -> Millis:
        """Return when the session ends."""
        return self.start + self.minutes * MINUTE

    @property
    def people(self) -> frozenset[str]:
        """Return who has linked an account."""
        return frozenset(someone for someone in (self.student, self.coach) if someone)

    def fields(self) -> dict[str, Any]:
        """Return the row by JSON key; `studentName` changes with every write, so that no write can hide."""
        return {
            "_id": self.id,
            "status": self.status,
            "scheduledDate": self.start // 1000 if self.garbled else self.start,
            "duration": self.minutes,
            "studentDiscordId": self.student or "",
            "coachDiscordId": self.coach or "",
            "studentName": f"note {self.note}",
            "guildId": self.guild,
        }


@dataclass
class Backup:
    """The store and its ledger as they were, and what the booking system knew then."""

    folder: Path
    bookings: dict[str, Booking]
    memory: Any = field(default=None)


class Bookings:
    """The bookings and their store. Every change is written at once, as its own transaction."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.known: dict[str, Booking] = {}
        self._backups = 0
        self.path = folder / ("sessions.db" if kind == "sqlite" else "sessions.json")
        create_store(f"{kind}:///{self.path.name}", folder)

    def put(self, booking: Booking) -> None:
        """Add or change a booking."""
        booking.note += 1
        self.known[booking.id] = booking
        self._write(booking.id, booking.fields())

    def delete(self, session_id: str) -> None:
        """Delete a booking."""
        del self.known[session_id]
        if self.kind == "sqlite":
            with self._database() as database:
                database.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
            return
        with self._document() as rows:
            rows[:] = [row for row in rows if row["_id"] != session_id]

    def claim(self, session_id: str, channel: str, role: str) -> None:
        """Write our marks as if something were set up."""
        marks = {"discordSetupComplete": True, "discordChannelId": channel, "discordRoleId": role}
        self._write(session_id, {**self.known[session_id].fields(), **marks})

    def drop_marks(self, session_id: str) -> None:
        """Write the row as if coachsync had never marked it."""
        self._write(session_id, {**self.known[session_id].fields(), **dict.fromkeys(MARK_KEYS)})

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what is stored, by id and JSON key, without what is absent."""
        if self.kind == "json":
            return {row["_id"]: row for row in json.loads(self.path.read_text("utf-8"))}
        with closing(sqlite3.connect(self.path, timeout=20)) as database:
            database.row_factory = sqlite3.Row
            found = [dict(row) for row in database.execute("SELECT * FROM sessions")]
        keys = {column: key for key, column in FIELD_OF.items()}
        return {row["id"]: {keys[c]: v for c, v in row.items() if v is not None} for row in found}

    def backup(self) -> Backup:
        """Copy the store and its ledger; nobody may be writing."""
        self._backups += 1
        place = self.folder / f"backup-{self._backups}"
        place.mkdir()
        for file in self._files(self.folder):
            shutil.copy2(file, place)
        return Backup(place, deepcopy(self.known))

    def restore(self, backup: Backup) -> None:
        """Bring a copy back."""
        for file in self._files(self.folder):
            file.unlink()
        for file in self._files(backup.folder):
            shutil.copy2(file, self.folder)
        self.known = deepcopy(backup.bookings)

    def _files(self, folder: Path) -> list[Path]:
        return [f for f in folder.iterdir() if f.name.startswith("sessions") and not f.name.endswith(".lock")]

    def _write(self, session_id: str, fields: dict[str, Any]) -> None:
        if self.kind == "sqlite":
            self._upsert({FIELD_OF[key]: value for key, value in fields.items()})
            return
        with self._document() as rows:
            row = next((row for row in rows if row["_id"] == session_id), None)
            if row is None:
                row = {}
                rows.append(row)
            row.update(fields)
            for key in [key for key, value in row.items() if value is None]:
                del row[key]

    def _upsert(self, columns: dict[str, Any]) -> None:
        named = ", ".join(columns)
        slots = ", ".join("?" * len(columns))
        changes = ", ".join(f"{c} = excluded.{c}" for c in columns if c != "id")
        with self._database() as database:
            database.execute(
                f"INSERT INTO sessions ({named}) VALUES ({slots}) ON CONFLICT (id) DO UPDATE SET {changes}",
                list(columns.values()),
            )

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=20)) as database, database:
            yield database

    @contextmanager
    def _document(self) -> Iterator[list[dict[str, Any]]]:
        """Change the JSON array under the lock that coachsync takes too."""
        with open(f"{self.path}.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = json.loads(self.path.read_text("utf-8"))
            yield rows
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(rows), "utf-8")
            fresh.replace(self.path)
