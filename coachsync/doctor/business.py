"""What coachsync has to do in one guild: what its checks are held against."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.config import DiscordSettings
from coachsync.domain.budget import RoleBudget
from coachsync.domain.model import Entry, Millis, Session
from coachsync.domain.windows import Policy


class Business(NamedTuple):
    """What coachsync has to do in one guild: its settings, the sessions to come, the rooms that are open.

    `section` is where the configuration speaks of it: "[discord] of /etc/coachsync/config.toml".
    `budget` is how many roles Discord still makes. `bot_id`: which bot worked there so far, "" if nobody knows.
    `ahead` is for how long the sessions to come were looked for, `policy` what statuses and windows mean.
    """

    settings: DiscordSettings
    section: str
    policy: Policy
    ahead: Millis
    coming: tuple[Session, ...] = ()
    live: tuple[Entry, ...] = ()
    budget: RoleBudget = RoleBudget()
    bot_id: str = ""

    @property
    def without_rooms(self) -> Business:
        """Return what there is to do but for what is open: of another bot's rooms nothing else is worth a word."""
        return self._replace(live=(), coming=tuple(session._replace(role_id=None) for session in self.coming))
