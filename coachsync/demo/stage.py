"""The stage: a stand-in with one guild and its people, a configuration, an empty store, and the program run on it.

What the operator has in the environment is set aside: the demonstration needs no config, token or network of theirs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from shlex import quote
from shutil import get_terminal_size
from typing import NamedTuple, TextIO

from coachsync.cli import output
from coachsync.clock import at, pretended
from coachsync.config.template import render_config
from coachsync.demo.story import INDENT
from coachsync.domain.model import Millis
from coachsync.domain.permissions import NEEDED
from coachsync.errors import INTERRUPTED, TERMINATED
from coachsync.host.files import place
from coachsync.standin import Request, Standin
from coachsync.store.open import create_store

TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwOQ.DemoXx.only-the-embedded-standin-takes-this-token"  # noqa: S105 - opens nothing real
BOT_ID = "1100000000000000009"
GUILD_ID = "1100000000000000000"
CATEGORY_ID = "1100000000000000001"
STAFF_ROLE_ID = "1100000000000000002"
STORE = "sqlite:///sessions.db"


class Booking(NamedTuple):
    """One booked session and who comes to it, by name; `observer` is "" if nobody only listens."""

    id: str
    coach: str
    student: str
    observer: str = ""


BOOKINGS = (
    Booking("abc12345", "Sarah", "John"),
    Booking("def67890", "Sarah", "Alex", "Olga"),
    Booking("xyz54321", "Mike", "Emma"),
)
_FIXED = (*(b.coach for b in BOOKINGS), *(b.student for b in BOOKINGS))
OWNER, STAFF, STRANGER = "Olivia", "Nora", "Lurker"


class _Heard(TextIOWrapper):
    """What the program prints, kept. It is a terminal if the stream that it replaces is one."""

    def __init__(self, instead_of: TextIO) -> None:
        self._kept = BytesIO()
        self._terminal = output.is_terminal(instead_of)
        super().__init__(self._kept, encoding=instead_of.encoding or "utf-8", errors="backslashreplace")

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        """Return all that was printed."""
        self.flush()
        return self._kept.getvalue().decode(self.encoding)


class Said(NamedTuple):
    """What the program answered: exit code, and both streams as one text."""

    code: int
    text: str


class Stage:
    """A guild in a stand-in, and the files of an installation in `folder`. `people` is name → Discord id.

    `late` is who of them has not joined the guild yet.
    """

    def __init__(self, standin: Standin, folder: Path, late: str = "") -> None:
        self.standin = standin
        self.late = late
        self.folder = folder
        self.config = folder / "config.toml"
        self.people: dict[str, str] = {}
        self._furnish()
        place(str(folder / "token"), TOKEN + "\n", new=True)
        place(str(self.config), render_config(self._answers()), new=True)
        written_s = standin.world.clock.now() / 1000
        os.utime(self.config, (written_s, written_s))  # or it would seem to wait for its first run since today
        create_store(STORE, str(folder))

    def _furnish(self) -> None:
        world = self.standin.world
        owner = world.add_user(OWNER)
        bot = world.add_bot(TOKEN, "coachsync", id=BOT_ID)
        world.add_guild("Coaching Hub", owner, bots=[bot], id=GUILD_ID, bot_permissions=NEEDED)
        world.add_category(GUILD_ID, "Sessions", id=CATEGORY_ID)
        world.add_channel(GUILD_ID, "Lobby")
        self.people[OWNER] = owner
        self.people[STAFF] = world.add_user(STAFF)
        world.join(GUILD_ID, self.people[STAFF])
        world.give_role(GUILD_ID, self.people[STAFF], world.add_role(GUILD_ID, "Staff", id=STAFF_ROLE_ID))
        for name in dict.fromkeys([*_FIXED, STRANGER, *(b.observer for b in BOOKINGS if b.observer)]):
            self.people[name] = world.add_user(name)
            if name != self.late:
                world.join(GUILD_ID, self.people[name])

    def _answers(self) -> dict[str, object]:
        return {
            "discord.guild_id": GUILD_ID,
            "discord.category_id": CATEGORY_ID,
            "discord.staff_role_ids": [STAFF_ROLE_ID],
            "discord.token_file": "token",
            "discord.api_base": self.standin.base_url,
            "store.url": STORE,
            "display.timezone": "UTC",
        }

    def run(self, *arguments: str) -> Said:
        """Run one command of the program, as its entry point does, and return what it said.

        Raises:
            KeyboardInterrupt: the person interrupted it.
            SystemExit: it was asked to end.
        """
        from coachsync.__main__ import main

        heard, complaints = _Heard(sys.stdout), StringIO()
        surroundings = _environment(self._surroundings()), pretended(self.standin.world.clock.now())
        with surroundings[0], surroundings[1], redirect_stdout(heard), redirect_stderr(complaints):
            code = main(arguments)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code == TERMINATED:
            raise SystemExit(TERMINATED)
        return Said(code, (heard.text() + complaints.getvalue()).rstrip())

    def _surroundings(self) -> dict[str, str]:
        """Return what of the environment the program is to see anew: its configuration, and room for an indent."""
        columns = get_terminal_size().columns - len(INDENT)
        return {"COACHSYNC_CONFIG": str(self.config), "COLUMNS": str(columns)}

    def room_of(self, booking: Booking) -> str | None:
        """Return the id of a session's room as Discord has it, None if there is none."""
        found = self.standin.world.find_channels(GUILD_ID, f"🎤 coaching-{booking.id}")
        return found[0] if found else None

    def left_over(self) -> list[str]:
        """Return what of all sessions is in the guild: the names of their roles and rooms."""
        world = self.standin.world
        names = [*world.role_names(GUILD_ID).values(), *world.channel_names(GUILD_ID).values()]
        return [name for name in names if any(b.id in name for b in BOOKINGS)]

    def changes(self) -> list[Request]:
        """Return the requests that changed something since they were last cleared."""
        return [request for request in self.standin.requests if request.method != "GET"]


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """Leave of coachsync's variables only these in the environment while the block runs."""
    before = dict(os.environ)
    for name in [n for n in os.environ if n.startswith("COACHSYNC_")]:
        del os.environ[name]
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def program() -> str:
    """Return how a person starts this very program: by its own path if that is known."""
    name = Path(sys.argv[0])
    return quote(str(name.absolute())) if name.name == "coachsync" else f"{quote(sys.executable)} -m coachsync"


def day_and_time(moment: Millis) -> str:
    """Return a moment for people: "Wed 14 Oct 13:00"."""
    return f"{at(moment):%a %d %b %H:%M}"
