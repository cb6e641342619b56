"""Role access, 20 guilds of 10 sessions each, setup then cleanup: `python -m tests.benchmarks.guilds`."""

from __future__ import annotations

from tests.benchmarks import bound
from tests.benchmarks.runs import both, show
from tests.benchmarks.stage import Stage

GUILDS, SESSIONS = 20, 200


def main() -> None:
    """Measure and print."""
    with Stage(guilds=GUILDS, sessions=SESSIONS) as stage:
        found = both(stage, bound.role_setup(SESSIONS, GUILDS), bound.role_cleanup(SESSIONS, GUILDS))
    show(f"role access, {GUILDS} guilds × {SESSIONS // GUILDS} sessions", found)


if __name__ == "__main__":
    main()
