"""Which run last looked at all rooms of each guild, and by what settings, as rows: see `domain.looking`.

Loaded only if rooms are open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from coachsync.domain.looking import LastLook
from coachsync.store.sql import Row, Sql

_KEY = "looked:"
OF_GUILDS = "SELECT key, value FROM coachsync_notes WHERE key IN ({})"
_SAVE = "INSERT INTO coachsync_notes (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


def keys(guild_ids: Collection[str]) -> list[str]:
    """Return by which keys these guilds' looks are found."""
    return [f"{_KEY}{guild_id}" for guild_id in guild_ids]


def look_of(row: Row) -> tuple[str, LastLook]:
    """Return what a row says: the guild, and its last look."""
    run, _, settings = str(row[1]).partition(" ")
    return row[0].removeprefix(_KEY), LastLook(int(run) if run.isdigit() else 0, settings)


def keep(sql: Sql, guilds: Iterable[str], run: int) -> None:
    """Remember of these guilds that a run, by its number, looked at them; of a mapping with what it looked by."""
    settings = guilds if isinstance(guilds, Mapping) else {}
    for guild_id in guilds:
        sql.run(_SAVE, (f"{_KEY}{guild_id}", f"{run} {settings.get(guild_id, '')}"))
