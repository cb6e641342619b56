"""The SQL that makes coachsync's own `sessions` table in a PostgreSQL, and what it adds to one that it did not make."""

from __future__ import annotations

# No CHECKs: booking systems write here, and a bad row must fail alone, when it is read.
SESSIONS_TABLE = """
CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    status TEXT,
    scheduled_date BIGINT,
    duration BIGINT,
    student_discord_id TEXT,
    coach_discord_id TEXT,
    student_name TEXT,
    coach_name TEXT,
    student_discord_name TEXT,
    coach_discord_name TEXT,
    participants TEXT,
    guild_id TEXT,
    discord_setup_complete BOOLEAN,
    discord_cleaned_up BOOLEAN,
    discord_channel_id TEXT,
    discord_role_id TEXT
)"""

MARK_TYPES = {
    "discord_setup_complete": "BOOLEAN",
    "discord_cleaned_up": "BOOLEAN",
    "discord_channel_id": "TEXT",
    "discord_role_id": "TEXT",
}

START_INDEX = "coachsync_by_start"
OPEN_INDEX = "coachsync_open"
NAMED_INDEX = "coachsync_by_name"
ENDING_INDEX = "coachsync_by_ending"

OPEN = (
    '"discord_cleaned_up" IS NOT TRUE AND ("discord_setup_complete" IS TRUE'
    " OR coalesce(\"discord_role_id\", '') <> '' OR coalesce(\"discord_channel_id\", '') <> '')"
)
NAMED = "\"student_discord_name\" <> '' OR \"coach_discord_name\" <> '' OR \"participants\" LIKE '%discordName%'"

SESSIONS_INDEXES = (
    f"CREATE INDEX {START_INDEX} ON sessions (scheduled_date)",
    f"CREATE INDEX {OPEN_INDEX} ON sessions (scheduled_date) WHERE {OPEN}",
    f"CREATE INDEX {NAMED_INDEX} ON sessions (scheduled_date) WHERE {NAMED}",
    f"CREATE INDEX {ENDING_INDEX} ON sessions (right(id, 8))",
)
