"""A folder with a configuration and a store full of bookings, and coachsync run in it as cron would."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coachsync.config.template import render_config
from coachsync.store.open import create_store
from tests.benchmarks.layout import TOKEN, coach_id, guild_id, session_id, student_id
from tests.benchmarks.stage import Run, environment, measured

HOUR = 3_600_000
START = 1_800_003_600_000
SETUP_AT = START - 5 * HOUR // 2
CLEANUP_AT = START + 3 * HOUR
_COLUMNS = "id, status, scheduled_date, duration, student_discord_id, coach_discord_id, guild_id"


class Home:
    """One installation."""

    def __init__(
        self,
        folder: Path,
        base_url: str,
        access: str = "role",
        *,
        store: str = "sqlite:///sessions.db",
        max_requests_per_second: int = 50,
    ) -> None:
        self.folder = folder
        self.base_url = base_url
        self.store = store
        self._given = {"discord.guild_id": guild_id(0), "store.url": store, "discord.access": access}
        self.configure(max_requests_per_second)
        create_store(store, folder)

    def configure(self, max_requests_per_second: int) -> None:
        """Write the configuration."""
        text = render_config({**self._given, "discord.max_requests_per_second": max_requests_per_second})
        (self.folder / "config.toml").write_text(text, "utf-8")

    def book(self, sessions: int, guilds: int = 1, start: int = START, apart: int = 0, first: int = 0) -> None:
        """Book sessions, the first numbered `first`, `apart` milliseconds from start to start, guild after guild."""
        rows = (
            (session_id(n), "SCHEDULED", start + n * apart, 60, student_id(n), coach_id(n), guild_id(n % guilds))
            for n in range(first, first + sessions)
        )
        database = sqlite3.connect(self.folder / "sessions.db")
        with database:
            database.executemany(f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        database.close()

    def run(self, now: int | None, *arguments: str) -> Run:
        """Run one tick as if it were `now`."""
        at = () if now is None else ("--now", str(now))
        return self.start("run", *at, *arguments)

    def settle(self, now: int) -> None:
        """Run once, as what an idle tick comes after: a new ledger looks through its guilds, here in vain."""
        self.run(now)
        beside = self.folder / "sessions.json.coachsync.db"
        database = sqlite3.connect(beside if beside.exists() else self.folder / "sessions.db")
        with database:
            database.execute("DELETE FROM coachsync_meta WHERE key LIKE 'look:%'")
        database.close()

    def start(self, *arguments: str) -> Run:
        """Run one command."""
        environ = environment(COACHSYNC_API_BASE=self.base_url, COACHSYNC_TOKEN=TOKEN)
        command = [sys.executable, "-m", "coachsync", "--config", "config.toml", *arguments]
        return measured(command, self.folder, environ)


@contextmanager
def a_folder() -> Iterator[Path]:
    """Lend an empty folder."""
    with tempfile.TemporaryDirectory(prefix="coachsync-bench-") as folder:
        yield Path(folder)
