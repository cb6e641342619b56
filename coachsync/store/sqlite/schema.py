"""The SQL that makes coachsync's tables: a `sessions` table of its own, and the ledger's `coachsync_…` tables.

The version of the ledger's tables is in `coachsync_meta`; whoever changes them raises it and migrates.
"""

from __future__ import annotations

from coachsync.domain.booking import EARLIEST, LATEST

LEDGER_VERSION = 1

# Neither CHECKs nor STRICT: booking systems write here, and a bad row must fail alone, when it is read.
SESSIONS_TABLE = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    status TEXT,
    scheduled_date INTEGER,
    duration INTEGER,
    student_discord_id TEXT,
    coach_discord_id TEXT,
    student_name TEXT,
    coach_name TEXT,
    guild_id TEXT,
    discord_setup_complete INTEGER,
    discord_cleaned_up INTEGER,
    discord_channel_id TEXT,
    discord_role_id TEXT
)"""

# A booking that something was made for and that is not cleaned up. Values that make no sense count as open.
OPEN_ROWS = (
    "coalesce(discord_cleaned_up, 0) IS NOT 1 AND (coalesce(discord_setup_complete, 0) IS NOT 0"
    " OR coalesce(discord_role_id, '') IS NOT '' OR coalesce(discord_channel_id, '') IS NOT '')"
)
START_INDEX = "coachsync_by_start"
OPEN_INDEX = "coachsync_open"
SESSIONS_INDEXES = (
    f"CREATE INDEX {START_INDEX} ON sessions (scheduled_date)",
    f"CREATE INDEX {OPEN_INDEX} ON sessions (scheduled_date) WHERE {OPEN_ROWS}",
)

MARK_TYPES = {
    "discord_setup_complete": "INTEGER",
    "discord_cleaned_up": "INTEGER",
    "discord_channel_id": "TEXT",
    "discord_role_id": "TEXT",
}

# Starts that make no sense: too small or too large a number, text or blob (which sort above numbers), nothing.
BAD_STARTS = (
    f"scheduled_date < {EARLIEST}",
    f"scheduled_date >= {LATEST}",
    "scheduled_date IS NULL",
)

LEDGER_TABLES = (
    "CREATE TABLE coachsync_meta (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID",
    """
CREATE TABLE coachsync_entries (
    session_id TEXT PRIMARY KEY NOT NULL,
    guild_id TEXT NOT NULL,
    access TEXT NOT NULL,
    short TEXT NOT NULL,
    role_name TEXT NOT NULL,
    channel_name TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    setup_start INTEGER NOT NULL,
    state TEXT NOT NULL,
    student TEXT,
    coach TEXT,
    student_name TEXT NOT NULL,
    coach_name TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    closed_start INTEGER,
    missing_first INTEGER,
    missing_last INTEGER,
    repairs TEXT NOT NULL
)""",
    "CREATE INDEX coachsync_entries_live ON coachsync_entries (session_id) WHERE state <> 'closed'",
    "CREATE INDEX coachsync_entries_closed ON coachsync_entries (ends_at) WHERE state = 'closed'",
    "CREATE INDEX coachsync_entries_short ON coachsync_entries (short)",
    """
CREATE TABLE coachsync_resources (
    id INTEGER PRIMARY KEY,
    session_id TEXT,
    guild_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt_at INTEGER NOT NULL,
    attempt_until INTEGER,
    snowflake TEXT,
    made_at INTEGER,
    deleted_at INTEGER
)""",
    "CREATE INDEX coachsync_resources_session ON coachsync_resources (session_id)",
    "CREATE INDEX coachsync_resources_attempted ON coachsync_resources (session_id) WHERE state = 'attempted'",
    "CREATE INDEX coachsync_resources_made ON coachsync_resources (guild_id, kind, made_at)",
    "CREATE INDEX coachsync_resources_given_up ON coachsync_resources (guild_id) WHERE state = 'abandoned'",
    """
CREATE TABLE coachsync_grants (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    granted_at INTEGER,
    revoked_at INTEGER
)""",
    "CREATE INDEX coachsync_grants_session ON coachsync_grants (session_id)",
    """
CREATE TABLE coachsync_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    command TEXT NOT NULL,
    exit_code INTEGER,
    summary TEXT NOT NULL
)""",
    "CREATE INDEX coachsync_runs_started ON coachsync_runs (started_at)",
    """
CREATE TABLE coachsync_events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    what TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
)""",
    "CREATE INDEX coachsync_events_session ON coachsync_events (session_id)",
    "CREATE INDEX coachsync_events_at ON coachsync_events (at)",
    "CREATE TABLE coachsync_limits (guild_id TEXT PRIMARY KEY NOT NULL, roles_exhausted_until INTEGER NOT NULL)",
    """
CREATE TABLE coachsync_reported (
    session_id TEXT NOT NULL,
    code TEXT NOT NULL,
    start INTEGER NOT NULL,
    PRIMARY KEY (session_id, code, start)
) WITHOUT ROWID""",
    "CREATE INDEX coachsync_reported_start ON coachsync_reported (start)",
)
