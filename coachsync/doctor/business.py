"""What coachsync has to do in one guild: what its checks are held against."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.config import DiscordSettings
from coachsync.domain.model import Entry, Millis, Session


class Business(NamedTuple):
    """What coachsync has to do in one guild: its settings, the sessions to come, the rooms that are open.

    `section` is where the configuration speaks of it: "[discord] of /etc/coachsync/config.toml".
    `exhausted` is until when Discord makes no more roles, `made` how many were made within its window. `bot_id`: which
    bot worked there so far, "" if nobody knows.
    """

    settings: DiscordSettings
    section: str
    coming: tuple[Session, ...] = ()
    live: tuple[Entry, ...] = ()
    exhausted: Millis = 0
    made: int = 0
    bot_id: str = ""

    @property
    def without_rooms(self) -> Business:
        """Return what there is to do but for what is open: of another bot's rooms nothing else is worth a word."""
        return self._replace(live=(), coming=tuple(session._replace(role_id=None) for session in self.coming))
