"""What moderators do in Discord's client, one method for each click or drag; none is refused.

Each shows in what HTTP answers from then on, and in the audit log. The plain ones (to set or delete an overwrite, give
or take a role, edit, rename or delete) are in `things`.
"""

from __future__ import annotations

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, ROLE
from coachsync.standin import audit
from coachsync.standin.acts import Acts
from coachsync.standin.state import locked


class Clicks(Acts):
    """The world as its moderators change it. Every method takes snowflakes."""

    @locked
    def kick(self, guild: str, user: str) -> None:
        """Put a user or a bot out of a guild."""
        self.leave(guild, user)
        self.note(self.guilds[guild], audit.MEMBER_KICK, user)

    @locked
    def ban(self, guild: str, user: str) -> None:
        """Put a user or a bot out of a guild; they cannot join again until `unban`."""
        self.leave(guild, user)
        self.guilds[guild].bans.add(user)
        self.note(self.guilds[guild], audit.MEMBER_BAN_ADD, user)

    @locked
    def unban(self, guild: str, user: str) -> None:
        """Let a user join again."""
        self.guilds[guild].bans.discard(user)

    @locked
    def sync_with_category(self, channel: str) -> None:
        """Replace a channel's overwrites by its category's ("Sync now")."""
        home, found = self._find(channel)
        if found.parent_id is None:
            raise ValueError(f"{channel} is in no category")
        self.copy_overwrites(home, found, home.channels[found.parent_id])
        self.note(home, audit.CHANNEL_UPDATE, channel)

    @locked
    def clear_permissions(self, channel: str) -> None:
        """Remove all overwrites of a channel or category."""
        home, found = self._find(channel)
        self.put_overwrites(home, found, ())
        self.note(home, audit.OVERWRITE_DELETE, channel)

    @locked
    def open_to_everyone(self, channel: str) -> None:
        """Allow @everyone to see and enter a channel, which takes the deny away."""
        home, _ = self._find(channel)
        self.set_overwrite(channel, home.id, ROLE, allow=p.ENTER)

    @locked
    def hide_from(self, channel: str, user: str) -> None:
        """Deny a user, or the bot, the sight of a channel or category."""
        self.set_overwrite(channel, user, MEMBER, deny=p.VIEW_CHANNEL)

    @locked
    def move_channel(self, channel: str, category: str | None, *, sync: bool = False) -> None:
        """Drag a channel into another category, or out of any; with `sync` it takes on that one's overwrites."""
        home, found = self._find(channel)
        found.parent_id = category
        self.note(home, audit.CHANNEL_UPDATE, channel)
        if sync:
            self.sync_with_category(channel)

    @locked
    def move_role(self, guild: str, role: str, *, above: str | None = None, below: str | None = None) -> None:
        """Drag a role to the place next above or next below another; all roles are numbered anew, as Discord does."""
        home = self.guilds[guild]
        moved, other = home.roles[role], home.roles[above or below or ""]
        if moved is other or home.everyone is moved or other is home.everyone:
            raise ValueError("@everyone stays at the bottom, and no role goes next to itself")
        others = [r for r in home.roles.values() if r is not moved and r is not home.everyone]
        order = sorted(others, key=lambda r: r.rank())
        order.insert(order.index(other) + (above is not None), moved)
        for position, found in enumerate(order, start=1):
            found.position = position
        self.note(home, audit.ROLE_UPDATE, role)

    @locked
    def make_everyone_administrator(self, guild: str) -> None:
        """Give @everyone ADMINISTRATOR: every overwrite is void from then on."""
        self.edit_role(guild, guild, permissions=self.guilds[guild].everyone.permissions | p.ADMINISTRATOR)

    @locked
    def move_voice(self, guild: str, user: str, channel: str) -> bool:
        """Drag a connected user into a voice channel, whether they may enter it or not; False if not connected.

        Only who moves them needs CONNECT there.
        Source: https://docs.discord.com/developers/resources/guild#modify-guild-member
        """
        home = self.guilds[guild]
        if user not in home.voice or not home.channels[channel].voice:
            return False
        home.voice[user] = channel
        self.note(home, audit.MEMBER_MOVE, user)
        return True

    @locked
    def put_out_of_voice(self, guild: str, user: str) -> None:
        """Disconnect a user from the voice channel they are in."""
        self.disconnect_voice(guild, user)
        self.note(self.guilds[guild], audit.MEMBER_DISCONNECT, user)
