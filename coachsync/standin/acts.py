"""What people do in the stand-in's world, without asking HTTP: found guilds, come, go, talk, write.

A guild's owner may do all of this, so nothing is refused but what cannot be: connecting to a voice channel
that the user may not enter.
"""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain import permissions as p
from coachsync.standin import audit, rules
from coachsync.standin.clock import Millis
from coachsync.standin.model import (
    EVERYONE_DEFAULT,
    QUARANTINE,
    QUARANTINED_NAME,
    Application,
    Channel,
    Guild,
    Member,
    Role,
    User,
)
from coachsync.standin.state import locked
from coachsync.standin.things import Things

BOT_ROLE_POSITION = 10


class Acts(Things):
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
    def rename_user(self, user: str, name: str) -> None:
        """Give an account another user name; its id stays."""
        self.users[user].name = name

    @locked
    def nickname(self, guild: str, user: str, nick: str | None) -> None:
        """Let a member be called otherwise in one guild."""
        self.guilds[guild].members[user].nick = nick

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
