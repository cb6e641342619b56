"""Tables as object-relational mappers make them: a whole life on each, marks read back, nothing lost (CONTRACT §4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.errors import StoreError
from tests.kit.scene import Scene, Stage

BASE = "duration INTEGER, student_name TEXT, coach_name TEXT, guild_id TEXT"
MARKS = "discord_setup_complete INTEGER, discord_cleaned_up INTEGER, discord_channel_id TEXT, discord_role_id TEXT"


class Schema(NamedTuple):
    """A table: its text, a booking's id, how it has the start, what it holds for an id of ours that is cleared."""

    ddl: str
    id: str | int = "cm3x9k2ab0000"
    start: str = "{}"
    cleared: object = None


def table(*columns: str, key: str = "id TEXT PRIMARY KEY NOT NULL", start: str = "INTEGER", rest: str = BASE) -> str:
    people = "student_discord_id TEXT, coach_discord_id TEXT"
    status = "" if any(c.startswith("status ") for c in columns) else "status TEXT NOT NULL, "
    return f"CREATE TABLE sessions ({key}, {status}scheduled_date {start}, {people}, {rest}, {', '.join(columns)})"


SCHEMAS = {
    "prisma": Schema(
        """CREATE TABLE "sessions" (
            "id" TEXT NOT NULL PRIMARY KEY, "status" TEXT NOT NULL DEFAULT 'SCHEDULED',
            "scheduled_date" BIGINT NOT NULL, "duration" INTEGER NOT NULL DEFAULT 60,
            "student_discord_id" TEXT, "coach_discord_id" TEXT,
            "discord_setup_complete" BOOLEAN NOT NULL DEFAULT false,
            "discord_cleaned_up" BOOLEAN NOT NULL DEFAULT false, "discord_channel_id" TEXT, "discord_role_id" TEXT,
            "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP)"""
    ),
    "drizzle": Schema(
        """CREATE TABLE `sessions` (
            `id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `status` text DEFAULT 'SCHEDULED' NOT NULL,
            `scheduled_date` integer NOT NULL, `duration` integer, `student_discord_id` text, `coach_discord_id` text,
            `discord_setup_complete` integer DEFAULT 0 NOT NULL, `discord_cleaned_up` integer DEFAULT 0 NOT NULL,
            `discord_channel_id` text DEFAULT '' NOT NULL, `discord_role_id` text DEFAULT '' NOT NULL)""",
        id=41,
        cleared="",
    ),
    "django": Schema(
        """CREATE TABLE "sessions" (
            "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "status" varchar(16) NOT NULL,
            "scheduled_date" bigint NOT NULL, "duration" integer unsigned NOT NULL CHECK ("duration" >= 0),
            "student_discord_id" bigint NULL, "coach_discord_id" bigint NULL,
            "discord_setup_complete" bool NOT NULL DEFAULT 0, "discord_cleaned_up" bool NOT NULL DEFAULT 0,
            "discord_channel_id" bigint NULL, "discord_role_id" bigint NULL)""",
        id=7,
    ),
    "rails": Schema(
        """CREATE TABLE "sessions" (
            "id" varchar NOT NULL PRIMARY KEY, "status" varchar DEFAULT 'SCHEDULED' NOT NULL, "scheduled_date" bigint,
            "duration" integer DEFAULT 60, "student_discord_id" varchar, "coach_discord_id" varchar,
            "discord_setup_complete" boolean DEFAULT 0 NOT NULL, "discord_cleaned_up" boolean DEFAULT 0 NOT NULL,
            "discord_channel_id" varchar DEFAULT '' NOT NULL, "discord_role_id" varchar DEFAULT '' NOT NULL,
            "created_at" datetime(6))""",
        id="3f2b8c1e-5f0a-4c58-9f2e-0c9d1f1b7a11",
        cleared="",
    ),
    "laravel": Schema(
        """CREATE TABLE "sessions" (
            "id" varchar not null, "status" varchar not null default 'SCHEDULED', "scheduled_date" integer not null,
            "duration" integer, "student_discord_id" varchar, "coach_discord_id" varchar,
            "discord_setup_complete" tinyint(1) not null default '0',
            "discord_cleaned_up" tinyint(1) not null default '0', "discord_channel_id" integer not null default '0',
            "discord_role_id" integer not null default '0', primary key ("id"))""",
        id="01JDM6W5Z3K7Q9V8X2Y4T6R1P0",
        cleared=0,
    ),
    "marks as text": Schema(
        table(*(f"{c} TEXT" for c in MARKS.replace(" INTEGER", "").replace(" TEXT", "").split(", ")))
    ),
    "flags as real": Schema(table(MARKS.replace("INTEGER", "REAL"))),
    "start as real": Schema(table(MARKS, start="REAL")),
    "start as digits": Schema(table(MARKS, start="TEXT"), start="{}"),
    "strict": Schema(
        table(MARKS.replace("discord_role_id TEXT", "discord_role_id INTEGER NOT NULL DEFAULT 0")) + " STRICT"
    ),
    "without rowid": Schema(table(MARKS) + " WITHOUT ROWID"),
}


