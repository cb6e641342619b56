"""What is to come against what Discord allows, by guild and day: what is tight first, and what helps. Pure.

A setting is named only if the same forecast with it comes out better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from coachsync.domain.course import Course, Ground, Lack, LimitName, Point, Rhythm
from coachsync.domain.limits import CHANNELS_IN_CATEGORY, MOST_CHANNELS, MOST_ROLES, Level, level
from coachsync.domain.model import HOUR, MINUTE, Millis
from coachsync.domain.windows import Policy

LIMIT_NAMES: tuple[LimitName, ...] = ("roles", "role_creations", "channels", "time")
_WORST: tuple[Level, ...] = ("fits", "near", "full")
_OF_ROLES: frozenset[LimitName] = frozenset({"roles", "role_creations"})
_SHORT_GRACE = 15 * MINUTE

ANOTHER_BOT = 'token_file = "FILE"'
"""The setting by which a guild is served by a bot of its own, with limits of its own."""


class Peak(NamedTuple):
    """The most of something in a day: how much of how much, in which run, and whether that is tight.

    It may be more than there can be: then somebody goes without.
    """

    used: int
    most: int
    at: Millis
    level: Level = "fits"


class DayAhead(NamedTuple):
    """One guild's day: how many rooms open, and the most there is of each thing.

    `rooms` are held against the places in the categories that are there, of which runs make `further` ones by
    themselves; None if rooms stand in none. `filled` is how many channels are in each of these then. `time` is in
    milliseconds: how long the longest run lasts.
    """

    first: Millis
    last: Millis
    setups: int
    roles: Peak
    role_creations: Peak
    channels: Peak
    rooms: Peak | None
    further: int
    filled: tuple[int, ...]
    time: Peak
    lacks: tuple[Lack, ...]

    def peak(self, limit: LimitName) -> Peak:
        """Return the most there is of what a limit is on."""
        found: dict[LimitName, Peak] = {
            "roles": self.roles,
            "role_creations": self.role_creations,
            "channels": self.channels,
            "time": self.time,
        }
        return found[limit]

    @property
    def level(self) -> Level:
        """Return how tight the tightest of it is."""
        return max((self.peak(limit).level for limit in LIMIT_NAMES), key=_WORST.index)


class Remedy(NamedTuple):
    """A setting that helps, and the section it belongs into. `fits`: with it nobody in that guild goes without."""

    setting: str
    section: str
    fits: bool


class Squeeze(NamedTuple):
    """Where a limit binds first in a guild: in which run, and how many go without in all these days.

    `remedy` is None if no setting helps.
    """

    guild_id: str
    at: Millis
    day: DayAhead
    limit: LimitName
    level: Level
    sessions: int
    remedy: Remedy | None = None


class GuildAhead(NamedTuple):
    """One guild's days, and which limits bind there: those first by which somebody goes without, then by time."""

    ground: Ground
    days: tuple[DayAhead, ...]
    squeezes: tuple[Squeeze, ...] = ()

    @property
    def level(self) -> Level:
        """Return how tight its tightest day is."""
        return max((day.level for day in self.days), key=_WORST.index, default="fits")

    def level_of(self, limit: LimitName) -> Level:
        """Return how tight a limit is on its tightest day."""
        return max((day.peak(limit).level for day in self.days), key=_WORST.index, default="fits")

    @property
    def lacking(self) -> int:
        """Return how many sessions go without something."""
        return len({lack.session_id for day in self.days for lack in day.lacks})

    def lacking_by(self, limit: LimitName) -> int:
        """Return how many sessions go without something by one limit."""
        return len({lack.session_id for day in self.days for lack in day.lacks if lack.limit == limit})


class Forecast(NamedTuple):
    """What is to come in every guild."""

    now: Millis
    guilds: tuple[GuildAhead, ...]

    @property
    def fits(self) -> bool:
        """Return whether nobody goes without."""
        return all(guild.level != "full" for guild in self.guilds)

    @property
    def first(self) -> Squeeze | None:
        """Return where it is tight first: where somebody goes without, else where little is left."""
        found = [squeeze for guild in self.guilds for squeeze in guild.squeezes]
        return min(found, key=lambda squeeze: (_order(squeeze), squeeze.guild_id), default=None)


