"""One guild played ahead, run by run: which rooms open and close, what they take, who goes without. Pure.

Runs are taken to come as they did lately. In each, what is over makes place first: a setup that finds the guild full
waits for the cleanups under way. What Discord refuses is done without, as a run does it: a session that gets no role
of its own is let in by overwrites, one that gets no room is tried again by the next run.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from coachsync.domain.budget import GuildSight, RoleBudget
from coachsync.domain.limits import (
    CHANNELS_IN_CATEGORY,
    GRANT_WINDOW,
    LOOK_WINDOW,
    MOST_CHANNELS,
    MOST_GRANTS,
    MOST_LOOKS,
    MOST_ROLES,
    ROLE_WINDOW,
)
from coachsync.domain.model import Access, Millis
from coachsync.domain.windows import Policy

LimitName = Literal["roles", "role_creations", "channels", "time"]

_UNSEEN = GuildSight(0, 2, 0)  # @everyone and the bot's own role, which every guild has
_LOOK = 4  # requests that a run looks at a guild with


class Stay(NamedTuple):
    """One session's room, from when until when.

    `observers` are those of the people who only observe. `after`: it is not opened before, for it is paused. `closes`
    is when it goes if that is not by the windows. `access` is None if the configuration decides, `role` and `room` say
    what is there already.
    """

    session_id: str
    start: Millis
    end: Millis
    people: int = 2
    after: Millis = 0
    closes: Millis | None = None
    access: Access | None = None
    role: bool = False
    room: bool = False
    observers: int = 0


class Ground(NamedTuple):
    """One guild: how its sessions get access, whether rooms stand under a category, and what is known of it.

    `section` is where the configuration speaks of it, `bot` which guilds share a token.
    """

    guild_id: str
    section: str
    access: Access
    categorised: bool
    bot: str
    stays: tuple[Stay, ...] = ()
    sight: GuildSight | None = None
    budget: RoleBudget = RoleBudget()


class Rhythm(NamedTuple):
    """How runs come: the next one at `first`, then one each `interval`.

    None lasts longer than `run_budget`, or sends more than `per_second` requests.
    """

    now: Millis
    first: Millis
    interval: Millis
    run_budget: Millis
    per_second: int

    def run_at(self, moment: Millis) -> Millis:
        """Return when the first run is at this moment or later."""
        return self.first + max(0, -(-(moment - self.first) // self.interval)) * self.interval


class Lack(NamedTuple):
    """A session that some limit keeps from its role or its room, or from having it in time; `at`: in which run."""

    limit: LimitName
    at: Millis
    session_id: str


class Point(NamedTuple):
    """What there is after a run, and what there would be if Discord set no limit.

    `created`: how many roles count towards Discord's limit. `length`: how long the run lasts at Discord's limits.
    """

    at: Millis
    setups: int
    roles: int
    channels: int
    rooms: int
    created: int
    length: Millis
    requests: int
    lacks: tuple[Lack, ...] = ()


class _Room:
    """A stay on its way."""

    __slots__ = ("access", "carried", "lacks", "role", "role_lacks", "room", "stay")

    def __init__(self, stay: Stay, access: Access) -> None:
        self.stay = stay
        self.access = stay.access or access
        self.role, self.room = stay.role, stay.room
        self.lacks: LimitName | None = None
        self.role_lacks = self.carried = False

    @property
    def complete(self) -> bool:
        return self.room and (self.role or self.access == "member")


class Course:
    """One guild's runs, played by `points`; what is there is known as of the last one."""

    def __init__(self, ground: Ground, policy: Policy, rhythm: Rhythm) -> None:
        self._ground, self._policy, self._rhythm = ground, policy, rhythm
        self._others = ground.sight or _UNSEEN
        self._before = sorted(ground.budget.made)
        self._made = list(self._before)
        word = ground.budget.word
        self._others_made = 0 if word is None else ground.budget.used_by_others(word.at)
        self._wished: list[Millis] = []
        self._held: set[_Room] = set()
        self._further = 0
        self._runs: list[Millis] = []
        self._opening: dict[Millis, list[_Room]] = {}
        self._closing: dict[Millis, list[_Room]] = {}
        self.roles = self._others.roles
        self.rooms = self.lacking = 0
        for stay in ground.stays:
            self._expect(_Room(stay, ground.access))

    @property
    def places(self) -> int:
        """Return how many rooms the categories hold that are there."""
        known = sum(max(0, CHANNELS_IN_CATEGORY - filled) for filled in self._filled)
        return known + self._further * CHANNELS_IN_CATEGORY

    @property
    def further(self) -> int:
        """Return how many categories runs have made by then."""
        return self._further

    @property
    def channels(self) -> int:
        """Return how many channels there are."""
        return self._others.channels + self._further + self.rooms

    @property
    def _filled(self) -> tuple[int, ...]:
        return self._others.filled or (0,)

    def created_by(self, now: Millis) -> int:
        """Return how many roles count towards Discord's limit at a moment, those wished for in vain among them."""
        wished = bisect_right(self._wished, now) - bisect_left(self._wished, now - ROLE_WINDOW)
        return self._by_others(now) + _since(self._before, now) + wished

    def points(self) -> Iterator[Point]:
        """Play every run in which something is due, earliest first."""
        yield self._point(self._rhythm.now, 0, 0, 0, ())
        while self._runs:
            now = heapq.heappop(self._runs)
            if now in self._opening or now in self._closing:
                yield self._run(now)

    # what is due when

    def _expect(self, room: _Room) -> None:
        stay, policy = room.stay, self._policy
        begun = room.role or room.room
        opens = self._rhythm.run_at(max(stay.after, stay.start - policy.setup_opens))
        closes = self._rhythm.run_at(stay.end + policy.cleanup_after if stay.closes is None else stay.closes)
        in_time = policy.catch_up or begun or opens <= stay.start - policy.setup_by
        makes = not room.complete and in_time and opens < min(stay.end, closes)
        if begun:
            self.roles += room.role
            self.rooms += room.room
            self._held.add(room)
        if makes:
            self._at(self._opening, opens, room)
        if makes or begun:
            self._at(self._closing, closes, room)

    def _at(self, agenda: dict[Millis, list[_Room]], moment: Millis, room: _Room) -> None:
        agenda.setdefault(moment, []).append(room)
        heapq.heappush(self._runs, moment)

    # one run

    def _run(self, now: Millis) -> Point:
        requests = _LOOK + sum(self._close(room) for room in self._closing.pop(now, ()))
        due = sorted(self._opening.pop(now, ()), key=lambda room: (room.stay.start, room.stay.session_id))
        lacks: list[Lack] = []
        grants = looks = setups = 0
        length = 0
        for room in due:
            by_role = room.access == "role" and not self._lacks_role(room, now)
            looked_at = room.stay.observers if by_role else room.stay.people
            more = (room.stay.people - looked_at, looked_at)
            granted = _span(grants + more[0], MOST_GRANTS, GRANT_WINDOW)
            spent = max(granted, _span(looks + more[1], MOST_LOOKS, LOOK_WINDOW))
            length = max(length, spent)
            if spent > self._rhythm.run_budget:
                room.carried = True
                self._again(room, now, lacks)
                continue
            grants, looks = grants + more[0], looks + more[1]
            lacks += self._open(room, now, spent)
            requests += 1 + by_role + room.stay.people
            setups += 1
        return self._point(now, setups, max(length, requests * 1000 // self._rhythm.per_second), requests, tuple(lacks))

    def _point(self, now: Millis, setups: int, length: Millis, requests: int, lacks: tuple[Lack, ...]) -> Point:
        roles, without = self.roles + self.lacking, sum(not room.room for room in self._held)
        channels = self.channels + without
        return Point(now, setups, roles, channels, self.rooms + without, self.created_by(now), length, requests, lacks)

    def _lacks_role(self, room: _Room, now: Millis) -> LimitName | None:
        """Return what keeps a session from a role of its own."""
        if room.role:
            return None
        budget = self._ground.budget
        if now < budget.none_until or self._counted(now) >= budget.most:
            return "role_creations"
        return "roles" if self.roles >= MOST_ROLES else None

    def _counted(self, now: Millis) -> int:
        return self._by_others(now) + _since(self._made, now)

    def _by_others(self, now: Millis) -> int:
        word = self._ground.budget.word
        return 0 if word is None or now >= word.resets_at else self._others_made

    def _open(self, room: _Room, now: Millis, spent: Millis) -> list[Lack]:
        """Open a room as far as there is place for it; return what it lacks."""
        lacks: list[Lack] = []
        self._held.add(room)
        if room.access == "role" and not room.role:
            self._give_role(room, now, lacks)
        if not room.room:
            self._give_room(room, now, lacks)
        in_time = room.stay.start - self._policy.setup_by
        if room.carried and now + spent > in_time and room.lacks is None:
            room.lacks = "time"
            lacks.append(Lack("time", now, room.stay.session_id))
        return lacks

    def _give_role(self, room: _Room, now: Millis, lacks: list[Lack]) -> None:
        why = self._lacks_role(room, now)
        self._wished.append(now)
        if why is None:
            room.role = True
            self.roles += 1
            self._made.append(now)
            return
        room.access, room.lacks, room.role_lacks = "member", why, True
        self.lacking += 1
        lacks.append(Lack(why, now, room.stay.session_id))

    def _give_room(self, room: _Room, now: Millis, lacks: list[Lack]) -> None:
        needs_category = self._ground.categorised and self.rooms >= self.places
        if self.channels + needs_category >= MOST_CHANNELS:
            if room.lacks != "channels":
                room.lacks = "channels"
                lacks.append(Lack("channels", now, room.stay.session_id))
            self._again(room, now, lacks)
            return
        self._further += needs_category
        room.room = True
        self.rooms += 1

    def _again(self, room: _Room, now: Millis, lacks: list[Lack]) -> None:
        """Have the next run try again, if that is before the end."""
        later = now + self._rhythm.interval
        if later < room.stay.end:
            self._at(self._opening, later, room)
        elif room.lacks is None:
            room.lacks = "time"
            lacks.append(Lack("time", now, room.stay.session_id))

    def _close(self, room: _Room) -> int:
        """Remove what a session has; return how many requests that takes."""
        self._held.discard(room)
        requests = room.role + room.room
        self.roles -= room.role
        self.rooms -= room.room
        self.lacking -= room.role_lacks
        room.role = room.room = room.role_lacks = False
        return requests


def _since(made: Sequence[Millis], now: Millis) -> int:
    """Return how many roles were made within Discord's window."""
    return len(made) - bisect_left(made, now - ROLE_WINDOW)  # a run makes its roles a little after it began


def _span(count: int, most: int, window: Millis) -> Millis:
    """Return how long it takes to send so many of which only `most` go in a window."""
    return max(0, count - 1) // most * window
