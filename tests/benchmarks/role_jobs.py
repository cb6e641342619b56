"""Role access, 50 sessions in one guild, setup then cleanup: `python -m tests.benchmarks.role_jobs [SESSIONS]`."""

from __future__ import annotations

import sys

from tests.benchmarks import bound
from tests.benchmarks.runs import both, show
from tests.benchmarks.stage import Stage


def main() -> None:
    """Measure and print."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with Stage(sessions=sessions) as stage:
        found = both(stage, bound.role_setup(sessions), bound.role_cleanup(sessions))
    show(f"role access, {sessions} sessions, one guild", found)


if __name__ == "__main__":
    main()
