"""What is SQLite's own: indexes, tables of booking systems, journals, locks and rows that SQLite lets be anything."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coachsync import waits
from coachsync.domain.marks import Marks
from coachsync.domain.model import HOUR, MINUTE
from coachsync.errors import StoreError
from coachsync.store.base import Store
from coachsync.store.columns import Columns
from coachsync.store.ledger.ledger import LIVE, UNSETTLED
from coachsync.store.open import create_store, open_store
from coachsync.store.sqlite.database import Database
from coachsync.store.sqlite.table import by_name_query, candidates_query, inspect
from tests.kit.ordinary import as_ordinary_user
from tests.store.backends import COACH, DEFAULTS, NOW, SPAN, STUDENT, a_row, an_entry, snapshot

FOREIGN = """
CREATE TABLE sessions (price REAL, coach_discord_id TEXT, id TEXT PRIMARY KEY, status TEXT, scheduled_date INTEGER,
                       student_discord_id TEXT, notes BLOB);
INSERT INTO sessions VALUES (12.5, '1300000000000000022', 'abc12345', 'SCHEDULED', 1790000000000,
                             '1300000000000000011', x'00ff');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.db"


def make(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def look(path: Path, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, args).fetchall()


def opened(path: Path, *, writable: bool = True) -> Store:
    return open_store(f"sqlite:///{path}", path.parent, DEFAULTS, writable=writable)


@pytest.fixture
def own(path: Path) -> Iterator[Store]:
    """A store that coachsync made, open for writing."""
    create_store(f"sqlite:///{path}", path.parent)
    store = opened(path)
    yield store
    store.close()


class TestIndexes:
    def plan(self, path: Path, sql: str, args: list[Any]) -> list[str]:
        steps = [row[3] for row in look(path, f"EXPLAIN QUERY PLAN {sql}", *args)]
        return [step for step in steps if "coachsync" in step or "sessions" in step or "SCAN" in step]

    def test_candidates_reads_by_index_alone(self, own: Store, path: Path) -> None:
        with closing(Database(str(path), writable=False, corrupt_hint="")) as db:
            sql, args = candidates_query(inspect(db, Columns()), SPAN)
        steps = self.plan(path, sql, args)
        assert len(steps) == 6
        assert all("USING INDEX coachsync_" in step for step in steps)

    def test_user_names_are_found_by_their_own_index(self, own: Store, path: Path) -> None:
        with closing(Database(str(path), writable=False, corrupt_hint="")) as db:
            query = by_name_query(inspect(db, Columns()), NOW)
        assert query is not None
        assert self.plan(path, *query) == [
            "SEARCH sessions USING INDEX coachsync_by_name (scheduled_date>? AND scheduled_date<?)"
        ]

    @pytest.mark.parametrize("sql", [LIVE, UNSETTLED])
    def test_live_entries_reads_by_index_alone(self, own: Store, path: Path, sql: str) -> None:
        with own.transaction():
            pass
        assert not [step for step in self.plan(path, sql, []) if "SCAN" in step and "INDEX" not in step]

    def test_candidates_costs_the_same_when_a_hundred_thousand_sessions_are_over(self, own: Store, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executemany(
                "INSERT INTO sessions (id, status, scheduled_date, discord_setup_complete, discord_cleaned_up)"
                " VALUES (?, 'COMPLETED', ?, 1, 1)",
                ((f"id{n}", SPAN.since - HOUR - n) for n in range(100_000)),
            )
            connection.commit()
        with closing(sqlite3.connect(path)) as connection:
            steps = 0

            def count() -> None:
                nonlocal steps
                steps += 1

            connection.set_progress_handler(count, 100)
            with closing(Database(str(path), writable=False, corrupt_hint="")) as db:
                sql, args = candidates_query(inspect(db, Columns()), SPAN)
            connection.execute(sql, args).fetchall()
        assert steps < 10


class TestForeignTable:
    def test_opening_adds_our_four_columns_and_nothing_else(self, path: Path) -> None:
        make(path, FOREIGN)
        before = look(path, "SELECT name, sql FROM sqlite_master WHERE name <> 'sessions' ORDER BY name")
        opened(path).close()
        columns = [row[1] for row in look(path, "PRAGMA table_info(sessions)")]
        assert columns[7:] == [
            "discord_setup_complete",
            "discord_cleaned_up",
            "discord_channel_id",
            "discord_role_id",
        ]
        assert look(path, "SELECT name, sql FROM sqlite_master WHERE name <> 'sessions' ORDER BY name") == before

    def test_opening_adds_only_those_of_our_columns_that_are_missing(self, path: Path) -> None:
        make(path, f"{FOREIGN} ALTER TABLE sessions ADD COLUMN Discord_Role_Id TEXT DEFAULT '';")
        opened(path).close()
        assert len(look(path, "PRAGMA table_info(sessions)")) == 11

    def test_reading_adds_no_column(self, path: Path) -> None:
        make(path, FOREIGN)
        before = snapshot(path.parent)
        store = opened(path, writable=False)
        [session] = store.bookings.candidates(SPAN)
        store.close()
        assert (session.id, session.set_up, session.end) == ("abc12345", False, NOW + HOUR)
        assert snapshot(path.parent) == before

    def test_marks_leave_other_columns_alone(self, path: Path) -> None:
        make(path, FOREIGN)
        store = opened(path)
        with store.transaction() as transaction:
            transaction.mark(Marks("abc12345", set_up=True, role_id="71"))
        store.close()
        row = (12.5, COACH, "abc12345", "SCHEDULED", NOW, STUDENT, b"\x00\xff", 1, None, None, "71")
        assert look(path, "SELECT * FROM sessions") == [row]

    def test_marks_that_are_false_are_written_as_zero(self, path: Path) -> None:
        make(path, FOREIGN)
        store = opened(path)
        with store.transaction() as transaction:
            transaction.mark(Marks("abc12345", set_up=False, cleaned_up=False))
        store.close()
        assert look(path, "SELECT discord_setup_complete, discord_cleaned_up FROM sessions") == [(0, 0)]

    def test_other_columns_are_shown_and_imported_under_their_own_names(self, path: Path) -> None:
        make(path, FOREIGN)
        store = opened(path)
        done = store.bookings.import_rows([a_row("new", price=3.5, unheard="x"), a_row(price=13.0)])
        raw = store.bookings.raw("abc12345")
        store.close()
        assert (done.added, done.changed, done.bad) == (["new"], ["abc12345"], [])
        assert raw is not None
        assert (raw["price"], raw["notes"], raw["studentDiscordId"]) == (13.0, "00ff", STUDENT)

    def test_a_field_without_a_column_is_told(self, path: Path) -> None:
        make(path, FOREIGN)
        with closing(opened(path)) as store, pytest.raises(StoreError, match="no column duration"):
            store.bookings.change("abc12345", {"duration": 30})

    def test_two_rows_of_one_id_are_both_invalid(self, path: Path) -> None:
        make(path, FOREIGN.replace("PRIMARY KEY", "") + "INSERT INTO sessions SELECT * FROM sessions;")
        with closing(opened(path)) as store:
            told = [session.flaw for session in store.bookings.candidates(SPAN)]
            listed = [session.flaw is not None for session in store.bookings.everything()]
        assert ["more than once" in flaw.message for flaw in told if flaw] == [True, True]
        assert listed == [True, True]

    @pytest.mark.parametrize("unique", ["CREATE UNIQUE INDEX u ON sessions (id);", ""])
    def test_rows_of_a_table_without_primary_key_are_read(self, path: Path, unique: str) -> None:
        make(path, FOREIGN.replace("PRIMARY KEY", "") + unique)
        with closing(opened(path)) as store:
            assert [session.flaw for session in store.bookings.candidates(SPAN)] == [None]

    def test_a_table_without_row_numbers_is_read(self, path: Path) -> None:
        make(path, FOREIGN.replace(");\nINSERT", ") WITHOUT ROWID;\nINSERT"))
        with closing(opened(path)) as store:
            assert [session.id for session in store.bookings.candidates(SPAN)] == ["abc12345"]

    @pytest.mark.parametrize("mode", ["wal", "delete", "persist"])
    def test_the_journal_mode_stays(self, path: Path, mode: str) -> None:
        make(path, f"PRAGMA journal_mode = {mode}; {FOREIGN}")
        header = path.read_bytes()[18:20]
        store = opened(path)
        with store.transaction() as transaction:
            transaction.mark(Marks("abc12345", set_up=True))
        store.close()
        assert path.read_bytes()[18:20] == header

    def test_a_database_in_wal_mode_is_read_without_a_trace(self, path: Path) -> None:
        make(path, f"PRAGMA journal_mode = wal; {FOREIGN}")
        before = snapshot(path.parent)
        store = opened(path, writable=False)
        found = store.bookings.candidates(SPAN)
        store.close()
        assert (len(found), snapshot(path.parent)) == (1, before)


class TestRows:
    def put(self, path: Path, column: str, value: str) -> None:
        sql = f"INSERT INTO sessions (id, status, scheduled_date, {column}) VALUES ('bad', 'SCHEDULED', {NOW}, {value})"
        if column in ("id", "status", "scheduled_date"):
            fields = {"id": "'bad'", "status": "'SCHEDULED'", "scheduled_date": str(NOW)} | {column: value}
            sql = f"INSERT INTO sessions ({', '.join(fields)}) VALUES ({', '.join(fields.values())})"
        make(path, sql)

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("id", "x'00ff'"),
            ("scheduled_date", "'soon'"),
            ("scheduled_date", "x'00'"),
            ("scheduled_date", "1.5"),
            ("scheduled_date", "9e99"),
            ("scheduled_date", "NULL"),
            ("status", "NULL"),
            ("status", "x'41'"),
            ("duration", "'long'"),
            ("student_discord_id", "x'3131'"),
            ("guild_id", "'home'"),
            ("discord_setup_complete", "'yes'"),
        ],
    )
    def test_a_bad_row_fails_alone(self, own: Store, path: Path, column: str, value: str) -> None:
        own.bookings.add(a_row())
        self.put(path, column, value)
        flawed = sorted((session.flaw is None, session.id) for session in own.bookings.candidates(SPAN))
        assert [good for good, _ in flawed] == [False, True]
        assert flawed[0][1] == ("row 2" if column == "id" else "bad")

    def test_text_that_is_no_utf8_is_read_and_its_row_marked(self, own: Store, path: Path) -> None:
        make(
            path,
            "INSERT INTO sessions (id, status, scheduled_date, student_name)"
            f" VALUES (CAST(x'61ff' AS TEXT), 'SCHEDULED', {NOW}, CAST(x'41ff' AS TEXT))",
        )
        [session] = own.bookings.candidates(SPAN)
        with own.transaction() as transaction:
            found = transaction.mark(Marks(session.id, set_up=True))
            transaction.ledger.save(an_entry(session.id, short="s", role_name="r", channel_name="c"))
        assert (found, session.people[0].name) == (True, "A?")
        assert look(path, "SELECT hex(id), discord_setup_complete FROM sessions") == [("61FF", 1)]
        assert list(own.bookings.by_ids([session.id])) == list(own.ledger.entries([session.id])) == [session.id]

    def test_a_mark_becomes_a_boolean_in_json(self, own: Store, path: Path) -> None:
        own.bookings.add(a_row(discordSetupComplete=True, discordCleanedUp=False))
        assert look(path, "SELECT discord_setup_complete, discord_cleaned_up FROM sessions") == [(1, 0)]
        assert own.bookings.raw("abc12345") == a_row(discordSetupComplete=True, discordCleanedUp=False)


