"""Discord's ids: what can be one, and when the thing it names was made. Pure.

Source: https://docs.discord.com/developers/reference#snowflakes
"""

from __future__ import annotations

from coachsync.domain.model import Millis

_DIGITS = frozenset("0123456789")
_EPOCH: Millis = 1_420_070_400_000  # 2015-01-01T00:00:00Z


def is_snowflake(value: object) -> bool:
    """Return whether this is text that can be a Discord id."""
    return isinstance(value, str) and 15 <= len(value) <= 20 and _DIGITS.issuperset(value)


def made_at(snowflake: str) -> Millis:
    """Return when Discord made the object of this id."""
    return (int(snowflake) >> 22) + _EPOCH
