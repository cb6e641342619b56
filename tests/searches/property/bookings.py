"""The booking system: what it believes it wrote, and the store that it writes to."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from coachsync.domain.model import MINUTE, Millis
from coachsync.store.columns import MARK_KEYS
from tests.kit.booking_system import BookingSystem
from tests.kit.home import URLS, Home


def bare(typed: str | None) -> str | None:
    """Return the id that was typed, "" if none was, None if that can be no id at all (CONTRACT §4)."""
    plain = (typed or "").strip()
    mentioned = re.fullmatch(r"<@!?(\d+)>", plain)
    plain = mentioned[1] if mentioned else plain
    readable = re.fullmatch(r"[1-9]\d{14,19}", plain) and int(plain) < 2**64
    return plain if readable or not plain else None


@dataclass
class Booking:
    """One booking as the booking system knows it.

    `student` and `coach` are as they were typed. `garbled`: its start was written in seconds by mistake. `nobodies`:
    ids that were typed and are a role's or the bot's; `homes`: those that are a guild's. `others` are further people,
    each with a kind.
    """

    id: str
    status: str
    start: Millis
    minutes: int
    student: str | None
    coach: str | None
    guild: str
    garbled: bool = False
    note: int = 0
    nobodies: frozenset[str] = frozenset()
    homes: frozenset[str] = frozenset()
    others: tuple[tuple[str, str], ...] = ()

    @property
    def end(self) -> Millis:
        """Return when the session ends."""
        return self.start + self.minutes * MINUTE

    @property
    def people(self) -> frozenset[str]:
        """Return who is to get in: those whose id can be read, and is a person's."""
        return self.speakers | {someone for _, someone in self.others}

    @property
    def speakers(self) -> frozenset[str]:
        """Return who of them may speak: all but those who only observe."""
        read = [bare(typed) for typed in (self.student, self.coach)]
        read += [someone for kind, someone in self.others if kind != "observer"]
        return frozenset(someone for someone in read if someone) - self.nobodies - self.homes

    @property
    def unread(self) -> bool:
        """Return whether the row is invalid: its start, or an id that is neither one nor blank."""
        read = {bare(typed) for typed in (self.student, self.coach)}
        return self.garbled or None in read or bool(read & self.homes)

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
            "participants": json.dumps([{"discordId": i, "kind": kind} for kind, i in self.others])
            if self.others
            else "",
            "guildId": self.guild,
        }


@dataclass
class Backup:
    """The store and its ledger as they were, and what the booking system knew then."""

    folder: Path
    bookings: dict[str, Booking]
    memory: Any = field(default=None)


class System(Protocol):
    """What writes the store."""

    def put(self, session_id: str, fields: Mapping[str, Any]) -> None: ...

    def delete(self, session_id: str) -> None: ...

    def rows(self) -> dict[str, dict[str, Any]]: ...


class Bookings:
    """The bookings and their store. Every change is written at once, as its own transaction.

    `system` writes a store that is no file; else `kind` says which one is made in the folder.
    """

    def __init__(self, folder: Path, kind: str = "", system: System | None = None) -> None:
        self.folder = folder
        self.known: dict[str, Booking] = {}
        self._backups = 0
        self._system: System = system or BookingSystem(Home(folder, URLS[kind]).make_store().file)

    def put(self, booking: Booking) -> None:
        """Add or change a booking."""
        booking.note += 1
        self.known[booking.id] = booking
        self._system.put(booking.id, booking.fields())

    def delete(self, session_id: str) -> None:
        """Delete a booking."""
        del self.known[session_id]
        self._system.delete(session_id)

    def claim(self, session_id: str, channel: str, role: str) -> None:
        """Write our marks as if something were set up."""
        marks = {"discordSetupComplete": True, "discordChannelId": channel, "discordRoleId": role}
        self._system.put(session_id, {**self.known[session_id].fields(), **marks})

    def drop_marks(self, session_id: str) -> None:
        """Write the row as if coachsync had never marked it."""
        self._system.put(session_id, {**self.known[session_id].fields(), **dict.fromkeys(MARK_KEYS)})

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what is stored, by id and JSON key, without what is absent."""
        return self._system.rows()

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