class TestTransactions:
    def test_mark_and_ledger_change_together(self, own: Store, path: Path) -> None:
        own.bookings.add(a_row())
        with own.transaction() as transaction:
            transaction.mark(Marks("abc12345", set_up=True))
            transaction.ledger.save(an_entry())
            seen = look(path, "SELECT discord_setup_complete FROM sessions")
        after = look(path, "SELECT discord_setup_complete, (SELECT count(*) FROM coachsync_entries) FROM sessions")
        assert (seen, after) == ([(None,)], [(1, 1)])

    def test_a_newer_ledger_is_refused(self, own: Store, path: Path) -> None:
        with own.transaction():
            pass
        make(path, "UPDATE coachsync_meta SET value = 99 WHERE key = 'version'")
        with pytest.raises(StoreError, match="version 99"):
            opened(path, writable=False)

    def test_a_lock_is_not_waited_for_long(self, own: Store, path: Path) -> None:
        with (
            waits.hurried(sqlite_lock=0.05),
            closing(opened(path)) as store,
            closing(sqlite3.connect(path, isolation_level=None)) as other,
        ):
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="locked by another process"):
                store.bookings.add(a_row())
            with pytest.raises(StoreError, match="locked by another process"):
                store.bookings.candidates(SPAN)

    def test_the_lock_is_free_again_when_a_transaction_failed(self, own: Store, path: Path) -> None:
        with pytest.raises(RuntimeError), own.transaction():
            raise RuntimeError
        make(path, "BEGIN IMMEDIATE; COMMIT;")

    def test_a_full_disk_is_told_and_changes_nothing(self, own: Store, path: Path) -> None:
        own.bookings.add(a_row())
        with closing(opened(path)) as store:
            store.bookings._rows._db.run(f"PRAGMA max_page_count = {look(path, 'PRAGMA page_count')[0][0]}")  # type: ignore[attr-defined]
            with pytest.raises(StoreError, match="disk is full"):
                store.bookings.import_rows([a_row(f"id{n}", studentName="x" * 500) for n in range(100)])
            assert [session.id for session in store.bookings.everything()] == ["abc12345"]


