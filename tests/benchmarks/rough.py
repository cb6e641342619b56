"""A rough server: `python -m tests.benchmarks.rough [SESSIONS] [each|route]`.

Every route limited to 5 per 5 s, 300 ms latency, 2 % of connections reset, and 3 % of requests answered 429 for no
reason of ours, in each scope. Ticks follow one another until all is done, as cron's would.
"""

from __future__ import annotations

import sys

from tests.benchmarks.home import CLEANUP_AT, SETUP_AT, Home, a_folder
from tests.benchmarks.stage import Stage

_TICK = 900_000
_MOST_TICKS = 4


def _until_done(home: Home, stage: Stage, now: int, action: str) -> str:
    done, seconds = 0, []
    for tick in range(_MOST_TICKS):
        run = home.run(now + tick * _TICK // 10, "--json")
        done += run.document["summary"][action]["done"]
        seconds.append(f"{run.seconds:.1f}")
        if done >= stage.sessions:
            break
    return f"{action:8} {done} of {stage.sessions} done in ticks of {', '.join(seconds)} s"


def main() -> None:
    """Measure and print."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    limits = sys.argv[2] if len(sys.argv) > 2 else "each"
    with Stage(sessions=sessions, limits=limits, latency=0.3, rough=True) as stage, a_folder() as folder:
        home = Home(folder, stage.base_url)
        home.book(sessions)
        for action, now in (("setup", SETUP_AT), ("cleanup", CLEANUP_AT)):
            line = _until_done(home, stage, now, action)
            told = stage.tell("clear")
            rooms = [n for n in told.channels[0] if "coaching" in n]
            roles = [n for n in told.roles[0] if n.startswith("Session")]
            print(line)
            print(
                f"         {len(rooms)} rooms ({len(rooms) - len(set(rooms))} twice), {len(roles)} roles "
                f"({len(roles) - len(set(roles))} twice), {told.refused} refused by the limits, {told.early} too early"
            )


if __name__ == "__main__":
    main()
