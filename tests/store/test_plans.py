"""What is asked of a store does not grow with the store: every statement that a tick sends is by index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coachsync.domain.model import DAY
from tests.kit.home import SQLITE
from tests.kit.large import fill_postgres, fill_sqlite
from tests.kit.plans import Sent, watched
from tests.kit.scene import QUARTER, Scene
from tests.kit.town import T0

SESSIONS, BACK = 32_000, 180 * DAY


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A guild, and a store with many sessions behind it and nothing to do now."""
    in_file = request.param == "sqlite"
    url = SQLITE if in_file else request.getfixturevalue("postgres_server").fresh()
    scene = Scene(tmp_path_factory.mktemp("large"), url)
    with scene.standin:
        with scene.store() as store, store.transaction() as transaction:
            transaction.ledger.run_started(T0, "run")
        if in_file:
            fill_sqlite(scene.file, SESSIONS, T0, BACK)
        else:
            fill_postgres(url, SESSIONS, T0, BACK)
        yield scene


def scans(sent: list[Sent]) -> list[str]:
    """Return what was not asked by an index."""
    assert len(sent) > 3
    return [str(one) for one in sent if one.wrong]


def test_idle_tick_asks_by_index_alone(large: Scene) -> None:
    with watched() as sent:
        report = large.tick()
    assert (report.outcomes, report.requests, report.exit_code) == ((), 0, 0)
    assert scans(sent) == []


def test_busy_ticks_ask_by_index_alone(large: Scene) -> None:
    large.book("due00001")
    large.book("due00002", studentDiscordId="1300000000000099999")
    with watched() as sent:
        large.tick()
        assert sorted(large.done) == [("setup", "done"), ("setup", "failed")]
        large.tick(QUARTER)
        large.change("due00001", status="CANCELLED")
        large.change("due00002", status="CANCELLED")
        large.tick(QUARTER)
        assert large.done == [("cleanup", "done")] * 2
    assert scans(sent) == []


def test_bookings_are_found_by_index(large: Scene) -> None:
    with watched() as sent, large.store(writable=False) as store:
        bookings = store.bookings
        assert len(bookings.by_ids(["p100000000", "p100000001", "nowhere"])) == 2
        assert sorted(s.id for s in bookings.matching("00000002")) == ["c100000002", "p100000002"]
        assert len(bookings.bearing(["00000002"])) == 2
        assert len(bookings.near(T0, 20)) == 20
        assert bookings.by_user_name(T0) == []
        assert bookings.raw("p100000000") is not None
        assert not bookings.is_empty()
    assert scans(sent) == []


def test_the_ledger_is_read_by_index(large: Scene) -> None:
    guild, one = large.guild, "p100000000"
    with watched() as sent, large.store(writable=False) as store:
        ledger = store.ledger
        assert len(ledger.entries([one])) == len(ledger.entries_named("00000003")) + 1
        assert ledger.events(one)
        assert ledger.last_errors([one]) == {}
        assert ledger.made_before(["151000000000000000"]) == {"151000000000000000"}
        assert len(ledger.entries_having("151000000000000000")) == 1
        ledger.categories(guild)
        ledger.given_up(guild)
        ledger.role_budget(guild, T0)
        assert ledger.lookups([one])
        assert ledger.said([one])
        assert ledger.marks([one])
        assert ledger.marked_open() == []
        ledger.last_runs(2, "run")
        ledger.last_finished_at("run")
        ledger.first_run_at()
    assert scans(sent) == []
