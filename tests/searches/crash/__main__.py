"""Run the matrix: `python -m tests.searches.crash`.

Prints the number of cases by scenario and by fault, and that all converged, or those that did not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.searches.crash.matrix import Played
from tests.searches.crash.whole import DEFAULT_WORKERS, Share, run

_SHOWN = 25


def main(argv: Sequence[str] | None = None) -> int:
    """Run all cases, a part of them (--part 2/8), or those whose name holds a text (--only TEXT)."""
    parser = argparse.ArgumentParser(prog="python -m tests.searches.crash", description=main.__doc__)
    parser.add_argument("--part", type=Share.parse, default=Share(1, 1), metavar="I/N", help="the Ith of N parts")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name holds this text")
    parser.add_argument("--pairs", action="store_true", help="cases in which two requests of one tick are struck")
    parser.add_argument("--workers", type=int, default=DEFAULT_WORKERS, help="processes side by side")
    parser.add_argument("--verbose", action="store_true", help="show all failing cases, and what their ticks said")
    options = parser.parse_args(argv)
    began = time.monotonic()
    played = run(options.part, options.only, options.workers, twice=options.pairs)
    print(report(played, verbose=options.verbose))
    print(f"took {time.monotonic() - began:.0f} s")
    return 1 if any(one.problems for one in played) or not played else 0


def report(played: Sequence[Played], *, verbose: bool) -> str:
    """Return how many cases there were of each kind, and which did not converge."""
    failed = [one for one in played if one.problems]
    verdict = f"{len(failed)} did not converge" if failed else "all converged"
    return "\n".join([*_counts(played), *_failures(failed, verbose), f"{len(played)} cases: {verdict}"])


def _counts(played: Sequence[Played]) -> Iterator[str]:
    for title, names in (
        ("scenario, access and store", [str(one.case.key) for one in played]),
        ("fault", [one.case.fault.name for one in played]),
        ("way to run the struck tick", [one.case.way for one in played]),
    ):
        yield f"cases by {title}"
        yield from (f"  {name:<40} {count:>6}" for name, count in sorted(Counter(names).items()))


def _failures(failed: Sequence[Played], verbose: bool) -> Iterator[str]:
    for one in failed[: None if verbose else _SHOWN]:
        yield f"FAILED  {one.case.name}"
        yield from (f"        {problem}" for problem in one.problems)
        for number, tick in enumerate(one.ticks if verbose else (), start=1):
            yield f"        tick {number} ended with {tick.code}\n{tick.out}{tick.err}"
    if len(failed) > _SHOWN and not verbose:
        yield f"        … and {len(failed) - _SHOWN} more"
    if failed:
        yield f"one alone: python -m tests.searches.crash --verbose --only '{failed[0].case.name}'"


if __name__ == "__main__":
    sys.exit(main())
