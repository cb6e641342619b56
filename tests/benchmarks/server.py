"""The stand-in in a process of its own, told over its standard input what to do: `Stage` speaks to it.

One JSON object a line each way. Its CPU time is its own, so that a measured program shares no interpreter with it.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from typing import Any

from coachsync.standin import Bucket, Fault, Limits, Request, Standin
from coachsync.standin.limits import CHANNEL, MEMBER, MEMBER_ROLE, OVERWRITE, ROLES, VOICE_STATE
from tests.benchmarks.layout import BOT, TOKEN, coach_id, guild_id, student_id

_ROUTES = (
    ("GET", "/users/@me"),
    ("GET", ROLES),
    ("GET", ROLES + "/member-counts"),
    ("GET", "/guilds/{guild_id}/channels"),
    ("GET", MEMBER),
    ("GET", VOICE_STATE),
    ("GET", CHANNEL),
    ("POST", ROLES),
    ("POST", "/guilds/{guild_id}/channels"),
    ("PUT", MEMBER_ROLE),
    ("DELETE", MEMBER_ROLE),
    ("PUT", OVERWRITE),
    ("DELETE", OVERWRITE),
    ("DELETE", CHANNEL),
    ("DELETE", ROLES + "/{role_id}"),
)


def limits_of(kind: str, window: str) -> Limits:
    """Return the limits called `kind`: "none", "discord"; "each" route and major 5 per 5 s, "route" without major."""
    if kind == "discord":
        return Limits.discord(window)
    if kind == "none":
        return Limits.none()
    if kind == "each":
        return Limits.uniform(5, 5.0, window, per_second=50)
    buckets = {(m, t): (Bucket(f"{m} {t}", 5, 5.0, None, window),) for m, t in _ROUTES}
    return Limits(buckets, per_second=50, window=window)


def build(standin: Standin, guilds: int, sessions: int) -> None:
    """Found the guilds and let everybody join the guild of their sessions."""
    world = standin.world
    owner = world.add_user("owner")
    world.add_bot(TOKEN, "bench", id=BOT)
    for guild in range(guilds):
        world.add_guild(f"guild {guild}", owner, [BOT], id=guild_id(guild))
    for session in range(sessions):
        home = guild_id(session % guilds)
        for person in (student_id(session), coach_id(session)):
            if person not in world.users:
                world.add_user(f"user {person[-5:]}", id=person)
            if person not in world.guilds[home].members:
                world.join(home, person)


class Weather:
    """Faults by chance, the same for the same seed: resets on both sides of the act, and a 429 of each scope."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def decide(self, _: Request) -> Fault | None:
        """Choose what happens to a request; None for most."""
        luck = self._random.random()
        if luck < 0.01:
            return Fault("reset_before")
        if luck < 0.02:
            return Fault("reset_after")
        if luck < 0.05:
            scope = self._random.choice(("user", "shared", "global"))
            return Fault("rate_limited", retry_after=self._random.uniform(0.3, 2.0), scope=scope)
        return None


def _tell(standin: Standin) -> dict[str, Any]:
    told = [r for r in standin.requests if r.status is not None]
    world = standin.world
    per_route = Counter(f"{r.method} {r.template}" for r in told)
    return {
        "requests": len(told),
        "refused": standin.count_429(faults=False),
        "refusals": [f"{r.method} {r.template} {r.scope}" for r in told if r.status == 429 and r.fault is None],
        "early": len(standin.violations),
        "routes": dict(per_route),
        "span": max((r.finished or 0.0 for r in told), default=0.0) - min((r.arrived for r in told), default=0.0),
        "roles": [sorted(g for g in world.role_names(home).values()) for home in world.guilds],
        "channels": [sorted(world.channel_names(home).values()) for home in world.guilds],
    }


def main() -> None:
    """Serve until standard input ends."""
    options = json.loads(sys.argv[1])
    standin = Standin(limits=limits_of(options["limits"], options["window"]), latency=options["latency"])
    build(standin, options["guilds"], options["sessions"])
    if options["rough"]:
        standin.faults.decide = Weather().decide
    with standin:
        sys.stdout.write(json.dumps({"base_url": standin.base_url}) + "\n")
        sys.stdout.flush()
        for line in sys.stdin:
            answer = _tell(standin)
            command, *rest = line.split()
            if command == "clear":
                standin.clear_requests()
            elif command == "change":
                standin.limits, standin.latency = limits_of(rest[0], options["window"]), float(rest[1])
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
