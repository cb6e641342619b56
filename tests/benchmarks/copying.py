"""A store copied from SQLite to a PostgreSQL and back: `python -m tests.benchmarks.copying [SESSIONS]`.

Its peak memory does not grow with the store.
"""

from __future__ import annotations

import sys

from tests.benchmarks.home import Home, a_folder
from tests.kit.postgres import postgres

SESSIONS, REACH = 1_000_000, 150


def main() -> None:
    """Measure and print."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS
    with postgres() as server, a_folder() as folder:
        home = Home(folder, "http://127.0.0.1:9/api/v10")
        home.book(sessions)
        there, back = server.fresh(), "sqlite:///back.db"
        for source, target in ((home.store, there), (there, back)):
            run = home.start("store", "copy", source, target)
            kinds = f"{source.partition(':')[0]} to {target.partition(':')[0]}"
            assert run.code == 0, run.out
            print(f"{sessions} sessions, {kinds}: {run.seconds:.1f} s, peak {run.peak:.1f} MiB (reach {REACH})")


if __name__ == "__main__":
    main()
