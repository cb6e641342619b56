"""Looking at guilds: each read once, side by side. Needs neither a plan nor a store that can be written."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from coachsync.domain.model import Entry
from coachsync.guild.access import GuildAccess
from coachsync.guild.picture import Guild


async def look_at_guilds(accesses: Mapping[str, GuildAccess], entries: Collection[Entry]) -> dict[str, Guild]:
    """Return what each guild looks like that there is a way to; `failure` of one says what kept us from reading it.

    `entries` are the ledger's: which roles and channels are whose.
    """
    guilds: dict[str, Guild] = {}
    for guild_id, access in sorted(accesses.items()):
        if access.discord is not None:
            guild = Guild(guild_id, access.discord, access.category_id, access.staff_role_ids)
            guild.owners.update(access.given_up)
            guild.know(entries)
            guilds[guild_id] = guild
    ways = {i: access.discord for i, access in accesses.items() if i in guilds and access.discord is not None}
    me = {way: asyncio.ensure_future(way.me()) for way in set(ways.values())}
    await asyncio.gather(*(guilds[i].look(asyncio.shield(me[way])) for i, way in ways.items()))
    return guilds
