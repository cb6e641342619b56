"""What completing a session's id costs over 10,000 bookings: `python -m tests.benchmarks.completion`.

As the shell asks it, a whole process, against a Typer program of one empty command. The answer must come within 0.3 s.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from tests.benchmarks.home import HOUR, Home, a_folder
from tests.benchmarks.idle import EMPTY
from tests.benchmarks.pairs import compare
from tests.benchmarks.stage import Run, environment, measured

BOOKINGS = 10_000
_NOWHERE = "http://127.0.0.1:9/api/v10"


def main() -> None:
    """Measure and print."""
    with a_folder() as folder:
        home = Home(folder, _NOWHERE)
        home.book(BOOKINGS, start=int(time.time() * 1000) - BOOKINGS * HOUR // 20, apart=HOUR // 10)
        (folder / "empty.py").write_text(EMPTY, "utf-8")

        def completed(line: str) -> Run:
            asked = environment(_COACHSYNC_COMPLETE="bash", _COACHSYNC_LINE=line)
            return measured([sys.executable, "-m", "coachsync"], folder, asked)

        def empty() -> Run:
            return measured([sys.executable, "empty.py"], folder, environment())

        for line in (
            "coachsync --config config.toml explain ",
            "coachsync --config config.toml explain s",
            "coachsync stat",
        ):
            compare(f"{line!r}, {BOOKINGS:,} bookings ÷ empty Typer program", partial(completed, line), empty)


if __name__ == "__main__":
    main()
