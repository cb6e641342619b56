"""A town: Discord as a stand-in, with a bot, an owner, guilds and people. All that need a guild play in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from coachsync.domain import permissions as p
from coachsync.domain.model import Millis
from coachsync.standin import SimClock, Standin, World
from coachsync.standin.clock import Clock

TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"
T0: Millis = 1_791_990_000_000
PEOPLE = ("John", "Sarah", "Zoe")


class Guild(NamedTuple):
    """One guild, by snowflakes, and what is in it that coachsync did not make. All but `id` is "" without a staff."""

    id: str
    category: str = ""
    lobby: str = ""
    admin_role: str = ""
    staff_role: str = ""


class Town:
    """A stand-in that is filled: one bot, one owner, and in every guild the same people.

    Args:
        standin: an empty one, started or not.
        guilds: names of the guilds.
        people: names of those who may be booked, and of others.
        staffed: whether each guild has a category, a lobby, an administrator and a helper of the staff.
        token: the bot's.

    Attributes:
        people: snowflakes by name; `bot`, `owner`, `admin` and `helper` are no part of them.
    """

    def __init__(
        self,
        standin: Standin,
        *,
        guilds: Sequence[str] = ("Guild",),
        people: Sequence[str] = PEOPLE,
        staffed: bool = False,
        token: str = TOKEN,
    ) -> None:
        self.standin = standin
        self.token = token
        world = standin.world
        self.bot = world.add_bot(token, "coachsync")
        self.owner = world.add_user("Olga")
        self.admin, self.helper = (world.add_user(n) if staffed else "" for n in ("Ada", "Sam"))
        self.people = {name: world.add_user(name) for name in people}
        self.guilds = [self._staffed(name) if staffed else Guild(self.found(name)) for name in guilds]

    @property
    def world(self) -> World:
        """The stand-in's world."""
        return self.standin.world

    @property
    def guild(self) -> str:
        """The first guild's snowflake."""
        return self.guilds[0].id

    def bot_of(self, guild: str) -> str:
        """Return the bot that works in a guild."""
        return self.bot

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which the program finds this town."""
        return {"COACHSYNC_API_BASE": self.standin.base_url, "COACHSYNC_TOKEN": self.token}

    def found(self, name: str) -> str:
        """Found one more guild with the bot and everybody in it, and return its snowflake."""
        guild = self.another_guild(name)
        for person in self.people.values():
            self.world.join(guild, person)
        return guild

    def another_guild(self, name: str = "Other") -> str:
        """Return a new guild that the bot is in, and nobody else."""
        return self.world.add_guild(name, self.owner, [self.bot])

    def person(self, name: str, *, member: bool = True) -> str:
        """Return a new user, in the first guild or in none."""
        user = self.world.add_user(name)
        if member:
            self.world.join(self.guild, user)
        return user

    def settle(self) -> None:
        """Let what is here be old: no lag hides it."""
        self.world.served = 1_000_000

    def _staffed(self, name: str) -> Guild:
        world, guild = self.world, self.found(name)
        admin_role = world.add_role(guild, "Admins", permissions=p.ADMINISTRATOR, position=20)
        staff_role = world.add_role(guild, "Staff", position=5)
        for person, role in ((self.admin, admin_role), (self.helper, staff_role)):
            world.join(guild, person)
            world.give_role(guild, person, role)
        category = world.add_category(guild, "Rooms")
        return Guild(guild, category, world.add_channel(guild, "Lobby"), admin_role, staff_role)


@contextmanager
def a_town(
    clock: Clock | None = None,
    *,
    guilds: Sequence[str] = ("Guild",),
    people: Sequence[str] = PEOPLE,
    staffed: bool = False,
) -> Iterator[Town]:
    """Start a stand-in, on a clock that stands still at `T0` unless another is given, and fill it."""
    with Standin(clock or SimClock(T0)) as standin:
        yield Town(standin, guilds=guilds, people=people, staffed=staffed)
