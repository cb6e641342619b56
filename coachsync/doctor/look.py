"""Asking Discord: each bot once, each guild once, each person once. Reads only, and within a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Collection, Iterable, Mapping
from typing import NamedTuple, TypeVar

from coachsync import waits
from coachsync.clock import host_now
from coachsync.config import Settings, Tokens
from coachsync.discord.api import Discord, How
from coachsync.discord.errors import DiscordError
from coachsync.discord.objects import Me
from coachsync.domain.guild_objects import Channel, GuildFacts, Member
from coachsync.domain.model import Entry, Millis, Session
from coachsync.domain.user_names import MOST_AHEAD, PAGE, judged, to_look_up, unsaid, with_lookups
from coachsync.errors import ConfigError
from coachsync.guild.access import Ways
from coachsync.guild.picture import Guild
from coachsync.secrets import Token

T = TypeVar("T")

_LONGEST_REQUEST: Millis = 10_000
_MOST_ROOMS = 20  # of one guild, asked for one by one because the list does not show them


class Bot(NamedTuple):
    """One bot as Discord knows it, for some guilds; `me` is why it does not answer, otherwise.

    `skew` is how far Discord's clock is ahead of this host's, in milliseconds.
    """

    token: Token
    api_base: str
    guild_ids: tuple[str, ...]
    me: Me | DiscordError
    skew: Millis | None


class Asked(NamedTuple):
    """What Discord says of one guild.

    `facts` and `category` are None if they cannot be read or none is configured. `unlisted` are rooms that the ledger
    knows and the list does not show, `members` the people asked for. `coming` are its bookings, with those whom they
    name by a Discord user name alone, as far as a search finds them.
    """

    guild: Guild
    me: Me
    facts: GuildFacts | None = None
    category: Channel | DiscordError | None = None
    unlisted: Mapping[str, Channel | DiscordError] = {}
    members: Mapping[str, Member | DiscordError] = {}
    coming: tuple[Session, ...] = ()

    @property
    def called(self) -> str:
        """Return the guild as people know it; by its id if its name is not known."""
        name = self.facts.name if self.facts is not None else ""
        return f"the guild {name!r}" if name else f"guild {self.guild.id}"


class Replies(NamedTuple):
    """All that Discord said."""

    bots: tuple[Bot, ...]
    guilds: Mapping[str, Asked]


def look(
    settings: Settings, tokens: Tokens, guild_ids: Iterable[str], coming: Collection[Session], live: Iterable[Entry]
) -> Replies:
    """Ask Discord for these guilds; one without a token is left out."""
    return asyncio.run(_look(settings, tokens, guild_ids, coming, tuple(live)))


async def _look(
    settings: Settings,
    tokens: Tokens,
    guild_ids: Iterable[str],
    coming: Collection[Session],
    live: Collection[Entry],
) -> Replies:
    ways = Ways(settings, tokens, time.monotonic() + waits.current().checkup, None)
    try:
        served: dict[tuple[Discord, str], list[str]] = {}
        for guild_id in guild_ids:
            mine = settings.guild(guild_id)
            try:
                way = ways.to(mine._replace(timeout=min(mine.timeout, _LONGEST_REQUEST)))
            except ConfigError:
                continue
            served.setdefault((way, mine.api_base), []).append(guild_id)
        bots = await asyncio.gather(*(_bot(way, base, ids, tokens) for (way, base), ids in served.items()))
        asked = [
            _guild(way, bot.me, guild_id, settings, coming, live)
            for bot, (way, _) in zip(bots, served, strict=True)
            if isinstance(bot.me, Me)
            for guild_id in bot.guild_ids
        ]
        guilds = {found.guild.id: found for found in await asyncio.gather(*asked)}
        skews = [bot._replace(skew=way.skew()) for bot, (way, _) in zip(bots, served, strict=True)]
        return Replies(tuple(skews), guilds)
    finally:
        ways.close()


async def _bot(way: Discord, base: str, guild_ids: Collection[str], tokens: Tokens) -> Bot:
    token = tokens.of(next(iter(guild_ids))).token
    return Bot(token, base, tuple(guild_ids), await _or_error(way.me()), None)


async def _guild(
    way: Discord, me: Me, guild_id: str, settings: Settings, coming: Iterable[Session], live: Iterable[Entry]
) -> Asked:
    mine = settings.guild(guild_id)
    guild = Guild(guild_id, way, mine.category_id, mine.staff_role_ids)

    async def myself() -> Me:
        return me

    await guild.look(myself())
    mine_coming = tuple(s for s in coming if s.guild_id == guild_id)
    if guild.failure is not None:
        return Asked(guild, me, coming=mine_coming)
    mine_coming = await _looked_up(way, mine_coming, settings)
    rooms = [e.current("channel") for e in live if e.guild_id == guild_id]
    ids = [r.snowflake for r in rooms if r is not None and r.snowflake is not None]
    missing = [i for i in ids if i not in guild.channels][:_MOST_ROOMS]
    people = dict.fromkeys(i for s in mine_coming for i in s.ids if not guild.is_nobody(i))
    facts, category = await asyncio.gather(_or_error(way.guild(guild_id)), _category(guild))
    found = await asyncio.gather(*(_or_error(way.channel(i)) for i in missing))
    members = await asyncio.gather(*(_or_error(guild.member(i, How())) for i in people))
    return Asked(
        guild,
        me,
        facts if isinstance(facts, GuildFacts) else None,
        category,
        dict(zip(missing, found, strict=True)),
        dict(zip(people, members, strict=True)),
        mine_coming,
    )


async def _looked_up(way: Discord, coming: tuple[Session, ...], settings: Settings) -> tuple[Session, ...]:
    """Return bookings with whom their user names are found to be now, some names at most: a run finds the others."""
    now = host_now()
    names = to_look_up(coming, settings.policy, now, frozenset(s.id for s in coming)).wanted[:MOST_AHEAD]
    if not names:
        return coming
    answers = await asyncio.gather(*(_or_error(way.search_members(w.guild_id, w.name, PAGE)) for w in names))
    lookups = [
        lookup
        for wanted, answer in zip(names, answers, strict=True)
        for lookup in (
            unsaid(wanted, answer.message, now)
            if isinstance(answer, DiscordError)
            else judged(wanted, answer.members, answer.shown, now)
        )
    ]
    return tuple(with_lookups(s, [*s.lookups, *(each for each in lookups if each.session_id == s.id)]) for s in coming)


async def _category(guild: Guild) -> Channel | DiscordError | None:
    """Return the configured category: an empty one that is private is in no list, so it is asked for by itself."""
    if guild.category_id is None:
        return None
    listed = guild.channels.get(guild.category_id)
    return listed if listed is not None else await _or_error(guild.discord.channel(guild.category_id))


async def _or_error(asked: Awaitable[T]) -> T | DiscordError:
    try:
        return await asked
    except DiscordError as error:
        return error
