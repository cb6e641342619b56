"""The folder of one case: configuration, store and ledger, copied from a prepared one."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from coachsync.domain.booking import Defaults
from coachsync.domain.model import HOUR, Entry
from coachsync.store.open import create_store, open_store
from tests.searches.crash.town import SESSION, Town

FOREIGN_FIELD = "notes"
FOREIGN_VALUE = "brings a guitar"
_IN_MEMORY = Path("/dev/shm")
_FILES = {"sqlite": "sessions.db", "json": "sessions.json"}


class Home(NamedTuple):
    """A folder with a configuration and a store. `kind` is "sqlite" or "json"."""

    folder: Path
    kind: str

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / _FILES[self.kind]

    @property
    def ledger(self) -> Path:
        """The database that holds the ledger."""
        return self.store if self.kind == "sqlite" else self.folder / f"{_FILES['json']}.coachsync.db"

    @property
    def url(self) -> str:
        """The store's url."""
        return f"{self.kind}:///{_FILES[self.kind]}"

    def files(self) -> dict[str, bytes]:
        """Return every file's content by name."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files."""
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self) -> tuple[dict[str, Any], Entry | None]:
        """Return the booking's fields by JSON key ({} where it is gone), and what the ledger remembers of it."""
        with closing(open_store(self.url, self.folder, Defaults("1", HOUR), writable=False)) as store:
            return store.bookings.raw(SESSION) or {}, store.ledger.entries([SESSION]).get(SESSION)

    def book(self, fields: Mapping[str, Any]) -> None:
        """Add the booking, with a field that is none of coachsync's."""
        with closing(open_store(self.url, self.folder, Defaults("1", HOUR), writable=True)) as store:
            store.bookings.add({"_id": SESSION, **fields})
        self.change({FOREIGN_FIELD: FOREIGN_VALUE})

    def change(self, fields: Mapping[str, Any]) -> None:
        """Change the booking as its booking system would: past coachsync's own code."""
        if self.kind == "json":
            rows = json.loads(self.store.read_text("utf-8"))
            rows[0].update(fields)
            self.store.write_text(json.dumps(rows), "utf-8")
            return
        columns = {"studentDiscordId": "student_discord_id", "scheduledDate": "scheduled_date"}
        with closing(sqlite3.connect(self.store)) as db, db:
            for key, value in fields.items():
                db.execute(f"UPDATE sessions SET {columns.get(key, key)} = ?", (value,))


def new_home(kind: str) -> Home:
    """Return an empty folder, in memory where the host has a place for that."""
    where = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    return Home(Path(tempfile.mkdtemp(prefix="coachsync-crash-", dir=where)), kind)


def settle_in(home: Home, town: Town, access: str) -> None:
    """Write a configuration and make an empty store."""
    (home.folder / "config.toml").write_text(
        f'[discord]\nguild_id = "{town.guild}"\ncategory_id = "{town.category}"\n'
        f'staff_role_ids = ["{town.staff_role}"]\naccess = "{access}"\n'
        'timeout = "1s"\nrun_budget = "30s"\nmax_requests_per_second = 1000\n'
        f'[store]\nurl = "{home.url}"\n',
        "utf-8",
    )
    create_store(home.url, home.folder)
    if home.kind == "sqlite":
        with closing(sqlite3.connect(home.store)) as db, db:
            db.execute(f"ALTER TABLE sessions ADD COLUMN {FOREIGN_FIELD} TEXT")