def forecast(grounds: Sequence[Ground], policy: Policy, rhythm: Rhythm, edges: Sequence[Millis]) -> Forecast:
    """Return what is to come between `edges`, the moments at which days begin and the last one ends."""
    plain = _days_of(grounds, policy, rhythm, edges)
    guilds = tuple(GuildAhead(ground, days) for ground, days in zip(grounds, plain, strict=True))

    def again(changed: Sequence[Ground], windows: Policy) -> tuple[GuildAhead, ...]:
        found = _days_of(changed, windows, rhythm, edges)
        return tuple(GuildAhead(ground, days) for ground, days in zip(changed, found, strict=True))

    return Forecast(rhythm.now, tuple(_with_squeezes(guild, guilds, policy, rhythm, again) for guild in guilds))


_Again = Callable[[Sequence[Ground], Policy], tuple[GuildAhead, ...]]


# days


def _days_of(
    grounds: Sequence[Ground], policy: Policy, rhythm: Rhythm, edges: Sequence[Millis]
) -> list[tuple[DayAhead, ...]]:
    played = [(course := Course(ground, policy, rhythm), _played(course)) for ground in grounds]
    busy: dict[tuple[str, Millis], int] = {}
    for ground, (_, points) in zip(grounds, played, strict=True):
        for point, _, _ in points:
            busy[ground.bot, point.at] = busy.get((ground.bot, point.at), 0) + point.requests
    found = []
    for ground, (course, points) in zip(grounds, played, strict=True):
        paced = [(_paced(p, busy[ground.bot, p.at], rhythm), places, further) for p, places, further in points]
        found.append(tuple(_days(ground, course, paced, rhythm, edges)))
    return found


_Played = tuple[Point, int, int]


def _played(course: Course) -> list[_Played]:
    """Return every run's point, with the places in categories and the further categories as of then."""
    return [(point, course.places, course.further) for point in course.points()]