KILLED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE sessions SET status = 'X', student_name = hex(randomblob(2000))")
os.kill(os.getpid(), signal.SIGKILL)
"""


class TestKilledWriter:
    @pytest.mark.parametrize("writable", [True, False])
    def test_what_a_killed_writer_left_is_rolled_back(self, own: Store, path: Path, writable: bool) -> None:
        own.bookings.import_rows([a_row(f"id{n}", studentName="y" * 2000) for n in range(200)])
        own.close()
        ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode
        journal = Path(f"{path}-journal")
        assert (ended, journal.stat().st_size > 0) == (-signal.SIGKILL, True)
        with closing(opened(path, writable=writable)) as store:
            assert {session.status for session in store.bookings.everything()} == {"SCHEDULED"}


def _read_in_a_read_only_directory(folder: Path) -> None:
    path = folder / "sessions.db"
    create_store(f"sqlite:///{path}", folder)
    with closing(opened(path)) as store:
        store.bookings.add(a_row())
    path.chmod(0o400)
    folder.chmod(0o500)
    with closing(opened(path, writable=False)) as store:
        assert [session.id for session in store.bookings.candidates(SPAN)] == ["abc12345"]


def test_a_read_only_directory_is_read() -> None:
    as_ordinary_user(_read_in_a_read_only_directory)


ODD_TYPES = """
CREATE TABLE sessions (id TEXT PRIMARY KEY, status TEXT, scheduled_date REAL, duration TEXT,
                       student_discord_id BIGINT, coach_discord_id INTEGER, guild_id BIGINT,
                       discord_setup_complete {flag}, discord_cleaned_up {flag},
                       discord_channel_id BIGINT, discord_role_id INTEGER);
