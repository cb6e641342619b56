"""Looking at guilds: each read once, side by side. Needs neither a plan nor a store that can be written."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from coachsync.discord.api import Discord, How
from coachsync.discord.objects import Me
from coachsync.domain.model import Entry
from coachsync.guild.access import GuildAccess
from coachsync.guild.picture import Guild

_PLAIN = How()


async def look_at_guilds(
    accesses: Mapping[str, GuildAccess],
    entries: Collection[Entry],
    how: How = _PLAIN,
    bots: dict[Discord, asyncio.Future[Me]] | None = None,
) -> dict[str, Guild]:
    """Return what each guild looks like that there is a way to; `failure` of one says what kept us from reading it.

    `entries` are the ledger's: which roles and channels are whose. `bots` are those that were asked for who they are;
    it gains the others.
    """
    guilds: dict[str, Guild] = {}
    for guild_id, access in sorted(accesses.items()):
        if access.discord is not None:
            guild = Guild(guild_id, access.discord, access.category_id, access.staff_role_ids)
            guild.owners.update(access.given_up)
            guild.know(entries)
            guild.asking.refused = access.refused
            guilds[guild_id] = guild
    ways = {i: access.discord for i, access in accesses.items() if i in guilds and access.discord is not None}
    me = {} if bots is None else bots
    unasked = [way for way in dict.fromkeys(ways.values()) if way not in me]
    me.update({way: asyncio.ensure_future(way.me(how)) for way in unasked})
    await asyncio.gather(*(guilds[i].look(asyncio.shield(me[way]), how) for i, way in ways.items()))
    return guilds
