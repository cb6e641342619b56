"""The SQL that makes coachsync's own `sessions` table, and what it adds to one that it did not make."""

from __future__ import annotations

from collections.abc import Callable

from coachsync.domain.booking import EARLIEST, LATEST
from coachsync.store.columns import Columns

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
    student_discord_name TEXT,
    coach_discord_name TEXT,
    participants TEXT,
    guild_id TEXT,
    discord_setup_complete INTEGER,
    discord_cleaned_up INTEGER,
    discord_channel_id TEXT,
    discord_role_id TEXT
)"""

MARK_TYPES = {
    "discord_setup_complete": "INTEGER",
    "discord_cleaned_up": "INTEGER",
    "discord_channel_id": "TEXT",
    "discord_role_id": "TEXT",
}

# What a table that an earlier release of ours made may lack.
LATER_COLUMNS = {"participants": "TEXT", "student_discord_name": "TEXT", "coach_discord_name": "TEXT"}


def open_rows(names: Columns) -> str:
    """Return the condition for a booking that something was made for and that is not cleaned up.

    Values that make no sense count as open.
    """
    cleaned_up, set_up = f'"{names.discord_cleaned_up}"', f'"{names.discord_setup_complete}"'
    role, channel = f'"{names.discord_role_id}"', f'"{names.discord_channel_id}"'
    return (
        f"coalesce({cleaned_up}, 0) IS NOT 1 AND (coalesce({set_up}, 0) IS NOT 0"
        f" OR coalesce({role}, '') IS NOT '' OR coalesce({channel}, '') IS NOT '')"
    )


def named_rows(names: Columns, there: Callable[[str], bool] = lambda _: True) -> str:
    """Return the condition for a booking that names somebody by a Discord user name; "" if no column can.

    `there`: which columns the table has.
    """
    parts = [(names.student_discord_name, "{0} <> ''"), (names.coach_discord_name, "{0} <> ''")]
    parts.append((names.participants, "instr({0}, 'discordName') > 0"))
    return " OR ".join(part.format(f'"{column}"') for column, part in parts if there(column))


def bad_starts(start: str) -> tuple[str, ...]:
    """Return the conditions for starts that make no sense, which exclude each other.

    Too small or too large a number, text or blob (which sort above numbers), nothing.
    """
    return (f"{start} < {EARLIEST}", f"{start} >= {LATEST}", f"{start} IS NULL")


START_INDEX = "coachsync_by_start"
OPEN_INDEX = "coachsync_open"
NAMED_INDEX = "coachsync_by_name"
ENDING_INDEX = "coachsync_by_ending"
SESSIONS_INDEXES = (
    f"CREATE INDEX {START_INDEX} ON sessions (scheduled_date)",
    f"CREATE INDEX {OPEN_INDEX} ON sessions (scheduled_date) WHERE {open_rows(Columns())}",
    f"CREATE INDEX {NAMED_INDEX} ON sessions (scheduled_date) WHERE {named_rows(Columns())}",
    f"CREATE INDEX {ENDING_INDEX} ON sessions (substr(id, -8))",
)
