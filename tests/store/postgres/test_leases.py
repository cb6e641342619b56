"""Leases on a real PostgreSQL: one holder at a time, a new term for each, nothing written under an old one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from coachsync import waits
from coachsync.domain.model import Resource
from coachsync.errors import FencedError
from coachsync.store.ledger.keys import node_name
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.postgres import leases
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.leases import Leases
from tests.kit.nodes import OnHost
from tests.store.backends import GUILD, an_entry

BOT = "1100000000000000009"
_AWAY = "DELETE FROM coachsync_leases"
Start = Callable[[], Leases]


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Return what begins a run's leases; all are given back at the end."""
    with ExitStack() as stack:

        def begun() -> Leases:
            made = Leases(lambda: PostgresDatabase(url, writable=True))
            stack.callback(made.close)
            return made

        yield begun


@pytest.fixture
def sql(database: PostgresDatabase) -> PostgresDatabase:
    return database


def run_out(sql: PostgresDatabase) -> None:
    """Let every lease have ended a moment ago, by the database's clock."""
    sql.run("UPDATE coachsync_leases SET until = since - 1")


def test_lease_is_held_by_one_run_at_a_time(start: Start) -> None:
    mine, theirs = start(), start()
    assert mine.take([BOT], 0) == ()
    (holder,) = theirs.take([BOT], 0)
    assert (holder.bot, mine.holds(BOT), theirs.holds(BOT)) == (BOT, True, False)


def test_each_bot_has_a_lease_of_its_own(start: Start) -> None:
    mine, theirs = start(), start()
    mine.take([BOT], 0)
    assert [h.bot for h in theirs.take([BOT, "2"], 0)] == [BOT]
    assert theirs.holds("2")


def test_lease_that_was_given_back_is_taken_at_once_and_with_a_new_term(start: Start) -> None:
    mine, theirs = start(), start()
    mine.take([BOT], 0)
    mine.close()
    assert theirs.take([BOT], 0) == ()
    assert theirs.leases[BOT].term == 2


def test_run_waits_for_a_lease_as_long_as_it_was_told(start: Start, sql: PostgresDatabase) -> None:
    mine, theirs = start(), start()
    mine.take([BOT], 0)
    begun = time.monotonic()
    assert len(theirs.take([BOT], 0.2)) == 1
    assert time.monotonic() - begun >= 0.2


def test_lease_that_ended_goes_to_whoever_asks_first(start: Start, sql: PostgresDatabase) -> None:
    mine, theirs, third = start(), start(), start()
    mine.take([BOT], 0)
    run_out(sql)
    assert (theirs.take([BOT], 0), len(third.take([BOT], 0))) == ((), 1)


