"""A town with a store, where anything may happen; `check` compares what is with what was promised.

The acts are what the rules of the state machine and the named examples are made of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from pathlib import Path

from coachsync.domain import permissions as p
from coachsync.domain.booking import Defaults
from coachsync.domain.model import HOUR, MINUTE, Access, Entry, Millis, Report
from coachsync.domain.pauses import Pause
from coachsync.standin import Request
from coachsync.standin.answers import Reply
from coachsync.store.base import Store
from coachsync.store.open import open_store
from tests.kit.town import Guild
from tests.searches.places import Place
from tests.searches.property.audience import Audience
from tests.searches.property.bookings import Backup, Booking, Bookings
from tests.searches.property.moderators import Moderators
from tests.searches.property.oracle import BOOKABLE, CANCELLED, COMPLETED, LATE, LINGERS, Memory, expected
from tests.searches.property.ticks import Ticked, Ticker
from tests.searches.property.watch import Made, Watch
from tests.searches.property.world import Playground

QUARTER: Millis = 15 * MINUTE


class Scene(Moderators):
    """Everything there is, and what may be done to it."""

    def __init__(self, town: Playground, folder: Path, url: str, access: str, place: Place | None = None) -> None:
        super().__init__(town, Watch(town))
        self.access: Access = "member" if access == "member" else "role"
        self.bookings = Bookings(folder, url, place)
        self.ticker = Ticker(town, town.settings(folder, url, access, replays=True))
        self.unknown: set[str] = set()
        self.backup: Backup | None = None
        self.trouble = False
        self.jumpy = False
        self.pauses: list[Pause] = []
        self._reach: dict[str, set[str]] = {}
        self._mid_run: list[Callable[[], None]] = []
        town.standin.after_request(self._during)

    # doubt

    def doubt(self) -> None:
        """Note that something went wrong: nothing is certain until things have settled."""
        for memory in self.memory.values():
            memory.sure = False

    # bookings

    def put(self, booking: Booking) -> None:
        """Add or change a booking."""
        self.tell(f"put {booking}")
        self.bookings.put(booking)
        memory = self.mem(booking.id)
        memory.missed.clear()
        if memory.guild not in ("", booking.guild):
            memory.sure = False  # one run removes the old room, the next makes the new one

    def delete(self, session: str) -> None:
        """Delete a booking."""
        self.tell(f"delete {session}")
        self.bookings.delete(session)

    def during_next_run(self, act: Callable[[], None]) -> None:
        """Have the booking system do something at the first request of the next run."""
        self._mid_run.append(act)

    def _during(self, request: Request, reply: Reply) -> None:
        if request.write:
            self.tell(f"    {request.method} {request.path} {reply.status} {request.fault or ''} {request.reason}")
        if self.jumpy:
            self.everybody_connects()
        while self._mid_run:
            self._mid_run.pop()()
            self.doubt()

    # ticks

    def tick(self, command: str = "run", *names: str, **options: bool) -> Ticked:
        """Run one tick and hold it to what its dry run foretold."""
        self.tell(f"{command} {' '.join(names)} {options or ''}")
        before = self._run_begins()
        unknown = [m for i, m in self.watch.made.items() if i in self.watch.lost | self.unknown]
        # what the ledger has forgotten is found only by looking, and goes if it is open ahead of its window
        sought = [(m.session, kind) for m in unknown for kind in ("cleanup", "revoke")]
        done = self.ticker.run(command, *names, **options)
        self._run_ended(before, done.report if command == "run" else None)
        unforetold = [deed for deed in done.deeds if deed not in done.foretold and deed not in sought]
        assert not unforetold, f"did {done.deeds}, foretold {done.foretold}"
        found = {session for session, kind in done.deeds if (session, kind) in sought}  # then no room was missed
        undone = [deed for deed in done.foretold if deed not in done.deeds and deed[0] not in found]
        assert not undone, f"did {done.deeds}, foretold {done.foretold}"
        if command == "run":
            self._note_missed()
        return done

    def tick_twice_at_once(self) -> None:
        """Run a tick during which another one is tried."""
        self.tell("two runs at once")
        before = self._run_begins()
        done = self.ticker.run_with_second()
        self._run_ended(before, done.report)
        self._note_missed()

    def tick_killed(self, nth: int, after: bool) -> None:
        """Run a tick that is killed at its nth request."""
        before = self._run_begins()
        killed = self.ticker.run_killed(nth, after)
        self.bookings.minute_passes()
        self.tell(f"run killed at request {nth} {'after' if after else 'before'}: {killed}")
        self._run_ended(before)
        self.doubt()

    def _run_begins(self) -> dict[str, object]:
        for booking in self.bookings.known.values():
            if not booking.unread:
                self.mem(booking.id).told.append(deepcopy(booking))
        for session in self.memory:
            self.mem(session).accesses.add(self.access)
        self._miss_what_came_too_late()
        self.watch.run_begins({b.id: b.people for b in self.bookings.known.values() if not b.unread})
        self.trouble = self.trouble or bool(self.pauses)
        self._reach = self._reach_of_paused()
        return self.watch.foreign_things()

    def _run_ended(self, before: dict[str, object], report: Report | None = None) -> None:
        self._nobody_came_in()
        if report is not None and not self.trouble:
            Audience(self, report).check()
        self.watch.run_ended()
        if self.trouble:
            self.doubt()
        self.calm()
        after = self.watch.foreign_things()
        changed = {k: (v, after.get(k)) for k, v in before.items() if after.get(k) != v}
        assert not changed, f"foreign things were changed: {changed}"
        self.no_leaks()
        self._rows_are_kept()

    def _miss_what_came_too_late(self) -> None:
        """Give up what was restored too late to be found: no run came before the session's end, or a moderator did."""
        self._note_known(self._entries())
        for thing in [m for m in self.rooms() if m.id in self.unknown]:
            booking = self.bookings.known.get(thing.session)
            if booking is None or self.now >= booking.end or self._unrecognisable(thing):
                self.watch.lost.add(thing.id)

    def calm(self) -> None:
        """End all trouble with Discord."""
        self.town.standin.faults.clear()
        self.town.standin.lag.requests = 0
        self.town.standin.up()
        self.trouble = False

    def _note_missed(self) -> None:
        """Note, for bookings that vanished, whether this finished run could take it for an accident."""
        gone = [s for s in self.memory if s not in self.bookings.known and self.memory[s].has is not False]
        for session in gone:
            self.memory[session].missed.append(self._accident(session, gone))

    def _accident(self, session: str, gone: list[str]) -> bool | None:
        guild = self.memory[session].guild
        if not self.bookings.known:
            return True
        if not all(m.sure for m in self.memory.values()):
            return None
        here = [s for s, m in self.memory.items() if m.has and m.guild == guild]
        lost = [s for s in here if s in gone]
        return len(lost) >= 3 and 2 * len(lost) >= len(here)

    def settle(self, ticks: int = 2) -> None:
        """Let Discord be well, nothing be paused, and two more ticks pass: then everything must be as promised.

        Four if a room is open that long ahead of its session that only every fourth run looks at it (CONTRACT §5).
        """
        self.resume()
        self.calm()
        starts = [b.start for b in self.bookings.known.values() if self.watch.live(b.id, "channel")]
        ahead = any(self.now + ticks * QUARTER < start - LATE for start in starts)
        for _ in range(4 if ahead else ticks):
            self.town.clock.advance(QUARTER)
            self.tick()
            self.check()
        self.check(settled=True)

    # checks

    def no_leaks(self) -> None:
        """Demand that nobody could see what they should not."""
        assert not self.watch.leaks, self.watch.leaks[0]

    def _rows_are_kept(self) -> None:
        """Demand that every write of the booking system is there; take over the status we may have written."""
        rows = self.bookings.rows()
        assert rows.keys() == self.bookings.known.keys(), "bookings were lost or came back"
        for booking in self.bookings.known.values():
            row = rows[booking.id]
            if row["status"] == COMPLETED and booking.status in BOOKABLE:
                assert row.get("discordCleanedUp"), f"{booking.id} is completed and not cleaned up"
                booking.status = COMPLETED
            lost = {k: v for k, v in booking.fields().items() if row.get(k, "") != v}
            assert not lost, f"writes were lost: {lost} in {row}"

    def check(self, *, settled: bool = False) -> None:
        """Demand of every session that is certain what was promised of it."""
        entries = self._entries()
        rows = self.bookings.rows()
        self._note_known(entries)
        for session, memory in self.memory.items():
            self._at_most_one(session, 1 if memory.sure or settled else 2)
            if memory.sure or settled:
                self._check_one(session, memory, entries.get(session), rows.get(session))

    def _note_known(self, entries: dict[str, Entry]) -> None:
        """Note what the ledger knows by now: nothing of it is lost."""
        held = {str(r.snowflake) for e in entries.values() for r in e.resources if r.state in ("made", "spare")}
        self.watch.lost -= held
        self.unknown -= held

    def _at_most_one(self, session: str, most: int) -> None:
        for kind in ("role", "channel"):
            untouched = self.hidden | self.raised | self.estranged
            there = [m for m in self.watch.live(session, kind) if m.id not in untouched]
            assert len(there) <= most, f"{session} has {len(there)} {kind}s: {there}"

    def _check_one(self, session: str, memory: Memory, entry: Entry | None, row: dict[str, object] | None) -> None:
        booking = self.bookings.known.get(session)
        wanted = expected(booking, memory, self.now)
        roles, rooms = self.watch.live(session, "role"), self.watch.live(session, "channel")
        if any(thing.id in self.hidden | self.raised | self.estranged for thing in rooms + roles):
            return
        has = bool(roles or rooms)
        if wanted is False:
            assert not has, f"{session} should have nothing and has {roles + rooms}"
        if wanted is True and not memory.spoilt:
            assert len(rooms) == 1, f"{session} should have a room"
            possible = {access == "role" for access in memory.accesses}
            assert len(roles) in possible, f"{session} should have a role: {roles}"
            if booking is not None:
                assert rooms[0].guild == booking.guild, f"{session} has its room in the wrong guild"
        if not memory.claimed:
            self._agree(session, entry, row, roles, rooms)
        if not has and (entry is None or not entry.live):  # what moderators broke for good stays so to the end
            memory.harm.clear()
        self._remember(session, memory, booking, has)
        if has:
            self._check_people(session, memory, booking, roles, rooms)
        else:
            self.watch.settled(session, frozenset())

    def _agree(
        self, session: str, entry: Entry | None, row: dict[str, object] | None, roles: list[Made], rooms: list[Made]
    ) -> None:
        """Demand that ledger and store name what is there, and nothing else."""
        named = {r.snowflake for r in entry.resources if r.state in ("made", "spare")} if entry is not None else set()
        there = {m.id for m in roles + rooms}
        tried = {r.kind for r in entry.open_attempts()} if entry is not None and self._ended(session) else set()
        missing = {m.id for m in roles + rooms if m.kind not in tried} - named  # the cleanup looks for what was tried
        assert not missing, f"the ledger does not know {missing} of {session}"
        if row is None or self.mem(session).spoilt or self._ended(session):
            return  # what vanishes then is noted at the cleanup
        assert named == there, f"the ledger of {session} names {named - there}, which is gone"
        if self.bookings.known[session].unread:
            return
        if there:
            claimed = {row.get("discordRoleId"), row.get("discordChannelId")} - {None, ""}
            assert claimed == there, f"the store of {session} names {claimed}, there is {there}"
        else:
            assert not row.get("discordSetupComplete") or row.get("discordCleanedUp"), f"{session}: {row}"

    def _ended(self, session: str) -> bool:
        told = [*self.mem(session).told, *([self.bookings.known[session]] if session in self.bookings.known else [])]
        return any(self.now >= booking.end for booking in told)

    def _remember(self, session: str, memory: Memory, booking: Booking | None, has: bool) -> None:
        fresh = has and not memory.has
        if fresh and booking is not None:
            memory.guild, memory.setup_start, memory.closed_start = booking.guild, booking.start, None
        if has and booking is not None:
            if memory.guild != booking.guild:
                memory.guild, memory.setup_start = booking.guild, booking.start
            memory.perhaps_closed = False
        if not has:
            memory.guild, memory.accesses = "", set()
        memory.has, memory.sure = has, True
        memory.told = [deepcopy(booking)] if booking is not None and not booking.unread else memory.told[-1:]

    def _check_people(
        self, session: str, memory: Memory, booking: Booking | None, roles: list[Made], rooms: list[Made]
    ) -> None:
        """Demand that who is booked can enter, and nobody else can or is inside."""
        people = self.people_of(session)
        self.watch.settled(session, people)
        for room in rooms:
            world = self.town.world
            welcome = people | self.watch.privileged(room.guild) | self.watch.visited[room.id]
            stayed = world.who_is_in(room.id) - welcome
            assert not stayed, f"{self.watch.names(stayed)} stayed in the room of {session}"
            if booking is None or booking.unread or memory.spoilt or self._masked(roles, people):
                continue
            if booking.status in BOOKABLE and self.now < booking.end:
                shut_out = self._able(room, people) - world.who_can_enter(room.id)
                assert not shut_out, f"{self.watch.names(shut_out)} cannot enter the room of {session}"
                self._check_voices(room, booking)

    def _check_voices(self, room: Made, booking: Booking) -> None:
        """Demand that whoever is booked to speak can, and that observers cannot unless a moderator lets them."""
        world, lobby = self.town.world, self.watch.privileged(room.guild)
        heard = world.who_can(room.id, p.ENTER | p.SPEAK)
        mute = self._able(room, booking.speakers) - heard
        assert not mute, f"{self.watch.names(mute)} cannot speak in the room of {booking.id}"
        if self.ticker.settings.privacy.strangers == "remove":
            loud = heard & booking.people - booking.speakers - lobby
            assert not loud, f"{self.watch.names(loud)} can speak in the room of {booking.id}"

    def people_of(self, session: str) -> frozenset[str]:
        """Return who has, at most, a right to a session's room."""
        booking, memory = self.bookings.known.get(session), self.mem(session)
        if booking is not None and not booking.unread:
            return booking.people
        return memory.told[-1].people if memory.told else self.watch.may_enter[session]

    def _able(self, room: Made, people: frozenset[str]) -> set[str]:
        """Return who of these can be let in: who is in the guild, not timed out, and not denied by hand."""
        members, channel = self.town.world.guilds[room.guild].members, self.town.world.channel(room.id)
        assert channel is not None
        denied = {i for i, o in channel.overwrites.items() if o.deny & p.ENTER}
        return {i for i in people - denied if i in members and not members[i].held_back(self.now)}

    def _masked(self, roles: list[Made], people: frozenset[str]) -> bool:
        """Return whether somebody holds a session role by hand: then counting does not show who lacks it."""
        return any(self.town.world.role_holders(role.id) - people for role in roles)

    def _entries(self) -> dict[str, Entry]:
        with closing(self._store(writable=False)) as store:
            return store.ledger.entries(list(self.memory)) if self.memory else {}

    def _store(self, *, writable: bool) -> Store:
        settings = self.ticker.settings
        defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration, settings.guild_ids)
        return open_store(settings.store.url, settings.base_dir, defaults, writable=writable)

    # operators

    def pause(self, session: str, guild: str, *, removals: bool) -> None:
        """Pause a session, a guild or everything."""
        self.tell(f"pause {session or guild or 'everything'}{' with removals' if removals else ''}")
        one = Pause(session, guild, self.now, self.now + 1000 * HOUR, "", removals)
        with closing(self._store(writable=True)) as store, store.transaction() as transaction:
            transaction.ledger.pause(one)
        self.pauses.append(one)
        self.doubt()

    def resume(self) -> None:
        """End every pause there is."""
        if self.pauses:
            self.tell("resume")
            with closing(self._store(writable=True)) as store, store.transaction() as transaction:
                transaction.ledger.end_pauses(store.ledger.pauses(0))
            self.pauses = []

    def _reach_of_paused(self) -> dict[str, set[str]]:
        """Return who can enter the rooms of each session that is paused whatever guild it is in."""
        whole = any(not pause.session_id and not pause.guild_id for pause in self.pauses)
        named = {pause.session_id for pause in self.pauses}
        world = self.town.world
        found: dict[str, set[str]] = {session: set() for session in self.memory if whole or session in named}
        for room in self.rooms():
            if room.kind == "channel" and room.session in found:
                found[room.session] |= world.who_can_enter(room.id)
        return found

    def _nobody_came_in(self) -> None:
        """Demand that the run let nobody into the room of a paused session."""
        privileged = set().union(*(self.watch.privileged(home.id) for home in self.town.guilds))
        for session, reach in self._reach_of_paused().items():
            came = reach - privileged - self._reach.get(session, reach)
            assert not came, f"{self.watch.names(came)} were let into the room of {session}, which is paused"

    def set_up(self, session: str) -> None:
        """Have an operator set a session up, due or not; while something is paused it would be refused."""
        if session not in self.bookings.known or self.pauses:
            return
        booking, memory = self.bookings.known[session], self.mem(session)
        closed = memory.closed_start == booking.start or memory.perhaps_closed
        well = not self.trouble
        self.tick("setup", session)
        if booking.unread or booking.status not in BOOKABLE or self.now >= booking.end:
            return
        if not memory.has or not memory.sure:
            memory.has, memory.sure, memory.setup_start = None, False, None
            memory.closed_start, memory.perhaps_closed = None, closed and not well

    def clean_up(self, session: str, *, abandon: bool = False) -> None:
        """Have an operator end a session, asking Discord or not; while something is paused it would be refused."""
        if session not in self.memory or self.pauses:
            return
        memory, booking = self.mem(session), self.bookings.known.get(session)
        status = booking.status if booking is not None else ""
        self._note_known(self._entries())  # what the last run found again is given up as well
        left = [m.id for m in self.watch.all_live() if m.session == session] if abandon else []
        had, where = memory.certain, memory.guild
        well = not self.trouble
        self.tick("cleanup", session, abandon=abandon)
        if abandon:
            self._give_up(memory, left)
        if had is not False and booking is not None and (abandon or status != CANCELLED):
            memory.closed_start = booking.start
            memory.closed_guild = (where or booking.guild) if abandon else ""
            memory.perhaps_closed = had is None or not (well or abandon)
        if had is not False:
            memory.has, memory.sure = None, False

    def _give_up(self, memory: Memory, left: list[str]) -> None:
        self.watch.given_up |= set(left)
        memory.claimed = False

    def look_alike(self, home: Guild, kind: str, name: str, rights: int) -> None:
        """Make by hand what looks like a session's role or room; a friend holds the role."""
        self.tell(f"look-alike {kind} {name} with {rights}")
        world = self.town.world
        if kind == "role":
            role = self.watch.foreign(world.add_role(home.id, name, permissions=rights))
            world.give_role(home.id, self.town.strangers[0], role)
        else:
            self.watch.foreign(world.add_channel(home.id, name))

    # the configuration

    def configure(self, what: str, which: int) -> None:
        """Change the configuration while rooms are open."""
        self.tell(f"configuration: {what} {which}")
        settings, watch = self.ticker.settings, self.watch
        members = set(self.town.member_roles.values())
        if what == "strangers":
            privacy = settings.privacy._replace(strangers="report" if which == 0 else "remove")
        elif what == "also":
            watch.also = (set(), {self.town.strangers[0]}, members)[which]
            privacy = settings.privacy._replace(also=tuple(sorted(watch.also)))
        else:
            self._configure_guilds(what, which)
            return
        self.ticker.settings = settings._replace(privacy=privacy)

    def _configure_guilds(self, what: str, which: int) -> None:
        settings = self.ticker.settings
        if what == "access":
            self.access = "member" if which == 0 else "role"
        elif what == "staff":
            own = {home.staff_role for home in self.town.guilds}
            self.watch.staff = (own, own | set(self.town.member_roles.values()), set())[which]
        changed = {}
        for home in self.town.guilds:
            known = settings.guild(home.id)
            here = [role for role in (home.staff_role, self.town.member_roles[home.id]) if role in self.watch.staff]
            category = (None if which == 0 else home.category) if what == "category" else known.category_id
            changed[home.id] = known._replace(staff_role_ids=tuple(here), category_id=category, access=self.access)
        first = changed[settings.discord.guild_id]
        self.ticker.settings = settings._replace(discord=first, guilds={**settings.guilds, **changed})

    # people

    def everybody_connects(self) -> None:
        """Let everyone who may enter a room try one: people booked, and who was let in by hand."""
        world = self.town.world
        for room in self.rooms():
            if room.kind == "channel":
                known = self.watch.may_enter[room.session] | self.watch.coming.get(room.session, frozenset())
                for someone in world.who_can_enter(room.id) - self.watch.privileged(room.guild):
                    if world.connect_voice(room.guild, someone, room.id) and someone not in known:
                        self.watch.visited[room.id].add(someone)

    def everybody_writes(self) -> None:
        """Let somebody of each room write into it."""
        world = self.town.world
        for room in self.rooms():
            people = self.watch.may_enter[room.session]
            if room.kind == "channel" and any(world.write_message(room.id, someone) for someone in sorted(people)):
                self.watch.said[room.id].append(people)

    def leave(self, home: Guild, person: str) -> None:
        """Take a person out of a guild."""
        self.tell(f"{self.watch.names([person])} leaves {home.id}")
        self._shaken(home, person)
        self.town.world.leave(home.id, person)

    def join(self, home: Guild, person: str) -> None:
        """Let a person into a guild."""
        self.tell(f"{self.watch.names([person])} joins {home.id}")
        if person not in self.town.world.guilds[home.id].members:
            self._shaken(home, person)
        self.town.world.join(home.id, person)

    def _shaken(self, home: Guild, person: str) -> None:
        """Note that a person's rooms in a guild lose or await them."""
        for session, memory in self.memory.items():
            told = [*memory.told, *([self.bookings.known[session]] if session in self.bookings.known else [])]
            if any(person in booking.people for booking in told):
                memory.sure = False
                if person in self.town.world.guilds[home.id].members:
                    memory.harm["grant"] += 1

    # disasters

    def back_up(self) -> None:
        """Copy the store and its ledger."""
        self.resume()
        self.tell("backup")
        self.backup = self.bookings.backup()
        self.backup.memory = deepcopy(self.memory)

    def restore(self) -> None:
        """Bring the copy back; what nobody can know of any more is given up."""
        self.resume()
        if self.backup is None:
            return
        self.tell("restore")
        self.bookings.restore(self.backup)
        for session, people in self.watch.may_enter.items():  # whom runs let in that never were
            for room in self.watch.live(session, "channel"):
                self.watch.visited[room.id] |= people
        for given_up in self.watch.given_up:
            self.watch.visited[given_up] |= set(self.town.bookable)
        self.watch.lost |= self.watch.given_up
        self.watch.given_up.clear()
        remembered = {
            (e.session_id, r.kind, str(r.snowflake))
            for e in self._entries().values()
            for r in e.resources
            if r.snowflake and r.state in ("made", "spare")
        }
        known = {snowflake for _, _, snowflake in remembered}
        self.watch.lost -= known
        old, self.memory = self.memory, deepcopy(self.backup.memory)
        for session in old.keys() | self.memory.keys():
            self.mem(session).harm |= old[session].harm if session in old else Counter()
            self._after_restore(session, known)
        there = {thing.id for thing in self.rooms()}
        for session, kind, snowflake in remembered:
            self.mem(session).harm[kind] += snowflake not in there  # what is made again counts as a repair

    def _after_restore(self, session: str, known: set[str]) -> None:
        memory = self.mem(session)
        memory.sure, memory.has, memory.setup_start = False, None, None
        memory.accesses |= {"role", "member"}
        booking = self.bookings.known.get(session)
        due = (
            booking is not None
            and booking.start - 3 * HOUR <= self.now < booking.end
            and memory.closed_start != booking.start  # closed by an operator, as far as anybody remembers
        )
        for thing in [m for m in self.rooms() if m.session == session and m.id not in known]:
            if not due or booking is None or thing.guild != booking.guild or self._unrecognisable(thing):
                self.watch.lost.add(thing.id)
            else:
                self.unknown.add(thing.id)

    def _unrecognisable(self, thing: Made) -> bool:
        """Return whether nothing leads back to what the ledger has forgotten: its name, and the bot's own overwrite."""
        if thing.kind == "role":
            room = next((m for m in self.watch.live(thing.session, "channel")), None)
            renamed = self.town.world.role_names(thing.guild)[thing.id].startswith("renamed")
            return renamed or room is None or self._unrecognisable(room)
        channel = self.town.world.channel(thing.id)
        known = channel is not None and not channel.name.startswith("renamed") and self.town.bot in channel.overwrites
        return not known or thing.id in self.hidden

    def spoil(self) -> None:
        """Note that Discord will not be well during the next tick."""
        self.trouble = True

    def the_end(self) -> None:
        """Let everything end: nothing may be left of it."""
        self.calm()
        self.jumpy = False
        self.mod_shows()
        self.mod_names_again()
        self.mod_lowers()
        self.settle()
        for session, memory in list(self.memory.items()):
            if memory.claimed:
                self.clean_up(session, abandon=True)
        ends = [b.end for b in self.bookings.known.values()] + [t.end for m in self.memory.values() for t in m.told]
        self.town.clock.set(max([self.now, *(end + LINGERS for end in ends)]))
        self.settle()
        left = [m for m in self.rooms() if m.session not in self.bookings.known or self._over(m.session)]
        assert not left, f"left behind: {left}"

    def _over(self, session: str) -> bool:
        return self.now >= self.bookings.known[session].end + LINGERS