def _paced(point: Point, requests: int, rhythm: Rhythm) -> Point:
    """Return a point whose run lasts as long as the requests of all guilds under its token need."""
    length = max(point.length, requests * 1000 // rhythm.per_second)
    if point.length <= rhythm.run_budget < length and point.setups:
        return point._replace(length=length, lacks=(*point.lacks, Lack("time", point.at, "")))
    return point._replace(length=length)


def _days(
    ground: Ground, course: Course, points: Sequence[_Played], rhythm: Rhythm, edges: Sequence[Millis]
) -> Iterator[DayAhead]:
    """Yield each day: its runs, and before them what the day before left."""
    last, ahead = points[0], list(points[1:])
    for first, end in pairwise(edges):
        of_day = [last]
        while ahead and ahead[0][0].at < end:
            of_day.append(ahead.pop(0))
        begun = max(first, rhythm.now)
        left = of_day[0][0]._replace(at=begun, setups=0, created=course.created_by(begun), length=0, lacks=())
        runs = [(left, *of_day[0][1:]), *of_day[1:]]
        last = runs[-1]
        yield _day(ground, runs, rhythm, (first, end))


def _day(ground: Ground, runs: Sequence[_Played], rhythm: Rhythm, span: tuple[Millis, Millis]) -> DayAhead:
    points = [point for point, _, _ in runs]
    lacks = tuple(lack for point in points for lack in point.lacks)
    without = {lack.limit for lack in lacks}
    roomy, places, further = max(runs, key=lambda run: (run[0].rooms, -run[0].at))

    def peak(limit: LimitName, most: int, of: Callable[[Point], int]) -> Peak:
        top = max(points, key=lambda point: (of(point), -point.at))
        wanted = level(of(top), most)
        at = min((lack.at for lack in lacks if lack.limit == limit), default=top.at)
        return Peak(of(top), most, at, "full" if limit in without else "near" if wanted != "fits" else "fits")

    return DayAhead(
        *span,
        setups=sum(point.setups for point in points),
        roles=peak("roles", MOST_ROLES, lambda point: point.roles),
        role_creations=peak("role_creations", ground.budget.most, lambda point: point.created),
        channels=peak("channels", MOST_CHANNELS, lambda point: point.channels),
        rooms=Peak(roomy.rooms, places, roomy.at) if ground.categorised else None,
        further=further,
        filled=_spread(ground, roomy.rooms, further) if ground.categorised else (),
        time=peak("time", rhythm.run_budget, lambda point: point.length),
        lacks=lacks,
    )


def _spread(ground: Ground, rooms: int, further: int) -> tuple[int, ...]:
    """Return how many channels each category holds: a room is put into the first one with a place."""
    filled = [*((ground.sight.filled if ground.sight is not None else ()) or (0,)), *[0] * further]
    for at, others in enumerate(filled):
        fitting = min(rooms, max(0, CHANNELS_IN_CATEGORY - others))
        filled[at], rooms = others + fitting, rooms - fitting
    return tuple(filled)


# where it is tight first, and what helps


def _with_squeezes(
    guild: GuildAhead, guilds: Sequence[GuildAhead], policy: Policy, rhythm: Rhythm, again: _Again
) -> GuildAhead:
    found = [_squeeze(guild, limit) for limit in LIMIT_NAMES if guild.level_of(limit) != "fits"]
    if any(squeeze.limit in _OF_ROLES and squeeze.level == "full" for squeeze in found):
        found = [s for s in found if s.limit not in _OF_ROLES or s.level == "full"]  # one says it of the other, too
    helped = [s._replace(remedy=_remedy(s, guild, guilds, policy, rhythm, again)) for s in found]
    return guild._replace(squeezes=tuple(sorted(helped, key=_order)))


def _order(squeeze: Squeeze) -> tuple[bool, Millis, int]:
    return squeeze.level != "full", squeeze.at, LIMIT_NAMES.index(squeeze.limit)


def _squeeze(guild: GuildAhead, limit: LimitName) -> Squeeze:
    worst = guild.level_of(limit)
    day = next(day for day in guild.days if day.peak(limit).level == worst)
    return Squeeze(guild.ground.guild_id, day.peak(limit).at, day, limit, worst, guild.lacking_by(limit))


def _remedy(
    squeeze: Squeeze,
    guild: GuildAhead,
    guilds: Sequence[GuildAhead],
    policy: Policy,
    rhythm: Rhythm,
    again: _Again,
) -> Remedy | None:
    """Return the first setting by which the limit is less tight in the guild, and nothing else is tighter."""
    grounds = [each.ground for each in guilds]
    for setting, section, changed, windows in _settings(guild.ground, grounds, policy, rhythm):
        found = again(changed, windows)
        own = next(each for each in found if each.ground.guild_id == guild.ground.guild_id)
        better = _WORST.index(own.level_of(squeeze.limit)) < _WORST.index(squeeze.level)
        if better and not _tighter(guilds, found):
            return Remedy(setting, section, own.level != "full")
    return None


def _tighter(before: Sequence[GuildAhead], after: Sequence[GuildAhead]) -> bool:
    """Return whether any limit is tighter anywhere, or more sessions go without."""
    return any(
        _WORST.index(b.level_of(limit)) > _WORST.index(a.level_of(limit)) or b.lacking > a.lacking
        for a, b in zip(before, after, strict=True)
        for limit in LIMIT_NAMES
    )


def _settings(
    ground: Ground, grounds: Sequence[Ground], policy: Policy, rhythm: Rhythm
) -> Iterator[tuple[str, str, list[Ground], Policy]]:
    """Yield settings that may help, the least change first: what to write, in which section, and what follows."""

    def own(changed: Ground) -> list[Ground]:
        return [changed if each.guild_id == ground.guild_id else each for each in grounds]

    if ground.access == "role":
        yield 'access = "member"', ground.section, own(ground._replace(access="member")), policy
    later = policy.setup_by + max(rhythm.interval, 15 * MINUTE)
    windows = "[windows]"
    shorter: list[tuple[str, Policy]] = []
    if policy.cleanup_after > _SHORT_GRACE:
        shorter.append((f'cleanup_after = "{_written(_SHORT_GRACE)}"', policy._replace(cleanup_after=_SHORT_GRACE)))
    if policy.setup_opens > later:
        shorter.append((f'setup_opens = "{_written(later)}"', policy._replace(setup_opens=later)))
    yield from ((setting, windows, list(grounds), changed) for setting, changed in shorter)
    if len(shorter) == 2:
        both = policy._replace(cleanup_after=_SHORT_GRACE, setup_opens=later)
        yield " and ".join(setting for setting, _ in shorter), windows, list(grounds), both
    earlier = 2 * policy.setup_opens
    wider = policy._replace(setup_opens=earlier)
    yield f'setup_opens = "{_written(earlier)}"', windows, list(grounds), wider
    if any(each.bot == ground.bot and each.guild_id != ground.guild_id for each in grounds):
        alone = own(ground._replace(bot=f"{ground.bot} of {ground.guild_id}"))
        yield ANOTHER_BOT, f"[guilds.{ground.guild_id}]", alone, policy


def _written(length: Millis) -> str:
    """Return a length of time as the configuration has it."""
    return f"{length // HOUR}h" if length % HOUR == 0 else f"{length // MINUTE}m"
