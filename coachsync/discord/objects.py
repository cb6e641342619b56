"""Reading Discord's objects from JSON, without trust, into the values of `coachsync.domain.guild_objects`.

Owns the shapes of Discord's answers: every field that is used is checked here, and a wrong one is a `ShapeError`.
Fields that are not used are not looked at, so that Discord may add and change them.

Source: https://docs.discord.com/developers/resources/guild and .../channel
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple, TypeGuard, TypeVar

from coachsync.domain.guild_objects import Channel, GuildFacts, Member, Role
from coachsync.domain.model import Millis
from coachsync.domain.permissions import Overwrite
from coachsync.domain.snowflake import is_snowflake

T = TypeVar("T")

logger = logging.getLogger(__name__)

_QUARANTINE = 1 << 7 | 1 << 10  # AutoMod holds back a name, a guild tag: discord-api-docs #6847


class ShapeError(ValueError):
    """An answer is not of the shape that Discord documents; the text names what was expected."""


class Me(NamedTuple):
    """The bot itself. `two_factor`: its owner's account has two-factor authentication, None if Discord does not say.

    Source: discord-api-docs #1670 (a bot's flag mirrors its owner's)
    """

    id: str
    name: str
    two_factor: bool | None = None


def read_role(data: object) -> Role:
    """Read one role."""
    role = _object(data)
    return Role(
        _snowflake(role, "id"),
        _text(role, "name"),
        _whole(role, "position"),
        _bits(role, "permissions"),
        role.get("managed") is True,
        role.get("mentionable") is True,
        role.get("hoist") is True,
    )


def read_listed_role(data: object) -> Role:
    """Read one role of a list; of one that is odd the id alone, as a role that is surely none of ours."""
    try:
        return read_role(data)
    except ShapeError:
        return Role(_snowflake(_object(data), "id"), "", 0, 0, managed=True)


def read_overwrite(data: object) -> Overwrite:
    """Read one permission overwrite."""
    item = _object(data)
    return Overwrite(_snowflake(item, "id"), _whole(item, "type"), _bits(item, "allow"), _bits(item, "deny"))


def read_channel(data: object, guild_id: str = "") -> Channel:
    """Read one channel; `guild_id` is taken if the answer does not repeat it."""
    channel = _object(data)
    parent = channel.get("parent_id")
    overwrites = [read_overwrite(item) for item in _list(channel.get("permission_overwrites", []))]
    return Channel(
        _snowflake(channel, "id"),
        _snowflake(channel, "guild_id") if channel.get("guild_id") is not None else guild_id,
        _text(channel, "name") if channel.get("name") is not None else "",
        _whole(channel, "type"),
        None if parent in (None, 0) else _snowflake(channel, "parent_id"),  # 0: discord-api-docs #517
        {overwrite.target: overwrite for overwrite in overwrites},
        channel.get("last_message_id", "") is not None,
    )


def read_member(data: object) -> Member:
    """Read one guild member."""
    member = _object(data)
    user = _object(member.get("user"))
    roles = _list(member.get("roles"))
    if not all(isinstance(role, str) for role in roles):
        raise ShapeError("a member's roles as ids")
    name = user.get("username")
    flags = member.get("flags")
    return Member(
        _snowflake(user, "id"),
        name if isinstance(name, str) else "",
        frozenset(str(role) for role in roles),
        member.get("pending") is True,
        _moment(member.get("joined_at")),
        _moment(member.get("communication_disabled_until")),
        bool(flags & _QUARANTINE) if isinstance(flags, int) else False,
    )


class FoundMembers(NamedTuple):
    """What a search shows: (id, user name) of each, and how many there were, those that cannot be read among them."""

    members: list[tuple[str, str]]
    shown: int


def read_found(data: object) -> FoundMembers:
    """Read the answer of a search for members; of each the user alone."""

    def read(item: object) -> tuple[str, str]:
        user = _object(_object(item).get("user"))
        user_id, name = _snowflake(user, "id"), _text(user, "username")
        if not is_snowflake(user_id):  # it is remembered as somebody's, so it must be able to be
            raise ShapeError("a user's id")
        return user_id, name

    return FoundMembers(read_list(data, read), len(_list(data)))


def _moment(value: object) -> Millis | None:
    """Read an ISO 8601 time; None for anything else."""
    from datetime import datetime

    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if when is None or when.tzinfo is None else int(when.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def read_me(data: object) -> Me:
    """Read the bot's own user."""
    user = _object(data)
    two_factor = user.get("mfa_enabled")
    return Me(_snowflake(user, "id"), _text(user, "username"), two_factor if isinstance(two_factor, bool) else None)


def read_guild(data: object) -> GuildFacts:
    """Read a guild itself."""
    guild = _object(data)
    name, owner = guild.get("name"), guild.get("owner_id")
    return GuildFacts(
        _snowflake(guild, "id"),
        name if isinstance(name, str) else "",
        owner if isinstance(owner, str) else "",
        guild.get("mfa_level") == 1,
    )


def read_list(data: object, read: Callable[[object], T]) -> list[T]:
    """Read an array of objects; one that is odd is left out: it spoils nothing.

    Source: discord-api-docs #517 (nulls and zeros in single objects of a list).
    """
    found = []
    for item in _list(data):
        try:
            found.append(read(item))
        except ShapeError:
            logger.debug("an object of a list cannot be read and is left out")
    return found


def read_counts(data: object) -> dict[str, int]:
    """Read the member counts of roles: role id → how many hold it."""
    counts = _object(data)
    return {role: count for role, count in counts.items() if _is_whole(count)}


def read_voice_channel(data: object) -> str | None:
    """Read which channel a voice state is in."""
    state = _object(data)
    return None if state.get("channel_id") is None else _snowflake(state, "channel_id")


_LONGEST_SNOWFLAKE = 20


def _object(data: object) -> dict[str, object]:
    if not isinstance(data, dict):
        raise ShapeError("a JSON object")
    return data


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise ShapeError("a JSON array")
    return data


def _text(data: dict[str, object], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise ShapeError(f"a text as {key}")
    return value


def _snowflake(data: dict[str, object], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > _LONGEST_SNOWFLAKE:
        raise ShapeError(f"a snowflake as {key}")
    return value


def _whole(data: dict[str, object], key: str) -> int:
    value = data.get(key)
    if not _is_whole(value):
        raise ShapeError(f"a whole number as {key}")
    return value


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST


_MOST = 1 << 63
_MOST_DIGITS = 40


def _bits(data: dict[str, object], key: str) -> int:
    value = data.get(key, "0")
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**_MOST_DIGITS:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    raise ShapeError(f"a set of permission bits as {key}")
