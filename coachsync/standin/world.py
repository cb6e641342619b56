"""The stand-in's world with the questions asked of it: who sees a room, who is inside, who holds a role."""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain import permissions as p
from coachsync.standin import rules
from coachsync.standin.clicks import Clicks
from coachsync.standin.model import Channel, Role
from coachsync.standin.state import locked


class World(Clicks):
    """Users, guilds and all that is in them; changed by HTTP requests and by its other methods."""

    @locked
    def bits(self, guild: str, user: str, channel: str) -> int:
        """All a user may do in a channel; 0 for one who is not in the guild."""
        home = self.guilds[guild]
        member = home.members.get(user)
        if member is None:
            return 0
        return rules.channel_bits(home, home.channels[channel], member, self.clock.now())

    def can(self, guild: str, user: str, channel: str, bits: int) -> bool:
        """Whether a user holds all of `bits` in a channel."""
        return self.bits(guild, user, channel) & bits == bits

    @locked
    def who_can(self, channel: str, bits: int) -> set[str]:
        """Every member, bots among them, who holds all of `bits` in a channel; nobody where it is gone."""
        home = self.guild_of(channel)
        if home is None:
            return set()
        return {user for user in home.members if self.can(home.id, user, channel, bits)}

    def who_can_see(self, channel: str) -> set[str]:
        """Every member who can view a channel."""
        return self.who_can(channel, p.VIEW_CHANNEL)

    def who_can_enter(self, channel: str) -> set[str]:
        """Every member who can view a channel and connect to it."""
        return self.who_can(channel, p.ENTER)

    @locked
    def who_is_in(self, channel: str) -> set[str]:
        """Users connected to a voice channel, allowed or not."""
        home = self.guild_of(channel)
        return {user for user, room in home.voice.items() if room == channel} if home else set()

    @locked
    def roles_of(self, guild: str, user: str) -> set[str]:
        """Roles a member holds, without @everyone; none for one who is not in the guild."""
        member = self.guilds[guild].members.get(user)
        return set(member.roles) if member else set()

    @locked
    def role_holders(self, role: str) -> set[str]:
        """Members who hold a role."""
        return {user for home in self.guilds.values() for user, m in home.members.items() if role in m.roles}

    @locked
    def find_channels(self, guild: str, name: str) -> list[str]:
        """Ids of the channels of that exact name, oldest first."""
        return _ids(c for c in self.guilds[guild].channels.values() if c.name == name)

    @locked
    def find_roles(self, guild: str, name: str) -> list[str]:
        """Ids of the roles of that exact name, oldest first."""
        return _ids(r for r in self.guilds[guild].roles.values() if r.name == name)

    @locked
    def channel_names(self, guild: str) -> dict[str, str]:
        """Every channel's id and name."""
        return {c.id: c.name for c in self.guilds[guild].channels.values()}

    @locked
    def role_names(self, guild: str) -> dict[str, str]:
        """Every role's id and name, @everyone among them."""
        return {r.id: r.name for r in self.guilds[guild].roles.values()}


def _ids(things: Iterable[Channel] | Iterable[Role]) -> list[str]:
    return sorted((thing.id for thing in things), key=int)
