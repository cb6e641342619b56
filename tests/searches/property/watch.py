"""What was made for whom, and who could see it: watched at every request, from the side of Discord.

Knows nothing of coachsync's ledger: what was made for a session is told by the request that made it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from coachsync.domain import permissions as p
from coachsync.standin import Request
from coachsync.standin.answers import Reply
from coachsync.standin.model import Channel, Role
from tests.kit.town import Town


class Made(NamedTuple):
    """A role or channel that a request of coachsync made."""

    id: str
    kind: str
    guild: str
    session: str


class Watch:
    """Discord's own view of what coachsync does.

    Attributes:
        made: everything that coachsync ever made, by snowflake.
        given_up: of that, what an operator gave up; foreign from then on.
        lost: of that, what neither the ledger nor a booking leads to since a backup was brought back.
        may_enter: for each session, whom a run may have let in.
        coming: for each session, whom the run under way read in the booking.
        strangers: for each session, who could see its room when the run under way began, and should not.
        visited: who was in a room, by snowflake, at a moment when they could enter it by a moderator's hand alone.
        said: for each room, to whom each message in it was written.
        staff: the staff roles of the configuration. `also`: whom it lets a moderator admit.
        leaks: what should never have been, in words.
    """

    def __init__(self, town: Town) -> None:
        self.town = town
        self.made: dict[str, Made] = {}
        self.given_up: set[str] = set()
        self.lost: set[str] = set()
        self.may_enter: dict[str, frozenset[str]] = defaultdict(frozenset)
        self.coming: dict[str, frozenset[str]] = {}
        self.strangers: dict[str, set[str]] = {}
        self.visited: dict[str, set[str]] = defaultdict(set)
        self.said: dict[str, list[frozenset[str]]] = defaultdict(list)
        self.staff: set[str] = {home.staff_role for home in town.guilds}
        self.also: set[str] = set()
        self.leaks: list[str] = []
        self._foreign: set[str] = set()
        town.standin.after_request(self.after_request)

    def after_request(self, request: Request, reply: Reply) -> None:
        """Note what a request made and look who can see the rooms now."""
        if not request.acted or not request.write:
            return
        with self.town.world.lock:
            if request.method == "POST":
                self._note_made(request)
            self.leaks += self.look(f"after {request.method} {request.path}")

    def _note_made(self, request: Request) -> None:
        guild = self.town.world.guilds[request.params["guild_id"]]
        kind = "role" if str(request.template).endswith("/roles") else "channel"
        things: list[Role | Channel] = [*(guild.roles if kind == "role" else guild.channels).values()]
        name = request.body["name"] if isinstance(request.body, dict) else ""
        session = (request.reason or "").partition("session ")[2]
        for thing in things:
            fresh = thing.id not in self.made and thing.id not in self.given_up
            if fresh and thing.name == name and not self._is_foreign(thing.id):
                self.made[thing.id] = Made(thing.id, kind, guild.id, session)

    def _is_foreign(self, snowflake: str) -> bool:
        return snowflake in self._foreign

    def foreign(self, snowflake: str) -> str:
        """Note that people made this."""
        self._foreign.add(snowflake)
        return snowflake

    def live(self, session: str, kind: str) -> list[Made]:
        """Return what is there of a session's roles or channels, oldest first."""
        return [m for m in self.all_live() if m.session == session and m.kind == kind]

    def all_live(self) -> list[Made]:
        """Return all that coachsync made, is still there and was not given up or lost."""
        return [m for m in self.made.values() if m.id not in self.given_up | self.lost and self._is_there(m)]

    def _is_there(self, made: Made) -> bool:
        home = self.town.world.guilds[made.guild]
        return made.id in (home.roles if made.kind == "role" else home.channels)

    def privileged(self, guild: str) -> set[str]:
        """Return who may enter every room: bot, staff, owner, administrators, and `[privacy] also`."""
        home = self.town.world.guilds[guild]
        rights = {r.id for r in home.roles.values() if r.permissions & p.ADMINISTRATOR}
        welcome = self.staff | self.also | rights
        return (
            {u for u, m in home.members.items() if m.roles & welcome}
            | {home.owner_id, self.town.bot_of(guild)}
            | self.also
        )

    def look(self, when: str) -> list[str]:
        """Return what is wrong now: who can see a room and should not, or comes before another has left."""
        found: list[str] = []
        for room in self.all_live():
            if room.kind == "channel":
                found += self._look_at(room, when)
        return found

    def _look_at(self, room: Made, when: str) -> Iterable[str]:
        before = self.may_enter[room.session]
        now = self.coming.get(room.session, before)
        seen = self.town.world.who_can_see(room.id) - self.privileged(room.guild)
        seen -= self.strangers.get(room.session, set())
        strangers = seen - before - now
        if strangers:
            yield f"{when}: {self.names(strangers)} can see the room of {room.session}"
        if seen & (before - now) and seen & (now - before):
            yield f"{when}: {self.names(seen & (now - before))} came to {room.session} before who left was out"
        if not self.town.world.can(room.guild, self.town.bot_of(room.guild), room.id, p.ENTER):
            return  # it cannot be removed, and is told of
        for addressed in self.said[room.id]:
            if seen & now - addressed and addressed - now:
                yield f"{when}: {self.names(seen & now - addressed)} can read what others wrote in {room.session}"

    def seers(self, room: Made) -> set[str]:
        """Return who can see a room without having every room's right."""
        return self.town.world.who_can_see(room.id) - self.privileged(room.guild)

    def run_begins(self, people: dict[str, frozenset[str]]) -> None:
        """Note that a run begins, which reads these participants: whom it finds in a room is no work of its own.

        Nor is who sees it by a right that the run takes: by a session role that a moderator made administrator.
        """
        self.coming = people
        for room in self.all_live():
            now = people.get(room.session, frozenset())
            self.said[room.id] = [a | now if a <= now else a for a in self.said[room.id]]
        self.strangers = {}
        for thing in self.all_live():
            world = self.town.world
            reach = world.who_can_see(thing.id) if thing.kind == "channel" else world.role_holders(thing.id)
            by_hand = self.strangers.setdefault(thing.session, set())
            by_hand |= reach - self.may_enter[thing.session]

    def run_ended(self) -> None:
        """Note that no run is under way: both whom it read and whom it should have removed may be inside."""
        for session, people in self.coming.items():
            self.may_enter[session] |= people
        self.coming = {}

    def settled(self, session: str, people: frozenset[str]) -> None:
        """Note that a session is as it should be: only these may be inside from now on."""
        self.may_enter[session] = people
        for room in self.live(session, "channel"):
            self.visited[room.id] -= people

    def names(self, users: Collection[str]) -> str:
        """Return people's names."""
        return ", ".join(sorted(self.town.world.users[u].name for u in users))

    def foreign_things(self) -> dict[str, object]:
        """Return all that coachsync did not make, in a form that any change shows in."""
        found: dict[str, object] = {}
        world = self.town.world
        with world.lock:
            ours = {m.id for m in self.made.values()} - self.given_up
            for guild in world.guilds.values():
                for role in guild.roles.values():
                    if role.id not in ours:
                        found[role.id] = (role.name, role.permissions, role.position, role.mentionable, role.hoist)
                for channel in guild.channels.values():
                    if channel.id not in ours:
                        # Discord itself drops the overwrites of a role that is deleted
                        kept = {i: o for i, o in channel.overwrites.items() if i not in self.made}
                        found[channel.id] = (channel.name, channel.type, channel.parent_id, channel.position, kept)
                for member in guild.members.values():
                    found[f"{guild.id} {member.user_id}"] = frozenset(member.roles) - ours - self.made.keys()
        return found