# What the table itself asks of SQLite: the suite is run on older ones too
NEEDS = {"strict": (3, 37), "generated": (3, 31)}


def cases(names: Iterable[str]) -> list[Any]:
    """Return the cases of a table, those left out that this SQLite cannot make."""
    old = {name for name, version in NEEDS.items() if sqlite3.sqlite_version_info < version}
    skip = pytest.mark.skip(reason="this SQLite makes no such table")
    return [pytest.param(name, marks=[skip] if name in old else []) for name in names]


def put(scene: Scene, schema: Schema, **more: object) -> None:
    """Replace the table by this one, with a booking two and a half hours ahead."""
    scene.sql("DROP TABLE sessions")
    scene.sql(schema.ddl)
    add(scene, schema.id, **more)


def add(scene: Scene, session_id: object, **more: object) -> None:
    row: dict[str, object] = {
        "id": session_id,
        "status": "SCHEDULED",
        "scheduled_date": scene.now() + 150 * MINUTE,
        "duration": 60,
        "student_discord_id": scene.student,
        "coach_discord_id": scene.coach,
    } | more
    columns = ", ".join(row)
    scene.sql(f"INSERT INTO sessions ({columns}) VALUES ({', '.join('?' * len(row))})", *row.values())


def marks(scene: Scene) -> tuple[object, ...]:
    [found] = scene.sql(f"SELECT {MARKS.replace(' INTEGER', '').replace(' TEXT', '')} FROM sessions")
    return found


@pytest.fixture(params=cases(SCHEMAS))
def schema(request: pytest.FixtureRequest) -> Schema:
    return SCHEMAS[request.param]


def test_session_lives_its_whole_life(stage: Stage, schema: Schema) -> None:
    scene = stage()
    put(scene, schema)
    scene.tick()
    assert scene.done == [("setup", "done")]
    [room], [role] = scene.world.channel_names(scene.guild), scene.entry(str(schema.id)).resources[:1]
    assert [str(value) for value in marks(scene)[2:]] == [room, role.snowflake]
    scene.tick(HOUR)
    assert (scene.done, scene.writes) == ([], [])
    scene.tick(5 * HOUR)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})
    assert scene.sql("SELECT status FROM sessions") == [("COMPLETED",)]
    scene.tick(HOUR)
    assert (scene.done, scene.report.warnings) == ([], ())


def test_session_that_moved_a_day_away_is_revoked_and_set_up_again(stage: Stage, schema: Schema) -> None:
    scene = stage()
    put(scene, schema)
    scene.tick()
    scene.sql("UPDATE sessions SET scheduled_date = ?", scene.now() + 30 * HOUR)
    scene.tick()
    assert (scene.done, scene.things()) == ([("revoke", "done")], {})
    assert [value or None for value in marks(scene)[2:]] == [None, None]
    scene.tick()
    assert scene.done == []
    scene.tick(28 * HOUR)
    assert scene.done == [("setup", "done")]


def test_marks_alone_are_enough_when_the_ledger_is_lost(stage: Stage, schema: Schema) -> None:
    scene = stage()
    put(scene, schema)
    scene.tick()
    scene.forget()
    scene.sql("UPDATE sessions SET status = 'CANCELLED'")
    scene.tick()
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


REFUSING = {
    "check": table("status TEXT NOT NULL CHECK (status IN ('SCHEDULED', 'CANCELLED', 'DONE'))", MARKS),
    "generated": table(
        "status TEXT AS (CASE WHEN paid THEN 'SCHEDULED' ELSE 'CANCELLED' END)", "paid DEFAULT 1", MARKS
    ),
    "trigger": table(MARKS),
}


