"""What is over 90 days old is forgotten by runs, a little at a time: no backlog holds a run up, and each ends."""

from __future__ import annotations

from unittest import mock

import pytest

from coachsync import waits
from coachsync.domain.model import DAY, Report
from coachsync.store.base import Store
from coachsync.store.ledger.pruning import FIRST
from coachsync.store.ledger.writer import KEPT
from tests.store.backends import NOW, an_entry

PAST = NOW - KEPT - DAY
BACKLOG = 5000

pytestmark = pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


def ended(store: Store) -> bool:
    """End a run; return whether more is old than it forgot."""
    with store.transaction() as transaction:
        number = transaction.ledger.run_started(NOW, "run")
        return transaction.ledger.run_finished(number, NOW, Report("run", NOW, False, 0, (), (), 0), 0)


def rows(store: Store, table: str) -> int:
    with store.transaction() as transaction:
        found = transaction.ledger._sql.one(f"SELECT count(*) FROM coachsync_{table}")
    assert found is not None
    return int(found[0])


@pytest.fixture
def backlog(store: Store) -> Store:
    """A store whose ledger has a backlog of events, and one that is not old."""
    with store.transaction() as transaction:
        sql = transaction.ledger._sql
        numbers = f"WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {BACKLOG}) "
        line = "INSERT INTO coachsync_events (at, session_id, what, outcome, detail)"
        sql.run(f"{line} {numbers} SELECT {PAST} + n % 7, 's', 'setup', 'done', '' FROM g")
        sql.run(f"{line} VALUES ({NOW}, 's', 'setup', 'done', '')")
    return store


def test_run_forgets_few_in_the_transaction_that_ends_it_and_says_that_more_is_old(backlog: Store) -> None:
    assert ended(backlog)
    assert rows(backlog, "events") == BACKLOG + 1 - FIRST


def test_run_with_little_that_is_old_says_that_no_more_is(store: Store) -> None:
    with store.transaction() as transaction:
        for number in range(FIRST - 1):
            transaction.ledger.save(an_entry(f"id{number}", state="closed", start=PAST, end=PAST, resources=[]))
    assert not ended(store)
    assert rows(store, "entries") == 0


def test_backlog_ends_and_what_is_not_old_stays(backlog: Store) -> None:
    backlog.ledger.prune(NOW)
    assert rows(backlog, "events") == 1


def test_no_run_forgets_for_longer_than_it_may(backlog: Store) -> None:
    slow = (number * 0.25 for number in range(1000))  # what the clock says, each time it is asked
    with waits.hurried(pruning=1.0), mock.patch("coachsync.store.ledger.ledger.time.monotonic", side_effect=slow):
        backlog.ledger.prune(NOW)
    gone = BACKLOG + 1 - rows(backlog, "events")
    assert 0 < gone <= 2 * FIRST  # in two steps


def test_what_may_still_be_in_a_guild_keeps_nothing_else_from_being_forgotten(store: Store) -> None:
    with store.transaction() as transaction:
        for number in range(FIRST + 5):
            transaction.ledger.save(an_entry(f"left{number}", state="closed", start=PAST - DAY, end=PAST - DAY))
        transaction.ledger.save(an_entry("over", state="closed", start=PAST, end=PAST, resources=[]))
    assert not ended(store)
    assert rows(store, "entries") == FIRST + 5
