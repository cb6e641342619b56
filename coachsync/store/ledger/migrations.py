# ruff: noqa: S608  only names of ours are put into SQL text
"""The version of a ledger's tables, and how an earlier one becomes the present one: one step a version.

The steps run in one transaction: a ledger is of one version or the other, whenever a run is killed. The ledgers
that the steps lead on from were made by releases that knew SQLite alone; so the steps are SQLite's (from 3.26 on,
which drops no column).
"""

from __future__ import annotations

from coachsync import __version__
from coachsync.domain.model import ACTION_KINDS
from coachsync.errors import StoreError
from coachsync.store.ledger import schema
from coachsync.store.ledger.schema import LEAST_READER, LEAST_WRITER, LEDGER_TABLES, LEDGER_VERSION
from coachsync.store.sql import Sql

_PEOPLE_OF_TWO = tuple(
    "INSERT INTO coachsync_people (session_id, position, user_id, kind, name, discord_name)"
    f" SELECT session_id, {position}, {kind}, '{kind}', {kind}_name, '' FROM coachsync_entries"
    for position, kind in enumerate(("student", "coach"))
)
_KEPT = (
    "session_id, guild_id, access, short, role_name, channel_name, starts_at, ends_at, setup_start, state,"
    " opened_at, closed_by, closed_start, missing_first, missing_last, repairs"
)

# Version 1 wrote what an action failed with as "code: message", the hint after a line break.
_ACTIONS = ", ".join(f"'{kind}'" for kind in ACTION_KINDS)
_AFTER_CODE = "substr(detail, instr(detail, ': ') + 2)"
_FAILURES_OF_ONE_TEXT = (
    "UPDATE coachsync_events SET detail = '', code = substr(detail, 1, instr(detail, ': ') - 1),"
    f" message = substr({_AFTER_CODE}, 1, instr({_AFTER_CODE}, char(10)) - 1),"
    f" hint = substr({_AFTER_CODE}, instr({_AFTER_CODE}, char(10)) + 1)"
    f" WHERE what IN ({_ACTIONS}) AND outcome IN ('failed', 'refused', 'deferred')"
    f" AND instr(detail, ': ') > 1 AND instr({_AFTER_CODE}, char(10)) > 0"
)

# Version 1 could have several creates of one kind whose answers are not known.
_EARLIER_ATTEMPTS = (
    "UPDATE coachsync_resources SET state = 'overtaken' WHERE state = 'attempted' AND id NOT IN"
    " (SELECT max(id) FROM coachsync_resources WHERE state = 'attempted'"
    " GROUP BY session_id, kind, CASE WHEN session_id IS NULL THEN guild_id END"
    ")"
)

