"""The guild in which every case plays, as a stand-in's world that is packed once and unpacked for each case.

Beside coachsync's own it holds what a real guild holds: other roles and rooms, look-alikes of the session's role and
room made by hand, staff, an administrator and a stranger.
"""

from __future__ import annotations

import itertools
import pickle
from typing import NamedTuple

from coachsync.domain import permissions as p
from coachsync.domain.model import MINUTE, Millis
from coachsync.standin import SimClock, Standin, World
from coachsync.standin.model import TEXT, Guild

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyzABCDEFGH"
SESSION = "abc12345"
ROLE_NAME = f"Session {SESSION}"
ROOM_NAME = f"🎤 coaching-{SESSION}"
QUARTER: Millis = 15 * MINUTE
FOUNDED: Millis = 1_791_990_000_000
_FIRST_SERIAL_OF_A_CASE = 100_000


class Town(NamedTuple):
    """Who and what there is, by snowflake."""

    guild: str
    category: str
    staff_role: str
    bot: str
    owner: str
    admin: str
    staff: str
    john: str
    nina: str
    sarah: str
    zoe: str

    @property
    def always(self) -> frozenset[str]:
        """Who may enter every room."""
        return frozenset((self.bot, self.owner, self.admin, self.staff))


class Packed(NamedTuple):
    """A world at one moment: its state, and its time."""

    state: bytes
    now: Millis


def found(world: World) -> Town:
    """Fill an empty world."""
    bot, owner = world.add_bot(TOKEN, "coachsync"), world.add_user("Olga")
    guild = world.add_guild("Coaching", owner, [bot])
    admin, staff, john, nina, sarah, zoe = (world.add_user(n) for n in ("Ada", "Sam", "John", "Nina", "Sarah", "Zoe"))
    for person in (admin, staff, john, nina, sarah, zoe):
        world.join(guild, person)
    world.give_role(guild, admin, world.add_role(guild, "Admins", p.ADMINISTRATOR))
    staff_role = world.add_role(guild, "Staff")
    world.give_role(guild, staff, staff_role)
    town = Town(
        guild, world.add_category(guild, "Coaching"), staff_role, bot, owner, admin, staff, john, nina, sarah, zoe
    )
    _decorate(world, town)
    return town


def _decorate(world: World, town: Town) -> None:
    """Add what is none of coachsync's business, look-alikes among it."""
    world.give_role(town.guild, town.zoe, world.add_role(town.guild, ROLE_NAME))
    world.add_role(town.guild, ROLE_NAME, p.MANAGE_CHANNELS)
    world.add_channel(town.guild, ROOM_NAME, parent=town.category)
    world.add_channel(town.guild, f"coaching-{SESSION}", TEXT)
    lobby = world.add_channel(town.guild, "Lobby")
    world.connect_voice(town.guild, town.zoe, lobby)


def pack(world: World) -> Packed:
    """Pack a world up."""
    parts = (world.users, world.guilds, world.apps, world._tokens, world._guild_of_channel, world.served)
    return Packed(pickle.dumps(parts, pickle.HIGHEST_PROTOCOL), world.clock.now())


def unpack(packed: Packed) -> tuple[Standin, SimClock]:
    """Return a stand-in, not yet started, that holds a packed world."""
    clock = SimClock(packed.now)
    standin = Standin(clock)
    world = standin.world
    parts = pickle.loads(packed.state)
    world.users, world.guilds, world.apps, world._tokens, world._guild_of_channel, world.served = parts
    world._serial = itertools.count(_FIRST_SERIAL_OF_A_CASE)
    return standin, clock


def foreign(world: World, town: Town) -> frozenset[str]:
    """Return all roles and channels of the guild: asked before coachsync's first tick, none of them is its own."""
    return frozenset(world.role_names(town.guild)) | frozenset(world.channel_names(town.guild))


def portrait(guild: Guild, things: frozenset[str]) -> dict[str, object]:
    """Return everything about foreign things and who holds which of them, to be compared later."""
    roles = {i: _facts(r) for i, r in guild.roles.items() if i in things}
    channels = {i: (_facts(c), dict(c.overwrites)) for i, c in guild.channels.items() if i in things}
    members = {i: (frozenset(m.roles & things), m.timed_out_until) for i, m in guild.members.items()}
    return {**roles, **channels, **{f"member {i}": facts for i, facts in members.items()}}


def _facts(thing: object) -> dict[str, object]:
    slots = type(thing).__slots__  # type: ignore[attr-defined]
    return {name: getattr(thing, name) for name in slots if name not in ("birth", "overwrites")}
