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
from tests.kit.town import T0, Town

SESSION = "abc12345"
ROLE_NAME = f"Session {SESSION}"
ROOM_NAME = f"🎤 coaching-{SESSION}"
QUARTER: Millis = 15 * MINUTE
FOUNDED: Millis = T0
_FIRST_SERIAL_OF_A_CASE = 100_000


class Cast(NamedTuple):
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


def found(standin: Standin) -> Cast:
    """Fill an empty stand-in."""
    town = Town(standin, guilds=("Coaching",), people=("John", "Nina", "Sarah", "Zoe"), staffed=True)
    guild = town.guilds[0]
    people = (town.bot, town.owner, town.admin, town.helper, *town.people.values())
    cast = Cast(guild.id, guild.category, guild.staff_role, *people)
    _decorate(town.world, cast, guild.lobby)
    return cast


def _decorate(world: World, cast: Cast, lobby: str) -> None:
    """Add what is none of coachsync's business, look-alikes among it."""
    world.give_role(cast.guild, cast.zoe, world.add_role(cast.guild, ROLE_NAME))
    world.add_role(cast.guild, ROLE_NAME, p.MANAGE_CHANNELS)
    world.add_channel(cast.guild, ROOM_NAME, parent=cast.category)
    world.add_channel(cast.guild, f"coaching-{SESSION}", TEXT)
    world.connect_voice(cast.guild, cast.zoe, lobby)


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


def foreign(world: World, town: Cast) -> frozenset[str]:
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
