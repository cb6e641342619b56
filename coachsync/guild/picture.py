"""What one guild looks like during one run: asked once, then kept up by what the run itself does.

The lists hide channels that the bot cannot see and may lag behind a create, so absence from them proves little:
see `role_is_gone` and `Room.find` in `coachsync.engine.steps.room`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Collection, Iterable

from coachsync.discord.api import Discord, How
from coachsync.discord.codes import NOT_HERE
from coachsync.discord.errors import DiscordError, NotFound, UnexpectedAnswer
from coachsync.discord.objects import Me
from coachsync.discord.verdict import not_in_guild
from coachsync.domain import permissions
from coachsync.domain.audience import House
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import Channel, Member, Role
from coachsync.domain.limits import MOST_CHANNELS, MOST_ROLE_CREATIONS, MOST_ROLES, level
from coachsync.domain.model import MINUTE, Entry, Millis, Warn
from coachsync.domain.naming import fold
from coachsync.domain.permissions import Overwrite, Target
from coachsync.domain.snowflake import made_at
from coachsync.guild.asking import Asking
from coachsync.guild.careful import Careful
from coachsync.guild.powers import Powers, hindrance, powers

_PLAIN = How()
_COUNT_WAIT_S = 5.0
_LAG: Millis = 5 * MINUTE  # lists are believed to show what is older than this


class Guild:
    """One guild in one run: its roles and channels, what the bot may do in it, and whose rooms the ledger knows.

    `failure` is what kept us from looking; every action of the guild then fails with it. `listed_at` is when each list
    ("role", "channel") was asked for. `assigned` is whose the things are that the ledger does not know: id → session
    id, "" for what nobody may take. `roles_made`: how many roles we made within Discord's window for that.
    """

    def __init__(self, guild_id: str, discord: Discord, category_id: str | None, staff_role_ids: Iterable[str]) -> None:
        self.id = guild_id
        self.discord: Discord = Careful(discord, self)
        self.bot: Member | None = None
        self.powers: Powers | None = None
        self.category_id = category_id
        self.staff_role_ids = tuple(i for i in staff_role_ids if i != guild_id)  # the guild's own id is everyone
        self.bot_id = ""
        self.roles: dict[str, Role] = {}
        self.channels: dict[str, Channel] = {}
        self.bot_role_ids: frozenset[str] = frozenset()
        self.listed_at: dict[str, Millis] = {}
        self.failure: DiscordError | None = None
        self.warnings: list[Warn] = []
        self.owners: dict[str, str] = {}
        self.assigned: dict[str, str] = {}
        self.shorts: dict[str, str] = {}
        self.roles_exhausted = False
        self.roles_made = 0
        self.asking = Asking()
        self._members: dict[str, asyncio.Task[Member]] = {}
        self._role_names: dict[str, list[str]] | None = None
        self._channel_names: dict[str, list[str]] | None = None

    async def look(self, me: Awaitable[Me], how: How = _PLAIN) -> None:
        """Read the guild; `me` tells who the bot is. Sets `failure` if Discord does not let us.

        The roles are asked for first and alone: a guild that refuses costs one refused answer.
        """
        try:
            self.bot_id = (await me).id
            asked_at = time.monotonic()
            self.roles = await self.discord.roles(self.id, how)
            self.channels, bot = await asyncio.gather(self.discord.channels(self.id, how), self._own_member(how))
            self.listed_at = dict.fromkeys(("role", "channel"), self.now(asked_at))
            self.bot, self.bot_role_ids = bot, bot.roles
            self._doubt(self.roles)
            self.powers = powers(self.id, bot, self.roles)
        except DiscordError as error:
            self.failure = error

    async def _own_member(self, how: How) -> Member:
        try:
            return await self.discord.member(self.id, self.bot_id, how)
        except NotFound as error:
            if error.discord_code not in NOT_HERE:
                raise
            raise not_in_guild(error) from None

    @property
    def hindrance(self) -> Failure | None:
        """Return what keeps the bot from its work here although the guild can be read; None if nothing does."""
        return None if self.powers is None else hindrance(self.powers, self.bot, self.now())

    def now(self, monotonic: float | None = None) -> Millis:
        """Return Discord's time, now or at an instant just past; this host's time if Discord never said its own.

        An instant is best asked for later: of one answer's date alone nobody knows whether it is right.
        """
        told = self.discord.now(monotonic)
        return told if told is not None else time.time_ns() // 1_000_000

    def know(self, entries: Iterable[Entry]) -> None:
        """Note which roles and channels, and which short names, the ledger says are whose."""
        for entry in entries:
            if entry.live and entry.guild_id == self.id:
                self.shorts[entry.short] = entry.session_id
            for resource in entry.resources:
                if resource.snowflake is not None:
                    self.owners[resource.snowflake] = entry.session_id

    async def relist_roles(self) -> None:
        """Read the roles again, after a create whose answer was lost."""
        asked_at = time.monotonic()
        roles = await self.discord.roles(self.id)
        self._doubt(roles)
        self.roles, self._role_names = roles, None
        if self.bot is not None:
            self.powers = powers(self.id, self.bot, roles)
        self.listed_at["role"] = self.now(asked_at)

    def _doubt(self, roles: dict[str, Role]) -> None:
        """Refuse a list of roles that lacks all that the bot holds: nothing may count as gone by such a list."""
        if self.bot_role_ids and self.bot_role_ids.isdisjoint(roles):
            raise UnexpectedAnswer(
                f"Discord's list of the roles of guild {self.id} lacks the bot's own", "the next run looks again"
            )

    async def relist_channels(self) -> None:
        """Read the channels again, after a create whose answer was lost."""
        asked_at = time.monotonic()
        self.channels = await self.discord.channels(self.id)
        self._channel_names = None
        self.listed_at["channel"] = self.now(asked_at)

    def roles_called(self, names: Iterable[str], ids: Iterable[str | None]) -> list[Role]:
        """Return the roles listed under one of these names or ids, oldest first."""
        if self._role_names is None:
            self._role_names = _by_name(self.roles.values())
        found = _listed(self.roles, self._role_names, names, ids)
        return [self.roles[i] for i in found if i != self.id]

    def channels_called(self, names: Iterable[str], ids: Iterable[str | None]) -> list[Channel]:
        """Return the channels listed under one of these names or ids, oldest first."""
        if self._channel_names is None:
            self._channel_names = _by_name(self.channels.values())
        return [self.channels[i] for i in _listed(self.channels, self._channel_names, names, ids)]

    async def role_counts(self) -> dict[str, int] | None:
        """Return how many members hold each role, as asked now; None if Discord does not say within 5 seconds.

        The limit's opening, the answer and further tries are waited for no longer than that, all together.
        """
        try:
            async with asyncio.timeout(_COUNT_WAIT_S):
                return await self.discord.role_counts(self.id, How(max_wait=_COUNT_WAIT_S))
        except (DiscordError, TimeoutError):
            return None

    def warn(self, code: str, session: str | None, message: str, hint: str = "") -> None:
        """Add a warning, once."""
        warning = Warn(code, session, message, self.id, hint)
        if warning not in self.warnings:
            self.warnings.append(warning)

    @property
    def everyone(self) -> int:
        """Return the permissions of @everyone, whose role id is the guild's."""
        role = self.roles.get(self.id)
        return role.permissions if role is not None else 0

    @property
    def bot_permissions(self) -> int:
        """Return what the bot holds in the guild itself."""
        return permissions.guild_permissions(
            self.everyone, [self.roles[i].permissions for i in self.bot_role_ids if i in self.roles]
        )

    def staff(self) -> tuple[str, ...]:
        """Return the configured staff roles that exist; one that is gone is warned about."""
        for role_id in self.staff_role_ids:
            if role_id not in self.roles:
                self.warn(
                    "staff_role_gone",
                    None,
                    f"staff role {role_id} is not in guild {self.id}: rooms are made without it; "
                    "correct staff_role_ids in the configuration",
                )
        return tuple(i for i in self.staff_role_ids if i in self.roles)

    def sound(self) -> list[str]:
        """Return the codes of what could be amiss with the configuration and is seen not to be."""
        category = self.channels.get(self.category_id or "")
        amiss = {warning.code for warning in self.warnings}
        found = ["category_gone"] if category is not None or self.category_id is None else []
        found += ["staff_role_gone"] if all(i in self.roles for i in self.staff_role_ids) else []
        found += [] if self.notes() else ["limits_near"]
        return [code for code in found if code not in amiss]

    def notes(self) -> tuple[Warn, ...]:
        """Return what is worth knowing and nobody's fault: that nearly all is taken that Discord allows the guild."""
        near = [
            f"{most} {kind}"
            for kind, held, most in (
                ("roles", len(self.roles), MOST_ROLES),
                ("channels", len(self.channels), MOST_CHANNELS),
                ("new roles in 48 h", self.roles_made, MOST_ROLE_CREATIONS),
            )
            if level(held, most) != "fits"
        ]
        message = f"guild {self.id} is nearly full: Discord allows it {' and '.join(near)}"
        hint = "delete what nobody needs any more; `coachsync forecast` says when it runs out, and which setting helps"
        return (Warn("limits_near", None, message, self.id, hint),) if near else ()

    def warn_if_outside(self, session_id: str, channel_id: str | None) -> None:
        """Warn if a session's room stands in no category although there is one for it."""
        room = self.channels.get(channel_id or "")
        category = self.channels.get(self.category_id or "")
        if room is not None and category is not None and room.parent_id is None:
            self.warn(
                "category_gone",
                session_id,
                f"rooms stand outside category {category.id} of guild {self.id}",
                "move them there in Discord, or see what keeps the bot from the category: `coachsync doctor`",
            )

    def outranks(self, role: Role) -> bool:
        """Return whether the bot may hand out and delete this role.

        Source: equal positions are ranked by age (discord/FACTS §3.3).
        """
        own = [self.roles[i] for i in self.bot_role_ids if i in self.roles]
        return any((r.position, -int(r.id)) > (role.position, -int(role.id)) for r in own)

    def is_young(self, snowflake: str) -> bool:
        """Return whether something was made so lately that a list may not show it yet."""
        return self.now() - made_at(snowflake) < _LAG

    def role_is_gone(self, snowflake: str) -> bool:
        """Return whether the full list proves that a role is gone."""
        return snowflake not in self.roles and not self.is_young(snowflake)

    @property
    def house(self) -> House:
        """Return the guild as far as entering a room depends on it."""
        own = frozenset(i for i in self.bot_role_ids if i in self.roles and self.roles[i].managed)
        return House(self.id, self.bot_id, self.roles, own)

    def wanted(self, admitted: Iterable[Target] = (), observers: Iterable[str] = ()) -> tuple[Overwrite, ...]:
        """Return the overwrites that a room must carry, the bot's first: then no other locks it out.

        `admitted`: who is let in beside the bot and staff. `observers`: who is let in to observe.
        """
        enter = permissions.ENTER | (permissions.HANDED_ON & self.bot_permissions)
        bot = permissions.ENTER | permissions.MANAGE_CHANNELS
        return (
            Overwrite(self.bot_id, permissions.MEMBER, bot, 0),
            Overwrite(self.id, permissions.ROLE, 0, permissions.ENTER),
            *(Overwrite(i, permissions.ROLE, enter, 0) for i in self.staff()),
            *(Overwrite(i, kind, enter, 0) for kind, i in admitted),
            *map(self.observing, observers),
        )

    def observing(self, person: str) -> Overwrite:
        """Return the overwrite by which somebody sees, hears and reads, and is denied all else that the bot holds.

        Source: one may deny only what one holds (discord/FACTS §3.3).
        """
        held = self.bot_permissions
        read = permissions.ENTER | (permissions.READ_MESSAGE_HISTORY & held)
        return Overwrite(person, permissions.MEMBER, read, permissions.SPEAKING & held)

    @property
    def cannot_deny(self) -> int:
        """Return which permissions an observer must be denied, and the bot lacks: 0 if it can let observers in."""
        return permissions.SILENCE & ~self.bot_permissions

    def is_administrator(self, member: Member) -> bool:
        """Return whether one of a member's roles gives them everything, whatever a room denies them."""
        held = [self.roles[i].permissions for i in member.roles if i in self.roles]
        return bool(permissions.guild_permissions(self.everyone, held) & permissions.ADMINISTRATOR)

    def is_nobody(self, user_id: str) -> bool:
        """Return whether an id is no person's: the bot's, a role's or the guild's own."""
        return user_id in (self.bot_id, self.id) or user_id in self.roles

    async def member(self, user_id: str, how: How) -> Member:
        """Return one member, asked for once in a run. Raises NotFound if they are not in the guild."""
        task = self._members.get(user_id)
        if task is None:
            task = self._members[user_id] = asyncio.ensure_future(self.discord.member(self.id, user_id, how))
        try:
            return await asyncio.shield(task)
        except DiscordError as error:
            if not isinstance(error, NotFound):  # no answer: the next who asks asks anew
                self._members.pop(user_id, None)
            raise


def _by_name(listed: Iterable[Role] | Iterable[Channel]) -> dict[str, list[str]]:
    """Return folded name → ids: hundreds of sessions look for theirs among hundreds of names."""
    names: dict[str, list[str]] = {}
    for thing in listed:
        names.setdefault(fold(thing.name), []).append(thing.id)
    return names


def _listed(
    listed: Collection[str], by_name: dict[str, list[str]], names: Iterable[str], ids: Iterable[str | None]
) -> list[str]:
    found = {i for name in names for i in by_name.get(fold(name), ())} | {i for i in ids if i}
    return sorted((i for i in found if i in listed), key=int)  # an id of the store's may be anything
