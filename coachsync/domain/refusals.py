"""When a guild that refused, or a token that was refused, is asked again. Pure.

Discord bans an address that is refused too often, so what refuses is asked once per run, and less often the longer
it does. A clock that was set back ends a wait: no wait ends later than an hour from now.

Source: https://docs.discord.com/developers/topics/rate-limits (invalid requests)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from coachsync.domain.failure import Failure
from coachsync.domain.model import DAY, HOUR, MINUTE, Action, Millis

MOST_REFUSED = 2_000
"""So many refused answers of one host within `REFUSED_WINDOW` end what a run sends; Discord bans at 10,000."""

REFUSED_WINDOW: Millis = 10 * MINUTE

Asked = Literal["token", "look", "role", "channel"]
"""What was refused: the token itself; the guild's lists; a role; a room, without a category too."""

_FIRST: Millis = 5 * MINUTE
_LONGEST: Millis = HOUR
_REMOVALS = ("cleanup", "revoke", "update")


class Refusal(NamedTuple):
    """What one guild, or Discord for one token, refused last.

    `key` is the guild's id, or what a token goes by. `times` is how often in a row, `at` when it did so last.
    `removals` are the sessions whose access was to be taken away then: what is new since is tried at once.
    """

    key: str
    asked: Asked
    times: int
    at: Millis
    failure: Failure
    removals: frozenset[str] = frozenset()

    @property
    def wait(self) -> Millis:
        """Return how long nothing is asked after it.

        A token costs one refused answer a run, however many guilds it serves: the first time makes no wait.
        """
        grown = self.times - (2 if self.asked == "token" else 1)
        return min(_FIRST << min(grown, 10), _LONGEST) if grown >= 0 else 0

    def until(self, setup_bys: Collection[Millis]) -> Millis:
        """Return when its wait ends: at the `setup_by` of the next session, if that is sooner."""
        ends = self.at + self.wait
        return min((moment for moment in setup_bys if self.at < moment < ends), default=ends)

    def holds(self, now: Millis, actions: Iterable[Action], setup_by: Millis) -> bool:
        """Return whether its wait lasts, these being the actions that are due where it holds."""
        if not self.at <= now < self.until(setup_bys(actions, setup_by)):
            return False
        return self.asked not in ("token", "look") or removals(actions) <= self.removals


def setup_bys(actions: Iterable[Action], setup_by: Millis) -> list[Millis]:
    """Return from when on the setups among these actions are late."""
    return [action.session.start - setup_by for action in actions if action.kind == "setup"]


def removals(actions: Iterable[Action]) -> frozenset[str]:
    """Return the sessions from which access is to be taken away."""
    return frozenset(action.session.id for action in actions if action.kind in _REMOVALS)


def refused(
    before: Refusal | None,
    key: str,
    asked: Asked,
    failure: Failure,
    now: Millis,
    actions: Iterable[Action],
    *,
    by_hand: bool,
) -> Refusal:
    """Return what is to be remembered of a refusal; one that a person asked for makes no wait longer."""
    lately = before is not None and now - DAY < before.at <= now
    times = before.times + (0 if by_hand else 1) if before is not None and lately else 1
    return Refusal(key, asked, times, now, failure, removals(actions))
