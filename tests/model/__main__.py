"""Search the model: `python -m tests.model`.

Prints, for the sound model in each mode, the states, errors and seconds; then of each planted fault after how many
steps it breaks which claim. The exit status is 1 if the sound model breaks one, or a fault breaks none.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.model.plan import Search, planted_searches, sound_searches
from tests.model.search import Found, Searcher, missing_tools


def main(argv: Sequence[str] | None = None) -> int:
    """Search all of it, or what bears a name (--only), and tell the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__.partition("\n")[0])
    parser.add_argument("--budget", type=int, help="the most that may go wrong in a search of the sound model")
    parser.add_argument("--only", default="", metavar="NAME", help="a mode of the sound model, or a planted fault")
    parser.add_argument("--story", action="store_true", help="tell the steps to each claim that broke")
    parser.add_argument("--workers", type=int, default=2, help="searches side by side")
    options = parser.parse_args(argv)
    if lacking := missing_tools():
        parser.exit(2, f"{' and '.join(lacking)} must be installed first: apt-get install spin gcc libc6-dev\n")
    wanted = [*sound_searches(options.budget), *planted_searches()]
    wanted = [s for s in wanted if options.only in ("", s.mode.name if s.sound else s.fault.name)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="coachsync-model-") as folder:
        found = _search(Searcher(Path(folder)), wanted, options.workers)
    amiss = sum(bool(one.broken) == search.sound for search, one in zip(wanted, found, strict=True))
    _tell(wanted, found, story=options.story)
    print(f"{len(wanted)} searches: {amiss} amiss; took {time.monotonic() - began:.0f} s")
    return 1 if amiss or not wanted else 0


def _search(searcher: Searcher, wanted: Sequence[Search], workers: int) -> list[Found]:
    for way in {_way(search) for search in wanted}:
        searcher.compile(way)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda s: searcher.search(_way(s), s.mode, s.fault, s.budget), wanted))


def _way(search: Search) -> str:
    return "all" if search.sound else "shortest"


def _tell(wanted: Sequence[Search], found: Sequence[Found], *, story: bool) -> None:
    print(f"{'mode':<16}{'go wrong':>9}{'states':>13}{'errors':>8}{'seconds':>9}")
    for search, one in zip(wanted, found, strict=True):
        if search.sound:
            errors = int(bool(one.broken))
            print(f"{search.mode.name:<16}{search.budget:>9}{one.states:>13,}{errors:>8}{one.seconds:>9.1f}")
            _tell_how(one, story or search.sound)
    print(f"\n{'planted fault':<16}{'mode':<10}{'steps':>6}{'seconds':>9}  breaks")
    for search, one in zip(wanted, found, strict=True):
        if not search.sound:
            print(
                f"{search.fault.name:<16}{search.mode.name:<10}{len(one.story):>6}{one.seconds:>9.1f}"
                f"  {one.broken or 'NOTHING: it is not found'}"
            )
            _tell_how(one, story)


def _tell_how(found: Found, wanted: bool) -> None:
    if wanted and found.broken:
        for number, step in enumerate(found.story, start=1):
            print(f"    {number:>3}  {step}")
        print(f"         broken: {found.broken}")


if __name__ == "__main__":
    sys.exit(main())
