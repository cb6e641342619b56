"""Role access, 20 sessions, every route limited to 5 per 5 s: `python -m tests.benchmarks.tight [fixed|sliding]`.

Once with a bucket for each route and major parameter, as Discord has, and once with one for each route as a whole.
"""

from __future__ import annotations

import sys

from tests.benchmarks import bound
from tests.benchmarks.runs import both, show
from tests.benchmarks.stage import Stage

SESSIONS = 20


def main() -> None:
    """Measure and print."""
    window = sys.argv[1] if len(sys.argv) > 1 else "fixed"
    for limits, words in (("each", "and guild or channel"), ("route", "as a whole")):
        with Stage(sessions=SESSIONS, limits=limits, window=window) as stage:
            cleanup = bound.tight_cleanup(SESSIONS, route_wide=limits == "route")
            found = both(stage, bound.tight_setup(SESSIONS), cleanup)
        show(f"role access, {SESSIONS} sessions, 5 per 5 s ({window}) for each route {words}", found)


if __name__ == "__main__":
    main()
