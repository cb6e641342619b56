"""The town of the week: many staffed guilds, two bots that share them, and a clock that every host can read."""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coachsync.domain.model import Millis
from coachsync.standin import SimClock, Standin
from coachsync.standin.limits import Limits
from tests.kit.home import Home
from tests.kit.town import Town
from tests.searches.property.world import T0

OTHER_TOKEN = "OTk5OTk5OTk5OTk5OTk5OTk5.Gother.another-bot-of-the-same-installation"
PEOPLE = 8
TIMEOUT_S = 3


class WeekTown(Town):
    """Guilds of which each second one has another bot. All people are in all of them."""

    def __init__(self, standin: Standin, clock: SimClock, guilds: int) -> None:
        self.clock = clock
        self.other_bot = standin.world.add_bot(OTHER_TOKEN, "coachsync too")
        self.others: set[str] = set()
        people = [f"person {n}" for n in range(PEOPLE)]
        super().__init__(standin, guilds=[f"guild {n}" for n in range(guilds)], people=people, staffed=True)
        self.bookable = list(self.people.values())
        self.settle()

    def another_guild(self, name: str = "Other") -> str:
        """Return a new guild; each second one is the other bot's."""
        odd = len(self.world.guilds) % 2 == 1
        guild = self.world.add_guild(name, self.owner, [self.other_bot if odd else self.bot])
        if odd:
            self.others.add(guild)
        return guild

    def bot_of(self, guild: str) -> str:
        """Return the bot that works in a guild."""
        return self.other_bot if guild in self.others else self.bot

    def configure(self, home: Home) -> None:
        """Write a host's configuration."""
        other = home.folder / "other-token"
        other.write_text(OTHER_TOKEN)
        other.chmod(0o600)
        lines = [f'api_base = "{self.standin.base_url}"', f'timeout = "{TIMEOUT_S}s"']
        rest = []
        for guild in self.guilds:
            keys = [f'category_id = "{guild.category}"', f'staff_role_ids = ["{guild.staff_role}"]']
            keys += ['token_file = "other-token"'] if guild.id in self.others else []
            if guild is self.guilds[0]:
                lines += keys
            else:
                rest += [f"[guilds.{guild.id}]", *keys]
        home.configure(self.guild, lines, "\n".join(rest))


class SharedClock(SimClock):
    """A clock in a file that other processes map into their memory."""

    def __init__(self, file: Path, now: Millis) -> None:
        super().__init__(now)
        file.write_bytes(bytes(8))
        with file.open("r+b") as opened:
            self._shown = mmap.mmap(opened.fileno(), 8)
        self.set(now)

    def set(self, ms: Millis) -> None:
        """Jump to `ms`."""
        super().set(ms)
        self._shown[:] = ms.to_bytes(8, "little")


@contextmanager
def a_week_town(clock_file: Path, guilds: int) -> Iterator[WeekTown]:
    """Start Discord with its limits, whose seconds pass with the world's time as well, and build the town."""
    clock = SharedClock(clock_file, T0)

    def seconds() -> float:
        return time.monotonic() + (clock.now() - T0) / 1000

    with Standin(clock, limits=Limits.discord(), monotonic=seconds) as standin:
        yield WeekTown(standin, clock, guilds)
