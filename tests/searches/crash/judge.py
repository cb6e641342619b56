"""What must hold: at every moment of a tick, and when the fault has passed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from coachsync.domain.model import Entry
from coachsync.domain.permissions import ENTER, SPEAK
from coachsync.standin import Request, Standin
from coachsync.standin.answers import Reply
from tests.kit.town import TOKEN
from tests.searches.crash.home import FOREIGN_FIELD, FOREIGN_VALUE, CaseHome
from tests.searches.crash.scenarios import BY_NAME, Scenario
from tests.searches.crash.ticker import Ended
from tests.searches.crash.town import Cast, portrait

CODES = frozenset({0, 1, 3, 4, 130, 143, -9})
_MARKS = ("discordSetupComplete", "discordCleanedUp", "discordChannelId", "discordRoleId", "status")
_SECRETS = (TOKEN, *TOKEN.split("."))
_BUG = re.compile(r"Traceback|coachsync has a bug|Exception ignored|Task exception|was never")


class Rooms(NamedTuple):
    """What there is of the session in the guild, oldest first."""

    roles: list[str]
    channels: list[str]


class Watch:
    """Looks at the guild after every request of a tick. `leaks` says what nobody may ever see happen."""

    def __init__(self, standin: Standin, town: Cast, foreign: frozenset[str], scenario: Scenario) -> None:
        self._world = standin.world
        self._town = town
        self._foreign = foreign
        self._before = portrait(self._world.guilds[town.guild], foreign)
        self._observers = frozenset(getattr(town, name) for name in scenario.observers)
        leaves = scenario.people and "nina" in scenario.people and not scenario.observers
        self._leaver = town.john if leaves else None
        self._people = frozenset((town.john, town.sarah)) | named(town, scenario)
        self._strangers = frozenset(getattr(town, name) for name in scenario.strangers)
        self._lost = False
        self.leaks: list[str] = []
        standin.after_request(self._look)

    def rooms(self) -> Rooms:
        """Return what there is of the session."""
        roles = sorted(set(self._world.role_names(self._town.guild)) - self._foreign, key=int)
        channels = sorted(set(self._world.channel_names(self._town.guild)) - self._foreign, key=int)
        return Rooms(roles, channels)

    def changed(self) -> list[str]:
        """Return which foreign things are not as they were."""
        now = portrait(self._world.guilds[self._town.guild], self._foreign)
        return [f"{k}: {v} became {now.get(k)}" for k, v in self._before.items() if now.get(k) != v]

    def _look(self, request: Request, reply: Reply) -> None:
        if request.method == "GET":
            return
        with self._world.lock:
            found = list(self._leaks())
        self.leaks += [f"after {request.method} {request.path}: {leak}" for leak in found]

    def _leaks(self) -> Iterator[str]:
        channels = self.rooms().channels
        if not any(self._world.who_can_see(channel) & self._strangers for channel in channels):
            self._strangers = frozenset()  # once out, they stay out
        allowed = self._people | self._town.always | self._strangers
        inside = False
        for channel in channels:
            enter = self._world.who_can_enter(channel)
            strangers = (self._world.who_can_see(channel) | enter) - allowed
            if strangers:
                yield f"{self._called(strangers)} may see or enter"
            inside = inside or self._leaver in enter
            heard = self._world.who_can(channel, ENTER | SPEAK)
            if self._town.nina in heard and self._observers & heard:
                yield "who speaks in the observer's place may do so before the observer is silenced"
            if self._town.nina in enter and self._leaver in enter | self._world.who_is_in(channel):
                yield "who replaces the leaver was let in before the leaver was out"
        if self._leaver is not None:
            yield from self._regained(inside)

    def _regained(self, inside: bool) -> Iterator[str]:
        if inside and self._lost:
            yield "the leaver has access again"
        self._lost = not inside

    def _called(self, people: set[str]) -> list[str]:
        return sorted(self._world.users[person].name for person in people)


def named(town: Cast, scenario: Scenario) -> frozenset[str]:
    """Return who has access at a scenario's end."""
    return frozenset(getattr(town, name) for name in scenario.people or ())


