"""What an idle tick costs with years of sessions behind it ÷ with none: `python -m tests.benchmarks.large`.

`python -m tests.benchmarks.large [postgresql|sqlite] [SESSIONS]`: 10,000,000 past sessions in a PostgreSQL of its own,
1,000,000 in SQLite, if nothing else is said. The plans by which the rows to be looked at are found are printed, too.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coachsync.domain.booking import Defaults
from coachsync.domain.model import HOUR, Span
from coachsync.store.open import open_store
from tests.benchmarks.home import START, Home, a_folder
from tests.benchmarks.layout import guild_id
from tests.benchmarks.pairs import compare
from tests.kit.large import fill_postgres, fill_sqlite
from tests.kit.plans import watched
from tests.kit.postgres import Postgres, postgres

SESSIONS = {"postgresql": 10_000_000, "sqlite": 1_000_000}
_BYTES = 1200  # a session takes at most, with its share of the indexes and of the ledger
_NOWHERE = "http://127.0.0.1:9/api/v10"
_TUNED = ("maintenance_work_mem = '512MB'", "max_wal_size = '8GB'", "wal_level = minimal", "max_wal_senders = 0")


def main() -> None:
    """Measure and print."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "postgresql"
    sessions = int(sys.argv[2].replace(",", "").replace("_", "")) if len(sys.argv) > 2 else SESSIONS[kind]
    _require_room(sessions)
    with _installations(kind, sessions) as (large, empty):
        _show_plans(large)
        title = f"{kind}: idle run, {sessions:,} past sessions ÷ none"
        compare(title, lambda: large.run(START), lambda: empty.run(START))


def _require_room(sessions: int) -> None:
    needed, free = sessions * _BYTES, shutil.disk_usage(tempfile.gettempdir()).free
    print(f"disk: about {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free in {tempfile.gettempdir()}")
    if free < 2 * needed:
        raise SystemExit("not enough room: set TMPDIR to a folder on a larger disk, or give fewer SESSIONS")


@contextmanager
def _installations(kind: str, sessions: int) -> Iterator[tuple[Home, Home]]:
    """Lend two installations: one with so many sessions behind it, and one with none."""
    with a_folder() as first, a_folder() as second:
        if kind == "sqlite":
            large, empty = Home(first, _NOWHERE), Home(second, _NOWHERE)
            for home, many in ((large, sessions), (empty, 1)):
                home.run(START)
                began = time.monotonic()
                fill_sqlite(home.folder / "sessions.db", many, START)
                _filled(many, began)
            yield large, empty
            return
        with _server() as server:
            yield _in_postgres(server, first, sessions), _in_postgres(server, second, 1)


@contextmanager
def _server() -> Iterator[Postgres]:
    """Start a PostgreSQL whose files are on the disk that was measured."""
    with postgres(tempfile.gettempdir()) as server:
        server.run(*(f"ALTER SYSTEM SET {setting}" for setting in _TUNED))
        server.restart()
        yield server


def _in_postgres(server: Postgres, folder: Path, sessions: int) -> Home:
    home = Home(folder, _NOWHERE, store=server.fresh())
    home.run(START)
    began = time.monotonic()
    fill_postgres(home.store, sessions, START)
    _filled(sessions, began)
    return home


def _filled(sessions: int, began: float) -> None:
    print(f"filled: {sessions:,} sessions in {time.monotonic() - began:.0f} s", flush=True)


def _show_plans(home: Home) -> None:
    """Print how the bookings are found that a tick must look at, and the ledger's lives that are not over."""
    span = Span(START - 24 * HOUR, START + 3 * HOUR, START - 24 * HOUR)
    with watched() as sent:
        store = open_store(home.store, str(home.folder), Defaults(guild_id(0), HOUR), writable=False)
        store.bookings.candidates(span)
        store.ledger.live_entries()
        store.close()
    for one in sent:
        if "pg_" not in one.sql and "sqlite_master" not in one.sql and one.plan:
            print(str(one).partition(" FROM ")[0][:80] + " …")
            print("\n".join(f"    {step}" for step in one.plan))


if __name__ == "__main__":
    main()
