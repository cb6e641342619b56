"""The life of three sessions, from days ahead to a clean guild: every tick, request and answer is real.

Time is the stand-in's simulated clock, and the program gets the same time by `--now`. Each promise is looked up
in the stand-in, by Discord's own permission algorithm, and the demonstration fails if one is not kept.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coachsync.cli import output
from coachsync.clock import host_now, iso
from coachsync.demo.stage import (
    BOOKINGS,
    BOT_ID,
    GUILD_ID,
    OWNER,
    STAFF,
    STRANGER,
    Booking,
    Said,
    Stage,
    day_and_time,
)
from coachsync.demo.story import Story
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.domain.permissions import READ_MESSAGE_HISTORY, SPEAK, SPEAKING
from coachsync.domain.words import a_few
from coachsync.errors import BUG, OK, SOME_FAILED
from coachsync.standin import SimClock, Standin

_TICK: Millis = 15 * MINUTE
_AHEAD: Millis = 3 * DAY
_ONE_PM: Millis = 13 * HOUR
_FILE = "bookings.json"
LATE = "Emma"
"""Who joins the guild only when the window is open."""


def play() -> int:
    """Play all of it; return 0 if every promise was kept."""
    start = (host_now() // DAY + 5) * DAY + _ONE_PM
    clock = SimClock(start - _AHEAD)
    with TemporaryDirectory(prefix="coachsync-demo-") as folder, Standin(clock) as standin:
        return _Play(Stage(standin, Path(folder), late=LATE), clock, start).all()


class _Play:
    def __init__(self, stage: Stage, clock: SimClock, start: Millis) -> None:
        self.stage = stage
        self.clock = clock
        self.start = start
        self.story = Story()

    def all(self) -> int:
        self.booked()
        self.nothing_yet()
        self.paused()
        self.window_opens()
        self.somebody_is_late()
        self.moderator_clicks()
        self.session()
        self.gone()
        return self.verdict()

    # the chapters

    def booked(self) -> None:
        story = self.story
        day = day_and_time(self.start)[:10]
        story.chapter(f"{day_and_time(self.clock.now())} · three sessions are booked, all at 13:00 on {day}")
        story.say("An embedded stand-in plays Discord: one guild, its people, the bot. The store is a SQLite file.")
        story.say("The program, its configuration and what it prints are real; only the clock is not. Times are UTC.")
        for booking in BOOKINGS:
            if booking.observer:
                self._import(booking)
                continue
            people = self.stage.people
            line = ["sessions", "add", "--id", booking.id, "--start", iso(self.start)]
            line += ["--student", people[booking.student], "--student-name", booking.student]
            line += ["--coach", people[booking.coach], "--coach-name", f"Coach {booking.coach}"]
            said = self.stage.run(*line)
            story.command(f"coachsync {shlex.join(line)}", said.text)
            if said.code != OK:
                story.check(f"{booking.id} was booked", False)
        story.command("coachsync status", self._run("status").text)

    def _import(self, booking: Booking) -> None:
        """Book a session of more than two people: that comes from a file, as another system writes it."""
        story = self.story
        named = (("student", booking.student), ("coach", booking.coach), ("observer", booking.observer))
        told = [
            {"kind": kind, "name": self._called(name), "discordId": self.stage.people[name]} for kind, name in named
        ]
        session = {"_id": booking.id, "status": "SCHEDULED", "startTime": iso(self.start), "participants": told}
        (self.stage.folder / _FILE).write_text(json.dumps([session]), "utf-8")
        story.say(f"One comes from another system's file, with somebody who only observes: {booking.observer}.")
        story.command(f"cat {_FILE}", "\n".join(_lines(session)))
        with chdir(self.stage.folder):
            said = self.stage.run("sessions", "import", _FILE)
        story.command(f"coachsync sessions import {_FILE}", said.text)
        if said.code != OK:
            story.check(f"{booking.id} was booked", False)

    @property
    def opens(self) -> Millis:
        """Return when the sessions' window opens."""
        return self.start - 3 * HOUR

    def nothing_yet(self) -> None:
        self.story.chapter("Days ahead · cron starts coachsync every 15 minutes")
        self._tick_shown()
        self.story.say("  the first run looks through the guild, for rooms that nobody remembers; later ones need not")
        self.stage.standin.clear_requests()
        ticks, changes = self._ticks_until(self.opens - _TICK)
        self.story.say(f"  … {ticks} more ticks, each with nothing to do")
        self.story.check("before its window opens no session has a role or a room", not self.stage.left_over())
        self.story.check("idle ticks sent nothing to Discord", changes == 0 and not self.stage.standin.requests)

    def paused(self) -> None:
        self.story.chapter(f"{self._time()} · an operator moves the server, and says so")
        said = self.stage.run("pause", "--until", "20m", "--reason", "moving the server")
        self.story.command('coachsync pause --until 20m --reason "moving the server"', said.text)
        self.stage.standin.clear_requests()
        self.clock.advance(_TICK)
        self._tick_shown()
        self.story.check("while it is paused nothing is sent, and that is no failure", not self.stage.standin.requests)

    def window_opens(self) -> None:
        self.clock.advance(_TICK)
        self.story.chapter(f"{self._time()} · the pause is over, the window of three hours is open")
        self._tick_shown(SOME_FAILED)
        changes = len(self.stage.changes())
        self.story.check(
            f"4 requests for each session made its access ({changes} in all)", changes == 4 * len(BOOKINGS)
        )
        self._who_sees()

    def somebody_is_late(self) -> None:
        self.story.chapter(f"{self._time()} · {LATE} is not in the guild yet, and the check turns red")
        self._check_shown(red=True)
        self.clock.advance(_TICK)
        self.stage.standin.world.join(GUILD_ID, self.stage.people[LATE])
        self.story.say(f"{LATE} joins; the next run tries again:")
        self._tick_shown()
        self.story.check(f"{LATE} can see the room", self._sees(LATE, self._booking_of(LATE)))
        self._check_shown(red=False)

    def moderator_clicks(self) -> None:
        booking, world = BOOKINGS[0], self.stage.standin.world
        self._ticks_until(self.start - HOUR)
        self.story.chapter(f"{self._time()} · a moderator's click opens the room of {booking.id} to everyone")
        world.open_to_everyone(self.stage.room_of(booking) or "")
        self.story.check(f"{STRANGER} could walk in", self._sees(STRANGER, booking))
        self.clock.advance(_TICK)
        self._tick_shown(SOME_FAILED)
        self.story.check(f"the run shut {STRANGER} out again, and said so", not self._sees(STRANGER, booking))
        self.clock.advance(_TICK)
        self._tick_shown()
        self._check_shown(red=False)
        self.stage.standin.clear_requests()
        ticks, changes = self._ticks_until(self.start)
        self.story.say(f"  … {ticks} ticks look after the rooms until the start")
        self.story.check("they found nothing to mend and changed nothing", changes == 0)

    def _sees(self, name: str, booking: Booking) -> bool:
        seers = self.stage.standin.world.who_can_see(self.stage.room_of(booking) or "")
        return self.stage.people[name] in seers

    def _booking_of(self, student: str) -> Booking:
        return next(booking for booking in BOOKINGS if booking.student == student)

    def session(self) -> None:
        self.story.chapter(f"{day_and_time(self.start)} · the sessions take place")
        world = self.stage.standin.world
        for booking in BOOKINGS:
            room = self.stage.room_of(booking) or ""
            for name in (booking.coach, booking.student):
                inside = world.connect_voice(GUILD_ID, self.stage.people[name], room)
                if name == booking.coach and not inside:
                    self.story.check(f"{name} gets into the room of {booking.id}", False)
            if booking.observer:
                self._listens(booking, room)
            inside = world.connect_voice(GUILD_ID, self.stage.people[STRANGER], room)
            self.story.check(f"{STRANGER} is turned away from the room of {booking.id}", not inside)
        self.story.check("Emma talks with her coach", self._talks("xyz54321", "Mike", "Emma"))
        self.story.command("coachsync status", self._run("status").text)

    def _listens(self, booking: Booking, room: str) -> None:
        world, name = self.stage.standin.world, booking.observer
        user = self.stage.people[name]
        inside = world.connect_voice(GUILD_ID, user, room)
        hears = inside and world.can(GUILD_ID, user, room, READ_MESSAGE_HISTORY)
        self.story.check(f"{name}, who observes {booking.id}, is in and hears and reads", hears)
        silent = inside and not world.bits(GUILD_ID, user, room) & SPEAKING
        self.story.check(f"{name} cannot speak, stream or write there, by Discord's own rules", silent)

    def _talks(self, session_id: str, *names: str) -> bool:
        booking = next(b for b in BOOKINGS if b.id == session_id)
        inside = self.stage.standin.world.who_is_in(self.stage.room_of(booking) or "")
        return set(inside) == {self.stage.people[name] for name in names}

    def gone(self) -> None:
        end = self.start + HOUR
        self.story.chapter(f"{day_and_time(end + HOUR)} · an hour after the end")
        _, changes = self._ticks_until(end + HOUR - _TICK)
        self.story.check("until then the rooms stay: nobody is thrown out in mid-sentence", changes == 0)
        self.stage.standin.clear_requests()
        self.clock.advance(_TICK)
        self._tick_shown()
        changes = len(self.stage.changes())
        self.story.check(f"2 requests for each session removed it ({changes} in all)", changes == 2 * len(BOOKINGS))
        self.story.check("nothing is left on the server", not self.stage.left_over())
        rows = json.loads(self.stage.run("sessions", "export").text)
        over = [row["_id"] for row in rows if row["status"] == "COMPLETED" and row["discordCleanedUp"]]
        self.story.check(
            "the store says of every session that it is completed and cleaned up",
            len(over) == len(BOOKINGS) and all(over),
        )
        self.story.command("coachsync status --all", self._run("status", "--all").text)
        self.stage.standin.clear_requests()
        ticks, _ = self._ticks_until(end + DAY)
        quiet = not self.stage.standin.requests
        self.story.check(f"the {ticks} ticks of the day after had nothing to do and sent nothing", quiet)

    def verdict(self) -> int:
        story = self.story
        story.say("")
        if story.broken:
            output.error(
                f"{len(story.broken)} of {story.kept + len(story.broken)} promises were not kept: "
                + "; ".join(story.broken),
                "this is a bug: report it with what is printed above",
            )
            return BUG
        story.say(f"All {story.kept} promises were kept.")
        story.say("Next: `coachsync demo --serve` to try every command by hand,")
        story.say("or `coachsync init` to install it for a real guild.")
        return OK

    # what the chapters are made of

    def _who_sees(self) -> None:
        world, people = self.stage.standin.world, self.stage.people
        rooms = {b.id: self.stage.room_of(b) for b in BOOKINGS}
        self.story.say("Who sees which room, by Discord's own rules:")
        seen = {b.id: world.who_can_see(rooms[b.id] or "") for b in BOOKINGS if rooms[b.id]}
        rows = [(self._called(n), [self._does(n, b, seen.get(b.id, set())) for b in BOOKINGS]) for n in people]
        self.story.matrix([b.id for b in BOOKINGS], rows)
        for booking in BOOKINGS:
            theirs = [name for name in (booking.coach, booking.student, booking.observer) if name]
            wanted = {people[name] for name in (*theirs, OWNER, STAFF)} | {BOT_ID}
            away = {people[name] for name in (booking.student,) if name == LATE}
            self.story.check(
                f"{booking.id} is for {a_few(list(map(self._called, theirs)))} alone, "
                "beside the bot, the staff and the owner",
                set(seen.get(booking.id, ())) == wanted - away,
            )

    def _does(self, name: str, booking: Booking, seen: set[str]) -> str:
        """Return what somebody may do in a room: "" if it is hidden from them."""
        user, room = self.stage.people[name], self.stage.room_of(booking) or ""
        if user not in seen:
            return ""
        return "sees" if self.stage.standin.world.can(GUILD_ID, user, room, SPEAK) else "listens"

    def _called(self, name: str) -> str:
        if name in {booking.coach for booking in BOOKINGS}:
            return f"Coach {name}"
        return {OWNER: f"{name} (owner)", STAFF: f"{name} (staff)"}.get(name, name)

    def _run(self, *arguments: str) -> Said:
        return self.stage.run(*arguments, "--now", str(self.clock.now()))

    def _time(self) -> str:
        return day_and_time(self.clock.now())

    def _tick_shown(self, expected: int = OK) -> None:
        self.stage.standin.clear_requests()
        said = self._run("run")
        self.story.command(f"coachsync run        # {self._time()}", said.text)
        if said.code != expected:
            self.story.check(f"the run at {self._time()} ended with {expected}", False)

    def _check_shown(self, *, red: bool) -> None:
        """Show the one line that a monitor asks for, and that it ends as it should."""
        said = self._run("status", "--check")
        self.story.command("coachsync status --check", said.text)
        wanted = SOME_FAILED if red else OK
        colour = "red" if red else "green"
        self.story.check(f"the check is {colour}: exit {wanted}", said.code == wanted)

    def _ticks_until(self, moment: Millis) -> tuple[int, int]:
        """Tick every 15 minutes up to `moment`; return how many ticks that were and how many requests changed
        something. A tick that fails is a broken promise."""
        ticks = 0
        while self.clock.now() + _TICK <= moment:
            self.clock.advance(_TICK)
            ticks += 1
            said = self._run("run")
            if said.code != OK:
                self.story.check(f"the run at {day_and_time(self.clock.now())} ended well: {said.text}", False)
        return ticks, len(self.stage.changes())


def _lines(session: dict[str, Any]) -> Iterator[str]:
    """Yield a booking as JSON, in lines that fit a narrow terminal."""
    yield '[{"_id": ' + f'{json.dumps(session["_id"])}, "status": {json.dumps(session["status"])},'
    yield f'  "startTime": {json.dumps(session["startTime"])},'
    yield '  "participants": ['
    last = len(session["participants"]) - 1
    for n, person in enumerate(session["participants"]):
        yield f'    {{"kind": {json.dumps(person["kind"])}, "name": {json.dumps(person["name"])},'
        yield f'     "discordId": {json.dumps(person["discordId"])}}}{"]}]" if n == last else ","}'
