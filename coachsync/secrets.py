"""Tokens and passwords, and keeping them out of everything that is written.

Owns the one type that holds a bot token and the one redactor. Whatever the program prints, logs or keeps passes
through `redact`. Nothing here is read from anywhere or sent.
"""

from __future__ import annotations

import re

from coachsync.domain.snowflake import is_snowflake

_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}")
_TOKEN = "[token]"  # noqa: S105 - what stands in a token's place
_SHORTEST_PART = 6  # a token is three parts with dots between; none of them is ever shown

# Up to the last "@" before the path; a password with a bare slash in it goes on to the first "@" after that.
# What begins with a whole port is no password: `https://host:443/users/@me`.
_PASSWORD = re.compile(r"(://[^\s:/@\[]*:)(?!\d+[/?#])(?:[^\s/\"'<>]*|[^\s@\"'<>]*)@")

_USER = re.compile(r"://([^@/]*)@")
_SECRET_KEY = re.compile(r"([?&](?:ssl)?password=)[^\s&\"'<>]*", re.IGNORECASE)
LIBPQ_PLACES = (
    "take it out; put it where libpq looks: ~/.pgpass (mode 0600) of the user who runs coachsync, or $PGPASSWORD"
)

_known: list[str] = []  # longest first: a whole token is taken out before its parts


def has_password(url: str) -> bool:
    """Return whether a password stands in a database's address, before its host or among its parameters."""
    user = _USER.search(url)
    return (user is not None and ":" in user[1]) or _PASSWORD.search(url) is not None or bool(_SECRET_KEY.search(url))


class Token:
    """A bot token that shows itself only to who asks for it by name.

    Raises:
        ValueError: it is empty or holds white space, control or non-ASCII characters. The value is not repeated.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        hide(value)
        if not value or not all("!" <= char <= "~" for char in value):
            raise ValueError("a bot token is plain ASCII without spaces or line breaks")
        self.__value = value

    def reveal(self) -> str:
        """Return the token itself: for the Authorization header, and for the file it is kept in."""
        return self.__value

    @property
    def bot_id(self) -> str | None:
        """Return the bot's user id as the token's first part spells it, None if it spells none.

        Source: https://docs.discord.com/developers/reference#authentication (the example's three parts)
        """
        from base64 import urlsafe_b64decode  # not needed by any tick

        first = self.__value.partition(".")[0]
        try:
            text = urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
        except ValueError:
            return None
        return text if is_snowflake(text) else None

    @property
    def mark(self) -> str:
        """Return what tells this token from another and nothing of the token itself: some digits of its SHA-256."""
        from hashlib import sha256  # not needed by an idle tick

        return sha256(self.__value.encode("ascii")).hexdigest()[:12]

    @property
    def bot(self) -> str:
        """Return what names the bot whose token this is: its user id, or the token's mark if it spells none."""
        return self.bot_id or f"token:{self.mark}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other.__value == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __repr__(self) -> str:
        return f"Token({_TOKEN})"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a token is not to be copied or stored")


def hide(secret: str) -> None:
    """Remember a secret, so that `redact` takes it, and each of its parts, out of any text."""
    for part in (secret, *secret.split(".")):
        if len(part) >= _SHORTEST_PART and part not in _known:
            _known.append(part)
            _known.sort(key=len, reverse=True)


def redact(text: str, *, foreign: bool = False) -> str:
    """Return a text without any known secret, whole or in part, and without the passwords in its addresses.

    `foreign`: the text is a stranger's (Discord's, a proxy's), so whatever looks like a token is taken out, too.
    """
    if foreign:
        text = _SHAPE.sub(_TOKEN, text)
    for secret in _known:
        if secret in text:
            text = text.replace(secret, _TOKEN)
    if "://" not in text:
        return text
    return _SECRET_KEY.sub(r"\1[password]", _PASSWORD.sub(r"\1[password]@", text))
