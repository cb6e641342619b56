"""The bot token, and keeping it out of everything that is written.

Owns the one type that holds a token and the redaction of log lines and messages. Nothing here sends anything.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode

_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}")
_REDACTED = "<redacted>"
_SHORTEST_PART = 6  # a token is three parts with dots between; none of them is ever shown

_known: list[str] = []  # longest first: a whole token is taken out before its parts


class Token:
    """A bot token that shows itself only to who asks for it by name.

    Raises:
        ValueError: it is empty or holds white space, control or non-ASCII characters. The value is not repeated.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        if not value or not all("!" <= char <= "~" for char in value):
            raise ValueError("a bot token is plain ASCII without spaces or line breaks")
        self.__value = value
        for part in (value, *value.split(".")):
            if len(part) >= _SHORTEST_PART and part not in _known:
                _known.append(part)
                _known.sort(key=len, reverse=True)

    def reveal(self) -> str:
        """Return the token itself, for the Authorization header alone."""
        return self.__value

    @property
    def bot_id(self) -> str | None:
        """Return the bot's user id as the token's first part spells it, None where it does not.

        Source: discord-api-docs reference.mdx, "Authentication" (the example's three parts).
        """
        first = self.__value.split(".")[0]
        try:
            text = urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
        except (binascii.Error, ValueError):
            return None
        return text if text.isdigit() else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other.__value == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __repr__(self) -> str:
        return f"Token({_REDACTED})"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a token is not to be copied or stored")


def redact(text: str) -> str:
    """Replace every known token, each part of one, and whatever looks like one, in `text`."""
    text = _SHAPE.sub(_REDACTED, text)
    for secret in _known:
        if secret in text:
            text = text.replace(secret, _REDACTED)
    return text
