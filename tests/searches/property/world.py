"""The town that the search plays in: two staffed guilds, people who come and go, strangers, and a clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from coachsync.config import load_settings
from coachsync.config.settings import Settings
from coachsync.domain import looking
from coachsync.domain.model import HOUR, MINUTE
from coachsync.standin import SimClock, Standin
from tests.kit.home import Home
from tests.kit.town import Guild, Town
from tests.searches.property.replay import Hangs

T0 = 1_792_000_800_000 // (24 * HOUR) * (24 * HOUR)
ANSWER_WITHIN_MS = 250
PATIENT_MS = 30_000
"""Where a run replays nothing times out but what hangs on purpose, and that at once."""
STRANGERS = 2


class Playground(Town):
    """A town of two guilds. Who may be booked is in `bookable`; `strangers` are members who never are.

    `member_roles`: the role that all strangers hold, by guild. `hangs`: what hangs at Discord.
    """

    def __init__(self, standin: Standin, clock: SimClock, people: int) -> None:
        names = [*(f"person {n}" for n in range(people)), *(f"stranger {n}" for n in range(STRANGERS))]
        super().__init__(standin, guilds=("Coaching", "Branch"), people=names, staffed=True)
        self.clock = clock
        self.hangs = Hangs(standin)
        everybody = list(self.people.values())
        self.bookable, self.strangers = everybody[:people], everybody[people:]
        self.member_roles = {home.id: self.world.add_role(home.id, "Member") for home in self.guilds}
        for home, role in self.member_roles.items():
            for stranger in self.strangers:
                self.world.give_role(home, stranger, role)

    def settings(self, folder: Path, url: str, access: str, *, replays: bool = False) -> Settings:
        """Write the configuration of a store into `folder`, and return it, impatient with slow answers.

        `replays`: for runs that replay: patient, and with one request at a time.
        """
        first, second = self.guilds
        home = Home(folder, url)
        lines = [f'access = "{access}"', *_section(first)]
        home.configure(first.id, lines, "\n".join([f"[guilds.{second.id}]", *_section(second)]))
        found = load_settings(str(home.config), self.environ)
        timeout = PATIENT_MS if replays else ANSWER_WITHIN_MS
        brief = {i: g._replace(timeout=timeout) for i, g in found.guilds.items()}
        discord = found.discord._replace(timeout=timeout, run_budget=MINUTE)
        if replays:  # no limit, nor the run's end, depends on how fast this host is
            discord = discord._replace(run_budget=10 * MINUTE, concurrency=1, max_requests_per_second=1_000_000)
        return found._replace(discord=discord, guilds=brief)


def _section(guild: Guild) -> list[str]:
    return [f'category_id = "{guild.category}"', f'staff_role_ids = ["{guild.staff_role}"]']


@contextmanager
def a_playground(people: int = 6) -> Iterator[Playground]:
    """Start Discord and build the town. Each run looks at every room, so that what it does can be judged at once."""
    clock = SimClock(T0)
    with Standin(clock) as standin, mock.patch.object(looking, "RESTS", 0):
        yield Playground(standin, clock, people)
