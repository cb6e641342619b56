"""What every store's ledger promises: it remembers what was told, all of a transaction or nothing, for 90 days."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from coachsync import __version__
from coachsync.domain.budget import GuildSight, RoleWord
from coachsync.domain.failure import Failure
from coachsync.domain.model import DAY, HOUR, MINUTE, Action, Event, Grant, Outcome, Person, Report, Resource, Session
from coachsync.domain.states import EntryState, ResourceState
from coachsync.domain.windows import RELEASED
from coachsync.store.base import Store
from coachsync.store.ledger.pruning import paced
from tests.kit.nodes import OnHost
from tests.store.backends import BOOKABLE, GUILD, NOW, STUDENT, Backend, an_entry, made

SESSION = Session("s", "SCHEDULED", NOW, NOW + HOUR, GUILD, (), False, False, None, None)


@pytest.fixture(params=BOOKABLE)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """A store of each kind of ledger: that of a mapped table is no other."""
    return made(request.param, tmp_path, request)


def save(store: Store, *entries: object) -> None:
    with store.transaction() as transaction:
        for entry in entries:
            transaction.ledger.save(entry)  # type: ignore[arg-type]


def run(store: Store, now: int, exit_code: int) -> None:
    """Record a run of one minute."""
    with store.transaction() as transaction:
        number = transaction.ledger.run_started(now, "run")
        transaction.ledger.run_finished(number, now + MINUTE, None, exit_code)


def finish(store: Store, now: int) -> None:
    with store.transaction() as transaction:
        transaction.ledger.run_finished(transaction.ledger.run_started(now, "run"), now, None, 0)


class TestEntries:
    def test_an_entry_comes_back_as_it_was_saved(self, backend: Backend, store: Store) -> None:
        entry = an_entry(
            repairs={"role": 2},
            missing_first=NOW,
            closed_start=5,
            closed_by="end",
            people=(Person(STUDENT, "student", "Ada É"), Person(None, "coach")),
        )
        save(store, entry)
        again = backend.open(writable=False)
        assert again.ledger.live_entries() == [entry]
        again.close()

    def test_saving_numbers_the_rows_and_updates_them_later(self, store: Store) -> None:
        entry = an_entry()
        save(store, entry)
        entry.resources[0].state, entry.state = "deleted", "closing"
        entry.resources.append(Resource("role", "Session", GUILD))
        save(store, entry)
        assert store.ledger.entries(["abc12345"])["abc12345"] == entry
        assert len({row.rowid for row in entry.resources} - {0}) == 3

    def test_live_entries_leaves_out_what_is_closed(self, store: Store) -> None:
        save(store, an_entry("closed", state="closed"), an_entry("opening", state="opening"), an_entry("open"))
        assert sorted(entry.session_id for entry in store.ledger.live_entries()) == ["open", "opening"]

    def test_live_entries_holds_a_closed_one_when_an_attempt_has_no_known_end(self, store: Store) -> None:
        attempted = Resource("role", "Session", GUILD)
        save(store, an_entry(state="closed", resources=[attempted]))
        assert [entry.resources for entry in store.ledger.live_entries()] == [[attempted]]

    def test_entries_holds_closed_ones_too(self, store: Store) -> None:
        save(store, an_entry("closed", state="closed"))
        assert sorted(store.ledger.entries(["closed", "nobody"])) == ["closed"]

    def test_entries_named_finds_by_id_and_by_short_name(self, store: Store) -> None:
        save(store, an_entry("65f1c0ffee12345678"), an_entry("other"))
        found = [
            [entry.session_id for entry in store.ledger.entries_named(name)] for name in ("12345678", "other", "x")
        ]
        assert found == [["65f1c0ffee12345678"], ["other"], []]

    @pytest.mark.parametrize("odd", ["\ud800", "a\0b", "\udcff🎤", "x" * 5000])
    def test_an_entry_goes_by_any_id(self, store: Store, odd: str) -> None:
        entry = an_entry(odd, short="odd", role_name="r", channel_name="c")
        save(store, entry)
        assert store.ledger.entries([odd]) == {odd: entry}

    def test_numbers_are_given_anew_when_the_transaction_failed(self, store: Store) -> None:
        entry = an_entry()
        with pytest.raises(RuntimeError), store.transaction() as transaction:
            transaction.ledger.save(entry)
            raise RuntimeError
        save(store, entry)
        assert store.ledger.entries(["abc12345"])["abc12345"] == entry

    def test_nothing_is_remembered_when_the_transaction_failed(self, store: Store) -> None:
        with pytest.raises(RuntimeError), store.transaction() as transaction:
            transaction.ledger.save(an_entry())
            transaction.ledger.run_started(NOW, "run")
            raise RuntimeError
        assert (store.ledger.live_entries(), store.ledger.last_runs(5), store.ledger.first_run_at()) == ([], [], None)


class TestMissing:
    def test_seen_missing_keeps_the_first_and_the_last_time(self, store: Store) -> None:
        save(store, an_entry("gone"), an_entry("there"))
        for now in (NOW, NOW + 5, NOW + 9):
            with store.transaction() as transaction:
                transaction.ledger.seen_missing(["gone"], ["there"], now)
        found = store.ledger.entries(["gone", "there"])
        times = {name: (entry.missing_first, entry.missing_last) for name, entry in found.items()}
        assert times == {"gone": (NOW, NOW + 9), "there": (None, None)}

    def test_seen_missing_forgets_what_was_found_again(self, store: Store) -> None:
        save(store, an_entry(missing_first=NOW, missing_last=NOW))
        with store.transaction() as transaction:
            transaction.ledger.seen_missing([], ["abc12345"], NOW + 5)
        assert store.ledger.entries(["abc12345"])["abc12345"].missing_first is None


class TestGuilds:
    def test_categories_holds_those_that_are_made_or_attempted(self, store: Store) -> None:
        states: tuple[ResourceState, ...] = ("made", "attempted", "deleted", "refused")
        kept = [Resource("category", f"Rooms {state}", GUILD, state) for state in states]
        with store.transaction() as transaction:
            for category in kept:
                transaction.ledger.save_category(category)
        assert (store.ledger.categories(GUILD), store.ledger.categories("other")) == (kept[:2], [])

    def test_roles_made_since_counts_the_roles_of_a_guild(self, store: Store) -> None:
        made = [Resource("role", "r", GUILD, "deleted", made_at=NOW + n) for n in range(4)]
        others = [Resource("role", "r", "other", made_at=NOW + 9), Resource("channel", "c", GUILD, made_at=NOW + 9)]
        save(store, an_entry(resources=made + others))
        assert store.ledger.roles_made_since(GUILD, NOW + 2) == 2

    def test_roles_exhausted_until_is_the_last_that_was_heard(self, store: Store) -> None:
        for until in (NOW, NOW + 5):
            with store.transaction() as transaction:
                transaction.ledger.set_roles_exhausted(GUILD, until)
        assert (store.ledger.roles_exhausted_until(GUILD), store.ledger.roles_exhausted_until("other")) == (
            NOW + 5,
            None,
        )


class TestRuns:
    def test_first_run_at_stays_that_of_the_first(self, store: Store) -> None:
        finish(store, RELEASED)
        finish(store, RELEASED + 5)
        assert store.ledger.first_run_at() == RELEASED

    def test_first_run_at_is_none_while_every_run_was_dated_before_the_release(self, store: Store) -> None:
        finish(store, RELEASED - 1)
        assert store.ledger.first_run_at() is None

    def test_first_run_at_is_the_first_that_counts_also_when_its_record_is_gone(self, store: Store) -> None:
        for now in (RELEASED - 1, RELEASED + 5, RELEASED + 9):
            finish(store, now)
        assert store.ledger.first_run_at() == RELEASED + 5
        finish(store, RELEASED + 200 * DAY)
        assert store.ledger.first_run_at() == RELEASED + 5

    def test_last_runs_are_newest_first_with_what_they_did(self, store: Store) -> None:
        action = Action("setup", SESSION, None, GUILD, "")
        done = Outcome(action, "done", "role", None, None, 4, 5, None)
        failed = Outcome(action, "failed", "role", None, None, 4, 5, Failure("invalid", "", ""))
        report = Report("run", NOW, False, 8, (done, failed, done), (), 1)
        with store.transaction() as transaction:
            transaction.ledger.run_finished(transaction.ledger.run_started(NOW, "run"), NOW + 9, report, 1)
            transaction.ledger.run_started(NOW + 20, "setup")
        latest, first = store.ledger.last_runs(5)
        by = (os.geteuid(), os.uname().nodename, __version__)
        assert latest == (NOW + 20, None, "setup", None, {}, None, *by)
        assert first == (NOW, NOW + 9, "run", 1, {"setup": {"done": 2, "failed": 1}}, 8, *by)
        assert store.ledger.last_runs(1) == [latest]
        assert store.ledger.runs_since(NOW + 1, 5) == [latest]

    def test_was_reported_tells_the_same_promise_only(self, store: Store) -> None:
        with store.transaction() as transaction:
            transaction.ledger.reported("s", "missed", NOW)
            transaction.ledger.reported("s", "missed", NOW)
        asked = {("s", "missed", NOW), ("s", "missed", NOW + 1), ("s", "invalid", NOW), ("t", "missed", NOW)}
        assert store.ledger.was_reported(asked) == {("s", "missed", NOW)}


class TestEvents:
    def test_events_are_a_sessions_own_oldest_first(self, store: Store) -> None:
        told = [Event(NOW + n, "s" if n % 2 else "t", f"what{n}", "done", "é\ud800") for n in range(6)]
        with store.transaction() as transaction:
            for event in told:
                transaction.ledger.event(event)
        assert [event.what for event in store.ledger.events("s")] == ["what1", "what3", "what5"]
        assert [event.what for event in store.ledger.events("s", limit=2)] == ["what3", "what5"]

    def test_failure_of_an_event_comes_back_whole(self, store: Store) -> None:
        event = Event(NOW, "s", "setup", "failed", "", Failure("missed", "too: late\nfor it", "move: it"))
        with store.transaction() as transaction:
            transaction.ledger.event(event)
        assert store.ledger.events("s") == [event._replace(host=os.uname().nodename)]

    @pytest.mark.parametrize(
        ("story", "error"),
        [
            (["setup failed", "grant failed", "role made"], "setup"),
            (["setup failed", "setup done"], None),
            (["setup done", "update refused", "grant done"], "update"),
            (["grant failed"], None),
            (["setup failed", "setup deferred"], None),
        ],
    )
    def test_last_errors_looks_at_the_latest_action_alone(
        self, store: Store, story: list[str], error: str | None
    ) -> None:
        with store.transaction() as transaction:
            for at, (what, how) in enumerate(map(str.split, story)):
                transaction.ledger.event(Event(NOW + at, "s", what, how, "why"))
        found = {name: event.what for name, event in store.ledger.last_errors(["s", "t"]).items()}
        assert found == ({"s": error} if error else {})


class TestHosts:
    def test_run_that_failed_before_it_was_recorded_ends_no_run_of_another_host(
        self, store: Store, on_host: OnHost
    ) -> None:
        on_host("beta")
        with store.transaction() as transaction:
            transaction.ledger.run_started(NOW, "run")
        on_host("alpha")
        with store.transaction() as transaction:
            transaction.ledger.run_failed(NOW - 1, NOW + 5, "run", 3)
        assert [(run.host, run.exit_code) for run in store.ledger.last_runs(5)] == [("alpha", 3), ("beta", None)]

    def test_event_says_which_host_did_it(self, store: Store, on_host: OnHost) -> None:
        for host in ("alpha", "beta"):
            on_host(host)
            with store.transaction() as transaction:
                transaction.ledger.event(Event(NOW, "s", "setup", "done", ""))
        assert [event.host for event in store.ledger.events("s")] == ["alpha", "beta"]

    def test_host_is_known_by_its_last_run_and_by_the_last_that_worked(self, store: Store, on_host: OnHost) -> None:
        on_host("beta")
        for at, code in ((0, 0), (15, 1), (30, 3)):
            run(store, NOW + at * MINUTE, code)
        on_host("alpha")
        for at in (0, 15, 30, 45):
            run(store, NOW + at * MINUTE, 0)
        alpha, beta = store.ledger.hosts(NOW, HOUR)
        assert (alpha.host, alpha.started_at, alpha.since) == ("alpha", NOW + 45 * MINUTE, NOW + 46 * MINUTE)
        assert (beta.started_at, beta.exit_code, beta.since) == (NOW + 30 * MINUTE, 3, NOW + 16 * MINUTE)
        assert (beta.worked, beta.lately, beta.others, beta.program) == (True, 3, 4, __version__)

    def test_host_whose_runs_never_worked_is_silent_since_the_first(self, store: Store) -> None:
        run(store, NOW, 3)
        run(store, NOW + 15 * MINUTE, 70)
        (host,) = store.ledger.hosts(NOW, HOUR)
        assert (host.worked, host.since, host.exit_code) == (False, NOW, 70)

    def test_host_is_forgotten_with_its_last_run(self, store: Store) -> None:
        run(store, NOW, 0)
        assert store.ledger.hosts(NOW + 1, HOUR) == ()

    def test_database_tells_the_time(self, store: Store) -> None:
        run(store, NOW, 0)
        assert abs((store.ledger.clock() or 0) - time.time_ns() // 1_000_000) < 60_000

    def test_nobody_holds_a_lease_where_none_was_taken(self, store: Store) -> None:
        run(store, NOW, 0)
        assert store.ledger.lease_holders() == ()


class TestForgetting:
    LATE = NOW - 100 * DAY  # of a past that the host's clock agrees is past

    def test_what_is_over_90_days_old_is_dropped(self, store: Store) -> None:
        past = self.LATE - 91 * DAY
        made = Resource("role", "r", GUILD, "deleted", made_at=past, deleted_at=past)
        save(
            store,
            an_entry(state="closed", end=past, resources=[made], grants=[Grant(STUDENT, "revoked", seen_at=past)]),
        )
        with store.transaction() as transaction:
            transaction.ledger.event(Event(past, "abc12345", "setup", "done", ""))
            transaction.ledger.run_started(past, "run")
            transaction.ledger.reported("abc12345", "missed", past)
            transaction.ledger.save_category(Resource("category", "old", GUILD, "deleted", past))
        finish(store, self.LATE)
        assert store.ledger.entries(["abc12345"]) == {}
        assert (store.ledger.events("abc12345"), len(store.ledger.last_runs(5))) == ([], 1)
        assert store.ledger.was_reported([("abc12345", "missed", past)]) == set()
        assert store.ledger.roles_made_since(GUILD, 0) == 0

    @pytest.mark.parametrize(
        ("state", "resource"), [("open", "deleted"), ("closed", "made"), ("closed", "attempted"), ("closing", "made")]
    )
    def test_what_may_still_be_there_is_kept(self, store: Store, state: EntryState, resource: ResourceState) -> None:
        left = Resource("role", "r", GUILD, resource)
        save(store, an_entry(state=state, end=self.LATE - 400 * DAY, resources=[left]))
        finish(store, self.LATE)
        assert list(store.ledger.entries(["abc12345"])) == ["abc12345"]

    def test_what_is_younger_is_kept(self, store: Store) -> None:
        save(store, an_entry(state="closed", end=self.LATE - 89 * DAY, resources=[]))
        finish(store, self.LATE)
        assert list(store.ledger.entries(["abc12345"])) == ["abc12345"]

    def test_nothing_is_dropped_when_the_run_only_pretends_to_be_in_the_future(self, store: Store) -> None:
        save(store, an_entry(state="closed", resources=[]))
        finish(store, NOW + 40000 * DAY)
        assert list(store.ledger.entries(["abc12345"])) == ["abc12345"]

    def test_a_row_without_a_start_stays_reported(self, store: Store) -> None:
        with store.transaction() as transaction:
            transaction.ledger.reported("bad", "invalid", 0)
        finish(store, self.LATE)
        assert store.ledger.was_reported([("bad", "invalid", 0)]) == {("bad", "invalid", 0)}


class TestSights:
    def test_what_was_seen_and_said_last_is_kept_by_guild(self, store: Store) -> None:
        first, last = GuildSight(NOW, 3, 4), GuildSight(NOW + 1, 5, 6, (7, 0))
        word = RoleWord(NOW, 250, 12, NOW + 9)
        for sight in (first, last):
            with store.transaction() as transaction:
                transaction.ledger.keep_sights({GUILD: sight}, {GUILD: word})
        assert (store.ledger.sight(GUILD), store.ledger.sight("other")) == (last, None)
        assert store.ledger.role_budget(GUILD, NOW).word == word
        assert store.ledger.role_budget("other", NOW).word is None


def test_steps_shrink_on_a_slow_database_and_grow_on_a_quick_one() -> None:
    assert paced(100, 0.01) > 100 > paced(100, 0.5) > 0
    assert paced(100, 0.1) == 100
    assert paced(5000, 0.0) == 5000
    assert paced(10, 9.0) == 10
