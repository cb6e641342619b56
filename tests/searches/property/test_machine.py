"""A search for what nobody thought of: random days of bookings, people, moderators, outages and broken runs.

A hundred thousand steps, not those of every day:
COACHSYNC_STEPS=100000 COACHSYNC_SEED=7 pytest -n 2 tests/searches/property/test_machine.py
COACHSYNC_KEPT_IN=postgresql pins the store (or sqlite, json); the days are the same.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from coachsync import waits
from coachsync.domain import permissions as p
from coachsync.domain.model import MINUTE
from tests.kit.home import URLS
from tests.searches.places import Place
from tests.searches.property.bookings import Booking, bare
from tests.searches.property.replay import replaying
from tests.searches.property.scene import QUARTER, Scene
from tests.searches.property.world import a_playground

STEPS = int(os.environ.get("COACHSYNC_STEPS", "360"))
SEARCHES = 4  # side by side, where pytest has several workers
FIRST_SEED = int(os.environ.get("COACHSYNC_SEED", "0"))
KEPT_IN = os.environ.get("COACHSYNC_KEPT_IN", "")
STEPS_IN_A_DAY = 50
IDS = ("aaaa0001", "aaaa0002", "x-aaaa0003", "y-aaaa0004", "Mixed Case 5", "long-session-id-aaaa0006")
NAMESAKES = ("aaaa0001", "aaaa0002", "x-aaaa0001", "y-aaaa0001", "Mixed Case 5", "z-aaaa0002")

numbers = st.integers(0, 5)
sessions = numbers
homes = st.integers(0, 1)
leads = st.sampled_from([-30, 0, 30, 110, 119, 120, 121, 150, 179, 180, 181, 200, 300, 600, 1800])
CHANGES = (
    ["move"] * 2
    + ["shift"] * 2
    + ["status"] * 3
    + ["book again"] * 2
    + ["student"] * 2
    + ["coach"] * 2
    + ["unlink", "duration", "guild", "garble", "delete", "claim", "during", "during"]
    + ["drop marks"]
    + ["wrong id"] * 2
    + ["group"] * 4
)
PEOPLE = ["leave", "join", "join", "talk", "talk", "write", "write", "jumpy", "time out", "let speak"]
MODERATORS = ["delete", "delete", "rename", "take", "take", "hide", "show", "lower"]
"""What is done to rooms and roles alike. More is done to each kind."""
ROOM_CLICKS = ["sync", "clear", "undeny", "allow", "give", "admit", "deny", "hide"]
ROLE_CLICKS = ["give", "give back", "administrator", "sight", "mentionable", "hoist", "raise", "lower"]
ALLOWED = (p.ENTER, p.VIEW_CHANNEL, p.CONNECT)
SETTINGS = ["strangers", "also", "staff", "staff", "access", "category"]
statuses = st.sampled_from(["SCHEDULED"] * 4 + ["CONFIRMED", "IN_PROGRESS", "CANCELLED", "CANCELLED", "NO_SHOW"])
FAULTS = [
    "reset_before",
    "reset_after",
    "hang_before",
    "hang_after",
    "status_before",
    "status_after",
    "html_before",
    "html",
    "truncated",
    "cut",
    "not_json",
    "empty",
    "drip",
    "delay",
    "forbidden",
    "not_found",
    "bad_request",
    "unauthorized",
    "rate_limited",
    "rate_limited_bare",
    "cloudflare",
    "then_refuse",
]
Route = tuple[str | None, str | None] | None
WORK = ["again", "book again", "student", "coach", "group", "status", "move", "guild", "shift"]
ROUTES: tuple[Route, ...] = (
    None,
    ("POST", None),
    ("POST", "/guilds/{guild_id}/roles"),
    ("POST", "/guilds/{guild_id}/channels"),
    ("PUT", None),
    ("DELETE", None),
    ("DELETE", "/channels/{channel_id}"),
    ("GET", None),
    ("GET", "/guilds/{guild_id}/roles"),
    ("GET", "/guilds/{guild_id}/channels"),
)
_BECOMES = {"student": "observer", "observer": "student", "coach": "observer"}
taken = {"steps": 0, "ticks": 0, "days": 0, "turned away": 0}


class Days(RuleBasedStateMachine):
    """One town for a few days."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.town = self.stack.enter_context(a_playground())
        self.stack.enter_context(replaying(self.town.hangs))
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.folder = folder
        self.scene: Scene | None = None
        self.ids: tuple[str, ...] = IDS

    @initialize(
        store=st.sampled_from(["sqlite", "json", "postgresql"]),
        access=st.sampled_from(["role", "role", "member"]),
        ids=st.sampled_from([IDS, IDS, NAMESAKES]),
    )
    def begin(self, store: str, access: str, ids: tuple[str, ...]) -> None:
        self.ids, store = ids, KEPT_IN or store
        place = Place() if store == "postgresql" else None
        if place is not None:
            self.stack.callback(place.remove)
        self.scene = Scene(self.town, self.folder, place.url if place else URLS[store], access, place)
        self.scene.tell(f"{store} {access}")
        for number, lead in enumerate((150, 170, 260)):
            people = self._person(number), self._person(5 - number)
            start = self.scene.now + lead * MINUTE
            self.scene.put(Booking(ids[number], "SCHEDULED", start, 60, *people, self.town.guilds[0].id))
        self.scene.tick()
        self.scene.check()

    @property
    def s(self) -> Scene:
        assert self.scene is not None
        return self.scene

    def _step(self) -> Scene:
        taken["steps"] += 1
        return self.s

    def _booking(self, session: str) -> Booking | None:
        return self.s.bookings.known.get(session)

    def _person(self, number: int) -> str:
        return self.town.bookable[number]

    # bookings

    @rule(which=sessions, lead=leads, minutes=st.sampled_from([20, 60, 90]), student=numbers, coach=numbers)
    def book(self, which: int, lead: int, minutes: int, student: int, coach: int) -> None:
        scene, session = self._step(), self.ids[which]
        if self._booking(session) is None:
            people = self._person(student), self._person(coach)
            guild = self.town.guilds[0].id
            scene.put(Booking(session, "SCHEDULED", scene.now + lead * MINUTE, minutes, *people, guild))

    @rule(which=sessions, what=st.sampled_from(CHANGES), lead=leads, number=numbers, status=statuses)
    def change(self, which: int, what: str, lead: int, number: int, status: str) -> None:
        scene, session = self._step(), self.ids[which]
        booking = self._booking(session)
        if booking is None:
            return
        if what == "drop marks" and not scene.mem(session).claimed:
            scene.tell(f"marks of {session} dropped")
            scene.bookings.drop_marks(session)
        elif what == "claim":
            self._claim_foreign(session, number % 2)
        elif what == "delete":
            scene.delete(session)
        elif what == "during":
            scene.during_next_run(lambda: self._write(session, status, lead))
        else:
            scene.put(replace(booking, **self._changed(booking, what, lead, number, status)))

    def _changed(self, booking: Booking, what: str, lead: int, number: int, status: str) -> dict[str, Any]:
        """Return what a change of the booking system writes."""
        changes: dict[str, dict[str, Any]] = {
            "move": {"start": self.s.now + lead * MINUTE, "garbled": False},
            "shift": {"start": booking.start + (-60, -15, 15, 45, 90, 24 * 60)[number] * MINUTE},
            "status": {"status": status},
            "book again": {"status": "SCHEDULED", "start": self.s.now + lead * MINUTE, "garbled": False},
            "student": {"student": self._person(number)},
            "unlink": {"student": None},
            "coach": {"coach": self._person(number)},
            "duration": {"minutes": (1, 30, 45, 60, 90, 300)[number]},
            "guild": {"guild": self.town.guilds[number % 2].id},
            "garble": {"garbled": not booking.garbled},
            "wrong id": self._mistyped(booking, number, lead),
            "group": self._grouped(booking, number, lead),
        }
        return changes[what]

    def _grouped(self, booking: Booking, number: int, lead: int) -> dict[str, Any]:
        """Return what is written if more people come along, go, or become something else."""
        one, other = self._person(lead % 6), self._person((lead + number) % 6)
        student = bare(booking.student)
        groups: tuple[tuple[tuple[str, str], ...], ...] = (
            (),
            (("observer", one),),
            (("student", one), ("observer", other)),
            tuple((_BECOMES[kind], someone) for kind, someone in booking.others),
            (*booking.others, ("observer", student or one))[:2],
            self._everybody(lead),
        )
        return {"others": groups[number], **({"student": None} if number == 4 else {})}

    def _everybody(self, lead: int) -> tuple[tuple[str, str], ...]:
        """Return all who may be booked, most of them as students."""
        kinds = ("student", "observer", "student", "coach", "student", "observer")
        return tuple((kinds[(number + lead) % 6], self._person(number)) for number in range(6))

    def _mistyped(self, booking: Booking, number: int, lead: int) -> dict[str, Any]:
        """Return what is written if somebody types an id that is nobody's, or a good one in an odd way."""
        home = next(h for h in self.town.guilds if h.id == booking.guild)
        roles = [m.id for m in self.s.watch.live(booking.id, "role")]
        nobody = (home.staff_role, self.town.bot, *roles[:1])[lead % 2 if not roles else lead % 3]
        student = self._person(lead % 6)
        typed = (home.id, nobody, "18446744073709551616", f" <@!{student}>\n", "  ", f"<@&{home.staff_role}>")[number]
        ids = {"nobodies": booking.nobodies | {nobody}, "homes": frozenset(h.id for h in self.town.guilds)}
        return {"coach" if lead % 5 == 0 else "student": typed, **ids}

    def _write(self, session: str, status: str, lead: int) -> None:
        if booking := self._booking(session):
            self.s.put(replace(booking, status=status, start=self.s.now + lead * MINUTE, garbled=False))

    def _claim_foreign(self, session: str, home: int) -> None:
        """Have the store name the lobby and the admins' role for a session that nothing was made for."""
        scene, memory, booking = self.s, self.s.mem(session), self._booking(session)
        fresh = booking and booking.status == "SCHEDULED" and booking.guild == self.town.guilds[home].id
        never = not any(m.session == session for m in scene.watch.made.values())
        if fresh and never and memory.sure and memory.has is False and not memory.told:
            scene.tell(f"{session} claims the lobby and the admins' role")
            memory.claimed = True
            scene.bookings.claim(session, self.town.guilds[home].lobby, self.town.guilds[home].admin_role)

    # people

    @rule(what=st.sampled_from(PEOPLE), home=homes, person=numbers)
    def people(self, what: str, home: int, person: int) -> None:
        scene = self._step()
        scene.tell(what)
        if what == "leave":
            scene.leave(self.town.guilds[home], self._person(person))
        elif what == "join":
            scene.join(self.town.guilds[home], self._person(person))
        elif what == "talk":
            scene.everybody_connects()
        elif what == "write":
            scene.everybody_writes()
        elif what in ("time out", "let speak"):
            self._time_out(self.town.guilds[home].id, self._person(person), what == "time out")
        else:
            scene.jumpy = not scene.jumpy

    def _time_out(self, home: str, someone: str, until: bool) -> None:
        if someone in self.town.world.guilds[home].members:
            self.town.world.time_out(home, someone, self.s.now + 60 * MINUTE if until else None)

    # moderators

    @precondition(lambda self: self.scene and self.scene.rooms())
    @rule(number=st.integers(0, 11), act=st.sampled_from(MODERATORS), who=numbers)
    def moderate(self, number: int, act: str, who: int) -> None:
        scene = self._step()
        there = scene.rooms()
        thing = there[number % len(there)]
        booking = self._booking(thing.session)
        people = sorted(booking.people) if booking else []
        if act == "delete":
            scene.mod_deletes(thing)
        elif act == "rename":
            scene.mod_renames(thing)
        elif act == "take":
            scene.mod_takes(thing, people[who % len(people)] if people else self._person(who))
        elif act == "lower":
            scene.mod_lowers()
        elif act == "show":
            scene.mod_shows()
        elif thing.kind == "channel" and thing.id not in scene.hidden:
            scene.mod_hides(thing)

    @precondition(lambda self: self.scene and self.scene.rooms())
    @rule(number=st.integers(0, 11), act=st.sampled_from(ROOM_CLICKS), who=st.integers(0, 7), tick=st.booleans())
    def click_at_room(self, number: int, act: str, who: int, tick: bool) -> None:
        """Let a moderator change who can enter a room, often just before a run."""
        scene = self._step()
        there = [m for m in scene.rooms() if m.kind == "channel"]
        if not there:
            return
        room = there[number % len(there)]
        someone = (*self.town.bookable, *self.town.strangers)[who]
        if act in ("sync", "clear", "undeny", "allow"):
            scene.mod_opens(room, act)
        elif act == "give":
            scene.mod_gives(room, someone, ALLOWED[number % 3])
        elif act == "admit":
            deny = p.CONNECT if number % 4 == 1 else p.ENTER if number % 4 == 3 else 0
            scene.mod_admits(room, self.town.member_roles[room.guild], ALLOWED[number % 3] & ~deny, deny)
        elif act == "deny":
            scene.mod_denies(room, someone)
        elif room.id not in scene.hidden:
            scene.mod_hides(room)
        self._tick_too(tick)

    @precondition(lambda self: self.scene and any(m.kind == "role" for m in self.scene.rooms()))
    @rule(number=st.integers(0, 11), act=st.sampled_from(ROLE_CLICKS), who=numbers, tick=st.booleans())
    def click_at_role(self, number: int, act: str, who: int, tick: bool) -> None:
        """Let a moderator change a session's role or who holds it, often just before a run."""
        scene = self._step()
        there = [m for m in scene.rooms() if m.kind == "role"]
        role = there[number % len(there)]
        if act == "give":
            scene.mod_gives(role, self.town.strangers[who % 2])
        elif act == "give back":
            former = sorted(set(self.town.bookable) - scene.people_of(role.session))
            scene.mod_gives(role, former[who % len(former)])
        elif act == "raise":
            scene.mod_raises(role)
        elif act == "lower":
            scene.mod_lowers()
        else:
            scene.mod_edits(role, act)
        self._tick_too(tick)

    def _tick_too(self, tick: bool) -> None:
        if tick:
            self.town.clock.advance(QUARTER)
            self.s.tick()
            self.s.check()

    @rule(what=st.sampled_from(SETTINGS), which=st.sampled_from([0, 1, 1, 2]))
    def configure(self, what: str, which: int) -> None:
        self._step().configure(what, which)

    @rule(
        which=sessions,
        home=homes,
        kind=st.sampled_from(["role", "channel"]),
        rights=st.sampled_from([0, 0, p.ADMINISTRATOR]),
    )
    def look_alike(self, which: int, home: int, kind: str, rights: int) -> None:
        scene, session = self._step(), self.ids[which]
        name = f"Session {session[-8:]}" if kind == "role" else f"🎤 coaching-{session[-8:]}"
        scene.look_alike(self.town.guilds[home], kind, name, rights)

    # Discord

    @rule(
        kind=st.sampled_from(FAULTS),
        route=st.sampled_from(ROUTES),
        nth=st.integers(1, 6),
        count=st.sampled_from([1, 1, 2, 4, None]),
    )
    def fault(self, kind: str, route: Route, nth: int, count: int | None) -> None:
        self._step()
        self._plan_fault(kind, route, nth, 1 if kind.startswith(("hang", "drip")) else count)

    def _plan_fault(self, kind: str, route: Route, nth: int, count: int | None) -> None:
        self.s.tell(f"fault {kind} at {route} {nth} {count}")
        code = 10011 if route and route[1] and "roles" in route[1] else 10003
        more = {"retry_after": 0.01} if kind == "rate_limited" else {"code": code} if kind == "not_found" else {}
        if kind == "delay":
            self.town.hangs.delay(route, nth, others=count)
        else:
            self.town.hangs.plan(self.town.standin.faults.add(kind, route, nth, count, **more))
        self.s.spoil()

    @rule(
        which=sessions,
        what=st.sampled_from(WORK),
        kind=st.sampled_from(FAULTS),
        route=st.sampled_from(ROUTES),
        nth=st.sampled_from([1, 1, 1, 2, 2, 3, 4, 5]),
        number=numbers,
    )
    def work_in_trouble(self, which: int, what: str, kind: str, route: Route, nth: int, number: int) -> None:
        """Give a run something to do for one session, and trouble while it does that."""
        scene, session = self._step(), self.ids[which]
        booking = self._booking(session)
        if booking is None:
            self._book_soon(session, number)
        elif what != "again":
            lead = (110, 150, 170, 175, 600, 1800)[number]
            status = "CANCELLED" if what == "status" else "SCHEDULED"
            scene.put(replace(booking, **self._changed(booking, what, lead, number, status)))
        if number == 0:
            scene.tick_killed(nth + 3, after=nth % 2 == 0)
        else:
            self._plan_fault(kind, route, nth, 1)
            scene.tick()

    def _book_soon(self, session: str, number: int) -> None:
        people = self._person(number), self._person((number + 1) % 6)
        start = self.s.now + 150 * MINUTE
        self.s.put(Booking(session, "SCHEDULED", start, 60, *people, self.town.guilds[0].id))

    @rule(what=st.sampled_from(["down", "lag"]), requests=st.integers(1, 8))
    def discord_is_unwell(self, what: str, requests: int) -> None:
        scene = self._step()
        scene.tell(f"{what} {requests}")
        if what == "down":
            self.town.standin.down()
        else:
            self.town.standin.lag.requests = requests
        scene.spoil()

    # runs

    @rule(quarters=st.sampled_from([1, 1, 1, 2, 4, 8, 12]))
    def wait(self, quarters: int) -> None:
        self._step()
        self.town.clock.advance(quarters * QUARTER)

    @rule()
    def tick(self) -> None:
        scene = self._step()
        scene.tick()
        scene.check()

    @rule(how=st.sampled_from(["hours", "two", "killed", "killed", "settle", "settle"]), nth=st.integers(1, 14))
    def runs(self, how: str, nth: int) -> None:
        scene = self._step()
        if how == "hours":
            for _ in range(nth):
                self.town.clock.advance(QUARTER)
                scene.tick()
                scene.check()
        elif how == "two":
            scene.tick_twice_at_once()
        elif how == "killed":
            scene.tick_killed(nth, after=nth % 2 == 0)
        else:
            scene.settle()

    @rule(which=sessions, what=st.sampled_from(["setup", "cleanup", "abandon"]))
    def operate(self, which: int, what: str) -> None:
        scene, session = self._step(), self.ids[which]
        if what == "setup":
            scene.set_up(session)
        else:
            scene.clean_up(session, abandon=what == "abandon")

    @rule(
        what=st.sampled_from(["all", "all", "guild", "session"]),
        which=sessions,
        removals=st.booleans(),
        changes=st.lists(st.sampled_from(["student", "coach", "group", "status", "shift", "book again"]), max_size=2),
    )
    def pause(self, what: str, which: int, removals: bool, changes: list[str]) -> None:
        """Pause something, change the booking meanwhile, see what runs do, and end the pause.

        Moderators wait: what they do to a room that no run mends, one thing upon another, makes it nobody's.
        """
        scene, session = self._step(), self.ids[which]
        guild = self.town.guilds[which % 2].id if what == "guild" else ""
        scene.pause(session if what == "session" else "", guild, removals=removals)
        for number, change in enumerate(changes, which):
            if booking := self._booking(session):
                changed = self._changed(booking, change, 170, number % 6, "CANCELLED")
                scene.put(replace(booking, **changed))
            self._tick_too(True)
        self._tick_too(True)
        scene.resume()

    # disasters

    @rule(again=st.booleans())
    def disaster(self, again: bool) -> None:
        scene = self._step()
        if again and scene.backup and self.ids is IDS:  # without the ledger nobody tells namesakes apart
            scene.restore()
        else:
            scene.back_up()

    @invariant()
    def nobody_sees_what_they_should_not(self) -> None:
        if self.scene is not None:
            self.scene.no_leaks()

    def teardown(self) -> None:
        """Let the world end well, unless something went wrong before: then add the story to it."""
        error = sys.exc_info()[1]
        try:
            if self.scene is not None and error is None:
                self._end(self.scene)
        except Exception as late:
            error = late
            raise
        finally:
            if error is not None and self.scene is not None:
                error.add_note("\n".join(self.scene.story[-100:]))
            self.stack.close()

    def _end(self, scene: Scene) -> None:
        scene.the_end()
        taken["days"] += 1
        taken["ticks"] += scene.ticker.count
        taken["turned away"] += scene.ticker.refused_seconds


@pytest.mark.long
@pytest.mark.parametrize("search", range(SEARCHES))
@waits.hurried()
def test_program_keeps_its_promises_whatever_happens(
    search: int, record_property: Callable[[str, object], None]
) -> None:
    taken.update(dict.fromkeys(taken, 0))
    wanted = -(-STEPS // SEARCHES)
    first = FIRST_SEED + search * 1_000_000
    for seed_of_round in count(first):
        run_state_machine_as_test(seed(seed_of_round)(Days), settings=_settings(wanted - taken["steps"]))
        if taken["steps"] >= wanted:
            break
    record_property(
        "told",
        f"state machine from seed {first}: {taken['steps']} steps, {taken['ticks']} runs, {taken['days']} days",
    )


def _settings(steps: int) -> settings:
    phases = [Phase.generate, Phase.shrink] if os.environ.get("COACHSYNC_SHRINK") else [Phase.generate]
    return settings(
        max_examples=steps // (STEPS_IN_A_DAY - 5) + 2,  # the first day of each search is the plainest one
        stateful_step_count=STEPS_IN_A_DAY,
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
