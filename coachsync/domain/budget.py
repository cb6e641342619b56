"""How many more roles Discord makes in a guild, and what a run saw there that is not ours. Pure.

Discord counts the roles that a bot makes in a guild, over two days; a role that is deleted again counts all the same.
Whether its window is fixed, slides or rolls is not known (sources: `domain.limits`). Here every role counts for the
whole window from when it was made, which is no less than any of these windows would count.
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.limits import MOST_ROLE_CREATIONS, ROLE_WINDOW
from coachsync.domain.model import Millis

_NOTED: Millis = 10_000
"""So long after the answer that told of it a role may be noted as made."""


class RoleWord(NamedTuple):
    """What Discord last said of its limit on making roles: `most` of them, `left` of these at `at`.

    By `resets_at` all of them come back; both moments are on Discord's clock. Source: the headers X-RateLimit-Limit,
    -Remaining and -Reset-After of POST /guilds/{id}/roles.
    """

    at: Millis
    most: int
    left: int
    resets_at: Millis


class GuildSight(NamedTuple):
    """What a run saw in a guild at `at` and what no session of ours has: roles, channels, categories among them.

    `filled`: how many other channels stand in each category that rooms are put in, the configured one first; () if
    there is none.
    """

    at: Millis
    roles: int
    channels: int
    filled: tuple[int, ...] = ()


class RoleBudget(NamedTuple):
    """What is known of the roles that Discord still makes in a guild.

    `made` is when each of ours of the last two days was made, earliest first. `word` is what Discord last said, None
    if it was not heard. Before `none_until` it makes none, for it refused.
    """

    made: tuple[Millis, ...] = ()
    word: RoleWord | None = None
    none_until: Millis = 0

    @property
    def most(self) -> int:
        """Return how many Discord makes within its window."""
        return MOST_ROLE_CREATIONS if self.word is None else min(MOST_ROLE_CREATIONS, self.word.most)

    def used_by_others(self, now: Millis) -> int:
        """Return how many Discord counts, by its own word, that the ledger does not know of: a token may be shared."""
        word = self.word
        if word is None or now >= word.resets_at:
            return 0
        counted = sum(word.at - ROLE_WINDOW <= at <= word.at + _NOTED for at in self.made)
        return max(0, word.most - word.left - counted)

    def used(self, now: Millis) -> int:
        """Return how many count at `now`."""
        return self.used_by_others(now) + sum(now - ROLE_WINDOW <= at for at in self.made)

    def left(self, now: Millis) -> int:
        """Return how many more Discord makes."""
        return 0 if now < self.none_until else max(0, self.most - self.used(now))