@pytest.mark.parametrize("change", ["holder", "away"])
def test_lease_that_changes_in_the_very_moment_is_looked_at_again(
    start: Start, sql: PostgresDatabase, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    mine, theirs = start(), start()
    mine.take(["2"], 0)
    theirs.take([BOT], 0)
    theirs.close()
    own = mine._sql()
    one, changes = own.one, iter([lambda: start().take([BOT], 0) if change == "holder" else sql.run(_AWAY)])

    def found(words: str, args: Sequence[object] = ()) -> object:
        row = one(words, args)
        if args == (BOT,):
            next(changes, lambda: None)()
        return row if change == "holder" else one(words, args)

    monkeypatch.setattr(own, "one", found)
    held = mine.take([BOT], 0)
    assert (mine.holds(BOT), [h.host for h in held]) == ((False, [node_name()]) if change == "holder" else (True, []))


def test_lease_that_ended_is_not_renewed_but_taken_again_with_a_new_term(start: Start, sql: PostgresDatabase) -> None:
    mine = start()
    mine.take([BOT], 0)
    run_out(sql)
    mine._renew_one(mine.leases[BOT])
    assert not mine.holds(BOT)
    mine.take([BOT], 0)
    assert (mine.holds(BOT), mine.leases[BOT].term) == (True, 2)


def test_renewed_lease_keeps_its_term_and_lasts_longer(start: Start, sql: PostgresDatabase) -> None:
    mine = start()
    mine.take([BOT], 0)
    sql.run("UPDATE coachsync_leases SET until = until - 30000")
    before = sql.one("SELECT until, term FROM coachsync_leases") or ()
    mine._renew_one(mine.leases[BOT])
    after = sql.one("SELECT until, term FROM coachsync_leases") or ()
    assert (after[0] > before[0], after[1]) == (True, before[1])


def test_lease_is_given_up_at_two_thirds_of_its_time(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = start()
    mine.take([BOT], 0)
    later = leases.up_s() + 39
    monkeypatch.setattr(leases, "up_s", lambda: later)
    assert mine.holds(BOT)
    monkeypatch.setattr(leases, "up_s", lambda: later + 2)
    assert not mine.holds(BOT)


def test_next_holder_hears_what_was_used_of_the_limit(start: Start) -> None:
    mine, theirs = start(), start()
    mine.take([BOT], 0)
    mine.note((time.monotonic() - 0.4, time.monotonic()))
    mine.close()
    theirs.take([BOT], 0)
    now = time.monotonic()
    assert [0 <= now - at < 2 for at in theirs.spent] == [True, True]


def test_holders_are_told_by_host_while_their_leases_last(start: Start, sql: PostgresDatabase, on_host: OnHost) -> None:
    ledger = Ledger(sql, make=lambda: sql, alone=ExitStack)
    on_host("beta")
    start().take([BOT], 0)
    (holder,) = ledger.lease_holders()
    assert (holder.bot, holder.host, 0 <= holder.renewed < 10_000) == (BOT, "beta", True)
    assert holder.until - holder.since == int(leases.LASTS_S * 1000)
    run_out(sql)
    assert ledger.lease_holders() == ()


class TestUnderALease:
    @pytest.fixture
    def ledger(self, sql: PostgresDatabase) -> Ledger:
        return Ledger(sql, make=lambda: sql, alone=ExitStack)

    def under(self, ledger: Ledger, held: Leases) -> None:
        ledger.lease_of = lambda _guild: held.leases.get(BOT)

    def save(self, ledger: Ledger) -> None:
        with ledger.changing() as writer:
            writer.save(an_entry())

    def test_entry_is_written_with_the_lease_s_term(self, ledger: Ledger, start: Start, sql: PostgresDatabase) -> None:
        mine = start()
        mine.take([BOT], 0)
        self.under(ledger, mine)
        self.save(ledger)
        assert sql.all("SELECT term FROM coachsync_entries") == [(1,)]

    def test_nothing_is_written_under_an_older_term(self, ledger: Ledger, start: Start, sql: PostgresDatabase) -> None:
        mine, theirs = start(), start()
        mine.take([BOT], 0)
        self.under(ledger, mine)
        run_out(sql)
        theirs.take([BOT], 0)
        with pytest.raises(FencedError):
            self.save(ledger)
        assert ledger.entries(["abc12345"]) == {}

    def test_entry_is_not_changed_under_an_older_term(
        self, ledger: Ledger, start: Start, sql: PostgresDatabase
    ) -> None:
        mine, theirs = start(), start()
        mine.take([BOT], 0)
        self.under(ledger, mine)
        self.save(ledger)
        entry = ledger.entries(["abc12345"])["abc12345"]
        run_out(sql)
        theirs.take([BOT], 0)
        entry.role_name = "late"
        with pytest.raises(FencedError), ledger.changing() as writer:
            writer.save(entry)
        assert ledger.entries(["abc12345"])["abc12345"].role_name != "late"

    def test_category_is_not_attempted_under_an_older_term(
        self, ledger: Ledger, start: Start, sql: PostgresDatabase
    ) -> None:
        mine, theirs = start(), start()
        mine.take([BOT], 0)
        self.under(ledger, mine)
        run_out(sql)
        theirs.take([BOT], 0)
        with pytest.raises(FencedError), ledger.changing() as writer:
            writer.save_category(Resource("category", "Rooms 2", GUILD, attempt_at=1_800_000_000_000))
        assert ledger.categories(GUILD) == []

    def test_what_no_entry_fences_is_not_written_under_an_older_term(
        self, ledger: Ledger, start: Start, sql: PostgresDatabase
    ) -> None:
        mine, theirs = start(), start()
        mine.take([BOT], 0)
        self.under(ledger, mine)
        with ledger.changing() as writer:
            writer.hold(GUILD)
            assert writer.holds_all([GUILD])
        run_out(sql)
        theirs.take([BOT], 0)
        with pytest.raises(FencedError), ledger.changing() as writer:
            assert not writer.holds_all([GUILD])
            writer.hold(GUILD)

    def test_nothing_is_written_of_a_guild_without_a_lease(self, ledger: Ledger) -> None:
        ledger.lease_of = lambda _guild: None
        with pytest.raises(FencedError):
            self.save(ledger)


def test_hosts_that_begin_together_share_the_bots(start: Start, sql: PostgresDatabase) -> None:
    mine, theirs = start(), start()
    mine.take([], 0)
    sql.run("INSERT INTO coachsync_runs (started_at, command, summary, host) VALUES (1, 'run', '{}', 'another')")
    with waits.hurried(share=0.5):
        also = threading.Thread(target=theirs.take, args=(["1", "2"], 0))
        also.start()
        mine.take(["1", "2"], 0)
        also.join()
    assert sorted((*mine.leases, *theirs.leases)) == ["1", "2"]
    assert (len(mine.leases), len(theirs.leases)) == (1, 1)


def test_lease_is_given_back_also_if_the_connection_was_lost(start: Start, sql: PostgresDatabase) -> None:
    mine, theirs = start(), start()
    mine.take([BOT], 0)
    others = "usename = current_user AND pid <> pg_backend_pid()"
    sql.all(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    mine.close()
    assert theirs.take([BOT], 0) == ()
