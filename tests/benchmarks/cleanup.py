"""Cleanup of 200 sessions of one guild, on routes that show no headers: `python -m tests.benchmarks.cleanup`.

With role access: 400 deletes that the global limit alone holds back. The setups before are done without limits.
"""

from __future__ import annotations

from tests.benchmarks import bound
from tests.benchmarks.home import CLEANUP_AT, SETUP_AT, Home, a_folder
from tests.benchmarks.runs import half, show_half
from tests.benchmarks.stage import Stage

SESSIONS = 200


def main() -> None:
    """Measure and print."""
    with Stage(sessions=SESSIONS, limits="none", latency=0.0) as stage, a_folder() as folder:
        home = Home(folder, stage.base_url, max_requests_per_second=1000)
        home.book(SESSIONS)
        half(home, stage, SETUP_AT, [bound.Phase(1, bound.GLOBAL, 0, 0)], "setup")
        stage.change("discord", 0.06)
        home.configure(max_requests_per_second=50)
        found = half(home, stage, CLEANUP_AT, bound.role_cleanup(SESSIONS), "cleanup")
    print(f"cleanup of {SESSIONS} sessions, one guild, routes without headers")
    show_half("cleanup", found)


if __name__ == "__main__":
    main()