STEPS: tuple[tuple[str, ...], ...] = (
    # 1 → 2: people are a list, no longer one student and one coach; a failure is three columns, no longer one text;
    # causes, notes, pauses, refusals and what is seen of guilds have their tables; a grant knows when its person was
    # seen, and whether they only observe; a run what it sent, who ran it and where; what was left behind is looked
    # for in every run; an entry counts its revisions, and of each kind one attempt at a time is open
    (
        schema.PEOPLE_TABLE,
        *_PEOPLE_OF_TWO,
        # A renamed table would have SQLite look at every view and trigger of the booking system's, broken ones too.
        f"CREATE TABLE coachsync_entries_1 AS SELECT {_KEPT} FROM coachsync_entries",
        "DROP TABLE coachsync_entries",
        schema.ENTRIES_TABLE,
        f"INSERT INTO coachsync_entries ({_KEPT}, staff) SELECT {_KEPT}, '' FROM coachsync_entries_1",
        "DROP TABLE coachsync_entries_1",
        *schema.ENTRIES_INDEXES,
        "ALTER TABLE coachsync_events ADD COLUMN code TEXT",
        "ALTER TABLE coachsync_events ADD COLUMN message TEXT",
        "ALTER TABLE coachsync_events ADD COLUMN hint TEXT",
        "ALTER TABLE coachsync_events ADD COLUMN host TEXT",
        _FAILURES_OF_ONE_TEXT,
        "ALTER TABLE coachsync_grants ADD COLUMN seen_at BIGINT",
        "ALTER TABLE coachsync_grants ADD COLUMN observer BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE coachsync_runs ADD COLUMN requests BIGINT",
        "ALTER TABLE coachsync_runs ADD COLUMN uid BIGINT",
        "ALTER TABLE coachsync_runs ADD COLUMN host TEXT",
        "ALTER TABLE coachsync_runs ADD COLUMN program TEXT",
        "DROP INDEX coachsync_resources_attempted",
        _EARLIER_ATTEMPTS,
        *schema.ATTEMPTED_INDEXES,
        schema.SPARE_INDEX,
        schema.SNOWFLAKE_INDEX,
        schema.META_INDEX,
        "DROP INDEX coachsync_reported_start",
        schema.REPORTED_INDEX,
        schema.NOTES_TABLE,
        schema.CAUSES_TABLE,
        schema.CAUSES_INDEX,
        schema.HOOKS_TABLE,
        *schema.HOOKS_INDEXES,
        schema.COUNTERS_TABLE,
        schema.PAUSES_TABLE,
        schema.REFUSALS_TABLE,
        schema.REFUSED_TABLE,
        schema.SIGHTS_TABLE,
        schema.ROLE_WORDS_TABLE,
        schema.SAID_TABLE,
        schema.SAID_INDEX,
        schema.MARKS_TABLE,
        schema.MARKS_INDEX,
        schema.NAMES_TABLE,
        schema.NAMES_INDEX,
        schema.SOURCES_TABLE,
        schema.LEASES_TABLE,
    ),
)
"""STEPS[n - 1] leads from version n to version n + 1."""


def ledger_version(sql: Sql) -> int | None:
    """Return the version of the ledger's tables, None if there are none. Raises StoreError for one not to be read."""
    return _version(sql, "least_reader", "read")


def ensure_ledger(sql: Sql) -> None:
    """Make the ledger's tables if they are missing, bring older ones up to date; inside a transaction.

    Raises StoreError for tables that only a later coachsync may write.
    """
    version = _version(sql, "least_writer", "write")
    if version is None:
        _run(sql, LEDGER_TABLES)
        _note_version(sql)
    elif version < LEDGER_VERSION:
        for step in STEPS[version - 1 :]:
            _run(sql, step)
        _note_version(sql)


def _version(sql: Sql, least: str, verb: str) -> int | None:
    """Return the version of the tables; those of a later one say what a program must know that may use them."""
    if not sql.has_table("coachsync_meta"):
        return None
    said: dict[str, int] = dict(sql.all(f"SELECT key, value FROM coachsync_meta WHERE key IN ('version', '{least}')"))
    version = int(said.get("version", 0))
    if version < 1:
        raise StoreError(f"{sql.name}: the ledger's tables have no version", "restore the database from a backup")
    if version > LEDGER_VERSION and said.get(least, version) > LEDGER_VERSION:
        raise StoreError(
            f"{sql.name}: the ledger's tables have version {version}; this coachsync ({__version__}) knows"
            f" {LEDGER_VERSION} and may not {verb} them",
            "upgrade coachsync on this host to the version that wrote them, or a later one",
        )
    return version


def _note_version(sql: Sql) -> None:
    """Write down the version, and what a program must know at least if an earlier one may do as well."""
    sql.run("DELETE FROM coachsync_meta WHERE key IN ('version', 'least_reader', 'least_writer')")
    for key, value in (("version", LEDGER_VERSION), ("least_reader", LEAST_READER), ("least_writer", LEAST_WRITER)):
        if key == "version" or value < LEDGER_VERSION:
            sql.run("INSERT INTO coachsync_meta (key, value) VALUES (?, ?)", (key, value))


def _run(sql: Sql, statements: tuple[str, ...]) -> None:
    for statement in statements:
        sql.run(statement.format_map(sql.words))
