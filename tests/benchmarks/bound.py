"""The bound: the least time that the limits, the latency and the chain of dependent requests allow.

A phase is a number of requests that one limit counts. It cannot begin before the chain of requests that the first
of them depends on has been answered, and its last request can be sent only when as many windows of its limit have
passed as the others fill; then that one and the rest of its chain take a latency each. The bound of a job is that of
its slowest phase: no client can be faster, whatever it knows beforehand, and starting an interpreter is not in it.

The chain of a setup: who am I (1), the guild's roles, channels and the bot's own member side by side (2), the role
(3), the channel (4), the two grants (5 and, where one limit holds both, in its last window). That of a cleanup: the
same two looks, the channel (3), the role (4).
"""

from __future__ import annotations

from typing import NamedTuple

LOOKS = 3
"""Requests that look at one guild; "who am I" is asked once for all of them."""

GLOBAL = (50, 1.0)
MEMBER_ROLE = (10, 10.0)
MEMBER = (5, 1.0)
TIGHT = (5, 5.0)


class Phase(NamedTuple):
    """`requests` under one limit; `before` and `after`: requests in the chain ahead of the first and after the
    last of them, each of which takes a latency."""

    requests: int
    limit: tuple[int, float]
    before: int
    after: int

    def least(self, latency: float) -> float:
        """Return the least seconds from the job's first request to its last answer."""
        allowed, span = self.limit
        windows = (self.requests - 1) // allowed if self.requests else 0
        return windows * span + (self.before + 1 + self.after) * latency


def least(phases: list[Phase], latency: float) -> float:
    """Return the bound of a job."""
    return max(phase.least(latency) for phase in phases)


def role_setup(sessions: int, guilds: int = 1, grants: tuple[int, float] = MEMBER_ROLE) -> list[Phase]:
    """Return the phases of setting up `sessions` with a role each."""
    here = -(-sessions // guilds)
    return [
        Phase(1 + LOOKS * guilds + 4 * sessions, GLOBAL, 0, 0),
        Phase(2 * here, grants, 4, 0),
        Phase(1, GLOBAL, 4, 1),
    ]


def role_cleanup(sessions: int, guilds: int = 1) -> list[Phase]:
    """Return the phases of removing the channels and roles of `sessions`."""
    return [Phase(1 + LOOKS * guilds + 2 * sessions, GLOBAL, 0, 0), Phase(1, GLOBAL, 2, 1)]


def member_setup(sessions: int, people: int) -> list[Phase]:
    """Return the phases of setting up `sessions` of one guild, of whose `people` each is looked at once."""
    return [
        Phase(1 + LOOKS + people + sessions, GLOBAL, 0, 0),
        Phase(1 + people, MEMBER, 1, 1),  # the bot's own look is one of them
    ]


def member_cleanup(sessions: int) -> list[Phase]:
    """Return the phases of removing the rooms of `sessions`, with one request each."""
    return [Phase(1 + LOOKS + sessions, GLOBAL, 0, 0), Phase(1, GLOBAL, 2, 0)]


def tight_setup(sessions: int) -> list[Phase]:
    """Return the phases of a setup in one guild with every route limited to 5 per 5 s."""
    return [
        *role_setup(sessions, grants=TIGHT),
        Phase(sessions, TIGHT, 2, 3),
        Phase(sessions, TIGHT, 3, 2),
    ]


def tight_cleanup(sessions: int, route_wide: bool) -> list[Phase]:
    """Return the phases of a cleanup likewise; a channel's own limit matters only where it is the route's."""
    channels = [Phase(sessions, TIGHT, 2, 1)] if route_wide else []
    return [*role_cleanup(sessions), *channels, Phase(sessions, TIGHT, 3, 0)]
