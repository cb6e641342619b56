"""From a calendar's address to rooms that open and close: the program as cron starts it, on a machine without anything.

A calendar's file lies on an ordinary web server; Discord is a stand-in, and what time it is, is said by `--now`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from coachsync.clock import iso
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.standin import SimClock, Standin
from tests.kit.home import Home, Result
from tests.kit.town import T0, Town

START: Millis = T0 + 2 * DAY
SIX_LINES = """
[sources.calendar]
type = "ics"
url = "{address}/basic.ics"
people = "people.toml"
map = {{student = "attendee", coach = "organizer"}}
every = "0s"
"""
EVENT = """BEGIN:VEVENT
UID:{uid}@calendar.example
DTSTAMP:20260101T000000Z
DTSTART:{start}
DTEND:{end}
STATUS:{status}
ORGANIZER;CN=Sarah:mailto:sarah@example.org
ATTENDEE;CN=John:mailto:john@example.org
END:VEVENT
"""


class Quiet(SimpleHTTPRequestHandler):
    """A web server of files, which answers 304 to whoever has the newest."""

    answered: ClassVar[list[int]] = []

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep what was answered, and print nothing."""
        self.answered.append(int(code))


class Machine:
    """A folder with nothing in it, a calendar somewhere else, a guild, and the time."""

    def __init__(self, folder: Path, town: Town, clock: SimClock, address: str) -> None:
        self.home, self.town, self.clock, self.address = Home(folder), town, clock, address
        self.web = folder / "web"
        self._changes = 0

    def calendar(self, **events: tuple[Millis, str]) -> None:
        """Let the calendar be these events: start and status by UID."""
        told = "".join(
            EVENT.format(uid=uid, start=_basic(start), end=_basic(start + HOUR), status=status)
            for uid, (start, status) in events.items()
        )
        file = self.web / "basic.ics"
        text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:calendar.example\n{told}END:VCALENDAR\n"
        file.write_text(text.replace("\n", "\r\n"), "utf-8")
        self._changes += 1  # a web server tells what is new by whole seconds
        os.utime(file, (self.clock.now() // 1000 + self._changes,) * 2)

    def coachsync(self, *arguments: str) -> Result:
        """Start the program, as cron does."""
        return self.home.fresh("--config", str(self.home.config), *arguments, **self.town.environ)

    def run_at(self, moment: Millis) -> list[tuple[str, str, str]]:
        """Let cron's run come at a moment; return what it did. It fails at nothing."""
        self.clock.set(moment)
        done = self.coachsync("run", "--json", "--now", str(moment))
        assert (done.code, done.err) == (0, "")
        return done.actions

    def rooms(self) -> list[set[str]]:
        """Return who can enter each room, besides the bot and the owner."""
        world, always = self.town.world, {self.town.bot, self.town.owner}
        names = world.channel_names(self.town.guild)
        return [world.who_can_enter(room) - always for room, name in names.items() if name.startswith("🎤")]


def _basic(moment: Millis) -> str:
    return iso(moment).replace("-", "").replace(":", "")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "web").mkdir()
    clock = SimClock(T0)
    Quiet.answered.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web")))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    with Standin(clock) as standin:
        town = Town(standin)
        town.settle()
        yield Machine(tmp_path, town, clock, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def test_from_a_calendars_address_and_six_lines_to_rooms_that_open_move_and_close(machine: Machine) -> None:
    john, sarah = machine.town.people["John"], machine.town.people["Sarah"]
    lesson, other = "calendar:lesson@calendar.example", "calendar:other@calendar.example"
    assert SIX_LINES.count("\n") - 1 == 6

    # the whole installation
    made = machine.coachsync("init", "--yes", "--guild-id", machine.town.guild)
    assert made.code == 0, made.err
    with machine.home.config.open("a", encoding="utf-8") as config:
        config.write(SIX_LINES.format(address=machine.address))
    people = machine.home.folder / "people.toml"
    people.write_text(f'"john@example.org" = "{john}"\n"sarah@example.org" = "{sarah}"\n', "utf-8")
    people.chmod(0o600)

    # both lessons are far off; then one is moved by two hours, before it has a room
    machine.calendar(lesson=(START, "CONFIRMED"), other=(START, "CONFIRMED"))
    assert (machine.run_at(T0), machine.rooms()) == ([], [])
    machine.calendar(lesson=(START + 2 * HOUR, "CONFIRMED"), other=(START, "CONFIRMED"))
    opens = START - 3 * HOUR
    assert machine.run_at(opens) == [(other, "setup", "done")]
    assert machine.rooms() == [{john, sarah}]
    assert machine.run_at(opens + 2 * HOUR) == [(lesson, "setup", "done")]

    # with its room open it is moved within its window, and the other one is cancelled
    moved = START + 2 * HOUR + 15 * MINUTE
    machine.calendar(lesson=(moved, "CONFIRMED"), other=(START, "CANCELLED"))
    assert machine.run_at(opens + 2 * HOUR + 15 * MINUTE) == [(other, "cleanup", "done")]
    assert machine.rooms() == [{john, sarah}]

    # it takes place, a quarter of an hour later than its room was made for, and the calendar says nothing new
    assert machine.run_at(moved + HOUR + 45 * MINUTE) == []
    assert machine.run_at(moved + 2 * HOUR) == [(lesson, "cleanup", "done")]
    assert machine.rooms() == []
    assert Quiet.answered == [200, 200, 304, 200, 304, 304]
    rows = machine.coachsync("sessions", "export").out
    assert ('"COMPLETED"' in rows, '"CANCELLED"' in rows) == (True, True)
