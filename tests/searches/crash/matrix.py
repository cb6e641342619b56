"""The cases: every fault at every point that a clean tick was seen to come by, and how one of them is played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from coachsync.domain.model import Millis
from tests.searches.crash.faults import AT_REQUESTS, FRESH, IN_PAIRS, Fault, Point, at_step
from tests.searches.crash.prepared import Key, Prepared, Stage, stage
from tests.searches.crash.scenarios import SCENARIOS
from tests.searches.crash.strike import Strike
from tests.searches.crash.ticker import Ended
from tests.searches.crash.town import QUARTER

STORES = ("sqlite", "json", "postgresql")
FRESH_CASES = 36
CLEAN_TICKS = 2


class Case(NamedTuple):
    """One fault at one point of one scenario, and perhaps a second one at another request of the same tick.

    `fresh`: the struck tick is a program of its own.
    """

    key: Key
    point: Point
    fault: Fault
    fresh: bool = False
    second: tuple[Point, Fault] | None = None

    @property
    def way(self) -> str:
        """How the struck tick is run."""
        if self.fresh:
            return "a program of its own"
        if self.second is not None:
            return "a forked worker, struck twice"
        aside = self.fault.family in ("signal", "line") or not self.point.is_request
        return "a fork" if aside else "a forked worker"

    @property
    def name(self) -> str:
        """What the case is called, in a report and to be run alone."""
        second = f" | {self.second[0]} | {self.second[1].name}" if self.second is not None else ""
        return f"{self.key} | {self.point} | {self.fault.name}{second}{' | fresh' if self.fresh else ''}"


class Played(NamedTuple):
    """What came of a case: problems (none: it converged), and how its ticks ended."""

    case: Case
    problems: list[str]
    ticks: list[Ended]


def keys(stores: Iterable[str] = STORES) -> list[Key]:
    """Return every scenario with every access and store it makes sense with."""
    return [Key(s.name, access, store) for s in SCENARIOS for access in s.accesses for store in stores]


def cases(prepared: Iterable[Prepared]) -> list[Case]:
    """Return all cases of some scenarios, the fixed share of fresh ones last."""
    forked = [Case(one.key, point, fault) for one in prepared for point in one.points for fault in _faults(one, point)]
    return forked + list(_fresh(forked))


def pairs(prepared: Iterable[Prepared]) -> list[Case]:
    """Return, for every two requests of each scenario's tick, two faults that strike them; which, goes round."""
    found: list[Case] = []
    for one in prepared:
        requests = [point for point in one.points if point.is_request]
        for first, second in combinations(requests, 2):
            turn = len(found)
            fault, other = IN_PAIRS[turn % len(IN_PAIRS)], IN_PAIRS[(turn // len(IN_PAIRS) + turn * 7) % len(IN_PAIRS)]
            found.append(Case(one.key, first, fault, second=(second, other)))
    return found


def _faults(prepared: Prepared, point: Point) -> tuple[Fault, ...]:
    return AT_REQUESTS if point.is_request else at_step(point.name, prepared.key.store)


def _fresh(forked: list[Case]) -> Iterator[Case]:
    """Choose evenly among the kills that hit writes: they are what leaves something behind."""
    fit = [c for c in forked if c.fault in FRESH and c.point.is_request and not c.point.name.startswith("GET")]
    for nth in range(min(FRESH_CASES, len(fit))):
        yield fit[(nth * len(fit) // FRESH_CASES + nth) % len(fit)]._replace(fresh=True)


def play(case: Case, prepared: Prepared) -> Played:
    """Play a case to its end: the struck tick, then at most two clean ones, each a quarter of an hour later."""
    with stage(prepared) as it:
        ticks = [struck(case, prepared, it)]
        problems = it.verdict.of_tick(ticks[0]) + _of_blow(case, ticks[0])
        for quarter in range(1, CLEAN_TICKS + 1):
            now = prepared.at + quarter * QUARTER
            it.clock.set(now)
            it.verdict.home.minute_passes()
            ticks.append(it.ticker.here(now))
            problems += it.verdict.of_tick(ticks[-1])
            unfinished = it.verdict.of_end()
            if ticks[-1].code == 0 and not unfinished:
                return Played(case, problems, ticks)
        problems += unfinished or [f"the last tick ended with {ticks[-1].code}: {ticks[-1].err}"]
        return Played(case, problems, ticks)


def _of_blow(case: Case, ended: Ended) -> list[str]:
    """Return what is wrong with how the struck tick took it."""
    expected = {"SIGKILL": -9, "SIGINT": 130, "SIGTERM": 143}.get(case.fault.kind, ended.code)
    found = [] if ended.struck else ["the fault never came about"]
    return found if ended.code == expected else [*found, f"exit status {ended.code} after {case.fault.kind}"]


def struck(case: Case, prepared: Prepared, it: Stage) -> Ended:
    """Run the tick that is struck."""
    if case.fault.family == "line" or not case.point.is_request:
        return it.ticker.forked(prepared.at, case.point, case.fault)
    blows = [(case.point, case.fault), *([case.second] if case.second is not None else [])]
    strikes = [Strike(point, fault, it.ticker) for point, fault in blows]
    for strike in strikes:
        strike.arm(it.standin)
    try:
        ended = _way(case, it)(prepared.at)
    finally:
        for strike in strikes:
            strike.disarm(it.standin)
    return ended._replace(struck=any(strike.hits for strike in strikes))


def _way(case: Case, it: Stage) -> Callable[[Millis], Ended]:
    """Return how the struck tick is run: a signal needs a process to strike."""
    if case.fresh:
        return it.ticker.fresh
    return it.ticker.forked if case.fault.family == "signal" else it.ticker.here
