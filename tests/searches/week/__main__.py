"""Play a week: `python -m tests.searches.week`.

Prints what came of it in figures, each promise with whether it was kept, and where it was not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.kit.folders import in_memory
from tests.searches.week.trouble import QUIET, Rates
from tests.searches.week.week import Size, play

_SHOWN = 25
_A_DAY = 3  # sessions of a guild


def main(argv: Sequence[str] | None = None) -> int:
    """Run several hosts over one PostgreSQL and one Discord, kill, freeze and cut them off, and judge each round."""
    parser = argparse.ArgumentParser(prog="python -m tests.searches.week", description=main.__doc__)
    given = Size()
    parser.add_argument("--seed", type=int, default=given.seed, help="of bookings and troubles")
    parser.add_argument("--days", type=float, default=given.days)
    parser.add_argument("--hosts", type=int, default=given.hosts)
    parser.add_argument("--guilds", type=int, default=given.guilds)
    parser.add_argument("--quiet", action="store_true", help="nothing befalls anybody")
    parser.add_argument("--unsafe", action="store_true", help="hosts that fear nobody: the judge must find it")
    parser.add_argument("--story", type=Path, metavar="FILE", help="write down all that happens")
    options = parser.parse_args(argv)
    sessions = round(_A_DAY * options.guilds * options.days)
    rates = QUIET if options.quiet else Rates()
    size = Size(options.days, options.hosts, options.guilds, sessions, options.seed, rates, options.unsafe)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="week", dir=in_memory()) as folder:
        figures, broken = play(Path(folder), size, lambda text: print(text, flush=True), options.story)
    print("\n".join(figures.told()))
    for line in broken[:_SHOWN]:
        print(f"  {line}")
    print(f"took {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