INSERT INTO sessions (id, status, scheduled_date, duration, student_discord_id, coach_discord_id)
VALUES ('abc12345', 'SCHEDULED', 1790000000000, '90', 1300000000000000011, 1300000000000000022);
"""


@pytest.mark.parametrize("flag", ["TEXT", "REAL", "BOOLEAN", "VARCHAR(5)", "BIGINT"])
def test_marks_are_read_back_whatever_types_their_columns_have(path: Path, flag: str) -> None:
    make(path, ODD_TYPES.format(flag=flag))
    role, room = "1400000000000000001", "1500000000000000001"
    with closing(opened(path)) as store:
        with store.transaction() as transaction:
            transaction.mark(Marks("abc12345", set_up=True, role_id=role, channel_id=room))
        (session,) = store.bookings.candidates(SPAN)
        assert (session.ids, session.end - session.start, session.flaw) == ((STUDENT, COACH), 90 * MINUTE, None)
        assert (session.set_up, session.cleaned_up) == (True, False)
        assert (session.role_id, session.channel_id) == (role, room)


def test_rows_of_one_id_are_one_booking_that_keeps_what_they_all_say(path: Path) -> None:
    make(path, FOREIGN.replace(" PRIMARY KEY", ""))
    make(path, "INSERT INTO sessions SELECT 1, '1300000000000000033', id, 'CANCELLED', scheduled_date,"
               " student_discord_id, NULL FROM sessions")  # fmt: skip
    with closing(opened(path)) as store:
        for session, *others in (store.bookings.candidates(SPAN), [*store.bookings.by_ids(["abc12345"]).values()]):
            assert all(other == session for other in others)
            assert session.statuses == ("CANCELLED", "SCHEDULED")
            assert [(p.id, p.unread) for p in session.people] == [(STUDENT, False), (None, True)]


def test_a_table_that_an_earlier_release_of_ours_made_gets_the_column_of_participants(path: Path) -> None:
    create_store(f"sqlite:///{path}", path.parent)
    make(path, "DROP INDEX coachsync_by_name; ALTER TABLE sessions DROP COLUMN participants")
    listed = [{"discordId": STUDENT, "kind": "observer"}]
    with closing(opened(path)) as store:
        store.bookings.add(a_row(participants=listed))
        assert store.bookings.by_ids(["abc12345"])["abc12345"].ids == (STUDENT, COACH)
        assert store.bookings.raw("abc12345") == a_row(participants=listed)
    assert [json.loads(text) for (text,) in look(path, "SELECT participants FROM sessions")] == [listed]


def test_a_table_with_participants_needs_no_columns_for_the_two(path: Path) -> None:
    make(path, FOREIGN + "ALTER TABLE sessions ADD COLUMN participants TEXT;")
    for column in ("student_discord_id", "coach_discord_id"):
        make(path, f"ALTER TABLE sessions DROP COLUMN {column}")
    make(path, f"""UPDATE sessions SET participants = '[{{"discordId": "{COACH}", "kind": "coach"}}]'""")
    with closing(opened(path)) as store:
        assert store.bookings.by_ids(["abc12345"])["abc12345"].ids == (COACH,)


def test_an_import_does_not_lose_participants_for_which_a_table_has_no_column(path: Path) -> None:
    make(path, FOREIGN)
    row = a_row("other123", participants=[{"discordId": COACH, "kind": "observer"}])
    with closing(opened(path)) as store:
        with pytest.raises(StoreError, match="no column participants"):
            store.bookings.import_rows([row])
        assert [s.id for s in store.bookings.everything()] == ["abc12345"]
