"""The town that the searches play in: two guilds with their people and their own things, a clock, and Discord."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from coachsync.config.load import parse_settings
from coachsync.config.settings import Settings
from coachsync.domain import permissions as p
from coachsync.domain.model import HOUR, MINUTE
from coachsync.standin import SimClock, Standin, World

T0 = 1_792_000_800_000 // (24 * HOUR) * (24 * HOUR)
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyzABCDEFGH"
ANSWER_WITHIN_MS = 250


class Home(NamedTuple):
    """One guild and what is in it that coachsync did not make."""

    id: str
    category: str
    lobby: str
    admin_role: str
    staff_role: str


class Town:
    """A running stand-in with two guilds. `people` come and go; the staff and the administrator stay.

    Attributes:
        people: who may be booked.
        strangers: members who are never booked.
        environ: the environment of a run.
    """

    def __init__(self, standin: Standin, clock: SimClock, people: int = 6) -> None:
        self.standin = standin
        self.clock = clock
        self.environ = {"COACHSYNC_API_BASE": standin.base_url, "COACHSYNC_TOKEN": TOKEN}
        world = standin.world
        self.owner, self.admin, self.helper = (world.add_user(name) for name in ("Olga", "Adam", "Hana"))
        self.bot = world.add_bot(TOKEN, "coachsync")
        self.people = [world.add_user(f"person {n}") for n in range(people)]
        self.strangers = [world.add_user(f"stranger {n}") for n in range(2)]
        self.homes = [self._home(name) for name in ("Coaching", "Branch")]

    @property
    def world(self) -> World:
        """The stand-in's world."""
        return self.standin.world

    def _home(self, name: str) -> Home:
        world = self.world
        guild = world.add_guild(name, self.owner, [self.bot])
        for someone in (self.admin, self.helper, *self.people, *self.strangers):
            world.join(guild, someone)
        admin_role = world.add_role(guild, "Admins", permissions=p.ADMINISTRATOR, position=20)
        staff_role = world.add_role(guild, "Staff", position=5)
        world.give_role(guild, self.admin, admin_role)
        world.give_role(guild, self.helper, staff_role)
        category = world.add_category(guild, "Rooms")
        return Home(guild, category, world.add_channel(guild, "Lobby"), admin_role, staff_role)

    def settings(self, folder: Path, store: str, access: str) -> Settings:
        """Return the configuration of a store in `folder`, impatient with slow answers."""
        first, second = self.homes
        url = f"{store}:///sessions.{'db' if store == 'sqlite' else 'json'}"
        text = (
            f'[discord]\nguild_id = "{first.id}"\ncategory_id = "{first.category}"\naccess = "{access}"\n'
            f'staff_role_ids = ["{first.staff_role}"]\n[store]\nurl = "{url}"\n'
            f'[guilds.{second.id}]\ncategory_id = "{second.category}"\nstaff_role_ids = ["{second.staff_role}"]\n'
        )
        parsed = parse_settings(text, str(folder / "config.toml"), self.environ)
        brief = {i: g._replace(timeout=ANSWER_WITHIN_MS) for i, g in parsed.guilds.items()}
        return parsed._replace(
            discord=parsed.discord._replace(timeout=ANSWER_WITHIN_MS, run_budget=MINUTE), guilds=brief
        )


@contextmanager
def a_town(people: int = 6) -> Iterator[Town]:
    """Start Discord and build the town."""
    clock = SimClock(T0)
    with Standin(clock) as standin:
        yield Town(standin, clock, people)
