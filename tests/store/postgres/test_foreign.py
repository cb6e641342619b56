"""Another system's table in a PostgreSQL: read as it is, by a role that may do little, and told by its key if not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coachsync.domain.booking import Defaults
from coachsync.domain.mapping import TableMapping
from coachsync.domain.marks import Completion, Marks
from coachsync.domain.model import HOUR
from coachsync.errors import StoreError
from coachsync.store.base import Store
from coachsync.store.open import open_store
from coachsync.store.parts import open_parts
from coachsync.store.postgres.opening import prove_store
from tests.kit.postgres import Postgres
from tests.store.backends import COACH, DEFAULTS, GUILD, NOW, SPAN, STUDENT

COLUMNS: dict[str, str] = {"id": "uuid", "status": "state", "scheduled_date": "starts", "student_discord_id": "s",
           "coach_discord_id": "c"}  # fmt: skip
MAPPING = TableMapping("bookings", "", "ms", None, COLUMNS, None, writes_status=False)
TABLE = "CREATE TABLE bookings (uuid TEXT PRIMARY KEY, state TEXT, starts BIGINT, s TEXT, c TEXT, kind TEXT, flag TEXT)"
ID = "abc12345"
ROW = f"INSERT INTO bookings VALUES ('{ID}', 'CONFIRMED', {NOW}, '{STUDENT}', '{COACH}', 'coaching', NULL)"


def run(url: str, *statements: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        for sql in statements:
            answer = connection.execute(sql.encode())
        return answer.fetchall() if answer.description is not None else []


def opened(url: str, mapping: TableMapping = MAPPING, *, writable: bool = True, folder: str = "") -> Store:
    return open_store(url, folder, DEFAULTS, writable=writable, mapping=mapping)


def flaw(url: str, mapping: TableMapping) -> str:
    with pytest.raises(StoreError) as raised:
        opened(url, mapping, writable=False).close()
    return f"{raised.value.message} | {raised.value.hint}"


def starts(url: str, mapping: TableMapping) -> list[int]:
    with closing(opened(url, mapping, writable=False)) as store:
        return [session.start for session in store.bookings.candidates(SPAN)]


@pytest.fixture
def bookings(url: str) -> str:
    run(url, TABLE, ROW)
    return url


@pytest.mark.parametrize(
    "where",
    ["nothing = 1", "kind =", "kind = ?", "1=1; DROP TABLE bookings", "true); DROP TABLE bookings; SELECT (true",
     "(", "'", 'kind = "', "/*", "$$", "count(*) > 1", "kind", "%s = 1",
     "true) OR (true"],
)  # fmt: skip
def test_a_where_that_makes_no_sense_is_told_by_its_key_and_nothing_else_is_done(bookings: str, where: str) -> None:
    assert "store.where makes no sense of bookings" in flaw(bookings, MAPPING._replace(where=where))
    assert run(bookings, "SELECT count(*) FROM bookings") == [(1,)]


@pytest.mark.parametrize(
    "where",
    [
        "kind = 'coaching' -- no courses",
        "kind LIKE 'c%'",
        "'{\"coaching\": 1}'::jsonb ? kind",
        "kind <> 'a;b'",
    ],
)
def test_a_where_may_be_any_condition(bookings: str, where: str) -> None:
    assert starts(bookings, MAPPING._replace(where=where)) == [NOW]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (MAPPING._replace(table="booking"), "no table booking, which store.table names | did you mean bookings?"),
        (MAPPING._replace(table="other.bookings"), "store.table names the schema other"),
        (
            MAPPING._replace(columns=COLUMNS | {"status": "status"}),
            "no column status, which store.columns.status names",
        ),
        (
            MAPPING._replace(columns={"id": "uuid", "status": "state", "scheduled_date": "starts"}),
            "is known to hold student_discord_id, coach_discord_id",
        ),
        (MAPPING._replace(time="timestamp"), 'time = "ms"'),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_told_by_its_key(bookings: str, mapping: TableMapping, words: str) -> None:
    assert words in flaw(bookings, mapping)


def test_a_table_of_another_schema_and_with_large_letters_is_found(bookings: str) -> None:
    schema = bookings.partition("://")[2].partition("@")[0]
    run(bookings, 'CREATE TABLE "Booking" (LIKE bookings)', 'INSERT INTO "Booking" SELECT * FROM bookings')
    for table in ("Booking", f"{schema}.Booking", f"{schema}.bookings", "BOOKINGS"):
        assert starts(bookings, MAPPING._replace(table=table)) == [NOW]


class TestTimes:
    @pytest.mark.parametrize(
        ("declared", "form", "zone", "written"),
        [
            ("TIMESTAMPTZ", "timestamp", None, "2026-09-21 14:13:20+00"),
            ("TIMESTAMPTZ", "iso", None, "2026-09-21 16:13:20+02"),
            ("TIMESTAMP", "timestamp", "Europe/Berlin", "2026-09-21 16:13:20"),
            ("TIMESTAMP(3)", "timestamp", "UTC", "2026-09-21 14:13:20.000"),
            ("TEXT", "iso", None, "2026-09-21T14:13:20Z"),
            ("TEXT", "timestamp", "America/New_York", "2026-09-21 10:13:20"),
            ("TEXT", "ms", None, str(NOW)),
            ("NUMERIC", "ms", None, str(NOW)),
            ("INT", "s", None, str(NOW // 1000)),
            ("DOUBLE PRECISION", "s", None, str(NOW // 1000)),
            ("VARCHAR(20)", "s", None, str(NOW // 1000)),
        ],
    )
    @pytest.mark.parametrize("style", ["ISO, MDY", "German", "SQL, DMY"])
    def test_a_start_is_read_to_the_second_whatever_the_role_is_set_to(
        self, url: str, postgres_server: Postgres, declared: str, form: Any, zone: str | None, written: str, style: str
    ) -> None:
        role = url.partition("://")[2].partition("@")[0]
        postgres_server.run(f"ALTER ROLE {role} SET datestyle = '{style}'")
        run(url, TABLE.replace("starts BIGINT", f"starts {declared}"), "SET datestyle = ISO",
            ROW.replace(str(NOW), f"'{written}'"))  # fmt: skip
        assert starts(url, MAPPING._replace(time=form, timezone=zone)) == [NOW]

    @pytest.mark.parametrize("declared", ["TIMESTAMP", "DATE"])
    def test_local_times_are_refused_without_a_zone_though_no_row_is_there(self, url: str, declared: str) -> None:
        run(url, TABLE.replace("starts BIGINT", f"starts {declared}"))
        assert "store.timezone is not set" in flaw(url, MAPPING._replace(time="timestamp"))

    def test_numbers_asked_of_a_timestamp_are_refused(self, url: str) -> None:
        run(url, TABLE.replace("starts BIGINT", "starts TIMESTAMPTZ"))
        assert '[store] time = "timestamp"' in flaw(url, MAPPING)

    @pytest.mark.parametrize("odd", ["infinity", "-infinity", "0044-03-15 BC", "9999-12-31"])
    def test_a_time_beyond_all_sense_spoils_its_row_alone(self, url: str, odd: str) -> None:
        run(url, TABLE.replace("starts BIGINT", "starts TIMESTAMP"), ROW.replace(str(NOW), "'2026-09-21 14:13:20'"),
            ROW.replace(str(NOW), f"'{odd}'").replace(ID, "odd"))  # fmt: skip
        with closing(opened(url, MAPPING._replace(time="timestamp", timezone="UTC"))) as store:
            assert {s.id: s.flaw is None for s in store.bookings.candidates(SPAN)} == {ID: True, "odd": False}


@pytest.mark.parametrize(
    ("declared", "key"),
    [("UUID", "f0000000-0000-4000-8000-00000000abcd"), ("BIGINT", "17"), ("NUMERIC", "17"), ("CHAR(8)", ID)],
)
def test_an_id_of_any_type_is_found_by_its_text(url: str, declared: str, key: str) -> None:
    run(url, TABLE.replace("uuid TEXT", f"uuid {declared}"), ROW.replace(ID, key),
        "CREATE VIEW computed AS SELECT uuid, state, starts, s, c, kind FROM bookings")  # fmt: skip
    for table in ("bookings", "computed"):
        with closing(opened(url, MAPPING._replace(table=table))) as store:
            found = store.bookings.by_ids([key, "x", "99"])
            assert [(s.id, [p.id for p in s.people]) for s in found.values()] == [(key, [STUDENT, COACH])]
            assert [s.id for s in store.bookings.matching(key[-8:])] == [key]
            assert [s.id for s in store.bookings.near(NOW, 3, key[:3])] == [key]


class TestMarks:
    MAPPED = MAPPING._replace(
        columns=COLUMNS | {"discord_setup_complete": "flag", "discord_channel_id": "kind"}, writes_status=True
    )

    @pytest.mark.parametrize("declared", ["BOOLEAN", "TEXT", "SMALLINT"])
    def test_they_are_written_where_they_are_mapped(self, url: str, declared: str) -> None:
        run(url, TABLE.replace("flag TEXT", f"flag {declared}"), ROW)
        with closing(opened(url, self.MAPPED)) as store, store.transaction() as transaction:
            transaction.mark(Marks(ID, set_up=True, channel_id="72", role_id="71"))
        with closing(opened(url, self.MAPPED)) as store:
            [session] = store.bookings.candidates(SPAN)
            assert (session.set_up, session.channel_id, session.role_id) == (True, "72", "71")

    @pytest.mark.parametrize(("labels", "becomes"), [("'CONFIRMED'", "CONFIRMED"), ("'CONFIRMED', 'DONE'", "DONE")])
    def test_a_status_is_set_unless_its_type_refuses_it(self, url: str, labels: str, becomes: str) -> None:
        run(url, f"CREATE TYPE states AS ENUM ({labels})", TABLE.replace("state TEXT", "state states"), ROW)
        with closing(opened(url, self.MAPPED)) as store:
            with store.transaction() as transaction:
                done = Completion(frozenset({"CONFIRMED"}), NOW, "DONE")
                transaction.mark(Marks(ID, set_up=True, cleaned_up=True, completion=done))
            assert (ID in store.bookings.refused_statuses) == (becomes == "CONFIRMED")
        assert run(url, "SELECT state::text, flag FROM bookings") == [(becomes, "1")]

    def test_a_view_that_cannot_be_written_is_refused_if_something_is_mapped_to_be_written(self, bookings: str) -> None:
        run(bookings, "CREATE VIEW few AS SELECT DISTINCT * FROM bookings")
        told = flaw(bookings, self.MAPPED._replace(table="few"))
        assert "is a view, which cannot be written, and store.columns.discord_setup_complete is set" in told

    def test_a_view_that_can_be_written_is(self, bookings: str) -> None:
        run(bookings, "CREATE VIEW few AS SELECT * FROM bookings WHERE kind = 'coaching'")
        mapping = self.MAPPED._replace(table="few")
        with closing(opened(bookings, mapping)) as store, store.transaction() as transaction:
            assert transaction.mark(Marks(ID, set_up=True))
        assert run(bookings, "SELECT flag FROM bookings") == [("1",)]


class TestGrants:
    """The table is another role's; ours may read it, and keep a ledger in a schema of its own."""

    @pytest.fixture
    def ours(self, bookings: str, postgres_server: Postgres) -> tuple[str, TableMapping]:
        theirs = bookings.partition("://")[2].partition("@")[0]
        return postgres_server.fresh(), MAPPING._replace(table=f"{theirs}.bookings")

    def test_reading_the_columns_that_are_mapped_suffices(self, ours: tuple[str, TableMapping], bookings: str) -> None:
        url, mapping = ours
        told = []
        for _ in range(3):
            try:
                opened(url, mapping).close()
            except StoreError as problem:
                told.append(problem.hint)
                run(bookings, *problem.hint.removeprefix("have its owner run: ").split("; "))
        assert len(told) == 1
        prove_store(url, mapping)
        with closing(opened(url, mapping)) as store, store.transaction() as transaction:
            store.bookings.prove()
            assert transaction.mark(Marks(ID, set_up=True))
        assert run(bookings, "SELECT flag FROM bookings") == [(None,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(url, f"SELECT kind FROM {mapping.table}")

    def test_a_column_that_is_mapped_to_be_written_and_may_not_be_is_told_with_its_grant(
        self, ours: tuple[str, TableMapping], bookings: str
    ) -> None:
        url, mapping = ours
        mapping = mapping._replace(columns={**mapping.columns, "discord_setup_complete": "flag"})
        role = url.partition("://")[2].partition("@")[0]
        run(bookings, f"GRANT USAGE ON SCHEMA {mapping.table.partition('.')[0]} TO {role}",
            f"GRANT SELECT ON bookings TO {role}")  # fmt: skip
        with closing(opened(url, mapping)) as store, pytest.raises(StoreError, match="may not write flag") as raised:
            store.bookings.prove()
        run(bookings, raised.value.hint.removeprefix("have its owner run: "))
        with closing(opened(url, mapping)) as store:
            store.bookings.prove()
            with store.transaction() as transaction:
                transaction.mark(Marks(ID, set_up=True))
        assert run(bookings, "SELECT flag FROM bookings") == [("1",)]

    def test_a_ledger_elsewhere_asks_for_no_right_to_write_at_all(
        self, bookings: str, postgres_server: Postgres, tmp_path: Path
    ) -> None:
        theirs = bookings.partition("://")[2].partition("@")[0]
        postgres_server.run(f"CREATE ROLE reader_of_{theirs} LOGIN", f"GRANT pg_read_all_data TO reader_of_{theirs}",
                            f"ALTER ROLE reader_of_{theirs} SET default_transaction_read_only = on")  # fmt: skip
        url = postgres_server.url(f"reader_of_{theirs}")
        mapping = MAPPING._replace(table=f"{theirs}.bookings", ledger="sqlite:///ours.db")
        with closing(opened(url, mapping, folder=str(tmp_path))) as store:
            with store.run_lock(0, "test"), store.transaction() as transaction:
                store.bookings.prove()
                transaction.mark(Marks(ID, set_up=True))
            assert [s.set_up for s in store.bookings.candidates(SPAN)] == [True]
        assert (tmp_path / "ours.db").exists()


def test_the_index_that_lacks_is_named_and_helps(bookings: str) -> None:
    run(bookings, "INSERT INTO bookings SELECT n::text, 'CONFIRMED', 1600000000000 + n * 60000::bigint"
                  " FROM generate_series(1, 50001) AS n", "ANALYZE bookings")  # fmt: skip
    with closing(open_parts(bookings, "", Defaults(GUILD, HOUR), MAPPING)) as parts:
        assert parts.slow
    run(bookings, parts.remedy.removeprefix("have its owner make one: "))
    with closing(open_parts(bookings, "", Defaults(GUILD, HOUR), MAPPING)) as parts:
        assert not parts.slow
