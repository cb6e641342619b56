"""What people do in the stand-in's world, without asking HTTP: found guilds, join, talk, rename, delete.

A guild's owner may do all of this, so nothing is refused but what cannot be: connecting to a voice channel
that the user may not enter.
"""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain import permissions as p
from coachsync.domain.permissions import Overwrite
from coachsync.standin import audit, rules
from coachsync.standin.clock import Millis
from coachsync.standin.model import (
    CATEGORY,
    EVERYONE_DEFAULT,
    QUARANTINE,
    QUARANTINED_NAME,
    VOICE,
    Application,
    Channel,
    Guild,
    Member,
    Role,
    User,
)
from coachsync.standin.state import State, locked

BOT_ROLE_POSITION = 10


class Acts(State):
    """The world as its people change it. Every method takes and gives snowflakes."""

    @locked
    def add_user(self, name: str, id: str | None = None) -> str:  # noqa: A002 - Discord's own word
        """Make an account; it is in no guild yet."""
        user = User(id or self.snowflake(), name)
        self.users[user.id] = user
        return user.id

    @locked
    def add_bot(self, token: str, name: str, id: str | None = None) -> str:  # noqa: A002 - Discord's own word
        """Make an application with its bot user, which share their id, and tell it."""
        bot_id = id or self.snowflake()
        self.users[bot_id] = User(bot_id, name, bot=True)
        self.put_app(Application(bot_id, token, name, owner_id=self.add_user(f"{name} owner")))
        return bot_id

    @locked
    def revoke_token(self, bot_id: str, new_token: str) -> None:
        """Give a bot another token; the old one answers 401 from now on."""
        app = self.apps[bot_id]
        app.token = new_token
        self.put_app(app)

    @locked
    def add_guild(
        self,
        name: str,
        owner: str,
        bots: Iterable[str] = (),
        id: str | None = None,  # noqa: A002 - Discord's own word
        bot_permissions: int = p.NEEDED,
        everyone_permissions: int = EVERYONE_DEFAULT,
    ) -> str:
        """Found a guild with @everyone and, for each bot, its managed role above position 1."""
        guild = Guild(id or self.snowflake(), name, owner)
        guild.roles[guild.id] = Role(guild.id, "@everyone", everyone_permissions, 0, self.birth())
        self.guilds[guild.id] = guild
        self.join(guild.id, owner)
        for bot in bots:
            self.invite_bot(guild.id, bot, bot_permissions)
        return guild.id

    @locked
    def invite_bot(self, guild: str, bot: str, permissions: int = p.NEEDED) -> str:
        """Let a bot into a guild and tell the id of its managed role."""
        self.join(guild, bot)
        name = self.users[bot].name
        role = self.add_role(guild, name, permissions=permissions, position=BOT_ROLE_POSITION, managed=True)
        self.guilds[guild].roles[role].bot_id = bot
        self.give_role(guild, bot, role)
        return role

    @locked
    def join(self, guild: str, user: str, *, pending: bool = False, guest: bool = False) -> None:
        """Let a user into a guild; once in, this changes nothing.

        Args:
            guild: the guild.
            user: who comes, or comes back: without roles, and joined now.
            pending: whether they still have to pass the screening.
            guest: whether they come by a voice invite, which leaves `joined_at` null.
        """
        home = self.guilds[guild]
        if user in home.bans:
            raise ValueError(f"{user} is banned from {guild}")
        home.members.setdefault(user, Member(user, None if guest else self.clock.now(), pending=pending))

    @locked
    def leave(self, guild: str, user: str) -> None:
        """Take a user, or a bot with its managed role, out of a guild; their roles and overwrites go too."""
        home = self.guilds[guild]
        if user in home.members:
            self.drop_member(home, home.members[user])
        for role in [r for r in home.roles.values() if r.bot_id == user]:
            self.drop_role(home, role)

    @locked
    def time_out(self, guild: str, user: str, until: Millis | None) -> None:
        """Send a member, or the bot, to time-out, or end it with None."""
        self.guilds[guild].members[user].timed_out_until = until
        self.note(self.guilds[guild], audit.MEMBER_UPDATE, user)

    @locked
    def quarantine(self, guild: str, user: str, flags: int = QUARANTINED_NAME) -> None:
        """Let AutoMod hold a member back without end, or end it with 0."""
        member = self.guilds[guild].members[user]
        member.flags = member.flags & ~QUARANTINE | flags

    @locked
    def screen(self, guild: str, user: str, pending: bool) -> None:
        """Let a member pass the guild's screening, or stand before it again."""
        self.guilds[guild].members[user].pending = pending

    @locked
    def flag_bot(self, bot: str, flagged: bool = True) -> None:
        """Let Discord's anti-spam system flag a bot: its writes answer 403/20026."""
        self.apps[bot].flagged = flagged

    @locked
    def require_2fa(self, guild: str, lacking: Iterable[str] = ()) -> None:
        """Require two-factor authentication in a guild; owners of the bots in `lacking` have none."""
        self.guilds[guild].mfa_level = 1
        for bot in lacking:
            self.apps[bot].mfa_enabled = False
        self.note(self.guilds[guild], audit.GUILD_UPDATE, guild)

    @locked
    def add_role(
        self,
        guild: str,
        name: str,
        permissions: int = 0,
        position: int = 1,
        managed: bool = False,
        id: str | None = None,  # noqa: A002 - Discord's own word
    ) -> str:
        """Make a role by hand."""
        role = Role(id or self.snowflake(), name, permissions, position, self.birth(), managed=managed)
        self.guilds[guild].roles[role.id] = role
        self.note(self.guilds[guild], audit.ROLE_CREATE, role.id)
        return role.id

    @locked
    def edit_role(
        self,
        guild: str,
        role: str,
        permissions: int | None = None,
        position: int | None = None,
        *,
        mentionable: bool | None = None,
        hoist: bool | None = None,
    ) -> None:
        """Change what is given of a role; @everyone's id is the guild's."""
        found = self.guilds[guild].roles[role]
        found.permissions = found.permissions if permissions is None else permissions
        found.position = found.position if position is None else position
        found.mentionable = found.mentionable if mentionable is None else mentionable
        found.hoist = found.hoist if hoist is None else hoist
        self.note(self.guilds[guild], audit.ROLE_UPDATE, role)

    @locked
    def delete_role(self, guild: str, role: str) -> None:
        """Delete a role by hand."""
        home = self.guilds[guild]
        self.drop_role(home, home.roles[role])
        self.note(home, audit.ROLE_DELETE, role)

    @locked
    def give_role(self, guild: str, user: str, role: str) -> None:
        """Give a member a role by hand."""
        self._change_roles(guild, user).add(role)

    @locked
    def take_role(self, guild: str, user: str, role: str) -> None:
        """Take a role from a member by hand."""
        self._change_roles(guild, user).discard(role)

    def _change_roles(self, guild: str, user: str) -> set[str]:
        self.note(self.guilds[guild], audit.MEMBER_ROLE_UPDATE, user)
        return self.guilds[guild].members[user].roles

    @locked
    def add_channel(
        self,
        guild: str,
        name: str,
        type: int = VOICE,  # noqa: A002 - Discord's own word
        parent: str | None = None,
        overwrites: Iterable[Overwrite] = (),
        id: str | None = None,  # noqa: A002 - Discord's own word
    ) -> str:
        """Make a channel by hand, with exactly these overwrites."""
        home = self.guilds[guild]
        channel = Channel(id or self.snowflake(), guild, type, name, self.birth(), parent)
        self.put_channel(home, channel)
        self.put_overwrites(home, channel, overwrites)
        self.note(home, audit.CHANNEL_CREATE, channel.id)
        return channel.id

    @locked
    def add_category(
        self,
        guild: str,
        name: str,
        overwrites: Iterable[Overwrite] = (),
        id: str | None = None,  # noqa: A002 - Discord's own word
    ) -> str:
        """Make a category by hand."""
        return self.add_channel(guild, name, CATEGORY, None, overwrites, id)

    @locked
    def delete_channel(self, channel: str) -> None:
        """Delete a channel or category by hand."""
        home, found = self._find(channel)
        self.drop_channel(home, found)
        self.note(home, audit.CHANNEL_DELETE, channel)

    @locked
    def rename(self, thing: str, name: str) -> None:
        """Rename a channel, role or guild by hand."""
        channel, guild = self.channel(thing), self.guilds.get(thing)
        if channel is not None:
            channel.name = name
            self.note(self.guilds[channel.guild_id], audit.CHANNEL_UPDATE, thing)
        elif guild is not None:
            guild.name = name
            self.note(guild, audit.GUILD_UPDATE, thing)
        else:
            home = next(g for g in self.guilds.values() if thing in g.roles)
            home.roles[thing].name = name
            self.note(home, audit.ROLE_UPDATE, thing)

    @locked
    def set_overwrite(self, channel: str, target: str, type: int, allow: int = 0, deny: int = 0) -> None:  # noqa: A002
        """Set a channel's overwrite for a role (type 0) or member (type 1) by hand.

        It replaces any for the same id, and reaches the children that are synced with a category.
        """
        home, found = self._find(channel)
        known = target in found.overwrites
        self.put_overwrite(home, found, Overwrite(target, type, allow, deny))
        self.note(home, audit.OVERWRITE_UPDATE if known else audit.OVERWRITE_CREATE, channel)

    @locked
    def delete_overwrite(self, channel: str, target: str) -> None:
        """Remove a channel's overwrite by hand: a person's, a role's, @everyone's (the guild's id), the bot's.

        One that is not there is fine.
        """
        home, found = self._find(channel)
        self.drop_overwrite(home, found, target)
        self.note(home, audit.OVERWRITE_DELETE, channel)

    @locked
    def connect_voice(self, guild: str, user: str, channel: str) -> bool:
        """Let a member enter a voice channel, leaving the one they are in; False when they may not."""
        home = self.guilds[guild]
        room, member = home.channels.get(channel), home.members.get(user)
        if room is None or member is None or not room.voice:
            return False
        held = rules.channel_bits(home, room, member, self.clock.now())
        if held & p.ENTER != p.ENTER or self._full(home, room, held):
            return False
        home.voice[user] = channel
        return True

    def _full(self, home: Guild, room: Channel, held: int) -> bool:
        inside = sum(where == room.id for where in home.voice.values())
        return 0 < room.user_limit <= inside and not held & p.MOVE_MEMBERS

    @locked
    def disconnect_voice(self, guild: str, user: str) -> None:
        """Let a member hang up."""
        self.guilds[guild].voice.pop(user, None)

    @locked
    def write_message(self, channel: str, user: str) -> str | None:
        """Let a user write into a channel, a voice channel's chat too; return the message's id.

        Returns None if they may not: without SEND_MESSAGES, or in a voice channel without CONNECT.
        """
        home, found = self._find(channel)
        member = home.members.get(user)
        if member is None or not rules.channel_bits(home, found, member, self.clock.now()) & p.SEND_MESSAGES:
            return None
        found.last_message_id = self.snowflake()
        return found.last_message_id

    def _find(self, channel: str) -> tuple[Guild, Channel]:
        home = self.guild_of(channel)
        if home is None:
            raise KeyError(channel)
        return home, home.channels[channel]
