# ruff: noqa: S608  only names of ours are put into SQL text
"""How a ledger of an earlier version becomes one of this version: one step a version, in one transaction."""

from __future__ import annotations

from coachsync.store.ledger.schema import ENTRIES_INDEXES, ENTRIES_TABLE, LEDGER_VERSION, PEOPLE_TABLE
from coachsync.store.sqlite.database import Database

_PEOPLE_OF_TWO = tuple(
    "INSERT INTO coachsync_people (session_id, position, user_id, kind, name)"
    f" SELECT session_id, {position}, {kind}, '{kind}', {kind}_name FROM coachsync_entries"
    for position, kind in enumerate(("student", "coach"))
)

# SQLite drops columns since 3.35 alone, so the table is made anew
_KEPT = (
    "session_id, guild_id, access, short, role_name, channel_name, starts_at, ends_at, setup_start, state,"
    " opened_at, closed_by, closed_start, missing_first, missing_last, repairs"
)

STEPS: tuple[tuple[str, ...], ...] = (
    # 1 → 2: people are a list, no longer one student and one coach
    (
        PEOPLE_TABLE,
        *_PEOPLE_OF_TWO,
        "ALTER TABLE coachsync_entries RENAME TO coachsync_entries_1",
        ENTRIES_TABLE,
        f"INSERT INTO coachsync_entries ({_KEPT}) SELECT {_KEPT} FROM coachsync_entries_1",
        "DROP TABLE coachsync_entries_1",
        *ENTRIES_INDEXES,
    ),
)
"""STEPS[n - 1] leads from version n to version n + 1."""


def migrate(database: Database, version: int) -> None:
    """Bring the ledger's tables from `version` up to the present one; inside a transaction."""
    for step in STEPS[version - 1 :]:
        for statement in step:
            database.run(statement)
    database.run("UPDATE coachsync_meta SET value = ? WHERE key = 'version'", (LEDGER_VERSION,))
