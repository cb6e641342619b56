"""The state of the stand-in's world and the few changes that keep it whole.

Owns ids, the lock and the consequences: a deleted role leaves members and overwrites, a deleted channel
disconnects whoever is inside, a deleted category lets its children go. Both HTTP handlers and the people of a
test change the world through here.
"""

from __future__ import annotations

import functools
import itertools
import threading
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from coachsync.standin.clock import Clock, RealClock
from coachsync.standin.model import Application, Birth, Channel, Guild, Member, Role, User

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
        accept_stranger_overwrites: whether a member overwrite may name a user who is not in the guild;
            otherwise it answers 404/10009.
        member_counts: whether the role member counts exist; otherwise that route answers 404.
        name_filter: what Discord does to a voice channel's or role's name beside white space.
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
        self.accept_stranger_overwrites = True
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
        """Take someone out of a guild, and out of its voice channels; their overwrites stay."""
        del guild.members[member.user_id]
        guild.voice.pop(member.user_id, None)
