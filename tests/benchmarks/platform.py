"""A large platform: who is where on one day, and the stand-in for its Discord in a process of its own.

Started by `day`; one line each way: an empty line asks, a JSON object answers what the server saw until then.
"""

from __future__ import annotations

import json
import math
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from typing import NamedTuple

from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.standin import Limits, Standin

QUARTER: Millis = 15 * MINUTE
FIRST: Millis = 3 * HOUR  # from the day's beginning to its first session
_STUDENTS, _COACHES = 40, 10  # of a guild
_BUSY_HOUR, _SPREAD, _PEAK = 19, 3.0, 2.0  # most sessions begin in the evening
_BOT, _GUILD, _PERSON = 1_100_000_000_000_000_000, 1_100_000_100_000_000_000, 1_100_000_200_000_000_000


class Appointment(NamedTuple):
    """One session: `start` is counted from the day's beginning."""

    id: str
    guild: int
    student: str
    coach: str
    start: Millis


def guild_id(guild: int) -> str:
    """Return the id of guild number `guild`."""
    return str(_GUILD + guild)


def bot_id(token: int) -> str:
    """Return the user id of the bot with token number `token`."""
    return str(_BOT + token)


def token_of(token: int) -> str:
    """Return a token as Discord gives them: its first part spells the bot's id."""
    first = urlsafe_b64encode(bot_id(token).encode()).decode().rstrip("=")
    return f"{first}.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"


def appointments(guilds: int, sessions: int) -> list[Appointment]:
    """Return the sessions of a day: in each guild as many, most of them in the evening."""
    starts = _starts(sessions)
    found = []
    for number in range(sessions):
        guild, turn = number % guilds, number // guilds
        people = _PERSON + guild * 1000
        student, coach = str(people + turn % _STUDENTS), str(people + 500 + turn % _COACHES)
        found.append(Appointment(f"day{number:07d}", guild, student, coach, starts[number]))
    return found


def _starts(sessions: int) -> list[Millis]:
    """Return when sessions start, each quarter of an hour as many as its share of the day."""
    quarters = range(FIRST // QUARTER, DAY // QUARTER)
    weights = [1 + _PEAK * math.exp(-(((q / 4 - _BUSY_HOUR) / _SPREAD) ** 2)) for q in quarters]
    whole, reached = sum(weights), 0.0
    starts: list[Millis] = []
    for quarter, weight in zip(quarters, weights, strict=True):
        reached += weight
        starts += [quarter * QUARTER] * (round(sessions * reached / whole) - len(starts))
    return starts


def build(standin: Standin, guilds: int, tokens: int) -> None:
    """Found the guilds, each with its people and the bot of its token."""
    world = standin.world
    owner = world.add_user("owner")
    for token in range(tokens):
        world.add_bot(token_of(token), f"coach {token}", id=bot_id(token))
    for guild in range(guilds):
        world.add_guild(f"guild {guild}", owner, [bot_id(guild % tokens)], id=guild_id(guild))
        people = _PERSON + guild * 1000
        for person in (*range(people, people + _STUDENTS), *range(people + 500, people + 500 + _COACHES)):
            world.add_user(f"user {person % 1_000_000}", id=str(person))
            world.join(guild_id(guild), str(person))


def _tell(standin: Standin) -> dict[str, object]:
    told = [request for request in standin.requests if request.status is not None]
    per_second = Counter((request.bot_id, int(request.arrived)) for request in told)
    world = standin.world
    return {
        "requests": len(told),
        "busiest_second": max(per_second.values(), default=0),
        "too_many": sum(request.status == 429 for request in told),
        "refused": sum(request.status in (401, 403) for request in told),
        "early": len(standin.violations),
        "roles": sum(len(world.role_names(home)) for home in world.guilds),
        "channels": sum(len(world.channel_names(home)) for home in world.guilds),
    }


def main() -> None:
    """Serve until standard input ends."""
    options = json.loads(sys.argv[1])
    standin = Standin(limits=Limits.discord(), latency=options["latency"])
    build(standin, options["guilds"], options["tokens"])
    with standin:
        sys.stdout.write(json.dumps({"base_url": standin.base_url}) + "\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            sys.stdout.write(json.dumps(_tell(standin)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
