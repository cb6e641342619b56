"""Discord's numbers: how much of what a guild holds, and how much a bot may do in a while.

Sources: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json (30005, 30013, 50035),
https://docs.discord.com/developers/topics/rate-limits#global-rate-limit,
https://docs.discord.com/developers/resources/audit-log and, for the making of roles, which no page of Discord's
names: discord-api-docs #1480 and #5044, Discord.Net #1451 (the headers show it).
"""

from __future__ import annotations

from typing import Literal

from coachsync.domain.model import HOUR, Millis

MOST_ROLES = 250
"""In a guild, those of bots and boosts included."""

MOST_CHANNELS = 500
"""In a guild, categories included."""

CHANNELS_IN_CATEGORY = 50

NEARLY = 0.9
"""From which part of a guild's roles or channels on it is nearly full."""

MOST_ROLE_CREATIONS = 250
"""By one bot in one guild within `ROLE_WINDOW`; a role that is deleted again counts all the same."""

ROLE_WINDOW: Millis = 48 * HOUR

LONGEST_NAME = 100
"""Of a role or a channel, in characters."""

LONGEST_REASON = 512
"""Of an audit-log reason, in characters of its percent-encoded form."""

REQUESTS_PER_SECOND = 50
"""Under one token, over all routes."""

MOST_GRANTS, GRANT_WINDOW = 10, 10_000
"""Members of one guild that get or lose a role, and within how many milliseconds. Source: discord-api-docs #7680."""

MOST_LOOKS, LOOK_WINDOW = 5, 1_000
"""Members of one guild that are looked at one by one, and within how many milliseconds. Measured by others."""

Level = Literal["fits", "near", "full"]
"""How much is left of something: enough, little, nothing."""


def level(held: int, most: int) -> Level:
    """Return how much is left if `held` of `most` are taken: the one measure for runs, `doctor` and `forecast`."""
    if held >= most:
        return "full"
    return "near" if held >= NEARLY * most else "fits"
