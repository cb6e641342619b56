"""How many requests a session and a guild cost, role and member access: `python -m tests.benchmarks.requests_sent`."""

from __future__ import annotations

from tests.benchmarks.home import CLEANUP_AT, SETUP_AT, Home, a_folder
from tests.benchmarks.stage import Stage, Told

SESSIONS, GUILDS = 40, 4
MINUTE = 60_000


def _writes(told: Told) -> float:
    return sum(n for route, n in told.routes.items() if not route.startswith("GET")) / SESSIONS


def _reads(told: Told) -> float:
    return sum(n for route, n in told.routes.items() if route.startswith("GET")) / GUILDS


def main() -> None:
    """Count and print: a tick that sets up, one that has nothing to do, one that cleans up."""
    for access in ("role", "member"):
        with Stage(guilds=GUILDS, sessions=SESSIONS, limits="none", latency=0.0) as stage, a_folder() as folder:
            home = Home(folder, stage.base_url, access)
            home.book(SESSIONS, GUILDS)
            for name, now in (("setup", SETUP_AT), ("nothing due", SETUP_AT + MINUTE), ("cleanup", CLEANUP_AT)):
                home.run(now)
                told = stage.tell("clear")
                print(f"{access:7} {name:12} {_writes(told):.2f} per session, {_reads(told):.2f} reads per guild")


if __name__ == "__main__":
    main()
