"""The audit log of the stand-in's guilds: what is kept of a change.

Source of the types: https://docs.discord.com/developers/resources/audit-log#audit-log-entry-object-audit-log-events
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.standin.clock import Millis

GUILD_UPDATE = 1
CHANNEL_CREATE = 10
CHANNEL_UPDATE = 11
CHANNEL_DELETE = 12
OVERWRITE_CREATE = 13
OVERWRITE_UPDATE = 14
OVERWRITE_DELETE = 15
MEMBER_KICK = 20
MEMBER_BAN_ADD = 22
MEMBER_UPDATE = 24
MEMBER_ROLE_UPDATE = 25
MEMBER_MOVE = 26
MEMBER_DISCONNECT = 27
ROLE_CREATE = 30
ROLE_UPDATE = 31
ROLE_DELETE = 32


class Entry(NamedTuple):
    """One change: `kind` is a type of this module, `target` the id of what was changed, `actor` who did it."""

    id: str
    at: Millis
    guild_id: str
    actor: str
    kind: int
    target: str
    reason: str | None
