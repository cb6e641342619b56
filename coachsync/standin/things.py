"""What people change of roles, channels and overwrites by hand, without asking HTTP. Nothing is refused."""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain.permissions import Overwrite
from coachsync.standin import audit
from coachsync.standin.model import CATEGORY, VOICE, Channel, Guild, Role
from coachsync.standin.state import State, locked


class Things(State):
    """The world as its moderators furnish it. Every method takes and gives snowflakes."""

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

    def _find(self, channel: str) -> tuple[Guild, Channel]:
        home = self.guild_of(channel)
        if home is None:
            raise KeyError(channel)
        return home, home.channels[channel]
