"""What runs saw of guilds, and what Discord said of its limit there: the ledger's rows, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coachsync.domain.budget import GuildSight, RoleWord
from coachsync.store.sql import Sql

SIGHT = "SELECT at, roles, channels, filled FROM coachsync_sights WHERE guild_id = ?"
WORD = "SELECT at, most, remaining, resets_at FROM coachsync_role_words WHERE guild_id = ?"
MADE = "SELECT made_at FROM coachsync_resources WHERE guild_id = ? AND kind = 'role' AND made_at >= ? ORDER BY made_at"
_SAVE_SIGHT = (
    "INSERT INTO coachsync_sights (guild_id, at, roles, channels, filled) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (guild_id) DO UPDATE SET at = excluded.at, roles = excluded.roles, channels = excluded.channels,"
    " filled = excluded.filled"
)
_SAVE_WORD = (
    "INSERT INTO coachsync_role_words (guild_id, at, most, remaining, resets_at) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (guild_id) DO UPDATE SET at = excluded.at, most = excluded.most, remaining = excluded.remaining,"
    " resets_at = excluded.resets_at"
)


def sight_of(row: tuple[Any, ...]) -> GuildSight:
    """Return what was seen; what of it is no number of ours is left out."""
    at, roles, channels, filled = row
    return GuildSight(at, roles, channels, tuple(int(n) for n in str(filled).split() if n.isdigit()))


def word_of(row: tuple[Any, ...]) -> RoleWord:
    """Return what Discord said."""
    return RoleWord(*row)


def keep(sql: Sql, sights: Mapping[str, GuildSight], words: Mapping[str, RoleWord]) -> None:
    """Remember what a run saw and heard, by guild."""
    for guild_id, (at, roles, channels, filled) in sights.items():
        sql.run(_SAVE_SIGHT, (guild_id, at, roles, channels, " ".join(map(str, filled))))
    for guild_id, word in words.items():
        sql.run(_SAVE_WORD, (guild_id, *word))
