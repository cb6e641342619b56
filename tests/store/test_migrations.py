"""A ledger of a former version becomes one of this, whole or not at all, whatever else is in its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coachsync.errors import StoreError
from coachsync.store.base import Store
from coachsync.store.ledger import migrations
from coachsync.store.ledger.schema import LEDGER_VERSION
from coachsync.store.open import create_store, open_store
from tests.kit.installed import DATA, OPEN, WAITING, restore
from tests.store.backends import DEFAULTS

STUDENT, COACH = "1559943865958400006", "1559943865958400007"
NEVER_READ = "CREATE VIEW broken AS SELECT * FROM gone; CREATE VIEW theirs AS SELECT session_id FROM coachsync_entries"


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """A store with a ledger of version 1."""
    path = tmp_path / "s.db"
    restore(path, DATA / "sqlite-role" / "store.sql")
    return path


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A store with a ledger that this version made."""
    create_store("sqlite:///fresh.db", tmp_path)
    with closing(opened(tmp_path / "fresh.db")) as store, store.transaction():
        pass
    yield tmp_path / "fresh.db"


def opened(path: Path, *, writable: bool = True) -> Store:
    return open_store(f"sqlite:///{path}", path.parent, DEFAULTS, writable=writable)


def look(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def execute(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def version_of(path: Path) -> int:
    [(version,)] = look(path, "SELECT value FROM coachsync_meta WHERE key = 'version'")
    return int(version)


def shape(path: Path) -> dict[str, Any]:
    """Return what the ledger's tables and indexes are made of; SQLite takes BIGINT and INTEGER for the same."""
    made = look(path, "SELECT type, name FROM sqlite_master WHERE tbl_name LIKE 'coachsync_%' AND sql IS NOT NULL")
    columns = {
        name: [
            (row[1], row[2].replace("BIGINT", "INTEGER"), row[3], row[5])
            for row in look(path, f"PRAGMA table_info({name})")
        ]
        for kind, name in made
        if kind == "table"
    }
    return columns | {name: look(path, f"PRAGMA index_info({name})") for kind, name in made if kind == "index"}


def test_migrated_ledger_has_the_tables_and_indexes_of_a_new_one(former: Path, fresh: Path) -> None:
    opened(former).close()
    assert shape(former) == shape(fresh)
    assert version_of(former) == version_of(fresh) == LEDGER_VERSION


def test_opening_for_writing_migrates_before_anything_is_read(former: Path) -> None:
    with closing(opened(former)) as store:
        assert [person.id for person in store.ledger.entries([OPEN])[OPEN].people] == [STUDENT, COACH]
    assert version_of(former) == LEDGER_VERSION


def test_opening_for_reading_migrates_a_copy(former: Path) -> None:
    before = former.read_bytes()
    with closing(opened(former, writable=False)) as store:
        assert [person.id for person in store.ledger.entries([OPEN])[OPEN].people] == [STUDENT, COACH]
        assert store.ledger.last_errors([WAITING])[WAITING].failure is not None
    assert (former.read_bytes(), version_of(former)) == (before, 1)


def test_migration_that_fails_leaves_the_ledger_as_it_was(former: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shape(former), look(former, "SELECT * FROM coachsync_entries")
    monkeypatch.setattr(migrations, "STEPS", ((*migrations.STEPS[0], "SELECT * FROM nowhere"),))
    with pytest.raises(StoreError, match="nowhere"):
        opened(former)
    assert (shape(former), look(former, "SELECT * FROM coachsync_entries")) == before


def test_migration_leaves_alone_what_is_not_ours_and_may_be_broken(former: Path) -> None:
    execute(former, NEVER_READ)
    opened(former, writable=False).close()
    opened(former).close()
    assert version_of(former) == LEDGER_VERSION
    assert len(look(former, "SELECT * FROM theirs")) == 5


@pytest.mark.parametrize(
    ("what", "outcome", "detail", "wrong"),
    [
        ("setup", "failed", "missed: too: late\nmove it\nor not", ("missed", "too: late", "move it\nor not")),
        ("update", "refused", "not_ours: foreign\n", ("not_ours", "foreign", "")),
        ("repair", "deferred", "rate_limited: later\nwait", ("rate_limited", "later", "wait")),
        ("setup", "failed", "", None),
        ("setup", "done", "starts in: 2 h\nor so", None),
        ("role asked for", "refused", "Session x: name_refused\nreally", None),
    ],
)
def test_failure_is_taken_out_of_the_text_that_version_1_wrote(
    former: Path, what: str, outcome: str, detail: str, wrong: tuple[str, str, str] | None
) -> None:
    with closing(sqlite3.connect(former)) as connection:
        line = (1, "s", what, outcome, detail)
        sql = "INSERT INTO coachsync_events (at, session_id, what, outcome, detail) VALUES (?, ?, ?, ?, ?)"
        connection.execute(sql, line)
        connection.commit()
    with closing(opened(former)) as store:
        [event] = store.ledger.events("s")
    found = None if event.failure is None else event.failure[:3]
    assert (found, event.detail) == (wrong, "" if wrong else detail)


def test_reading_does_not_wait_for_a_writer(former: Path) -> None:
    with closing(sqlite3.connect(former, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(opened(former, writable=False)) as store:
            assert WAITING in store.ledger.entries([WAITING])


class TestOfALaterVersion:
    """What a program does whose ledger was brought up to date by a later one: hosts are upgraded one by one."""

    @pytest.fixture
    def later(self, fresh: Path) -> Path:
        execute(fresh, f"UPDATE coachsync_meta SET value = {LEDGER_VERSION + 1} WHERE key = 'version'")
        return fresh

    def least(self, path: Path, key: str) -> None:
        execute(path, f"INSERT INTO coachsync_meta (key, value) VALUES ('{key}', {LEDGER_VERSION})")

    def test_is_read_and_written_if_it_may_be(self, later: Path) -> None:
        self.least(later, "least_reader")
        self.least(later, "least_writer")
        with closing(opened(later)) as store, store.transaction() as transaction:
            transaction.ledger.run_started(1, "run")
        assert version_of(later) == LEDGER_VERSION + 1

    def test_is_read_and_not_written_if_writers_must_know_more(self, later: Path) -> None:
        self.least(later, "least_reader")
        with closing(opened(later)) as store:
            assert store.ledger.last_runs(1) == []
            with pytest.raises(StoreError, match="may not write") as caught, store.transaction():
                pass
        assert "upgrade coachsync on this host" in caught.value.hint

    def test_is_not_opened_if_it_does_not_say_that_it_may_be(self, later: Path) -> None:
        with pytest.raises(StoreError, match="may not read"):
            opened(later, writable=False)


def test_ledger_that_earlier_programs_may_use_says_so(former: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "LEAST_READER", 1)
    opened(former).close()
    said = "SELECT key, value FROM coachsync_meta WHERE key IN ('version', 'least_reader', 'least_writer') ORDER BY key"
    assert look(former, said) == [("least_reader", 1), ("version", LEDGER_VERSION)]
