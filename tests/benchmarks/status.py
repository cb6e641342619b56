"""`status` with 1,000,000 past and 50 live sessions ÷ 50 live alone: `python -m tests.benchmarks.status`.

The live ones are set up first, so both ledgers know their rooms.
"""

from __future__ import annotations

from tests.benchmarks.bound import GLOBAL, Phase
from tests.benchmarks.home import SETUP_AT, START, Home, a_folder
from tests.benchmarks.pairs import compare
from tests.benchmarks.runs import half
from tests.benchmarks.stage import Stage

MANY, LIVE = 1_000_000, 50


def main() -> None:
    """Measure and print."""
    with a_folder() as small, a_folder() as large:
        homes = []
        for folder in (small, large):
            with Stage(sessions=LIVE, limits="none", latency=0.0) as stage:
                home = Home(folder, stage.base_url, max_requests_per_second=1000)
                home.book(LIVE)
                half(home, stage, SETUP_AT, [Phase(1, GLOBAL, 0, 0)], "setup")
            homes.append(home)
        few, many = homes
        many.book(MANY, start=START - 400 * 86_400_000, apart=30_000, first=LIVE)
        at = ("--now", str(SETUP_AT))
        compare(
            f"status, {MANY:,} past and {LIVE} live ÷ {LIVE} live",
            lambda: many.start("status", *at),
            lambda: few.start("status", *at),
        )


if __name__ == "__main__":
    main()
