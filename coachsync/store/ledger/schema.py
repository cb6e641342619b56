"""The SQL that makes the ledger's `coachsync_…` tables as they are now.

The version of a ledger's tables is in its `coachsync_meta`. Whoever changes them here raises `LEDGER_VERSION` and
adds the step that brings older ones up to it: see `migrations`.
"""

from __future__ import annotations

LEDGER_VERSION = 2

ENTRIES_TABLE = """
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
    opened_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    closed_start INTEGER,
    missing_first INTEGER,
    missing_last INTEGER,
    repairs TEXT NOT NULL
)"""

ENTRIES_INDEXES = (
    "CREATE INDEX coachsync_entries_live ON coachsync_entries (session_id) WHERE state <> 'closed'",
    "CREATE INDEX coachsync_entries_closed ON coachsync_entries (ends_at) WHERE state = 'closed'",
    "CREATE INDEX coachsync_entries_short ON coachsync_entries (short)",
)

PEOPLE_TABLE = """
CREATE TABLE coachsync_people (
    session_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    user_id TEXT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (session_id, position)
) WITHOUT ROWID"""

LEDGER_TABLES = (
    "CREATE TABLE coachsync_meta (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID",
    ENTRIES_TABLE,
    *ENTRIES_INDEXES,
    PEOPLE_TABLE,
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
