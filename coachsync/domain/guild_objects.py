"""What a guild is made of, as Discord lists it: roles, channels and members. Pure data.

Permission overwrites, which channels hold, stand with the algorithm that reads them, in `permissions`.

Source: https://docs.discord.com/developers/topics/permissions#role-object, .../resources/channel and .../guild
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.permissions import Overwrite

VOICE = 2
CATEGORY = 4


class Role(NamedTuple):
    """One role of a guild; `permissions` is a set of bits."""

    id: str
    name: str
    position: int
    permissions: int
    managed: bool


class Channel(NamedTuple):
    """One channel; `type` is `VOICE`, `CATEGORY` or another of Discord's. `overwrites` is target id → overwrite."""

    id: str
    guild_id: str
    name: str
    type: int
    parent_id: str | None
    overwrites: dict[str, Overwrite]


class Member(NamedTuple):
    """One person in a guild."""

    id: str
    name: str
    roles: frozenset[str]
    pending: bool
