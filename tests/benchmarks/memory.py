"""Peak memory of one tick with 1,000 setups over 20 guilds: `python -m tests.benchmarks.memory [role|member]`.

The server has no limits here: as many sessions as can be are under way at once, and the tick takes seconds.
"""

from __future__ import annotations

import sys

from tests.benchmarks.bound import GLOBAL, Phase
from tests.benchmarks.home import CLEANUP_AT, SETUP_AT, Home, a_folder
from tests.benchmarks.runs import half
from tests.benchmarks.stage import Stage

GUILDS, SESSIONS, REACH = 20, 1000, 80


def main() -> None:
    """Measure and print."""
    access = sys.argv[1] if len(sys.argv) > 1 else "role"
    with Stage(guilds=GUILDS, sessions=SESSIONS, limits="none", latency=0.0) as stage, a_folder() as folder:
        home = Home(folder, stage.base_url, access, max_requests_per_second=1000)
        home.book(SESSIONS, GUILDS)
        for name, now in (("setup", SETUP_AT), ("cleanup", CLEANUP_AT)):
            run = half(home, stage, now, [Phase(1, GLOBAL, 0, 0)], name).run
            print(f"{name:8} of {SESSIONS} sessions, {access}: peak {run.peak:.1f} MiB (reach {REACH})")


if __name__ == "__main__":
    main()
