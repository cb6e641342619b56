"""A scenario ready to be struck: world and files as they are just before the tick, and what a clean tick does then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from coachsync.domain.model import MINUTE, Millis
from coachsync.standin import SimClock, Standin
from tests.searches.crash.faults import Point, route_of
from tests.searches.crash.home import CaseHome, case_home
from tests.searches.crash.judge import Verdict, Watch, is_whole
from tests.searches.crash.scenarios import BY_NAME, OPENED, START, Scenario, Scene
from tests.searches.crash.ticker import Ticker
from tests.searches.crash.town import FOUNDED, Cast, Packed, foreign, found, pack, unpack


class Key(NamedTuple):
    """Which scenario, which kind of access, which store."""

    scenario: str
    access: str
    store: str

    def __str__(self) -> str:
        return "/".join(self)


class Prepared(NamedTuple):
    """See above. `points` are the requests and steps that a clean tick was seen to come by, in order."""

    key: Key
    town: Cast
    foreign: frozenset[str]
    world: Packed
    files: dict[str, bytes]
    row: dict[str, Any]
    points: tuple[Point, ...] = ()

    @property
    def at(self) -> Millis:
        """When the tick takes place."""
        return BY_NAME[self.key.scenario].at


class Stage(NamedTuple):
    """A prepared scenario unpacked: everything a case plays with."""

    standin: Standin
    clock: SimClock
    ticker: Ticker
    watch: Watch
    verdict: Verdict


@contextmanager
def stage(prepared: Prepared) -> Iterator[Stage]:
    """Unpack a prepared scenario; it is gone afterwards."""
    home = case_home(prepared.key.store)
    standin, clock = unpack(prepared.world)
    key, town = prepared.key, prepared.town
    try:
        home.put(prepared.files)
        with standin:
            watch = Watch(standin, town, prepared.foreign, BY_NAME[key.scenario])
            verdict = Verdict(standin, town, home, key.scenario, key.access, watch, prepared.row)
            yield Stage(standin, clock, Ticker(home, standin), watch, verdict)
    finally:
        home.remove()


def prepare(key: Key) -> Prepared:
    """Bring a scenario to the brink, and see what a clean tick does then."""
    home = case_home(key.store)
    try:
        ready = _brink(key, home)
    finally:
        home.remove()
    return ready._replace(points=_observed(ready))


def _brink(key: Key, home: CaseHome) -> Prepared:
    scenario = BY_NAME[key.scenario]
    clock = SimClock(FOUNDED)
    with Standin(clock) as standin:
        town = found(standin)
        home.settle_in(town, key.access)
        home.add_booking(_booking(town, scenario))
        things = foreign(standin.world, town)
        if scenario.set_up:
            _set_up(scenario, Ticker(home, standin), clock, town, key)
        clock.set(scenario.at)
        row, _ = home.read()
        assert is_whole(row)
        return Prepared(key, town, things, pack(standin.world), home.contents(), row)


def _booking(town: Cast, scenario: Scenario) -> dict[str, Any]:
    people: dict[str, Any] = {"studentDiscordId": town.john, "coachDiscordId": town.sarah}
    if scenario.others:
        listed = [{"discordId": getattr(town, name), "kind": kind} for kind, name in scenario.others]
        people["participants"] = json.dumps(listed)
    return {"status": "SCHEDULED", "scheduledDate": START, "duration": 60, **people}


def _set_up(scenario: Scenario, ticker: Ticker, clock: SimClock, town: Cast, key: Key) -> None:
    clock.set(OPENED)
    ended = ticker.here(OPENED)
    assert ended.code == 0, ended
    row, _ = ticker.home.read()
    role, room = row.get("discordRoleId"), row.get("discordChannelId")
    clock.set(scenario.at - MINUTE)
    scenario.change(Scene(ticker.standin.world, town, ticker.home, key.access, role, str(room), ticker.here))


def _observed(prepared: Prepared) -> tuple[Point, ...]:
    """Return the requests and steps of a clean tick; it must bring the scenario to its end at once."""
    with stage(prepared) as it:
        ended = it.ticker.forked(prepared.at, record=True)
        problems = it.verdict.of_tick(ended) + it.verdict.of_end()
        told = BY_NAME[prepared.key.scenario].told
        assert ended.code == told, (prepared.key, ended)
        assert not problems, (prepared.key, problems, ended)
        return (*_numbered([route_of(f"{r.method} {r.template}") for r in it.standin.requests]), *ended.steps)


def _numbered(names: list[str]) -> list[Point]:
    return [Point(name, names[: at + 1].count(name)) for at, name in enumerate(names)]
