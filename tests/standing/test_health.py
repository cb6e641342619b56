"""OPERATOR "Causes": what needs a person as of now, also what only the passing of time shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coachsync.config import Settings, load_settings
from coachsync.domain.causes import NEVER, Cause, Followed, Turns, failed_start
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.standing.health import LastTick, attention, last_tick
from tests.domain.build import START
from tests.kit.home import Home
from tests.kit.nodes import OnHost

NOW: Millis = START
HERE = os.uname().nodename


class House:
    """A store with its settings, whose past runs a test tells."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder).settle()
        self.settings: Settings = load_settings(str(self.home.config), {})
        self.written(NOW)

    def written(self, at: Millis) -> None:
        """Let the configuration be of this age."""
        os.utime(self.home.config, ns=(at * 1_000_000, at * 1_000_000))

    def ran(self, at: Millis, exit_code: int | None = 0, command: str = "run") -> None:
        """Let a run have begun, and ended a second later; None: it never did."""
        with self.home.store() as store, store.transaction() as transaction:
            number = transaction.ledger.run_started(at, command)
            if exit_code is not None:
                transaction.ledger.run_finished(number, at + 1000, None, exit_code)

    def keeps(self, followed: Followed) -> None:
        """Let these causes stand."""
        with self.home.store() as store, store.transaction() as transaction:
            transaction.ledger.keep_causes(followed, NOW)

    def attention(self, now: Millis = NOW) -> list[tuple[str, str]]:
        """Return code and urgency of what is wrong."""
        with self.home.store(writable=False) as store:
            return [(cause.code, cause.urgency) for cause in attention(store, self.settings, now)]

    def last_tick(self, now: Millis = NOW) -> LastTick | None:
        with self.home.store(writable=False) as store:
            return last_tick(store, self.settings, now)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


IN_AN_HOUR = Turns(NOW - HOUR, NOW + HOUR)


def a_cause(code: str = "unknown_member", turns: Turns = IN_AN_HOUR, seen: Millis = NOW) -> Cause:
    return Cause(code, "1", f"{code} it is", "mend it", ("one",), NOW - HOUR, seen, "soon", turns=(turns,))


def test_nothing_is_wrong_while_runs_come_and_end_well(house: House) -> None:
    house.ran(NOW - 15 * MINUTE)
    assert house.attention() == []
    assert house.last_tick() == LastTick(
        NOW - 15 * MINUTE, NOW - 15 * MINUTE + 1000, 0, 15 * MINUTE - 1000, False, HERE
    )


def test_new_installation_has_its_time_before_silence_is_told(house: House) -> None:
    assert (house.attention(NOW + 45 * MINUTE), house.last_tick()) == ([], None)
    assert house.attention(NOW + 45 * MINUTE + 1) == [("no_tick", "late")]


def test_silence_is_told_once_no_run_finished_for_too_long(house: House) -> None:
    house.ran(NOW - HOUR)
    late = NOW - HOUR + 1000 + 45 * MINUTE
    assert house.attention(late) == []
    assert house.attention(late + 1) == [("no_tick", "late")]
    tick = house.last_tick(late + 1)
    assert tick is not None
    assert tick.overdue


def test_only_run_ends_a_silence(house: House) -> None:
    house.ran(NOW - HOUR)
    house.ran(NOW - MINUTE, command="setup")
    assert house.attention() == [("no_tick", "late")]
    tick = house.last_tick()
    assert tick is not None
    assert tick.started_at == NOW - HOUR


@pytest.mark.parametrize(
    ("exit_code", "told"), [(0, False), (1, False), (130, False), (143, False), (3, True), (70, True)]
)
def test_run_that_could_not_work_is_told(house: House, exit_code: int, told: bool) -> None:
    house.ran(NOW - MINUTE, exit_code)
    assert house.attention() == ([("tick_failed", "late")] if told else [])


def test_run_under_way_is_no_failure_within_its_budget(house: House) -> None:
    house.ran(NOW - 30 * MINUTE)
    house.ran(NOW - 5 * MINUTE, None)
    assert house.attention() == []
    assert house.attention(NOW + 10 * MINUTE) == [("tick_failed", "late")]


