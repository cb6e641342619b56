"""The matrix, whole or in part, on several processes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import NamedTuple

from tests.searches.crash.farm import spread
from tests.searches.crash.matrix import Case, Played, cases, keys, pairs, play
from tests.searches.crash.prepared import Key, Prepared, prepare
from tests.searches.places import server

DEFAULT_WORKERS = 3 * (os.cpu_count() or 1)  # many cases wait for an answer that never comes


class Share(NamedTuple):
    """The `nth` of `of` parts, from 1. Parts are told by position, so that each holds something of everything."""

    nth: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Share:
        """Read "2/8". Raises argparse.ArgumentTypeError."""
        nth, _, of = text.partition("/")
        if not (nth.isdigit() and of.isdigit() and 1 <= int(nth) <= int(of)):
            raise argparse.ArgumentTypeError(f"expected I/N such as 2/8, not {text!r}")
        return cls(int(nth), int(of))


def run(
    share: Share, only: str, workers: int, *, twice: bool = False, prepared: Mapping[Key, Prepared] | None = None
) -> list[Played]:
    """Play the cases of a share whose names hold `only`; in the order of the matrix. `twice`: those of two faults."""
    server()  # before any worker is forked: they share it
    prepared = prepare_all(workers) if prepared is None else prepared
    every = (pairs if twice else cases)(prepared.values())
    mine = [c for c in every if only in c.name][share.nth - 1 :: share.of]
    results = dict(spread(lambda number: play(mine[number], prepared[mine[number].key]), len(mine), workers))
    return [_told(mine[number], results.get(number, "it was never played")) for number in range(len(mine))]


def _told(case: Case, result: Played | str) -> Played:
    return Played(case, [result], []) if isinstance(result, str) else result


def prepare_all(workers: int) -> dict[Key, Prepared]:
    """Prepare every scenario. Raises RuntimeError where a clean tick already does not do what it should."""
    server()  # before any worker is forked: they share it
    wanted = keys()
    ready: dict[Key, Prepared] = {}
    for number, one in spread(lambda number: prepare(wanted[number]), len(wanted), workers):
        if isinstance(one, str):
            raise RuntimeError(f"{wanted[number]} cannot be prepared: {one}")
        ready[wanted[number]] = one
    return {key: ready[key] for key in wanted}
