"""What people do in the stand-in's world, without asking HTTP: found guilds, join, talk, rename, delete.

A guild's owner may do all of this, so nothing is refused but what cannot be: connecting to a voice channel
that the user may not enter.
"""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain import permissions as p
from coachsync.domain.permissions import Overwrite
from coachsync.standin import rules
from coachsync.standin.clock import Millis
from coachsync.standin.model import (
    CATEGORY,
    EVERYONE_DEFAULT,
    VOICE,
    Application,
    Channel,
    Guild,
    Member,
    Role,
    User,
    by_target,
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
    def join(self, guild: str, user: str) -> None:
        """Let a user into a guild; once in, this changes nothing."""
        self.guilds[guild].members.setdefault(user, Member(user, self.clock.now()))

    @locked
    def leave(self, guild: str, user: str) -> None:
        """Take a user, or a bot with its managed role, out of a guild."""
        home = self.guilds[guild]
        if user in home.members:
            self.drop_member(home, home.members[user])
        for role in [r for r in home.roles.values() if r.bot_id == user]:
            self.drop_role(home, role)

    @locked
    def time_out(self, guild: str, user: str, until: Millis | None) -> None:
        """Send a member to time-out, or end it with None."""
        self.guilds[guild].members[user].timed_out_until = until

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
        return role.id

    @locked
    def edit_role(self, guild: str, role: str, permissions: int | None = None, position: int | None = None) -> None:
        """Change a role's permissions or position; @everyone's id is the guild's."""
        found = self.guilds[guild].roles[role]
        found.permissions = found.permissions if permissions is None else permissions
        found.position = found.position if position is None else position

    @locked
    def delete_role(self, guild: str, role: str) -> None:
        """Delete a role by hand."""
        home = self.guilds[guild]
        self.drop_role(home, home.roles[role])

    @locked
    def give_role(self, guild: str, user: str, role: str) -> None:
        """Give a member a role by hand."""
        self._change_roles(guild, user).add(role)

    @locked
    def take_role(self, guild: str, user: str, role: str) -> None:
        """Take a role from a member by hand."""
        self._change_roles(guild, user).discard(role)

    def _change_roles(self, guild: str, user: str) -> set[str]:
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
        channel = Channel(id or self.snowflake(), guild, type, name, self.birth(), parent)
        channel.overwrites = by_target(overwrites)
        self.put_channel(self.guilds[guild], channel)
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

    @locked
    def rename(self, thing: str, name: str) -> None:
        """Rename a channel, role or guild by hand."""
        owner = self.channel(thing) or self.guilds.get(thing) or self._role(thing)
        owner.name = name

    @locked
    def set_overwrite(self, channel: str, target: str, type: int, allow: int = 0, deny: int = 0) -> None:  # noqa: A002
        """Set a channel's overwrite for a role (type 0) or member (type 1) by hand."""
        self._find(channel)[1].overwrites[target] = Overwrite(target, type, allow, deny)

    @locked
    def delete_overwrite(self, channel: str, target: str) -> None:
        """Remove a channel's overwrite by hand; one that is not there is fine."""
        self._find(channel)[1].overwrites.pop(target, None)

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

    def _find(self, channel: str) -> tuple[Guild, Channel]:
        home = self.guild_of(channel)
        if home is None:
            raise KeyError(channel)
        return home, home.channels[channel]

    def _role(self, role: str) -> Role:
        return next(g.roles[role] for g in self.guilds.values() if role in g.roles)
