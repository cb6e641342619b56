"""What a guild is made of, as Discord lists it: roles, channels and members. Pure data.

Permission overwrites, which channels hold, stand with the algorithm that reads them, in `permissions`.

Source: https://docs.discord.com/developers/topics/permissions#role-object, .../resources/channel and .../guild
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.model import Millis
from coachsync.domain.permissions import Overwrite, Target

VOICE = 2
CATEGORY = 4


class GuildFacts(NamedTuple):
    """A guild itself; `two_factor`: it lets nobody moderate whose account has no two-factor authentication."""

    id: str
    name: str
    owner_id: str
    two_factor: bool


class Role(NamedTuple):
    """One role of a guild; `permissions` is a set of bits."""

    id: str
    name: str
    position: int
    permissions: int
    managed: bool
    mentionable: bool = False
    hoist: bool = False

    @property
    def plain(self) -> bool:
        """Return whether the role carries nothing: it opens one room and is not shown off."""
        return not (self.permissions or self.mentionable or self.hoist)


class Channel(NamedTuple):
    """One channel; `type` is `VOICE`, `CATEGORY` or another of Discord's.

    `overwrites` is target (type, id) → overwrite. `written` is False only if Discord says that no message was sent.
    """

    id: str
    guild_id: str
    name: str
    type: int
    parent_id: str | None
    overwrites: dict[Target, Overwrite]
    written: bool = True


class Member(NamedTuple):
    """One person in a guild. `joined_at` is None for a guest; `muted_until` is the end of their latest time-out."""

    id: str
    name: str
    roles: frozenset[str]
    pending: bool
    joined_at: Millis | None = None
    muted_until: Millis | None = None
    quarantined: bool = False
