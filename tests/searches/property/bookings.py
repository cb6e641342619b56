"""The booking system: what it believes it wrote, and the store that it writes to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from coachsync.domain.model import MINUTE, Millis
from coachsync.store.columns import MARK_KEYS
from tests.kit.booking_system import BookingSystem, PostgresBookingSystem
from tests.kit.home import Home
from tests.searches.places import Place


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

    files: dict[str, bytes]
    bookings: dict[str, Booking]
    memory: Any = field(default=None)


class System(Protocol):
    """What writes the store."""

    def put(self, session_id: str, fields: Mapping[str, Any]) -> None: ...

    def delete(self, session_id: str) -> None: ...

    def rows(self) -> dict[str, dict[str, Any]]: ...


class Bookings:
    """The bookings and their store. Every change is written at once, as its own transaction.

    `url` is that of a store to make; it is in a PostgreSQL if there is a `place` for it. `system` writes one that is
    there.
    """

    def __init__(self, folder: Path, url: str = "", place: Place | None = None, system: System | None = None) -> None:
        self.folder = folder
        self.known: dict[str, Booking] = {}
        self.place = place
        self._system: System = system or self._made(url)

    def _made(self, url: str) -> System:
        home = Home(self.folder, url).make_store()
        return BookingSystem(home.file) if self.place is None else PostgresBookingSystem(url)

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
        files = (
            {file.name: file.read_bytes() for file in self._files()} if self.place is None else self.place.contents()
        )
        return Backup(files, deepcopy(self.known))

    def restore(self, backup: Backup) -> None:
        """Bring a copy back."""
        if self.place is not None:
            self.place.restore(backup.files)
        else:
            for file in self._files():
                file.unlink()
            for name, content in backup.files.items():
                (self.folder / name).write_bytes(content)
        self.known = deepcopy(backup.bookings)

    def minute_passes(self) -> None:
        """Let go by what a run that died may still hold."""
        if self.place is not None:
            self.place.minute_passes()

    def _files(self) -> list[Path]:
        return [f for f in self.folder.iterdir() if f.name.startswith("sessions") and not f.name.endswith(".lock")]
