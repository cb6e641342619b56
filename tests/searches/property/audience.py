"""Who can enter after a run that nothing kept from Discord: those who should, or the run exits 1 and names the session.

Computed from Discord's live state, without coachsync's own idea of who is a stranger (CONTRACT §5 "privacy").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from coachsync.domain import permissions as p
from coachsync.domain.model import Report
from coachsync.errors import SOME_FAILED
from tests.searches.property.watch import Made

if TYPE_CHECKING:
    from tests.searches.property.scene import Scene

TELLING = frozenset({"room_open_to_others", "role_too_high", "missing_access"})
COUNTED = 2  # a holder too many is told of when two runs have counted so


class Audience:
    """The rooms of a scene after a run."""

    def __init__(self, scene: Scene, report: Report) -> None:
        self.scene = scene
        self.watch = scene.watch
        self.world = scene.town.world
        self.report = report
        self.estranged = scene.estranged
        self.told: dict[str, set[str]] = defaultdict(set)
        for outcome in report.outcomes:
            if outcome.error is not None:
                self.told[outcome.action.session.id].add(outcome.error.code)

    def check(self) -> None:
        """Demand that nobody can enter who should not, and that whoever can is told of."""
        there = self.scene.rooms()
        for thing in there:
            if not self.scene.mem(thing.session).claimed:
                problems = self._of_room(thing) if thing.kind == "channel" else self._of_role(thing)
                for problem in problems:
                    raise AssertionError(f"{problem}; exit {self.report.exit_code}, told {dict(self.told)}")

    def _is_told(self, session: str) -> bool:
        telling = TELLING | {"not_ours"} if self._is_estranged(session) else TELLING
        return self.report.exit_code == SOME_FAILED and bool(self.told[session] & telling)

    def _is_estranged(self, session: str) -> bool:
        return any(m.id in self.estranged for m in self.scene.rooms() if m.session == session)

    def _of_role(self, role: Made) -> Iterator[str]:
        """Yield what a role of ours has that it should not."""
        found = self.world.guilds[role.guild].roles[role.id]
        plain = not found.permissions and not found.mentionable and not found.hoist
        if not plain and not self._is_told(role.session) and not self._is_second(role):
            yield f"the role of {role.session} has more than it should"

    def _is_second(self, role: Made) -> bool:
        """Return whether a role without permissions was replaced because a late list hid it: it goes a run later."""
        alone = len(self.watch.live(role.session, "role")) < 2
        harmless = not self.world.guilds[role.guild].roles[role.id].permissions
        rooms = (self.world.channel(room.id) for room in self.watch.live(role.session, "channel"))
        named = any(room is not None and role.id in room.overwrites for room in rooms)
        return not (alone or named or self.scene.mem(role.session).sure) and harmless

    def _of_room(self, room: Made) -> Iterator[str]:
        session = room.session
        strangers = self.watch.seers(room) - self._booked(session)
        holders = strangers & self._held(session)
        if strangers - holders and not self._is_told(session):
            yield f"{self.watch.names(strangers - holders)} can see the room of {session}"
        loose = self._loose(room)
        if loose and room.id not in self.scene.hidden | self.estranged and self._removes:
            yield f"the room of {session} still has overwrites of strangers: {loose}"
        memory = self.scene.mem(session)
        memory.crowded = memory.crowded + 1 if self._countable(session) and not self._is_told(session) else 0
        if memory.crowded >= COUNTED:
            yield f"{self.watch.names(holders)} hold the role of {session} and are not told of"

    @property
    def _removes(self) -> bool:
        return self.scene.ticker.settings.privacy.strangers == "remove"

    def _booked(self, session: str) -> frozenset[str]:
        """Return who was booked when the run read the store."""
        read = self.watch.coming.get(session)
        return self.scene.people_of(session) if read is None else read

    def _held(self, session: str) -> set[str]:
        roles = self.watch.live(session, "role")
        return set().union(*(self.world.role_holders(role.id) for role in roles))

    def _countable(self, session: str) -> bool:
        """Return whether Discord's count shows that others hold the session's role."""
        roles, booked = self.watch.live(session, "role"), self._booked(session)
        held = [self.world.role_holders(role.id) for role in roles]
        return any(len(holders) > len(booked) and holders - booked for holders in held)

    def _loose(self, room: Made) -> list[str]:
        """Return the overwrites that let in a stranger, or @everyone."""
        channel, home = self.world.channel(room.id), self.world.guilds[room.guild]
        assert channel is not None
        session_roles = {m.id for m in self.watch.live(room.session, "role")}
        powerful = {r.id for r in home.roles.values() if r.permissions & p.ADMINISTRATOR or r.bot_id}
        fine = {self.scene.town.bot} | self.watch.staff | self.watch.also | session_roles | powerful
        fine |= self._booked(room.session)
        return [i for i, o in channel.overwrites.items() if o.allow & p.VIEW_CHANNEL and i not in fine]
