"""The state of the stand-in's world and the few changes that keep it whole.

Owns ids, the lock and the consequences: a deleted role leaves members and overwrites, a deleted channel
disconnects whoever is inside, a deleted category lets its children go, a change of a category's overwrites reaches
the children that are synced with it, who leaves a guild loses their overwrites. Both HTTP handlers and the people of a
test change the world through here.
"""

from __future__ import annotations

import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Concatenate, Literal, ParamSpec, TypeVar

from coachsync.domain.permissions import MEMBER, Overwrite
from coachsync.standin.audit import Entry
from coachsync.standin.clock import Clock, RealClock
from coachsync.standin.model import CATEGORY, Application, Birth, Channel, Guild, Member, Role, User, by_target

DISCORD_EPOCH = 1_420_070_400_000

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="State")


def locked(act: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Run a method of the state under its lock."""

    def under_lock(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.lock:
            return act(self, *args, **kwargs)

    functools.update_wrapper(under_lock, act)
    return under_lock


class State:
    """Everything there is, by snowflake. Settings of the whole world are plain attributes.

    Attributes:
        unknown_overwrites: what becomes of a member overwrite for somebody who is not in the guild. "accept"
            is the behaviour reported of Discord: it is taken, shown, and of no effect, also after they join.
            "refuse" answers 404/10009. Source: https://github.com/discord/discord-api-docs/issues/2856
        hidden_category_refuses: what the bot may not do under a category that is hidden from it, answered with
            403/50001: "create" a channel, write an "overwrite" of a child.
            Source: https://github.com/discord/discord-api-docs/issues/3756
        member_counts: whether the role member counts exist; otherwise that route answers 404.
        name_filter: what Discord does to a voice channel's or role's name beside white space.
        audit: every change of a guild, oldest first, whoever made it.
        lost_role_changes: how many role changes of a member were undone by one that overlapped them.
    """

    def __init__(self, clock: Clock | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.clock: Clock = clock or RealClock()
        self.monotonic = monotonic
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.apps: dict[str, Application] = {}
        self.served = 0
        self.unknown_overwrites: Literal["accept", "refuse"] = "accept"
        self.hidden_category_refuses: set[Literal["create", "overwrite"]] = set()
        self.audit: list[Entry] = []
        self.member_counts = True
        self.name_filter: Callable[[str], str] = str
        self.lost_role_changes = 0
        self._tokens: dict[str, str] = {}
        self._guild_of_channel: dict[str, str] = {}
        self._serial = itertools.count(1)

    def snowflake(self) -> str:
        """Make an id whose time is the world's; unique, and growing while the clock does not go back."""
        ms = self.clock.now() - DISCORD_EPOCH
        return str((ms << 22) | (next(self._serial) & 0x3F_FFFF))

    def birth(self) -> Birth:
        """The mark of a thing that is made now."""
        return Birth(self.served, self.monotonic())

    def app_of_token(self, token: str) -> Application | None:
        """The application a token belongs to."""
        return self.apps.get(self._tokens.get(token, ""))

    def put_app(self, app: Application) -> None:
        """Add an application, or give it a new token: the earlier one stops working."""
        self._tokens = {token: owner for token, owner in self._tokens.items() if owner != app.id}
        self._tokens[app.token] = app.id
        self.apps[app.id] = app

    def guild_of(self, channel_id: str) -> Guild | None:
        """The guild a channel is in, or None where there is no such channel."""
        return self.guilds.get(self._guild_of_channel.get(channel_id, ""))

    def channel(self, channel_id: str) -> Channel | None:
        """A channel by its id, whichever guild it is in."""
        guild = self.guild_of(channel_id)
        return guild.channels[channel_id] if guild else None

    def put_channel(self, guild: Guild, channel: Channel) -> None:
        """Add a new channel to its guild."""
        guild.channels[channel.id] = channel
        self._guild_of_channel[channel.id] = guild.id

    def drop_channel(self, guild: Guild, channel: Channel) -> None:
        """Delete a channel: who is inside is out, and the children of a category stay without one."""
        del guild.channels[channel.id]
        del self._guild_of_channel[channel.id]
        guild.voice = {user: room for user, room in guild.voice.items() if room != channel.id}
        for child in guild.children(channel.id):
            child.parent_id = None

    def drop_role(self, guild: Guild, role: Role) -> None:
        """Delete a role: nobody holds it any more and no overwrite names it."""
        del guild.roles[role.id]
        for member in guild.members.values():
            member.roles.discard(role.id)
        for channel in guild.channels.values():
            channel.overwrites.pop(role.id, None)

    def drop_member(self, guild: Guild, member: Member) -> None:
        """Take someone out of a guild, out of its voice channels, and out of the overwrites of its channels.

        Source: https://github.com/Erisa/Cliptok/issues/158
        """
        del guild.members[member.user_id]
        guild.voice.pop(member.user_id, None)
        for channel in guild.channels.values():
            found = channel.overwrites.get(member.user_id)
            if found is not None and found.type == MEMBER:
                self.drop_overwrite(guild, channel, member.user_id)

    def put_overwrite(self, guild: Guild, channel: Channel, overwrite: Overwrite) -> None:
        """Put one overwrite, in place of whatever there is for the same id."""
        rest = channel.in_vain - {overwrite.id}
        self._rewrite(
            guild, channel, {**channel.overwrites, overwrite.id: overwrite}, rest | _in_vain(guild, [overwrite])
        )

    def put_overwrites(self, guild: Guild, channel: Channel, overwrites: Iterable[Overwrite]) -> None:
        """Put overwrites in place of all there are; of two for one id the later stays."""
        put = by_target(overwrites)
        self._rewrite(guild, channel, put, _in_vain(guild, put.values()))

    def copy_overwrites(self, guild: Guild, channel: Channel, source: Channel) -> None:
        """Give a channel the overwrites of another, in force or not."""
        self._rewrite(guild, channel, dict(source.overwrites), set(source.in_vain))

    def drop_overwrite(self, guild: Guild, channel: Channel, target: str) -> None:
        """Remove the overwrite for an id; one that is not there is fine."""
        kept = {i: overwrite for i, overwrite in channel.overwrites.items() if i != target}
        self._rewrite(guild, channel, kept, channel.in_vain - {target})

    def _rewrite(self, guild: Guild, channel: Channel, overwrites: dict[str, Overwrite], in_vain: set[str]) -> None:
        before = channel.overwrites
        children = guild.children(channel.id) if channel.type == CATEGORY else []
        for changed in (channel, *(child for child in children if child.overwrites == before)):
            changed.overwrites, changed.in_vain = dict(overwrites), set(in_vain)

    def note(self, guild: Guild, kind: int, target: str, actor: str | None = None, reason: str | None = None) -> None:
        """Write a change of a guild into its audit log.

        Args:
            guild: whose log it is.
            kind: one of the types of `audit`.
            target: id of what was changed.
            actor: who did it; the guild's owner by default.
            reason: what the `X-Audit-Log-Reason` said.
        """
        at = self.clock.now()
        entry_id = str(((at - DISCORD_EPOCH) << 22) | (len(self.audit) & 0x3F_FFFF))
        self.audit.append(Entry(entry_id, at, guild.id, actor or guild.owner_id, kind, target, reason))


def _in_vain(guild: Guild, put: Iterable[Overwrite]) -> set[str]:
    return {overwrite.id for overwrite in put if overwrite.type == MEMBER and overwrite.id not in guild.members}
