"""The people of one booking, however many: who they are, and a watch over who can enter and who can speak."""

from __future__ import annotations

from typing import Any

from coachsync.domain import permissions as p
from coachsync.domain.model import PersonKind
from coachsync.standin import Request
from coachsync.standin.answers import Reply
from tests.kit.scene import ID, Scene

NOBODY: dict[str, Any] = {"studentDiscordId": None, "coachDiscordId": None}


class Party:
    """`size` people of a scene's guild: of one a student, of two a coach too, of three an observer, then students.

    Every tenth observes. From the beginning on each request of a run is watched: `leaks` says which let in somebody
    who was not `allowed`, or let an observer speak.
    """

    def __init__(self, scene: Scene, size: int) -> None:
        self.scene = scene
        self.size = size
        self.kinds: dict[str, PersonKind] = {scene.person(f"guest{n}"): _kind(n) for n in range(size)}
        self.allowed = {*self.kinds, scene.bot, scene.owner}
        self.leaks: list[str] = []
        scene.standin.after_request(self._look)

    @property
    def everybody(self) -> set[str]:
        """Return who is booked."""
        return set(self.kinds)

    @property
    def observers(self) -> set[str]:
        """Return who of them only observes."""
        return {i for i, kind in self.kinds.items() if kind == "observer"}

    @property
    def last(self) -> str:
        """Return who is named last, and let in last."""
        return list(self.kinds)[-1]

    @property
    def listed(self) -> list[dict[str, Any]]:
        """Return the participants of the booking."""
        return [{"discordId": i, "kind": kind, "name": f"guest {n}"} for n, (i, kind) in enumerate(self.kinds.items())]

    def book(self, session_id: str = ID, **fields: Any) -> None:
        """Book a session for them."""
        self.scene.book(session_id, **NOBODY, participants=self.listed, **fields)

    def change(self, **fields: Any) -> None:
        """Write into the booking who they are by now."""
        self.scene.change(participants=self.listed, **fields)

    def replace(self, leaver: str) -> str:
        """Let somebody new be booked in a person's place, as what they were; return who."""
        new = self.scene.person("newcomer")
        self.kinds = {new if i == leaver else i: kind for i, kind in self.kinds.items()}
        self.allowed.add(new)
        return new

    def is_whole(self) -> bool:
        """Return whether each of them can enter the session's only room, nobody else, and observers alone are mute."""
        reach, heard = self.scene.people_in_reach(), self.scene.world.who_can(self.scene.room(), p.ENTER | p.SPEAK)
        return reach == self.everybody and reach - heard == self.observers and not self.leaks

    def _look(self, request: Request, _: Reply) -> None:
        if not request.write:
            return
        with self.scene.world.lock:
            for room in self.scene.world.channel_names(self.scene.guild):
                strangers = self.scene.world.who_can_enter(room) - self.allowed
                speaking = self.scene.world.who_can(room, p.ENTER | p.SPEAK) & self.observers
                if strangers or speaking:
                    self.leaks.append(f"{request.method} {request.path}: let in {strangers}, may speak {speaking}")


def _kind(number: int) -> PersonKind:
    kinds: tuple[PersonKind, ...] = ("student", "coach", "observer")
    return kinds[number] if number < len(kinds) else "observer" if number % 10 == 0 else "student"
