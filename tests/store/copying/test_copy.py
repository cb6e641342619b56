"""A store copied into another: whole, from each kind to each kind, killed anywhere and gone on with, one in use."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from coachsync.domain.failure import Failure
from coachsync.domain.model import Event
from coachsync.errors import ConnectionLostError, LockHeldError, StoreError, UsageError
from coachsync.store.base import Store
from coachsync.store.copying import copy as copying
from coachsync.store.copying import notes, rows, sides, tables
from coachsync.store.copying.copy import CopyReport, CopyRequest, copy_store
from coachsync.store.copying.reopen import reopen
from coachsync.store.open import create_store, open_store, parse_url
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.leases import Leases
from tests.kit.installed import DATA, OPEN, restore
from tests.kit.pgbouncer import PgBouncer
from tests.kit.postgres import Postgres
from tests.store.backends import DEFAULTS, NOW, a_row, an_entry, snapshot

AT = "2026-10-14T11:00:00Z"
KINDS = ("sqlite", "json", "postgresql")
ODD = ("abc12345", "é 🎤'\"?%", "\udcff half", "x" * 300)
NO_UNICODE = "\udcff half"
Places = Callable[[str], str]


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Places:
    """Return what names a new place for a store of a kind."""
    names = iter("abcdefgh")

    def named(kind: str) -> str:
        if kind == "postgresql":
            url: str = request.getfixturevalue("postgres_server").fresh()
            return url
        return f"{kind}:///{tmp_path}/{next(names)}.{kind}"

    return named


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rows, tables):
        monkeypatch.setattr(module, "PAGE", 2)


def opened(url: str, *, writable: bool = True) -> Store:
    return open_store(url, "/", DEFAULTS, writable=writable)


def filled(url: str) -> str:
    """Make a store with bookings, marks and all kinds of memories."""
    create_store(url, "/")
    with closing(opened(url)) as store:
        store.bookings.import_rows(a_row(i, NOW + n, studentName="Zoë") for n, i in enumerate(ODD))
        with store.transaction() as transaction:
            number = transaction.ledger.run_started(NOW, "run")
            for session_id in ODD:
                transaction.ledger.save(an_entry(session_id))
                failure = Failure("unknown_member", "gone \0", "")
                transaction.ledger.event(Event(NOW, session_id, "setup", "failed", "…", failure))
                transaction.ledger.reported(session_id, "missed", NOW)
            transaction.ledger.owe_looks({"1": NOW})
            transaction.ledger.run_finished(number, NOW, None, 0)
    return url


def copied(source: str, target: str, tell: Callable[[str], None] = lambda _: None, **more: Any) -> CopyReport:
    return copy_store(CopyRequest(parse_url(source, "/"), parse_url(target, "/"), AT, **more), tell)


def memory(url: str) -> dict[str, Any]:
    """Return everything that a store holds, as coachsync reads it."""
    with closing(opened(url, writable=False)) as store:
        ids = [session.id for session in store.bookings.everything()]
        return {
            "rows": sorted((json.dumps(row, sort_keys=True) for row in store.bookings.export()), key=str),
            "entries": store.ledger.entries(ids),
            "events": {i: store.ledger.events(i) for i in ids},
            "runs": store.ledger.last_runs(9),
            "owed": store.ledger.owed_looks(),
            "first": store.ledger.first_run_at(),
            "reported": store.ledger.was_reported([(i, "missed", NOW) for i in ids]),
        }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_everything_arrives_from_each_kind_of_store_in_each(place: Places, kind: str, other: str) -> None:
    source, target = filled(place(kind)), place(other)
    before = memory(source)
    report = copied(source, target)
    assert memory(target) == before
    assert {part.name: part.rows for part in report.parts}["bookings"] == len(ODD)
    with pytest.raises(StoreError, match="not worked on any more"):
        opened(source)


@pytest.mark.parametrize("kind", KINDS)
def test_copy_is_a_store_in_which_runs_go_on(place: Places, kind: str) -> None:
    source, target = filled(place("sqlite")), place(kind)
    copied(source, target)
    with closing(opened(target)) as store:
        entry = store.ledger.entries([ODD[0]])[ODD[0]]
        with store.transaction() as transaction:
            transaction.ledger.save(entry)
            transaction.ledger.save(an_entry("later"))
            transaction.ledger.event(Event(NOW, "later", "setup", "done", ""))
            number = transaction.ledger.run_started(NOW, "run")
    assert number == 2


# killed


class KilledError(Exception):
    """Stands for SIGKILL."""


@pytest.mark.parametrize(
    ("kind", "other", "step"), [("sqlite", "sqlite", 1), ("sqlite", "json", 4), ("json", "sqlite", 4)]
)
def test_copy_killed_at_any_step_goes_on_and_is_never_used_before_it_is_whole(
    place: Places, kind: str, other: str, step: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = filled(place(kind))
    killed(source, lambda n: f"{other}:///{tmp_path}/target{n}", monkeypatch, step)


def test_copy_into_a_postgresql_that_is_killed_goes_on(place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(filled(place("sqlite")), lambda _: place("postgresql"), monkeypatch, step=25)


def test_copy_out_of_a_postgresql_that_is_killed_goes_on(place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(filled(place("postgresql")), lambda _: place("sqlite"), monkeypatch, step=25)


def killed(source: str, target_of: Callable[[int], str], monkeypatch: pytest.MonkeyPatch, step: int = 1) -> None:
    before = memory(source)
    number = 0
    while True:
        number += step
        target = target_of(number)
        left = iter(range(number - 1))
        real = notes.save

        def save(*given: Any, _left: Iterator[int] = left, _real: Any = real) -> None:
            if next(_left, None) is None:
                raise KilledError
            _real(*given)

        with monkeypatch.context() as patch:
            patch.setattr(copying, "save", save)
            try:
                copied(source, target, keep=True)
            except KilledError:
                pass
            else:
                break
        with closing(opened(source)):
            pass  # it stays in use
        if number > 1:
            with pytest.raises(StoreError, match="holds a part of a copy alone") as caught:
                opened(target)
            assert f"coachsync store copy {source} " in caught.value.hint
        report = copied(source, target, keep=True)
        assert report.resumed == (number > 1)
        assert memory(target) == before
    assert number > 10


def test_copy_that_ended_and_was_not_heard_of_says_that_nothing_is_left(place: Places) -> None:
    source, target = filled(place("sqlite")), place("sqlite")
    copied(source, target)
    assert copied(source, target).already


def test_copy_killed_after_the_source_was_closed_goes_on(place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = filled(place("sqlite")), place("sqlite")
    before = memory(source)

    def killed(*_: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(copying, "forget", killed)
        with pytest.raises(KilledError):
            copied(source, target)
    copied(source, target)
    assert memory(target) == before


def test_copy_goes_through_a_pooler_both_ways(place: Places, pooler: PgBouncer, postgres_server: Postgres) -> None:
    source, middle, target = filled(place("sqlite")), pooler.through(postgres_server.fresh()), place("sqlite")
    before = memory(source)
    copied(source, middle)
    copied(middle, target)
    assert memory(target) == before


def test_copy_whose_connection_is_cut_goes_on(place: Places, postgres_server: Postgres) -> None:
    source, target = filled(place("sqlite")), postgres_server.fresh()
    before = memory(source)
    tries = 0

    def cut(what: str) -> None:
        if what.startswith("copied") and tries == 1:
            postgres_server.cut_off(target.partition("//")[2].partition("@")[0])

    for _ in range(2):
        tries += 1
        with suppress(ConnectionLostError):
            copied(source, target, cut)
            break
    assert memory(target) == before


# what is written meanwhile


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_booked_during_the_copy_arrives(place: Places, kind: str) -> None:
    source, target = filled(place(kind)), place("sqlite")
    new = iter([a_row("new")])

    def tell(what: str) -> None:
        row = next(new, None) if what.startswith("copied 2 bookings") or what == "looked at 4 bookings" else None
        if row is not None:
            with closing(opened(source)) as store:
                store.bookings.import_rows([row])

    copied(source, target, tell)
    with closing(opened(target)) as store:
        assert store.bookings.raw("new") is not None


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_source_that_never_comes_to_rest_is_told_and_stays_in_use(place: Places, kind: str) -> None:
    source, target = filled(place(kind)), place("sqlite")
    numbers = iter(range(1000))

    def tell(what: str) -> None:
        if what == "comparing bookings":
            sql = f"UPDATE sessions SET duration = {next(numbers) + 1}"
            if kind == "postgresql":
                with closing(PostgresDatabase(source, writable=True)) as database:
                    database.run(sql)
            else:
                with closing(sqlite3.connect(parse_url(source, "/").path, isolation_level=None)) as connection:
                    connection.execute(sql)

    with pytest.raises(StoreError, match="changes while it is copied: bookings"):
        copied(source, target, tell)
    with closing(opened(source)):
        pass


# refused before anything is written


@pytest.mark.parametrize("kind", KINDS)
def test_target_that_holds_something_is_refused_by_name_and_not_touched(place: Places, kind: str) -> None:
    source, target = filled(place("sqlite")), filled(place(kind))
    before = memory(target)
    with pytest.raises(StoreError, match=r"is not empty: it holds 4 bookings, .*coachsync_entries"):
        copied(source, target)
    assert memory(target) == before
    with closing(opened(source)):
        pass


def test_copy_of_another_source_is_not_gone_on_with(place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    source, other, target = filled(place("sqlite")), filled(place("sqlite")), place("sqlite")
    with monkeypatch.context() as patch:
        patch.setattr(copying, "set_numbers", None)
        patch.setattr(copying, "forget", None)
        with pytest.raises(TypeError):
            copied(source, target, keep=True)
    with pytest.raises(StoreError, match="holds a part of a copy alone"):
        copied(other, target)


@pytest.mark.parametrize("url", ["a.sqlite", "./x/../a.sqlite"])
def test_store_is_not_copied_to_itself(tmp_path: Path, url: str) -> None:
    create_store(f"sqlite:///{tmp_path}/a.sqlite", "/")
    (tmp_path / "x").mkdir()
    with pytest.raises(UsageError, match="same store"):
        copied(f"sqlite:///{tmp_path}/a.sqlite", f"sqlite:///{tmp_path}/{url}")


def test_dry_run_shows_the_copy_and_leaves_every_byte_as_it_is(place: Places, tmp_path: Path) -> None:
    source = filled(place("sqlite"))
    before = snapshot(tmp_path)
    report = copied(source, place("json"), dry_run=True)
    assert {part.name: part.rows for part in report.parts}["bookings"] == len(ODD)
    assert snapshot(tmp_path) == before


def test_dry_run_makes_nothing_in_a_postgresql(place: Places) -> None:
    target = place("postgresql")
    copied(filled(place("sqlite")), target, dry_run=True)
    with closing(PostgresDatabase(target, writable=False)) as database:
        assert not database.has_table("sessions")


def test_rows_that_the_target_cannot_hold_are_named_and_nothing_is_written(place: Places, tmp_path: Path) -> None:
    source, target = place("json"), place("sqlite")
    rows = [a_row("good"), a_row("twice"), a_row("twice"), a_row("number", studentDiscordId=13), 5]
    Path(parse_url(source, "/").path).write_text(json.dumps(rows))
    before = snapshot(tmp_path)
    with pytest.raises(StoreError, match=r"row 2, 'twice': .*more than once.*'number': studentDiscordId is no .*row 5"):
        copied(source, target)
    assert set(snapshot(tmp_path)) - set(before) == {"a.json.coachsync.lock"}


def test_all_the_rest_is_copied_if_that_is_said(place: Places) -> None:
    source, target = place("json"), place("postgresql")
    rows = [a_row("good"), a_row("twice"), a_row("twice"), a_row("late", duration="long"), None]
    Path(parse_url(source, "/").path).write_text(json.dumps(rows))
    report = copied(source, target, leave_out=True)
    assert [row.row for row in report.refused] == [2, 3, 4, 5]
    with closing(opened(target)) as store:
        assert [row["_id"] for row in store.bookings.export()] == ["good"]


def test_row_that_the_targets_own_rules_refuse_is_named_and_left_out_alone(place: Places) -> None:
    source, target = filled(place("sqlite")), place("sqlite")
    create_store(target, "/")
    script = (
        "CREATE TRIGGER picky BEFORE INSERT ON sessions WHEN new.id = 'abc12345'"
        " BEGIN SELECT raise(ABORT, 'not this one'); END"
    )
    with closing(sqlite3.connect(parse_url(target, "/").path)) as connection:
        connection.execute(script)
    report = copied(source, target, leave_out=True)
    assert [(row.session, "not this one" in row.why) for row in report.refused] == [("abc12345", True)]


def test_json_goes_into_json_to_the_letter(place: Places) -> None:
    source, target = place("json"), place("json")
    text = '{"sessions": [{"_id": "a", "x": 1e999}, 5,\n {"_id": "a"}], "more": [1]}'
    Path(parse_url(source, "/").path).write_text(text)
    copied(source, target)
    assert Path(parse_url(target, "/").path).read_text() == text


# other keys and columns


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_other_keys_get_columns_and_come_back(place: Places, kind: str) -> None:
    source, middle, target = place("json"), place(kind), place("json")
    more: dict[str, Any] = {"price": 5, "rate": 0.5, "Paid by": "card", "tags": ["a"], "gift": "yes"}
    rows = [a_row("a", **more), a_row("b", gift=1)]
    Path(parse_url(source, "/").path).write_text(json.dumps(rows))
    assert {key for key, _ in copied(source, middle).survey.added} == set(more)
    copied(middle, target)
    (one, other) = json.loads(Path(parse_url(target, "/").path).read_text())
    assert {key: one[key] for key in more} == more | {"tags": '["a"]'}
    assert other["gift"] == "1"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_other_programs_tables_are_not_copied_and_that_is_told(place: Places, kind: str) -> None:
    source, target = filled(place(kind)), place("sqlite")
    if kind == "postgresql":
        with closing(PostgresDatabase(source, writable=True)) as database:
            database.run("CREATE TABLE invoices (number BIGINT)")
    else:
        with closing(sqlite3.connect(parse_url(source, "/").path)) as connection:
            connection.execute("CREATE TABLE invoices (number INTEGER)")
    assert "table invoices" in copied(source, target, dry_run=True).foreign
    assert "table invoices" in copied(source, target).foreign


def test_what_stands_beside_the_bookings_is_told(place: Places) -> None:
    source = place("json")
    Path(parse_url(source, "/").path).write_text('{"made by": "us", "sessions": []}')
    with pytest.raises(StoreError, match="'made by': it stands beside the array"):
        copied(source, place("sqlite"))


def test_ledger_of_a_former_release_is_brought_up_on_the_way(place: Places, tmp_path: Path) -> None:
    restore(tmp_path / "old.db", DATA / "sqlite-role" / "store.sql")
    target = place("postgresql")
    copied(f"sqlite:///{tmp_path}/old.db", target)
    with closing(opened(target)) as store:
        (entry,) = store.ledger.entries([OPEN]).values()
    assert (entry.state, len(entry.people)) == ("open", 2)


def test_ledger_alone_follows_bookings_that_their_system_moved(place: Places) -> None:
    source, target = filled(place("sqlite")), place("postgresql")
    create_store(target, "/")
    with closing(opened(target)) as store:
        store.bookings.import_rows([a_row("abc12345")])
    copied(source, target, ledger=True)
    with closing(opened(target)) as store:
        assert store.ledger.entries(["abc12345"])
        assert len(list(store.bookings.export())) == 1


# runs


@pytest.mark.parametrize("kind", ["sqlite", "json"])
def test_run_that_is_under_way_holds_the_copy_off(place: Places, kind: str) -> None:
    source, target = filled(place(kind)), place("sqlite")
    with closing(opened(source)) as store, store.run_lock(0, "run"), pytest.raises(LockHeldError):
        copied(source, target)


def test_host_that_works_on_a_postgresql_holds_the_copy_off(place: Places) -> None:
    source = filled(place("postgresql"))
    leases = Leases(lambda: PostgresDatabase(source, writable=True))
    leases.take(["11"], 0)
    try:
        with pytest.raises(LockHeldError, match="with bot 11"):
            copied(source, place("sqlite"))
    finally:
        leases.close()


def test_run_that_had_begun_before_a_postgresql_was_copied_gets_no_bot_any_more(place: Places) -> None:
    source = filled(place("postgresql"))
    leases = Leases(lambda: PostgresDatabase(source, writable=True))
    copied(source, place("sqlite"))
    with closing(leases), pytest.raises(StoreError, match="not to be worked on"):
        leases.take(["11"], 0)


# taken back


def again(url: str, *, force: bool = False) -> str:
    return reopen(parse_url(url, "/"), AT, 0, force=force).target


@pytest.mark.parametrize("kind", KINDS)
def test_source_is_taken_back_into_use_and_the_copy_is_not(place: Places, kind: str) -> None:
    source, target = filled(place(kind)), place("sqlite")
    copied(source, target)
    assert again(source) == target
    with closing(opened(source)), pytest.raises(StoreError, match="not worked on any more"):
        opened(target)


def test_source_is_not_taken_back_once_runs_worked_on_the_copy(place: Places) -> None:
    source, target = filled(place("sqlite")), place("json")
    copied(source, target)
    with closing(opened(target)) as store, store.transaction() as transaction:
        transaction.ledger.run_started(NOW, "run")
    with pytest.raises(StoreError, match="worked on since: by 1 run"):
        again(source)
    again(source, force=True)
    opened(source).close()


def test_store_that_was_never_copied_is_left_as_it_is(place: Places) -> None:
    source = filled(place("sqlite"))
    assert again(source) == ""
    opened(source).close()


def test_copy_to_look_at_leaves_the_source_in_use(place: Places) -> None:
    source = filled(place("sqlite"))
    copied(source, place("sqlite"), keep=True)
    opened(source).close()


def test_addresses_are_the_same_wherever_they_are_typed(tmp_path: Path) -> None:
    assert sides.url_of(parse_url("sqlite:///a.db", tmp_path)) == f"sqlite:///{tmp_path}/a.db"