def test_run_that_another_followed_has_ended_somehow(house: House) -> None:
    house.ran(NOW - 5 * MINUTE, None)
    house.ran(NOW - 4 * MINUTE, command="cleanup")
    assert house.attention() == [("tick_failed", "late")]


def test_runs_that_all_die_are_one_cause(house: House) -> None:
    for ago in (60, 45, 30):
        house.ran(NOW - ago * MINUTE, None)
    assert house.attention() == [("tick_failed", "late")]


def test_dead_run_after_which_none_came_is_told_beside_the_silence(house: House) -> None:
    house.ran(NOW - 2 * HOUR, None)
    assert sorted(house.attention()) == [("no_tick", "late"), ("tick_failed", "late")]


def test_later_run_that_works_ends_what_a_failed_one_said(house: House) -> None:
    house.ran(NOW - 30 * MINUTE, 3)
    house.ran(NOW - 15 * MINUTE)
    assert house.attention() == []


def test_run_that_could_not_start_is_one_cause_with_its_reason(house: House) -> None:
    house.keeps(failed_start((), "no run can work: no bot token", "set one", NOW - MINUTE))
    house.ran(NOW - MINUTE, 3)
    with house.home.store(writable=False) as store:
        (cause,) = attention(store, house.settings, NOW)
    assert (cause.code, cause.message, cause.hint) == ("tick_failed", "no run can work: no bot token", "set one")


def test_refused_token_is_late_and_says_by_itself_why_the_run_failed(house: House) -> None:
    house.ran(NOW - MINUTE, 3)
    house.keeps(Followed((a_cause("unauthorized", Turns(), seen=NOW - MINUTE),)))
    assert house.attention() == [("unauthorized", "late")]


@pytest.mark.parametrize(
    ("now", "urgency"),
    [(NOW - HOUR - 1, "note"), (NOW - HOUR, "soon"), (NOW + HOUR - 1, "soon"), (NOW + HOUR, "late")],
)
def test_cause_becomes_late_by_the_passing_of_time_alone(house: House, now: Millis, urgency: str) -> None:
    house.ran(now - MINUTE)
    house.keeps(Followed((a_cause(),)))
    assert house.attention(now) == [("unknown_member", urgency)]


def test_most_urgent_comes_first(house: House) -> None:
    house.ran(NOW - DAY)
    note = a_cause("held_back", Turns(NEVER, NEVER))
    house.keeps(Followed((note, a_cause())))
    assert [code for code, _ in house.attention()] == ["no_tick", "unknown_member", "held_back"]


def test_nothing_is_written_by_looking(house: House) -> None:
    house.ran(NOW - DAY)
    before = house.home.files()
    house.attention()
    house.last_tick()
    assert house.home.files() == before


class TestSeveralHosts:
    def test_last_run_by_a_clock_that_is_behind_is_no_silence_while_another_host_runs(
        self, house: House, on_host: OnHost
    ) -> None:
        on_host("beta")
        house.ran(NOW - 10 * MINUTE)
        on_host("gamma")
        house.ran(NOW - 2 * HOUR)
        found = house.last_tick()
        assert (house.attention(), found is not None and found.overdue) == ([], False)

    def test_run_of_one_host_that_could_not_work_is_no_failure_of_all(self, house: House, on_host: OnHost) -> None:
        on_host("beta")
        house.ran(NOW - 10 * MINUTE)
        on_host("gamma")
        house.ran(NOW - MINUTE, exit_code=3)
        assert house.attention() == []

    def test_silence_of_all_is_late(self, house: House, on_host: OnHost) -> None:
        for host in ("beta", "gamma"):
            on_host(host)
            house.ran(NOW - 2 * HOUR)
        assert house.attention() == [("no_tick", "late")]

    def test_host_that_fails_alone_is_a_failure(self, house: House, on_host: OnHost) -> None:
        on_host("beta")
        house.ran(NOW - 2 * HOUR)
        on_host("gamma")
        house.ran(NOW - MINUTE, exit_code=70)
        assert ("tick_failed", "late") in house.attention()
