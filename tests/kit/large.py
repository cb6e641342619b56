"""A store as a platform's is after years: made in SQL, the same in SQLite and in PostgreSQL, quickly.

Bookings lie far back, evenly over three years if nothing else is said, each set up and cleaned up; the ledger holds
those of the last 90 days with all that was made for them, and a run each quarter of an hour. A few thousand bookings
are to come, the first of them when its window opens. Nothing is due, nothing is wrong: the next tick is an idle one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.store.ledger.writer import KEPT

YEARS: Millis = 3 * 365 * DAY
COMING = 2000
GUILDS = 100
QUARTER: Millis = 15 * MINUTE
_GUILD = f"'11000000000000000' || (10 + n % {GUILDS})"
_PAST = "'p' || (100000000 + n)"
_PEOPLE = "'13' || (1000000000000000 + n % 5000), '14' || (1000000000000000 + n % 500)"

_INDEXES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE 'CREATE INDEX%'"
)

Series = Callable[[int], str]


def fill_sqlite(path: Path | str, sessions: int, now: Millis, back: Millis = YEARS) -> None:
    """Fill a store of ours in SQLite that a run has made the ledger of."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for statement in statements(sessions, now, back, _recursive):
            connection.execute(statement)
        connection.execute("COMMIT")


def fill_postgres(url: str, sessions: int, now: Millis, back: Millis = YEARS) -> None:
    """Fill a store of ours in a PostgreSQL that a run has made the ledger of, and have it counted."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        # an index is quicker made of all rows than row by row
        made = connection.execute(_INDEXES).fetchall()
        dropped = [f"DROP INDEX {name}" for name, _ in made]
        filling = statements(sessions, now, back, _generated)
        for statement in (*dropped, *filling, *(index for _, index in made), "VACUUM ANALYZE"):
            connection.execute(statement.encode())


def statements(sessions: int, now: Millis, back: Millis, series: Series) -> Iterator[str]:
    """Yield what fills the tables with sessions so far back; `series(count)` is a table of the numbers from 0 on."""
    step = max(1, back // sessions)
    start = f"{now - DAY} - n * {step}"
    yield (
        "INSERT INTO sessions (id, status, scheduled_date, duration, student_discord_id, coach_discord_id,"
        " student_discord_name, guild_id, discord_setup_complete, discord_cleaned_up, discord_channel_id,"
        f" discord_role_id) SELECT {_PAST}, 'COMPLETED', {start}, 60, {_PEOPLE}, 'name' || (n % 5000), {_GUILD},"
        f" TRUE, TRUE, '15' || (1000000000000000 + n), '16' || (1000000000000000 + n) FROM {series(sessions)}"
    )
    yield (
        "INSERT INTO sessions (id, status, scheduled_date, duration, student_discord_id, coach_discord_id, guild_id)"
        f" SELECT 'c' || (100000000 + n), 'SCHEDULED', {now + 5 * HOUR} + n * {QUARTER}, 60, {_PEOPLE}, {_GUILD}"
        f" FROM {series(COMING)}"
    )
    yield from _remembered(max(1, sessions * KEPT // back), start, series)
    yield from _runs(now, series)


def _remembered(count: int, start: str, series: Series) -> Iterator[str]:
    """Yield what fills the ledger with the lives of the latest sessions."""
    lives = series(count)
    yield (
        "INSERT INTO coachsync_entries (session_id, guild_id, access, short, role_name, channel_name, starts_at,"
        " ends_at, setup_start, state, staff, opened_at, closed_by, closed_start, repairs, revision)"
        f" SELECT {_PAST}, {_GUILD}, 'role', {100_000_000} + n, 'Session', 'coaching', {start}, {start} + {HOUR},"
        f" {start}, 'closed', '', {start}, 'end', {start}, '{{}}', 9 FROM {lives}"
    )
    for kind, number in (("channel", 15), ("role", 16)):
        yield (
            "INSERT INTO coachsync_resources (session_id, guild_id, kind, name, state, attempt_at, attempt_until,"
            f" snowflake, made_at, deleted_at) SELECT {_PAST}, {_GUILD}, '{kind}', 'coaching', 'deleted', {start},"
            f" {start}, '{number}' || (1000000000000000 + n), {start}, {start} FROM {lives}"
        )
    for position, kind in enumerate(("student", "coach")):
        yield (
            "INSERT INTO coachsync_people (session_id, position, user_id, kind, name, discord_name)"
            f" SELECT {_PAST}, {position}, '13' || (1000000000000000 + n % 5000), '{kind}', '', '' FROM {lives}"
        )
        yield (
            "INSERT INTO coachsync_grants (session_id, user_id, state, granted_at, revoked_at)"
            f" SELECT {_PAST}, '13' || (1000000000000000 + n % 5000), 'revoked', {start}, {start} FROM {lives}"
        )
    for what in ("setup", "let in", "cleanup"):
        yield (
            "INSERT INTO coachsync_events (at, session_id, what, outcome, detail)"
            f" SELECT {start}, {_PAST}, '{what}', 'done', 'some words of what was done' FROM {lives}"
        )
    yield (
        "INSERT INTO coachsync_reported (session_id, code, start)"
        f" SELECT {_PAST}, 'missed', {start} FROM {lives} WHERE n % 10 = 0"
    )
    yield (
        "INSERT INTO coachsync_reported (session_id, code, start)"
        f" SELECT 'brought' || n, 'past', {start} - {KEPT} FROM {lives}"
    )
    yield (
        "INSERT INTO coachsync_hooks (session_id, life, event, state, action, event_id, at)"
        f" SELECT {_PAST}, 0, CASE n % 20 WHEN 0 THEN 'failed' ELSE 'opened' END, 'done', '{{}}', n, {start}"
        f" FROM {lives}"
    )
    yield (
        "INSERT INTO coachsync_hooks (session_id, life, event, state, action, event_id, at)"
        f" SELECT {_PAST}, 0, 'mended', 'done', '{{}}', n, {start} FROM {lives} WHERE n % 20 = 0"
    )
    yield (
        "INSERT INTO coachsync_names (session_id, guild_id, name, result, user_id, at, shown, ends_at)"
        f" SELECT {_PAST}, {_GUILD}, 'name', 'found', '13', {start}, '', {start} + {HOUR} FROM {lives}"
    )
    yield (
        "INSERT INTO coachsync_said (session_id, source, status, booking, rest, at)"
        f" SELECT {_PAST}, 'page', '', 'digest', 'digest', {start} FROM {lives}"
    )
    yield (
        "INSERT INTO coachsync_marks (session_id, discord_setup_complete, discord_cleaned_up)"
        f" SELECT {_PAST}, 1, 1 FROM {lives}"
    )


def _runs(now: Millis, series: Series) -> Iterator[str]:
    """Yield what fills the ledger with the runs of 90 days, the last of them a quarter of an hour ago."""
    count = KEPT // QUARTER
    begun = f"{now} - ({count} - n) * {QUARTER}"
    yield f"DELETE FROM coachsync_runs WHERE started_at > {now - KEPT}"
    yield (
        "INSERT INTO coachsync_runs (started_at, finished_at, command, exit_code, summary, requests, uid)"
        f" SELECT {begun}, {begun} + 400, 'run', 0, '{{}}', 0, 1000 FROM {series(count)}"
    )
    yield f"UPDATE coachsync_meta SET value = {now - YEARS} WHERE key = 'first_run_at'"
    yield "DELETE FROM coachsync_meta WHERE key LIKE 'look:%'"
    yield "DELETE FROM coachsync_causes"
    yield f"INSERT INTO coachsync_meta (key, value) SELECT 'bot:' || n, 7 FROM {series(10_000)}"


def _recursive(count: int) -> str:
    rows = f"WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n + 1 < {count})"
    return f"({rows} SELECT n FROM g) AS g"


def _generated(count: int) -> str:
    return f"generate_series(0::bigint, {count - 1}) AS g(n)"
