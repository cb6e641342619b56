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
from tests.searches.property.world import Playground


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
        by_hand: whom a moderator let in, by the role or channel.
        leaks: what should never have been, in words.
    """

    def __init__(self, town: Playground) -> None:
        self.town = town
        self.made: dict[str, Made] = {}
        self.given_up: set[str] = set()
        self.lost: set[str] = set()
        self.may_enter: dict[str, frozenset[str]] = defaultdict(frozenset)
        self.coming: dict[str, frozenset[str]] = {}
        self.by_hand: dict[str, set[str]] = defaultdict(set)
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
        """Return who may enter every room: the bot, staff, the owner, administrators."""
        world = self.town.world
        home = world.guilds[guild]
        staff = {h.staff_role for h in self.town.guilds}
        rights = {r.id for r in home.roles.values() if r.permissions & p.ADMINISTRATOR}
        return {u for u, m in home.members.items() if m.roles & (staff | rights)} | {home.owner_id, self.town.bot}

    def let_in_by_hand(self, channel: str) -> set[str]:
        """Return whom moderators let into a room."""
        found = self.town.world.channel(channel)
        keys = [channel, *(found.overwrites if found else ())]
        return set().union(*(self.by_hand[k] for k in keys if k in self.by_hand))

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
        seen = self.town.world.who_can_see(room.id) - self.privileged(room.guild) - self.let_in_by_hand(room.id)
        strangers = seen - before - now
        if strangers:
            yield f"{when}: {self.names(strangers)} can see the room of {room.session}"
        if seen & (before - now) and seen & (now - before):
            yield f"{when}: {self.names(seen & (now - before))} came to {room.session} before who left was out"

    def run_reads(self, people: dict[str, frozenset[str]]) -> None:
        """Note that a run begins, which reads these participants."""
        self.coming = people

    def run_ended(self) -> None:
        """Note that no run is under way: both whom it read and whom it should have removed may be inside."""
        for session, people in self.coming.items():
            self.may_enter[session] |= people
        self.coming = {}

    def settled(self, session: str, people: frozenset[str]) -> None:
        """Note that a session is as it should be: only these may be inside from now on."""
        self.may_enter[session] = people

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
