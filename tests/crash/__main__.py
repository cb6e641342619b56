"""Run the matrix: `python -m tests.crash`.

Prints the number of cases by scenario and by fault, and that all converged, or those that did not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.crash.matrix import Case, Played
from tests.crash.whole import Share, run

_SHOWN = 25


def main(argv: Sequence[str] | None = None) -> int:
    """Run all cases, a part of them (--part 2/8), or those whose name holds a text (--only TEXT)."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=main.__doc__)
    parser.add_argument("--part", type=Share.parse, default=Share(1, 1), metavar="I/N", help="the Ith of N parts")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name holds this text")
    parser.add_argument("--workers", type=int, default=3 * (os.cpu_count() or 1), help="processes side by side")
    parser.add_argument("--verbose", action="store_true", help="show what the ticks of failing cases said")
    options = parser.parse_args(argv)
    began = time.monotonic()
    played = run(options.part, options.only, options.workers)
    _print_counts([one.case for one in played])
    failed = [one for one in played if one.problems]
    _print_failures(failed, options.verbose)
    verdict = f"{len(failed)} did not converge" if failed else "all converged"
    print(f"{len(played)} cases in {time.monotonic() - began:.0f} s: {verdict}")
    return 1 if failed or not played else 0


def _print_counts(cases: Sequence[Case]) -> None:
    for title, names in (
        ("scenario, access and store", [str(c.key) for c in cases]),
        ("fault", [c.fault.name for c in cases]),
        ("way to run", ["processes of their own" if c.fresh else "forked" for c in cases]),
    ):
        print(f"cases by {title}")
        for name, count in sorted(Counter(names).items()):
            print(f"  {name:<40} {count:>6}")


def _print_failures(failed: Sequence[Played], verbose: bool) -> None:
    for one in failed[: None if verbose else _SHOWN]:
        print(f"FAILED  {one.case.name}")
        for problem in one.problems:
            print(f"        {problem}")
        if verbose:
            for number, tick in enumerate(one.ticks, start=1):
                print(f"        tick {number} ended with {tick.code}\n{tick.out}{tick.err}")
    if len(failed) > _SHOWN and not verbose:
        print(f"        … and {len(failed) - _SHOWN} more")
    if failed:
        print(f"one alone: python -m tests.crash --verbose --only '{failed[0].case.name}'")


if __name__ == "__main__":
    sys.exit(main())
