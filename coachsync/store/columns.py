"""What a booking's fields are called: in JSON, and in the table of an SQL store (CONTRACT §4)."""

from __future__ import annotations

from typing import NamedTuple


class Columns(NamedTuple):
    """The SQL column of each field, in the order of CONTRACT §4. A field goes by the contract's own column name."""

    id: str = "id"
    status: str = "status"
    scheduled_date: str = "scheduled_date"
    duration: str = "duration"
    student_discord_id: str = "student_discord_id"
    coach_discord_id: str = "coach_discord_id"
    student_name: str = "student_name"
    coach_name: str = "coach_name"
    student_discord_name: str = "student_discord_name"
    coach_discord_name: str = "coach_discord_name"
    participants: str = "participants"
    guild_id: str = "guild_id"
    discord_setup_complete: str = "discord_setup_complete"
    discord_cleaned_up: str = "discord_cleaned_up"
    discord_channel_id: str = "discord_channel_id"
    discord_role_id: str = "discord_role_id"

    def of(self, field: str) -> str:
        """Return the column of a field."""
        column: str = getattr(self, field)
        return column


FIELDS = Columns._fields
REQUIRED = ("id", "status", "scheduled_date")
PAIR = ("student_discord_id", "coach_discord_id")  # required too, unless there is a column of participants
IDS = ("id", "student_discord_id", "coach_discord_id", "guild_id")
MARKS = ("discord_setup_complete", "discord_cleaned_up", "discord_channel_id", "discord_role_id")

# JSON key → field
FIELD_OF = {
    "_id": "id",
    "status": "status",
    "scheduledDate": "scheduled_date",
    "duration": "duration",
    "studentDiscordId": "student_discord_id",
    "coachDiscordId": "coach_discord_id",
    "studentName": "student_name",
    "coachName": "coach_name",
    "studentDiscordName": "student_discord_name",
    "coachDiscordName": "coach_discord_name",
    "participants": "participants",
    "guildId": "guild_id",
    "discordSetupComplete": "discord_setup_complete",
    "discordCleanedUp": "discord_cleaned_up",
    "discordChannelId": "discord_channel_id",
    "discordRoleId": "discord_role_id",
}
KEY_OF = {field: key for key, field in FIELD_OF.items()}
MARK_KEYS = tuple(KEY_OF[field] for field in MARKS)
FLAG_KEYS = MARK_KEYS[:2]