@pytest.mark.parametrize("kind", cases(REFUSING))
def test_status_that_the_table_refuses_is_left_and_warned_of(stage: Stage, kind: str) -> None:
    scene = stage()
    scene.sql("DROP TABLE sessions")
    scene.sql(REFUSING[kind])
    if kind == "trigger":
        refuse = "BEGIN SELECT RAISE(ABORT, 'use the app'); END"
        scene.sql(f"CREATE TRIGGER guard BEFORE UPDATE OF status ON sessions {refuse}")
    person = (scene.now() + 150 * MINUTE, scene.student, scene.coach)
    status = ("", "") if kind == "generated" else (", status", ", 'SCHEDULED'")
    names = f"id, scheduled_date, student_discord_id, coach_discord_id{status[0]}"
    scene.sql(f"INSERT INTO sessions ({names}) VALUES ('a', ?, ?, ?{status[1]})", *person)
    scene.tick()
    scene.tick(5 * HOUR)
    assert (scene.done, scene.things(), scene.report.exit_code) == ([("cleanup", "done")], {}, 0)
    [warning] = scene.report.warnings
    assert (warning.code, warning.session) == ("status_refused", "a")
    assert "[statuses] completed" in warning.message
    assert scene.sql("SELECT status, discord_cleaned_up FROM sessions") == [("SCHEDULED", 1)]
    scene.tick(HOUR)
    assert (scene.done, scene.report.warnings) == ([], ())


def test_row_that_a_trigger_guards_is_that_sessions_error_alone(stage: Stage) -> None:
    scene = stage()
    put(scene, Schema(table(MARKS)), id="guarded1")
    add(scene, "open1234")
    refuse = "WHEN old.id = 'guarded1' BEGIN SELECT RAISE(ABORT, 'frozen'); END"
    scene.sql(f"CREATE TRIGGER guard BEFORE UPDATE ON sessions {refuse}")
    scene.tick()
    ends = {o.action.session.id: (o.outcome, o.error and o.error.code) for o in scene.report.outcomes}
    assert ends == {"guarded1": ("failed", "store_error"), "open1234": ("done", None)}


@pytest.mark.parametrize("declared", ["TEXT", "VARCHAR(30)", "DATETIME", "", "INTEGER"])
@pytest.mark.parametrize("start", ["2026-11-27T09:30:00Z", "27.11.2026 9:30", ""])
def test_start_that_is_other_text_is_told_whatever_the_column(stage: Stage, declared: str, start: str) -> None:
    scene = stage()
    put(scene, Schema(table(MARKS, start=declared)), scheduled_date=start)
    scene.tick()
    assert (scene.codes, scene.report.exit_code) == (["invalid"], 1)
    assert "scheduledDate" in str(scene.outcome.error)


def test_id_that_is_a_blob_is_refused_by_name(stage: Stage) -> None:
    scene = stage()
    put(scene, Schema(table(MARKS, key="id BLOB PRIMARY KEY")), id=b"\x3f\x2b\x8c")
    scene.tick()
    assert scene.codes == ["invalid"]
    assert "_id is b'?+" in str(scene.outcome.error)


@pytest.mark.parametrize(
    "columns",
    [
        "id varchar not null, user_id integer, ip_address varchar, payload text, last_activity integer",
        "id integer PRIMARY KEY, session_id varchar NOT NULL, data text, created_at datetime, updated_at datetime",
        "sid TEXT PRIMARY KEY, expires INTEGER, data TEXT",
        "sid PRIMARY KEY, expired, sess",
    ],
    ids=["laravel", "rails", "express", "connect"],
)
def test_login_table_is_named_as_what_it_is(stage: Stage, columns: str) -> None:
    scene = stage()
    scene.sql("DROP TABLE sessions")
    scene.sql(f"CREATE TABLE sessions ({columns})")
    before = scene.sql("SELECT sql FROM sqlite_master ORDER BY name")
    with pytest.raises(StoreError) as raised:
        scene.tick()
    assert "logins" in raised.value.message
    assert "add" not in raised.value.hint
    assert scene.sql("SELECT sql FROM sqlite_master ORDER BY name") == before


def test_table_of_another_product_is_not_to_be_changed(stage: Stage) -> None:
    scene = stage()
    scene.sql("DROP TABLE sessions")
    scene.sql("CREATE TABLE sessions (id INTEGER PRIMARY KEY, title TEXT, room INTEGER, speaker TEXT)")
    with pytest.raises(StoreError, match="another program") as raised:
        scene.tick()
    assert "add" not in raised.value.hint
