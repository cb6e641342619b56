"""Discord for one guild, with a look at its lists before each write: what they show to lack is never sent.

Such a write fails as Discord would have it fail, `Forbidden`, but without an answer: `http_status` is None.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from coachsync.discord.api import Discord, How
from coachsync.discord.errors import Forbidden
from coachsync.discord.routes import Call
from coachsync.domain import permissions as p
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import VOICE, Channel, Role
from coachsync.domain.permissions import Overwrite
from coachsync.guild.asking import Asking
from coachsync.guild.powers import Powers, lack, too_high

_PLAIN = How()


class Lists(Protocol):
    """What a guild's lists show; `powers` is None before they were read."""

    @property
    def powers(self) -> Powers | None: ...

    @property
    def roles(self) -> dict[str, Role]: ...

    @property
    def channels(self) -> dict[str, Channel]: ...

    @property
    def asking(self) -> Asking: ...

    def outranks(self, role: Role) -> bool: ...


class Careful(Discord):
    """The writes of one guild. Reads are not held back: they show what has changed."""

    def __init__(self, discord: Discord, lists: Lists) -> None:
        super().__init__(discord.client)
        self._lists = lists

    async def _ask(self, call: Call, how: How, body: object = None) -> object:
        if call.route.method == "GET":
            return await super()._ask(call, how, body)
        async with self._lists.asking.change():
            return await super()._ask(call, how, body)

    async def create_role(self, guild_id: str, name: str, how: How = _PLAIN) -> Role:
        self._demand(p.MANAGE_ROLES)
        return await super().create_role(guild_id, name, how)

    async def plain_role(self, guild_id: str, role_id: str, how: How = _PLAIN) -> None:
        self._demand_role(role_id)
        await super().plain_role(guild_id, role_id, how)

    async def delete_role(self, guild_id: str, role_id: str, how: How = _PLAIN) -> None:
        self._demand_role(role_id)
        await super().delete_role(guild_id, role_id, how)

    async def grant(self, guild_id: str, user_id: str, role_id: str, how: How = _PLAIN) -> None:
        self._demand_role(role_id)
        await super().grant(guild_id, user_id, role_id, how)

    async def ungrant(self, guild_id: str, user_id: str, role_id: str, how: How = _PLAIN) -> None:
        self._demand_role(role_id)
        await super().ungrant(guild_id, user_id, role_id, how)

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
        asked = list(overwrites)
        used = p.MANAGE_CHANNELS
        for overwrite in asked:  # each bit must be held in the guild, allowed or denied: FACTS of Discord's own page
            used |= overwrite.allow | overwrite.deny
        self._demand(used)
        return await super().create_channel(guild_id, name, asked, parent_id, how, kind=kind)

    async def rename_channel(self, channel_id: str, name: str, how: How = _PLAIN) -> None:
        self._demand_in(channel_id, p.MANAGE_CHANNELS)
        await super().rename_channel(channel_id, name, how)

    async def delete_channel(self, channel_id: str, how: How = _PLAIN) -> None:
        self._demand_in(channel_id, p.MANAGE_CHANNELS)
        await super().delete_channel(channel_id, how)

    async def put_overwrite(self, channel_id: str, overwrite: Overwrite, how: How = _PLAIN) -> None:
        self._demand_in(channel_id, p.MANAGE_ROLES)
        await super().put_overwrite(channel_id, overwrite, how)

    async def delete_overwrite(self, channel_id: str, target_id: str, how: How = _PLAIN) -> None:
        self._demand_in(channel_id, p.MANAGE_ROLES)
        await super().delete_overwrite(channel_id, target_id, how)

    def _demand(self, bits: int) -> None:
        self._lists.asking.demand_writes()
        powers = self._lists.powers
        lacking = powers.lacking(bits) if powers is not None else 0
        if powers is not None and lacking:
            raise _forbidden(lack(powers.guild_id, lacking))

    def _demand_role(self, role_id: str) -> None:
        self._demand(p.MANAGE_ROLES)
        powers, role = self._lists.powers, self._lists.roles.get(role_id)
        known = powers is not None and powers.held is not None
        if known and role is not None and not self._lists.outranks(role):
            raise _forbidden(too_high(role))

    def _demand_in(self, channel_id: str, bit: int) -> None:
        self._lists.asking.demand_writes()
        powers, channel = self._lists.powers, self._lists.channels.get(channel_id)
        if powers is None or channel is None:
            return
        parent = self._lists.channels.get(channel.parent_id or "")
        if powers.lacking_in(channel, parent, bit):
            raise _forbidden(lack(powers.guild_id, bit))


def _forbidden(failure: Failure) -> Forbidden:
    return Forbidden(failure.message, failure.hint, code=failure.code)
