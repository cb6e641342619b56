"""The right to use a bot, where several hosts share a store: what a run holds, and who holds what it does not.

Whoever holds a token alone knows its limits, and two hosts do not do the same work. Safety does not rest on this: see
`ledger.fence`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from coachsync.domain.model import Millis
from coachsync.store.ledger.fence import Lease

Spent = tuple[float, ...]
"""When the last second's requests were answered, in seconds of this host's monotonic clock."""


TURNS = ("telling", "pulling")
"""What stands for a bot in the lease of whoever tells people what is new, or pulls sources of bookings."""


class LeaseHolder(NamedTuple):
    """Who works with a bot: the host's name for people, since when and until when, by the database's clock.

    `renewed` is how many milliseconds ago it said so last.
    """

    bot: str
    host: str
    since: Millis
    until: Millis
    renewed: Millis


class RunLock(Protocol):
    """What a run holds while it works on a store.

    `spent` is what the run before used of Discord's limit for one second. `alone`: holding it proves that no other run
    is under way, so that a create without an answer is dead. `leases` are those that it holds, by bot; None where the
    lock is enough.
    """

    spent: Spent

    @property
    def alone(self) -> bool:
        """Return whether no other run can be under way."""

    @property
    def leases(self) -> Mapping[str, Lease] | None:
        """Return the leases that this run holds, by bot."""

    def note(self, spent: Spent) -> None:
        """Tell the next run what was used of the limit."""

    def take(self, bots: Collection[str], wait_s: float) -> tuple[LeaseHolder, ...]:
        """Take the leases on these bots, as far as they are free within `wait_s`; return who holds the others."""

    def give_way(self) -> None:
        """Let other hosts, if there are any, take what they need first."""

    def holds(self, bot: str) -> bool:
        """Return whether something may be sent under this bot's token now."""
