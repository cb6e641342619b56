"""The table `sessions` in a PostgreSQL: ours, read by index, and a booking system's, of which only our part changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest

from coachsync import waits
from coachsync.domain.marks import Completion, Marks
from coachsync.domain.model import HOUR, MINUTE
from coachsync.errors import RowRefusedError, StoreError
from coachsync.store.base import Store
from coachsync.store.columns import MARKS, Columns
from coachsync.store.open import create_store, is_blank, open_store
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.opening import prove_store
from coachsync.store.postgres.table import inspect
from tests.kit.postgres import Postgres
from tests.store.backends import COACH, DEFAULTS, NOW, SPAN, STUDENT, a_row

FOREIGN = """
CREATE TABLE sessions (price REAL, coach_discord_id TEXT, id TEXT PRIMARY KEY, status TEXT, scheduled_date BIGINT,
                       student_discord_id TEXT, notes BYTEA)"""
ROW = f"(12.5, '{COACH}', 'abc12345', 'SCHEDULED', {NOW}, '{STUDENT}', '\\x00ff')"
ID = "abc12345"

Look = Callable[..., list[Any]]


@pytest.fixture
def look(url: str) -> Look:
    """Run SQL as another program would."""

    def run(*statements: str) -> list[Any]:
        with psycopg.connect(url, autocommit=True) as connection:
            for sql in statements:
                answer = connection.execute(sql.encode())
            return answer.fetchall() if answer.description is not None else []

    return run


@pytest.fixture
def foreign(url: str, look: Look) -> str:
    look(FOREIGN, f"INSERT INTO sessions VALUES {ROW}")
    return url


def opened(url: str, *, writable: bool = True) -> Store:
    return open_store(url, "", DEFAULTS, writable=writable)


def mark(store: Store, marks: Marks) -> bool:
    with store.transaction() as transaction:
        return transaction.mark(marks)


class TestOwnTable:
    @pytest.fixture(autouse=True)
    def _made(self, url: str) -> None:
        create_store(url, "")

    def test_it_is_made_once(self, url: str) -> None:
        assert not is_blank(url, "")
        with pytest.raises(StoreError, match="holds tables already"):
            create_store(url, "")

    def test_candidates_and_user_names_are_read_by_index_alone(self, url: str, look: Look) -> None:
        look(
            "INSERT INTO sessions (id, status, scheduled_date, discord_setup_complete, discord_cleaned_up)"
            f" SELECT 'id' || n, 'COMPLETED', {NOW - 3 * HOUR} - n * 60000, true, true"
            " FROM generate_series(1, 20000) AS n",
            "ANALYZE sessions",
        )
        with closing(PostgresDatabase(url, writable=False)) as database:
            table = inspect(database, Columns())
            ending = ("SELECT id FROM sessions WHERE right(CAST(id AS TEXT), 8) IN (?)", ["id123"])
            queries = [table.due(SPAN), table.named_people(NOW), ending]
            plans = [str(database.all(f"EXPLAIN {sql}", args)) for sql, args in filter(None, queries)]
        assert [plan for plan in plans if "Seq Scan" in plan] == []
        assert all(f"coachsync_{index}" in plans[0] for index in ("by_start", "open"))
        assert "coachsync_by_name" in plans[1]

    def test_nothing_in_it_is_foreign(self, url: str) -> None:
        with closing(opened(url)) as store, store.transaction():
            pass
        with closing(opened(url)) as store:
            assert store.bookings.why_foreign() == ""

    @pytest.mark.parametrize(
        ("sql", "word"),
        [
            ("ALTER TABLE sessions ADD COLUMN price REAL", "column price"),
            ("CREATE TABLE invoices (id INT)", "table invoices"),
            ("CREATE VIEW recent AS SELECT * FROM sessions", "view recent"),
        ],
    )
    def test_what_another_program_added_is_foreign(self, url: str, look: Look, sql: str, word: str) -> None:
        look(sql)
        with closing(opened(url)) as store:
            assert word in store.bookings.why_foreign()

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("scheduled_date", "1697288400"),
            ("scheduled_date", "NULL"),
            ("status", "NULL"),
            ("duration", "100000"),
            ("student_discord_id", "'ada'"),
            ("guild_id", "'home'"),
        ],
    )
    def test_a_bad_row_fails_alone(self, url: str, look: Look, column: str, value: str) -> None:
        fields = {"id": "'bad'", "status": "'SCHEDULED'", "scheduled_date": str(NOW)} | {column: value}
        look(f"INSERT INTO sessions ({', '.join(fields)}) VALUES ({', '.join(fields.values())})")
        with closing(opened(url)) as store:
            store.bookings.add(a_row())
            assert {s.id: s.flaw is None for s in store.bookings.candidates(SPAN)} == {ID: True, "bad": False}


class TestForeignTable:
    def test_opening_adds_our_four_columns_and_nothing_else(self, foreign: str, look: Look) -> None:
        opened(foreign).close()
        opened(foreign).close()
        columns = look("SELECT attname FROM pg_attribute WHERE attrelid = 'sessions'::regclass AND attnum > 0")
        assert [name for (name,) in columns][7:] == list(MARKS)
        made = look("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace ORDER BY 1")
        assert made == [("sessions",), ("sessions_pkey",)]

    def test_reading_adds_no_column(self, foreign: str, look: Look) -> None:
        with closing(opened(foreign, writable=False)) as store:
            [session] = store.bookings.candidates(SPAN)
        assert (session.id, session.set_up, session.end) == (ID, False, NOW + HOUR)
        assert look("SELECT count(*) FROM pg_attribute WHERE attrelid = 'sessions'::regclass AND attnum > 0") == [(7,)]

    def test_marks_leave_other_columns_alone(self, foreign: str, look: Look) -> None:
        with closing(opened(foreign)) as store:
            assert mark(store, Marks(ID, set_up=True, role_id="71"))
        row = (12.5, COACH, ID, "SCHEDULED", NOW, STUDENT, b"\x00\xff", True, None, None, "71")
        assert look("SELECT * FROM sessions") == [row]

    def test_other_columns_are_shown_and_imported_under_their_own_names(self, foreign: str, look: Look) -> None:
        look("ALTER TABLE sessions ADD COLUMN paid BOOLEAN, ADD COLUMN tags TEXT[], ADD COLUMN at TIMESTAMPTZ")
        with closing(opened(foreign)) as store:
            rows = [a_row("new", price=3.5, unheard="x", paid=True), a_row(price=13.0)]
            done = store.bookings.import_rows(rows)
            again = store.bookings.import_rows(rows)
            raw = store.bookings.raw(ID)
        assert (done.added, done.changed, done.bad, again.unchanged) == (["new"], [ID], [], ["new", ID])
        assert raw is not None
        assert (raw["price"], raw["notes"], raw["studentDiscordId"]) == (13.0, "00ff", STUDENT)

    @pytest.mark.parametrize("flag", ["TEXT", "REAL", "BOOLEAN", "VARCHAR(5)", "BIGINT", "NUMERIC", "SMALLINT"])
    def test_marks_are_read_back_whatever_types_their_columns_have(self, url: str, look: Look, flag: str) -> None:
        look(f"""CREATE TABLE sessions (id VARCHAR(40) PRIMARY KEY, status TEXT, scheduled_date NUMERIC, duration TEXT,
                 student_discord_id BIGINT, coach_discord_id NUMERIC, guild_id BIGINT,
                 discord_setup_complete {flag}, discord_cleaned_up {flag},
                 discord_channel_id BIGINT, discord_role_id NUMERIC)""",
             "INSERT INTO sessions (id, status, scheduled_date, duration, student_discord_id, coach_discord_id)"
             f" VALUES ('{ID}', 'SCHEDULED', {NOW}, '90', {STUDENT}, {COACH})")  # fmt: skip
        role, room = "1400000000000000001", "1500000000000000001"
        with closing(opened(url)) as store:
            mark(store, Marks(ID, set_up=True, role_id=role, channel_id=room))
            (session,) = store.bookings.candidates(SPAN._replace(since=NOW + HOUR, until=NOW + 2 * HOUR))
            assert (session.ids, session.end - session.start, session.flaw) == ((STUDENT, COACH), 90 * MINUTE, None)
            assert (session.set_up, session.cleaned_up) == (True, False)
            assert (session.role_id, session.channel_id) == (role, room)
            mark(store, Marks(ID, cleaned_up=True))
            assert store.bookings.candidates(SPAN._replace(since=NOW + HOUR, until=NOW + 2 * HOUR)) == []

    @pytest.mark.parametrize("declared", ["TEXT", "VARCHAR(30)", "NUMERIC", "DOUBLE PRECISION"])
    @pytest.mark.parametrize("start", [str(NOW), f" {NOW}.0 "])
    def test_starts_are_found_whatever_type_they_have(self, url: str, look: Look, declared: str, start: str) -> None:
        look(FOREIGN.replace("scheduled_date BIGINT", f"scheduled_date {declared}"))
        look(f"INSERT INTO sessions (id, status, scheduled_date) VALUES ('{ID}', 'SCHEDULED', '{start}')")
        with closing(opened(url)) as store:
            assert [s.start for s in store.bookings.candidates(SPAN)] == [NOW]
            assert [s.id for s in store.bookings.near(NOW - 1, 5)] == [ID]
            assert store.bookings.candidates(SPAN._replace(since=NOW + 1)) == []

    @pytest.mark.parametrize("declared", ["TEXT", "TIMESTAMPTZ", "DATE"])
    def test_a_start_that_is_no_number_is_invalid(self, url: str, look: Look, declared: str) -> None:
        look(FOREIGN.replace("scheduled_date BIGINT", f"scheduled_date {declared}"))
        look(f"INSERT INTO sessions (id, status, scheduled_date) VALUES ('{ID}', 'SCHEDULED', '2026-10-14')")
        with closing(opened(url)) as store:
            assert [s.flaw is not None for s in store.bookings.candidates(SPAN)] == [True]

    @pytest.mark.parametrize(
        ("declared", "key", "others"),
        [
            ("UUID", "f0000000-0000-4000-8000-000000000001", ["x", "F0000000-0000-4000-8000-000000000001", ""]),
            ("BIGINT", "17", ["x", "017", " 17", "17.0", "9" * 30, "-"]),
            ("SMALLINT", "17", ["99999", "-99999999999"]),
            ("CITEXT", "Abc", ["x"]),
        ],
    )
    def test_ids_of_any_type_are_found_by_their_text(
        self, url: str, look: Look, postgres_server: Postgres, declared: str, key: str, others: list[str]
    ) -> None:
        postgres_server.run("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public")
        look(FOREIGN.replace("id TEXT PRIMARY", f"id {declared} PRIMARY"))
        look(f"INSERT INTO sessions (id, status, scheduled_date) VALUES ('{key}', 'SCHEDULED', {NOW})")
        with closing(opened(url)) as store:
            assert list(store.bookings.by_ids([key, *others])) == [key]
            assert [store.bookings.raw(other) for other in others] == [None] * len(others)
            assert [[s.id for s in store.bookings.matching(name)] for name in (key, key[-8:])] == [[key], [key]]
            assert [s.id for s in store.bookings.near(NOW, 3, key[:2])] == [key]
            assert mark(store, Marks(key, set_up=True))
            assert not mark(store, Marks(others[0], set_up=True))

    def test_two_rows_of_one_id_are_both_invalid(self, url: str, look: Look) -> None:
        look(FOREIGN.replace("PRIMARY KEY", ""), f"INSERT INTO sessions VALUES {ROW}, {ROW}")
        with closing(opened(url)) as store:
            found = [*store.bookings.candidates(SPAN), *store.bookings.everything()]
        assert ["more than once" in session.flaw.message for session in found if session.flaw] == [True] * 4

    def test_marks_are_cleared_as_their_columns_allow(self, foreign: str, look: Look) -> None:
        look("""ALTER TABLE sessions ADD COLUMN discord_setup_complete BOOLEAN NOT NULL DEFAULT false,
                ADD COLUMN discord_cleaned_up INT NOT NULL DEFAULT 0,
                ADD COLUMN discord_channel_id VARCHAR(20) NOT NULL DEFAULT '',
                ADD COLUMN discord_role_id BIGINT NOT NULL DEFAULT 0""")
        with closing(opened(foreign)) as store:
            mark(store, Marks(ID, set_up=True, channel_id="72", role_id="71"))
            mark(store, Marks(ID, set_up=False, channel_id="", role_id=""))
        assert look(f"SELECT {', '.join(MARKS)} FROM sessions") == [(False, 0, "", 0)]

    @pytest.mark.parametrize(
        "guard",
        [
            "ALTER TABLE sessions ADD CHECK (status <> 'COMPLETED')",
            "CREATE TYPE kind AS ENUM ('SCHEDULED'); ALTER TABLE sessions ALTER status TYPE kind USING status::kind",
            "ALTER TABLE sessions DROP COLUMN status,"
            " ADD COLUMN status TEXT GENERATED ALWAYS AS ('SCHED' || 'ULED') STORED",
            "CREATE DOMAIN state AS TEXT CHECK (VALUE IN ('SCHEDULED'));"
            " ALTER TABLE sessions ALTER status TYPE state USING status::state",
        ],
    )
    def test_a_status_that_the_table_refuses_stays_and_is_noted(self, foreign: str, look: Look, guard: str) -> None:
        look(*guard.split(";"))
        with closing(opened(foreign)) as store:
            mark(store, Marks(ID, cleaned_up=True, completion=Completion(frozenset({"SCHEDULED"}), NOW, "COMPLETED")))
            assert store.bookings.refused_statuses == {ID: "SCHEDULED"}
        assert look("SELECT status::text, discord_cleaned_up FROM sessions") == [("SCHEDULED", True)]

    def test_a_status_that_somebody_changed_meanwhile_is_left(self, foreign: str, look: Look) -> None:
        with closing(opened(foreign)) as store, store.transaction() as transaction:
            look("UPDATE sessions SET status = 'CANCELLED'")
            transaction.mark(Marks(ID, completion=Completion(frozenset({"SCHEDULED"}), NOW, "COMPLETED")))
        assert look("SELECT status FROM sessions") == [("CANCELLED",)]

    def test_a_row_that_its_table_guards_keeps_no_other_from_being_written(self, foreign: str, look: Look) -> None:
        look(f"INSERT INTO sessions VALUES {ROW.replace(ID, 'guarded1')}")
        look("""CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF OLD.id = 'guarded1' THEN RAISE 'hands off'; END IF; RETURN NEW; END $$""",
             "CREATE TRIGGER guard BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION guard()")  # fmt: skip
        with closing(opened(foreign)) as store, store.transaction() as transaction:
            transaction.mark(Marks(ID, set_up=True))
            with pytest.raises(RowRefusedError, match="hands off"):
                transaction.mark(Marks("guarded1", set_up=True))
            transaction.mark(Marks(ID, role_id="71"))
        rows = look("SELECT id, discord_setup_complete, discord_role_id FROM sessions ORDER BY id")
        assert rows == [(ID, True, "71"), ("guarded1", None, None)]

    def test_a_row_that_somebody_holds_keeps_no_other_from_being_written(self, foreign: str, look: Look) -> None:
        look(f"INSERT INTO sessions VALUES {ROW.replace(ID, 'held1234')}")
        with closing(opened(foreign)) as store, psycopg.connect(foreign) as other:
            other.execute("UPDATE sessions SET price = 1 WHERE id = 'held1234'")
            with waits.hurried(row_lock=0.05), store.transaction() as transaction:
                with pytest.raises(RowRefusedError, match="another program holds the row"):
                    transaction.mark(Marks("held1234", set_up=True))
                transaction.mark(Marks(ID, set_up=True))
        assert look("SELECT id, discord_setup_complete FROM sessions ORDER BY id") == [(ID, True), ("held1234", None)]

    @pytest.mark.parametrize(
        ("sql", "words"),
        [
            ("", "has no table sessions"),
            ("CREATE VIEW sessions AS SELECT 1 AS id", "sessions is a view"),
            ("CREATE TABLE sessions (id TEXT, status TEXT)", "lacks scheduled_date, student_discord_id"),
        ],
    )
    def test_what_is_no_table_of_sessions_is_told(self, url: str, look: Look, sql: str, words: str) -> None:
        if sql:
            look(sql)
        with pytest.raises(StoreError, match=words):
            opened(url)

    def test_a_table_of_partitions_is_a_table(self, url: str, look: Look) -> None:
        look(FOREIGN.replace("id TEXT PRIMARY KEY", "id TEXT") + " PARTITION BY RANGE (scheduled_date)",
             f"CREATE TABLE sessions_1 PARTITION OF sessions FOR VALUES FROM (0) TO ({2 * NOW})",
             f"INSERT INTO sessions VALUES {ROW}")  # fmt: skip
        with closing(opened(url)) as store:
            assert mark(store, Marks(ID, set_up=True))
            assert [s.set_up for s in store.bookings.candidates(SPAN)] == [True]


class TestGrants:
    """A role of the booking system's owns the table; ours has what is granted."""

    @pytest.fixture
    def ours(self, foreign: str, postgres_server: Postgres) -> tuple[str, str]:
        """Return our url and our role, whose schema is there and empty."""
        theirs = foreign.partition("://")[2].partition("@")[0]
        mine = postgres_server.fresh()
        role = mine.partition("://")[2].partition("@")[0]
        postgres_server.run(
            f"GRANT USAGE ON SCHEMA {theirs} TO {role}", f"ALTER ROLE {role} SET search_path = {role}, {theirs}"
        )
        return mine, role

    def refused(self, url: str, *, writable: bool = True) -> tuple[str, str]:
        with pytest.raises(StoreError) as raised:
            opened(url, writable=writable).close()
            prove_store(url)
        return raised.value.message, raised.value.hint

    def test_each_right_that_lacks_is_named_with_the_line_that_gives_it(
        self, ours: tuple[str, str], look: Look
    ) -> None:
        url, role = ours
        told = []
        for _ in range(4):
            try:
                opened(url).close()
                prove_store(url)
            except StoreError as problem:
                told.append(problem.message)
                look(*problem.hint.removeprefix("have its owner run: ").split("; "))
        assert [("may not read" in text, "may not add" in text) for text in told] == [(True, False), (False, True)]
        with closing(opened(url)) as store:
            assert mark(store, Marks(ID, set_up=True))
            store.bookings.prove()
        assert all(role in text for text in told)
        assert look("SELECT discord_setup_complete FROM sessions") == [(True,)]

    def test_columns_of_ours_that_may_not_be_written_are_found_before_anything_is_made(
        self, ours: tuple[str, str], look: Look, foreign: str
    ) -> None:
        url, role = ours
        opened(foreign).close()
        look(f"GRANT SELECT, UPDATE (discord_setup_complete) ON sessions TO {role}")
        with closing(opened(url)) as store, pytest.raises(StoreError) as raised:
            store.bookings.prove()
        assert "may not write discord_cleaned_up, discord_channel_id" in raised.value.message
        assert "GRANT SELECT, UPDATE (discord_setup_complete, discord_cleaned_up" in raised.value.hint
        look(raised.value.hint.removeprefix("have its owner run: "))
        with closing(opened(url)) as store:
            store.bookings.prove()

    def test_a_ledger_of_another_role_is_told_before_anything_is_made(
        self, url: str, postgres_server: Postgres
    ) -> None:
        create_store(url, "")
        with closing(opened(url)) as store, store.transaction():
            pass
        owner = url.partition("://")[2].partition("@")[0]
        mine = postgres_server.fresh()
        role = mine.partition("://")[2].partition("@")[0]
        postgres_server.run(
            f"GRANT USAGE ON SCHEMA {owner} TO {role}",
            f"GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA {owner} TO {role}",
            f"ALTER ROLE {role} SET search_path = {owner}",
        )
        with pytest.raises(StoreError, match=r"may not write \w+\.coachsync_") as raised:
            prove_store(mine)
        postgres_server.run(raised.value.hint.removeprefix("have their owner run: "))
        prove_store(mine)
        with closing(opened(mine)) as store:
            assert store.bookings.why_foreign().startswith(f"the role {owner} owns the table sessions")

    def test_a_role_without_any_right_gets_each_by_what_it_is_told(self, postgres_server: Postgres) -> None:
        postgres_server.run(
            'CREATE ROLE "Own""er" LOGIN',
            """ALTER ROLE "Own""er" SET search_path = 'Our "own'""",
            'CREATE ROLE "Po or" LOGIN',
            "CREATE DATABASE theirs ENCODING 'UTF8' TEMPLATE template0",
        )
        owner, poor = postgres_server.url("Own%22er", "theirs"), postgres_server.url("Po%20or", "theirs")
        with psycopg.connect(postgres_server.url(database="theirs"), autocommit=True) as administrator:
            administrator.execute(b'CREATE SCHEMA "Our ""own" AUTHORIZATION "Own""er"')
            create_store(owner, "")
            with closing(opened(owner)) as store, store.transaction():
                pass
            told: list[str] = []
            while len(told) < 6:
                try:
                    with closing(opened(poor)) as store:
                        store.ledger.first_run_at()
                    prove_store(poor)
                except StoreError as error:
                    told.append(error.hint.partition(" owner run: ")[2])
                    administrator.execute(told[-1].encode())
                else:
                    break
        steps = [" ".join(words.split()[:2]) for words in told]
        assert steps == ["GRANT USAGE", "ALTER ROLE", "GRANT SELECT", "GRANT SELECT,", "GRANT SELECT,"]

    def test_a_role_that_may_make_no_table_is_told_how(self, postgres_server: Postgres) -> None:
        postgres_server.run("CREATE ROLE homeless LOGIN")
        with pytest.raises(StoreError, match="permission denied") as raised:
            create_store(postgres_server.url("homeless"), "")
        postgres_server.run(raised.value.hint.partition(": ")[2])
        create_store(postgres_server.url("homeless"), "")
