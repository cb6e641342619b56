"""Guilds that refuse and one that works, for a day of ticks: `python -m tests.benchmarks.refusals [GUILDS] [TICKS]`.

Prints, for refusals that the guilds' lists show and for such that they do not, how many answers an hour were refused,
and how long the working guild waited for its room. The day is played at 1,000 requests a second, the last tick of it at
Discord's 50.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from coachsync.domain import permissions as p
from coachsync.standin import Standin
from tests.benchmarks.home import HOUR, Home, a_folder
from tests.benchmarks.layout import coach_id, guild_id, student_id
from tests.benchmarks.server import build

T0, QUARTER = 1_800_000_000_000, HOUR // 4
FAR = 60 * HOUR
MAKES = (("POST", "/guilds/{guild_id}/roles"), ("POST", "/guilds/{guild_id}/channels"))
_COLUMNS = "id, status, scheduled_date, duration, student_discord_id, coach_discord_id, guild_id"


@contextmanager
def a_server(guilds: int, shown: bool) -> Iterator[Standin]:
    """Serve guilds of which only the first lets rooms be made; `shown`: the lists show why."""
    standin = Standin(latency=0.02)
    build(standin, guilds, guilds)
    for guild in (guild_id(n) for n in range(1, guilds) if shown):
        for role in standin.world.guilds[guild].roles.values():
            role.permissions &= ~p.MANAGE_ROLES
    if not shown:
        standin.faults.add("forbidden", lambda r: r.route in MAKES and r.params["guild_id"] != guild_id(0), count=None)
    with standin:
        yield standin


def book(folder: Path, guilds: int) -> None:
    """Book one session for each guild that refuses, its window open all day."""
    _add(folder, [_row(f"far{n}", n, T0 + FAR) for n in range(1, guilds)])


def book_one(folder: Path, tick: int) -> None:
    """Book a session for the guild that works, just before a tick."""
    _add(folder, [_row(f"near{tick:04}", 0, T0 + tick * QUARTER + 5 * HOUR // 2)])


def _add(folder: Path, rows: Sequence[Sequence[object]]) -> None:
    with sqlite3.connect(folder / "sessions.db") as database:
        database.executemany(f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    database.close()


def _row(session: str, guild: int, start: int) -> Sequence[object]:
    return session, "SCHEDULED", start, 60, student_id(guild), coach_id(guild), guild_id(guild)


def prepared(folder: Path, standin: Standin, guilds: int) -> Home:
    """Return an installation whose first run is over."""
    home = Home(folder, standin.base_url, max_requests_per_second=1000)
    text = (folder / "config.toml").read_text("utf-8")
    _windows(home, text)
    home.settle(T0 - QUARTER)
    book(folder, guilds)
    standin.clear_requests()
    return home


def _windows(home: Home, text: str) -> None:
    text = text.replace('setup_opens = "3h"', 'setup_opens = "90h"').replace("# setup_opens", "setup_opens")
    (home.folder / "config.toml").write_text(text, "utf-8")


def a_day(guilds: int, ticks: int, shown: bool) -> None:
    """Play the day and print what was refused, and the working guild's delay at its end."""
    per_hour: Counter[int] = Counter()
    with a_server(guilds, shown) as standin, a_folder() as folder:
        home = prepared(folder, standin, guilds)
        for n in range(ticks):
            book_one(folder, n)
            home.run(T0 + n * QUARTER)
            per_hour[n // 4] += sum(r.status in (401, 403, 429) for r in standin.requests)
            standin.clear_requests()
        _slow(home)
        book_one(folder, ticks)
        home.run(T0 + ticks * QUARTER)
        late = _ready(standin)
    hours = max(1, ticks // 4)
    what = "lists show it" if shown else "lists show nothing"
    print(
        f"{what}: {sum(per_hour.values()) / hours:.0f} refused answers an hour,"
        f" {max(per_hour.values())} at most, {min(per_hour.values())} at least;"
        f" the working guild's room after {late:.2f} s",
        flush=True,
    )


def _slow(home: Home) -> None:
    path = home.folder / "config.toml"
    path.write_text(path.read_text("utf-8").replace("max_requests_per_second = 1000", ""), "utf-8")


def _ready(standin: Standin) -> float:
    """Return how long after the run's first request the working guild's last room was asked for, in seconds."""
    first = standin.requests[0].arrived
    made = [r.arrived for r in standin.requests if r.route == MAKES[1] and r.params["guild_id"] == guild_id(0)]
    return made[-1] - first


def main() -> None:
    """Measure and print."""
    guilds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    ticks = int(sys.argv[2]) if len(sys.argv) > 2 else 96
    for shown in (True, False):
        a_day(guilds, ticks, shown)
    print("alone, for comparison:", end=" ")
    a_day(1, 4, shown=True)


if __name__ == "__main__":
    main()
