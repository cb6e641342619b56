"""The SQL that makes coachsync's own `sessions` table, and what it adds to one that it did not make."""

from __future__ import annotations

from coachsync.domain.booking import EARLIEST, LATEST

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
