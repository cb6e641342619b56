"""The folder of one case: configuration, store and ledger, copied from a prepared one."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from coachsync.domain.model import Entry
from tests.kit.booking_system import BookingSystem, PostgresBookingSystem
from tests.kit.folders import in_memory
from tests.kit.home import URLS, Home
from tests.searches.crash.town import SESSION, Cast
from tests.searches.places import Place

FOREIGN_FIELD = "notes"
FOREIGN_VALUE = "brings a guitar"


POSTGRESQL = "postgresql"


class CaseHome(Home):
    """A home in a folder of its own, which `remove` deletes. `kind` is "sqlite" or "json"."""

    def __init__(self, kind: str, url: str | None = None) -> None:
        folder = Path(tempfile.mkdtemp(prefix="coachsync-crash-", dir=in_memory()))
        super().__init__(folder, URLS[kind] if url is None else url)
        self.kind = kind
        self._system = BookingSystem(self.file) if url is None else PostgresBookingSystem(url)

    def settle_in(self, cast: Cast, access: str) -> None:
        """Write a configuration and make an empty store, whose rows have a field that is none of coachsync's."""
        lines = [
            f'category_id = "{cast.category}"',
            f'staff_role_ids = ["{cast.staff_role}"]',
            f'access = "{access}"',
            'timeout = "1s"\nrun_budget = "30s"\nmax_requests_per_second = 1000',
        ]
        self.configure(cast.guild, lines)
        self.make_store()
        self._system.add_column(FOREIGN_FIELD)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files, by name."""
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def contents(self) -> dict[str, bytes]:
        """Return every file's content by name."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self) -> tuple[dict[str, Any], Entry | None]:
        """Return the booking's fields by JSON key ({} where it is gone), and what the ledger remembers of it."""
        with self.store(writable=False) as store:
            return store.bookings.raw(SESSION) or {}, store.ledger.entries([SESSION]).get(SESSION)

    def add_booking(self, fields: Mapping[str, Any]) -> None:
        """Add the booking, with a field that is none of coachsync's."""
        with self.store() as store:
            store.bookings.add({"_id": SESSION, **fields})
        self.change({FOREIGN_FIELD: FOREIGN_VALUE})

    def change(self, fields: Mapping[str, Any]) -> None:
        """Change the booking as its booking system would: past coachsync's own code."""
        self._system.put(SESSION, fields)

    def minute_passes(self) -> None:
        """Let go by what a run that died may still hold."""

    def forget(self) -> None:
        """Lose the ledger."""
        with closing(sqlite3.connect(self.ledger)) as connection:
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'coachsync_%'"
            )
            for (name,) in found.fetchall():
                connection.execute(f"DROP TABLE {name}")
            connection.commit()


class PostgresHome(CaseHome):
    """The same with a store in a PostgreSQL."""

    def __init__(self) -> None:
        self._place = Place()
        super().__init__(POSTGRESQL, self._place.url)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files by name, and rows by table."""
        super().put({name: content for name, content in files.items() if not name.startswith(_TABLE)})
        tables = {n.removeprefix(_TABLE): rows for n, rows in files.items() if n.startswith(_TABLE)}
        self._place.put(tables, (FOREIGN_FIELD,))
        text = self.config.read_text("utf-8")  # it names the place in which the case was prepared
        self.config.write_text(re.sub('postgresql://[^"]*', self.url, text), "utf-8")

    def contents(self) -> dict[str, bytes]:
        """Return every file's content by name, and every table's rows."""
        rows = {f"{_TABLE}{table}": rows for table, rows in self._place.contents().items()}
        return super().contents() | rows

    def remove(self) -> None:
        """Take folder and tables away."""
        self._place.remove()
        super().remove()

    def minute_passes(self) -> None:
        """Let every lease that is not given back run out."""
        self._place.minute_passes()

    def forget(self) -> None:
        """Lose the ledger."""
        self._place.forget()


_TABLE = "table "


def case_home(kind: str) -> CaseHome:
    """Return an empty home of a kind: "sqlite", "json" or "postgresql"."""
    return PostgresHome() if kind == POSTGRESQL else CaseHome(kind)
