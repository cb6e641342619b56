"""Discord's ids: what can be one, how people write them, and when the thing it names was made. Pure.

Source: https://docs.discord.com/developers/reference#snowflakes and, for mentions, …/reference#message-formatting
"""

from __future__ import annotations

from coachsync.domain.model import Millis

_DIGITS = frozenset("0123456789")
_EPOCH: Millis = 1_420_070_400_000  # 2015-01-01T00:00:00Z
_LARGEST = 2**64 - 1


def is_snowflake(value: object) -> bool:
    """Return whether this is text that can be a Discord id: 15 to 20 digits, no leading zero, at most 2⁶⁴ − 1."""
    if not isinstance(value, str) or not 15 <= len(value) <= 20 or not _DIGITS.issuperset(value):
        return False
    return value[0] != "0" and int(value) <= _LARGEST


def bare_id(text: str) -> str:
    """Return what somebody wrote without white space around it and without a person's mention: `<@…>` or `<@!…>`.

    A role's mention (`<@&…>`) stays as it is: a role is nobody.
    """
    bare = text.strip()
    if bare.startswith("<@") and bare.endswith(">"):
        inner = bare[2:-1].removeprefix("!")
        return inner if _DIGITS.issuperset(inner) else bare
    return bare


def made_at(snowflake: str) -> Millis:
    """Return when Discord made the object of this id."""
    return (int(snowflake) >> 22) + _EPOCH