class Verdict(NamedTuple):
    """What a case is judged by."""

    standin: Standin
    town: Cast
    home: CaseHome
    scenario: str
    access: str
    watch: Watch
    row: dict[str, Any]

    def of_tick(self, ended: Ended) -> list[str]:
        """Return what no tick may do, however it is struck."""
        said = ended.out + ended.err
        found = [f"exit status {ended.code}"] if ended.code not in CODES else []
        found += [f"on stderr: {ended.err}"] if _BUG.search(ended.err) else []
        found += ["the token is in the output"] if any(secret in said for secret in _SECRETS) else []
        found += [f"leak: {leak}" for leak in self.watch.leaks]
        found += [f"foreign: {change}" for change in self.watch.changed()]
        return found

    def of_end(self) -> list[str]:
        """Return what is not yet as it should be when all is over."""
        scenario = BY_NAME[self.scenario]
        rooms = self.watch.rooms()
        row, entry = self.home.read()
        if not row:
            return ["the booking is gone"]
        found = [f"the booking's {k} became {row.get(k)!r}" for k, v in self.row.items() if _lost(k, v, row)]
        found += _differs("status", row["status"], scenario.status)
        check: Callable[..., list[str]] = self._gone if scenario.people is None else self._there
        return found + check(scenario, rooms, row, entry)

    def _gone(self, scenario: Scenario, rooms: Rooms, row: dict[str, Any], entry: Entry | None) -> list[str]:
        revoked = scenario.name == "revoke"
        found = _differs("what is left", rooms, Rooms([], []))
        found += _differs("marks", _marks(row), (not revoked, not revoked))
        if revoked:
            found += _differs("ids", (row.get("discordRoleId"), row.get("discordChannelId")), (None, None))
        if entry is None or entry.live or any(r.state in ("made", "spare") for r in entry.resources):
            found.append(f"the ledger says {entry}")
        return found

    def _there(self, scenario: Scenario, rooms: Rooms, row: dict[str, Any], entry: Entry | None) -> list[str]:
        expected = 1 if self.access == "role" else 0
        found = _differs("roles and rooms", (len(rooms.roles), len(rooms.channels)), (expected, 1))
        found += _differs("marks", _marks(row), (True, False))
        if found:
            return [*found, f"{rooms}"]
        role, room = rooms.roles[0] if rooms.roles else None, rooms.channels[0]
        found += _differs("ids", (row.get("discordRoleId"), row.get("discordChannelId")), (role, room))
        return found + self._remembered(entry, role, room) + self._entered(room, named(self.town, scenario))

    def _remembered(self, entry: Entry | None, role: str | None, room: str) -> list[str]:
        if entry is None or entry.state != "open" or entry.spares():
            return [f"the ledger says {entry}"]
        known = tuple(r.snowflake if (r := entry.current(kind)) else None for kind in ("role", "channel"))
        granted = frozenset(g.user_id for g in entry.grants if g.state != "revoked")
        people = named(self.town, BY_NAME[self.scenario])
        return _differs("the ledger's ids", known, (role, room)) + _differs("the ledger's people", granted, people)

    def _entered(self, room: str, people: frozenset[str]) -> list[str]:
        world = self.standin.world
        found = _differs("who may enter", world.who_can_enter(room), set(people | self.town.always))
        observers = {getattr(self.town, name) for name in BY_NAME[self.scenario].observers}
        found += _differs("who is silent", people - world.who_can(room, ENTER | SPEAK), observers)
        strangers = world.who_is_in(room) - people - self.town.always
        return found + ([f"still inside: {strangers}"] if strangers else [])


def _lost(key: str, value: object, row: dict[str, Any]) -> bool:
    return key not in _MARKS and row.get(key) != value


def _marks(row: dict[str, Any]) -> tuple[bool, bool]:
    return bool(row.get("discordSetupComplete")), bool(row.get("discordCleanedUp"))


def _differs(what: str, found: object, expected: object) -> list[str]:
    return [] if found == expected else [f"{what}: {found} instead of {expected}"]


def is_whole(row: dict[str, Any]) -> bool:
    """Return whether a booking still holds what is none of coachsync's business."""
    return row.get(FOREIGN_FIELD) == FOREIGN_VALUE
