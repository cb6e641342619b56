"""What coachsync does in Discord, one method for each request.

Owns the bodies that are sent and the reading of what is answered. One `Discord` serves one token. Limits, waiting
and retries belong to the client. If something is gone, `NotFound` is raised with Discord's code; what that means for
a session is for the caller to decide.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from math import inf
from typing import NamedTuple, TypeVar

from coachsync.discord import objects, routes
from coachsync.discord.client import Client
from coachsync.discord.codes import MISSING_ACCESS, UNKNOWN_VOICE_STATE
from coachsync.discord.errors import AnswerLost, Forbidden, NotFound, UnexpectedAnswer
from coachsync.discord.objects import FoundMembers, Me, ShapeError
from coachsync.discord.pace.dispatch import Priority
from coachsync.discord.routes import Call
from coachsync.domain.budget import RoleWord
from coachsync.domain.guild_objects import CATEGORY, VOICE, Channel, GuildFacts, Member, Role
from coachsync.domain.model import Millis
from coachsync.domain.permissions import Overwrite

T = TypeVar("T")

ELSEWHERE = "elsewhere"
"""What `voice_channel_of` returns if someone is in a voice channel that the bot cannot enter."""

_SHAPE_HINT = "check api_base and what stands between this host and Discord; the next run tries again"


class How(NamedTuple):
    """How a request travels: its place in the queue (least first), its reason for the audit log, the longest wait in
    seconds that one of Discord's limits may impose on it, and when it is not sent any more, in the loop's seconds."""

    priority: Priority = ()
    reason: str = ""
    max_wait: float = inf
    before: float = inf


_PLAIN = How()


class Discord:
    """Discord under one token. To be made inside a running event loop."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._member_locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def _ask(self, call: Call, how: How, body: object = None) -> object:
        return await self.client.request(
            call, body=body, reason=how.reason, priority=how.priority, max_wait=how.max_wait, before=how.before
        )

    async def _read(self, call: Call, how: How, read: Callable[[object], T], body: object = None) -> T:
        answer = await self._ask(call, how, body)
        try:
            return read(answer)
        except ShapeError as error:
            raise _misshapen(call, error) from None

    async def me(self, how: How = _PLAIN) -> Me:
        """Return the bot itself."""
        return await self._read(routes.GET_ME.at(), how, objects.read_me)

    async def guild(self, guild_id: str, how: How = _PLAIN) -> GuildFacts:
        """Return a guild itself."""
        return await self._read(routes.GET_GUILD.at(guild_id=guild_id), how, objects.read_guild)

    async def roles(self, guild_id: str, how: How = _PLAIN) -> dict[str, Role]:
        """Return all roles of a guild by id."""
        call = routes.GET_ROLES.at(guild_id=guild_id)
        roles = await self._read(call, how, lambda data: objects.read_list(data, objects.read_listed_role))
        return {role.id: role for role in roles}

    async def channels(self, guild_id: str, how: How = _PLAIN) -> dict[str, Channel]:
        """Return the channels of a guild that the bot can view, by id. One that is missing may still exist."""
        call = routes.GET_CHANNELS.at(guild_id=guild_id)

        def read(data: object) -> list[Channel]:
            return objects.read_list(data, lambda item: objects.read_channel(item, guild_id))

        return {channel.id: channel for channel in await self._read(call, how, read)}

    async def channel(self, channel_id: str, how: How = _PLAIN) -> Channel:
        """Return one channel. Raises `NotFound` (10003) if it is gone, `Forbidden` if it is hidden."""
        return await self._read(routes.GET_CHANNEL.at(channel_id=channel_id), how, objects.read_channel)

    async def member(self, guild_id: str, user_id: str, how: How = _PLAIN) -> Member:
        """Return one member. Raises `NotFound`: 10007 not in the guild, 10013 no such user."""
        return await self._read(routes.GET_MEMBER.at(guild_id=guild_id, user_id=user_id), how, objects.read_member)

    async def search_members(self, guild_id: str, beginning: str, most: int, how: How = _PLAIN) -> FoundMembers:
        """Return at most `most` (1 to 1000) members whose user name or nickname begins so; no intent is needed.

        Source: https://docs.discord.com/developers/resources/guild#search-guild-members
        """
        call = routes.SEARCH_MEMBERS.asking({"query": beginning, "limit": str(most)}, guild_id=guild_id)
        return await self._read(call, how, objects.read_found)

    async def role_counts(self, guild_id: str, how: How = _PLAIN) -> dict[str, int] | None:
        """Return role id → how many hold it, None if Discord does not answer that."""
        try:
            return await self._read(routes.GET_ROLE_COUNTS.at(guild_id=guild_id), how, objects.read_counts)
        except (NotFound, Forbidden, UnexpectedAnswer):
            return None

    async def voice_channel_of(self, guild_id: str, user_id: str, how: How = _PLAIN) -> str | None:
        """Return the voice channel a person is in: its id, `ELSEWHERE`, or None for none.

        Discord answers 50001 if the person sits in a channel that the bot may not enter. Our rooms admit the bot, so
        that channel is none of them. Raises `NotFound` (10007) if the person is not in the guild.
        Source: discord-api-docs #7250, #8416.
        """
        call = routes.GET_VOICE_STATE.at(guild_id=guild_id, user_id=user_id)
        try:
            return await self._read(call, how, objects.read_voice_channel)
        except NotFound as error:
            if error.discord_code == UNKNOWN_VOICE_STATE:
                return None
            raise
        except Forbidden as error:
            if error.discord_code == MISSING_ACCESS:
                return ELSEWHERE
            raise

    async def create_role(self, guild_id: str, name: str, how: How = _PLAIN) -> Role:
        """Make a role without permissions, not hoisted, not mentionable. Raises `AnswerLost` if it may exist."""
        body = {"name": name, "permissions": 0, "hoist": False, "mentionable": False}
        call = routes.CREATE_ROLE.at(guild_id=guild_id)
        return await self._create(call, how, objects.read_role, body)

    async def plain_role(self, guild_id: str, role_id: str, how: How = _PLAIN) -> None:
        """Take from a role its permissions, and make it neither mentionable nor hoisted."""
        body = {"permissions": 0, "hoist": False, "mentionable": False}
        await self._ask(routes.EDIT_ROLE.at(guild_id=guild_id, role_id=role_id), how, body)

    async def rename_channel(self, channel_id: str, name: str, how: How = _PLAIN) -> None:
        """Give a channel another name. Discord takes two of these in ten minutes for one channel."""
        await self._ask(routes.EDIT_CHANNEL.at(channel_id=channel_id), how, {"name": name})

    async def create_channel(
        self,
        guild_id: str,
        name: str,
        overwrites: Iterable[Overwrite],
        parent_id: str | None = None,
        how: How = _PLAIN,
        *,
        kind: int = VOICE,
    ) -> Channel:
        """Make a voice channel (or `kind`) with these overwrites from its first moment on.

        Raises `AnswerLost` if it may exist, `BadRequest` with `category_full` or `bad_parent` if the parent is refused.
        """
        body: dict[str, object] = {
            "name": name,
            "type": kind,
            "permission_overwrites": [overwrite._asdict() for overwrite in overwrites],
        }
        if parent_id is not None:
            body["parent_id"] = parent_id
        call = routes.CREATE_CHANNEL.at(guild_id=guild_id)
        return await self._create(call, how, lambda data: objects.read_channel(data, guild_id), body)

    async def create_category(
        self, guild_id: str, name: str, overwrites: Iterable[Overwrite], how: How = _PLAIN
    ) -> Channel:
        """Make a category with these overwrites."""
        return await self.create_channel(guild_id, name, overwrites, None, how, kind=CATEGORY)

    async def _create(self, call: Call, how: How, read: Callable[[object], T], body: object) -> T:
        try:
            return await self._read(call, how, read, body)
        except UnexpectedAnswer as error:
            raise AnswerLost(error.message, error.hint, code=error.code, http_status=error.http_status) from None

    async def delete_channel(self, channel_id: str, how: How = _PLAIN) -> None:
        """Delete a channel. Raises `NotFound` (10003) if it is gone already."""
        await self._ask(routes.DELETE_CHANNEL.at(channel_id=channel_id), how)

    async def delete_role(self, guild_id: str, role_id: str, how: How = _PLAIN) -> None:
        """Delete a role. Raises `NotFound` (10011) if it is gone already."""
        await self._ask(routes.DELETE_ROLE.at(guild_id=guild_id, role_id=role_id), how)

    async def grant(self, guild_id: str, user_id: str, role_id: str, how: How = _PLAIN) -> None:
        """Give a member a role. Never overlaps another change to the same member's roles."""
        call = routes.PUT_MEMBER_ROLE.at(guild_id=guild_id, user_id=user_id, role_id=role_id)
        async with self._member_lock(guild_id, user_id):
            await self._ask(call, how)

    async def ungrant(self, guild_id: str, user_id: str, role_id: str, how: How = _PLAIN) -> None:
        """Take a role from a member. Never overlaps another change to the same member's roles."""
        call = routes.DELETE_MEMBER_ROLE.at(guild_id=guild_id, user_id=user_id, role_id=role_id)
        async with self._member_lock(guild_id, user_id):
            await self._ask(call, how)

    def _member_lock(self, guild_id: str, user_id: str) -> asyncio.Lock:
        """Return the lock for one member's roles: of two changes at once Discord answers both and loses one.

        Source: discord-api-docs #6289.
        """
        return self._member_locks.setdefault((guild_id, user_id), asyncio.Lock())

    async def put_overwrite(self, channel_id: str, overwrite: Overwrite, how: How = _PLAIN) -> None:
        """Set one overwrite of a channel."""
        body = {"type": overwrite.type, "allow": overwrite.allow, "deny": overwrite.deny}
        await self._ask(routes.PUT_OVERWRITE.at(channel_id=channel_id, target_id=overwrite.id), how, body)

    async def delete_overwrite(self, channel_id: str, target_id: str, how: How = _PLAIN) -> None:
        """Remove one overwrite of a channel. Raises `NotFound` (10009) if there is none."""
        await self._ask(routes.DELETE_OVERWRITE.at(channel_id=channel_id, target_id=target_id), how)

    def now(self, monotonic: float | None = None) -> Millis | None:
        """Return Discord's time, now or at an instant of this host's monotonic clock; None before the first answer."""
        return self.client.clock.now(time.monotonic() if monotonic is None else monotonic)

    def role_word(self, guild_id: str) -> RoleWord | None:
        """Return what Discord last said of its limit on making roles in a guild; None if it said nothing."""
        said = self.client.said(routes.CREATE_ROLE.at(guild_id=guild_id))
        at = None if said is None else self.now(said.at)
        if said is None or at is None:
            return None
        reading = said.reading
        resets_at = at + int((reading.reset_after or 0.0) * 1000)
        return RoleWord(at, reading.limit or 0, reading.remaining or 0, resets_at)

    def skew(self) -> Millis | None:
        """Return how far Discord's clock is ahead of this host's, None before the first answer."""
        now = self.now()
        return None if now is None else now - time.time_ns() // 1_000_000


def _misshapen(call: Call, error: ShapeError) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"{call.route} was answered without {error}", _SHAPE_HINT)
