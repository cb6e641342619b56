"""What a single value may be: each kind parses one value or says what it expected instead.

A parser takes the value as TOML (or the environment) gave it and returns it as `Settings` holds it: durations in
milliseconds, lists as tuples. It raises `UnfitError`, whose text completes "expected …".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coachsync.domain.loopback import is_loopback
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.domain.snowflake import is_snowflake
from coachsync.secrets import LIBPQ_PLACES, has_password

Parser = Callable[[Any], Any]

_UNITS: dict[str, Millis] = {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1000}
_DIGITS = frozenset("0123456789")
_LONGEST_DURATION = 366 * DAY
_TOKEN_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


class UnfitError(Exception):
    """A value is not what its key takes; the text completes "expected …"."""


def parse_duration(text: Any) -> Millis:
    """Return "3h", "90m", "10s", "1h30m" or "2d" in milliseconds. Raises UnfitError."""
    if not isinstance(text, str):
        raise UnfitError('a duration in quotes, such as "3h", "90m" or "1h30m"')
    total, rest, allowed = 0, text, "dhms"
    while rest:
        digits = _leading_digits(rest)
        unit = rest[len(digits) : len(digits) + 1]
        if not digits or len(digits) > 9 or not unit or unit not in allowed:
            raise UnfitError('a duration such as "3h", "90m", "1h30m" or "2d"')
        total += int(digits) * _UNITS[unit]
        allowed = allowed[allowed.index(unit) + 1 :]
        rest = rest[len(digits) + 1 :]
    if not text or total > _LONGEST_DURATION:
        raise UnfitError('a duration such as "3h", "90m", "1h30m" or "2d", at most 366 days')
    return total


def _leading_digits(text: str) -> str:
    for n, letter in enumerate(text):
        if letter not in _DIGITS:
            return text[:n]
    return text


def duration_between(least: Millis, most: Millis, words: str) -> Parser:
    """Return a parser of durations between two bounds, inclusive; `words` names them."""

    def parse(value: Any) -> Millis:
        found = parse_duration(value)
        if not least <= found <= most:
            raise UnfitError(f"a duration {words}")
        return found

    return parse


def whole_number(least: int, most: int) -> Parser:
    """Return a parser of whole numbers between two bounds, inclusive."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise UnfitError(f"a whole number from {least} to {most}")
        return value

    return parse


def flag(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise UnfitError("true or false, without quotes")
    return value


def snowflake(value: Any) -> str:
    """Take a Discord id: a string of 15 to 20 digits (a number would be rounded by half the world's tools)."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise UnfitError(f'a Discord id in quotes, "{value}"')
    if not is_snowflake(value):
        raise UnfitError('a Discord id: 15 to 20 digits in quotes, such as "1100000000000000000"')
    return str(value)


def optional_snowflake(value: Any) -> str | None:
    """Take a Discord id, or "" for none."""
    return None if value == "" else snowflake(value)


def snowflakes(value: Any) -> tuple[str, ...]:
    """Take a list of Discord ids; one named twice counts once."""
    if not isinstance(value, list) or not all(is_snowflake(item) for item in value):
        raise UnfitError('a list of Discord ids in quotes, such as ["1100000000000000002"]')
    return tuple(dict.fromkeys(value))


def words(value: Any) -> tuple[str, ...]:
    """Take a list of non-empty texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise UnfitError('a list of texts, such as ["SCHEDULED", "CONFIRMED"]')
    return tuple(dict.fromkeys(value))


def some_words(value: Any) -> tuple[str, ...]:
    """Take a list of at least one text."""
    found = words(value)
    if not found:
        raise UnfitError("at least one status: without one no session ever gets a room")
    return found


def text(value: Any) -> str:
    """Take a text, also an empty one."""
    if not isinstance(value, str):
        raise UnfitError("a text in quotes")
    return value


def zone(value: Any) -> str:
    """Take the name of a time zone."""
    from coachsync.config.zones import Odd, zone_named

    found = zone_named(text(value))
    if isinstance(found, Odd):
        raise UnfitError(f"a time zone's name, such as Europe/Berlin; {value!r} {found.flaw}; {found.hint}")
    return str(value)


def one_of(*choices: str) -> Parser:
    """Return a parser that takes just these texts."""
    expected = " or ".join(f'"{choice}"' for choice in choices)

    def parse(value: Any) -> str:
        if value not in choices:
            raise UnfitError(expected)
        return str(value)

    return parse


def token_source(value: Any) -> str:
    """Take a path or "credential:NAME"; a token itself has no place in the file."""
    found = text(value)
    if looks_like_token(found):
        raise UnfitError("the path of a file that holds the token, not the token itself")
    if "\0" in found or found == "credential:" or (found.startswith("credential:") and "/" in found):
        raise UnfitError('a path such as "/etc/coachsync/token", or "credential:NAME"')
    return found


def looks_like_token(value: object) -> bool:
    """Return whether a text may be a bot token: such a text is never shown."""
    return (
        isinstance(value, str)
        and len(value) >= 40
        and value.count(".") == 2
        and _TOKEN_LETTERS.issuperset(value.removeprefix("Bot "))
    )


def store_url(value: Any) -> str:
    """Take sqlite:///FILE, json:///FILE or postgresql://HOST/DATABASE."""
    found = text(value)
    if found.startswith(("postgresql://", "postgres://")) and "\0" not in found:
        if has_password(found):
            raise UnfitError(f"postgresql://USER@HOST/DATABASE without a password: {LIBPQ_PLACES}")
        return found
    scheme, mark, path = found.partition(":///")
    if scheme not in ("sqlite", "json") or not mark or not path.strip("/") or "\0" in path:
        raise UnfitError(
            '"sqlite:///FILE" or "json:///FILE" (four slashes for an absolute path), or "postgresql://USER@HOST/DATABASE"'
        )
    return found


def ledger_url(value: Any) -> str:
    """Take sqlite:///FILE."""
    found = text(value)
    if not found.startswith("sqlite:///") or not found[10:].strip("/") or "\0" in found:
        raise UnfitError('"sqlite:///FILE" (four slashes for an absolute path)')
    return found


def table_name(value: Any) -> str:
    """Take a table's name, with its schema before it or without."""
    found = text(value)
    parts = found.split(".")
    if not 1 <= len(parts) <= 2 or not all(parts) or "\0" in found:
        raise UnfitError('a table such as "bookings" or "public.bookings"')
    return found


def column_name(value: Any) -> str:
    """Take a column's name."""
    found = text(value)
    if not found or "\0" in found:
        raise UnfitError('a column\'s name such as "starts_at"')
    return found


def api_base(value: Any) -> str:
    """Take Discord's base address: https, or http if the host is loopback; no user, query or fragment."""
    found = text(value)
    parts = _split_url(found)
    if parts is None or any(c <= " " or c > "~" for c in found):
        raise UnfitError('an address such as "https://discord.com/api/v10"')
    scheme, host, clean = parts
    if not clean:
        raise UnfitError("an address without user name, query or fragment")
    if scheme != "https" and not is_loopback(host):
        raise UnfitError("an https address (http only to this very host): the token never travels in clear")
    return found.rstrip("/")


def heartbeat_url(value: Any) -> str:
    """Take an address that is asked after a run: https, or http if the host is loopback; no user, no fragment."""
    found = text(value)
    parts = _split_url(found.partition("?")[0])
    if parts is None or any(c <= " " or c > "~" for c in found):
        raise UnfitError('an address such as "https://hc-ping.com/your-uuid"')
    scheme, host, clean = parts
    if not clean or "#" in found:
        raise UnfitError("an address without user name or fragment")
    if scheme != "https" and not is_loopback(host):
        raise UnfitError("an https address (http only to this very host)")
    return found


def source_url(value: Any) -> str:
    """Take an address to pull from: https (webcal is the same), http if the host is loopback, or a database's."""
    found = text(value)
    if found.startswith(("mysql://", "postgresql://", "sqlite:///")) and found.isprintable() and " " not in found:
        return found
    if found.startswith("webcal://"):
        found = "https" + found.removeprefix("webcal")
    parts = _split_url(found.partition("?")[0])
    if parts is None or any(c <= " " or c > "~" for c in found):
        raise UnfitError('an address such as "https://calendar.example/basic.ics"')
    scheme, host, clean = parts
    if not clean or "#" in found:
        raise UnfitError("an address without user name or fragment: a secret goes into token_file")
    if scheme != "https" and not is_loopback(host):
        raise UnfitError("an https address (http only to this very host)")
    return found


def text_table(value: Any) -> dict[str, str]:
    """Take a table of texts by name."""
    if not isinstance(value, dict) or not all(isinstance(one, str) and one for one in value.values()):
        raise UnfitError('a table of texts, such as {student = "attendee"}')
    return dict(value)


def path(value: Any) -> str:
    """Take the path of a file."""
    found = text(value)
    if not found or "\0" in found or found.endswith("/"):
        raise UnfitError("the path of a file")
    return found


def program(value: Any) -> tuple[str, ...]:
    """Take a program's path and its arguments; [] for none."""
    if not isinstance(value, list) or not all(isinstance(item, str) and "\0" not in item for item in value):
        raise UnfitError('a program and its arguments, such as ["/usr/local/bin/room-opened", "loudly"]')
    if value and not value[0].startswith("/"):
        raise UnfitError('a program by its whole path, such as ["/usr/local/bin/room-opened"]: no shell looks for it')
    return tuple(value)


def _split_url(url: str) -> tuple[str, str, bool] | None:
    """Return scheme, host and whether there is nothing beside host, port and path; None if it is no URL."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    return parts.scheme, host, "@" not in parts.netloc and "?" not in url and "#" not in url


def on_this_host(url: str) -> bool:
    """Return whether an address leads to this very host and nowhere else."""
    parts = _split_url(url)
    return parts is not None and is_loopback(parts[1])


def shown(value: object) -> str:
    """Return a value as an error may show it: short, on one line, never what may be a secret."""
    if _holds_token(value):
        return f"a text of {len(str(value))} characters that is not shown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list) and any(_holds_token(item) for item in value):
        return "a list that is not shown"
    written = ascii(value) if not isinstance(value, str) else '"' + _harmless(value) + '"'
    return written if len(written) <= 60 else written[:57] + "…"


def _holds_token(value: object) -> bool:
    """Return whether something in a text, such as a part of an address, may be a bot token."""
    if not isinstance(value, str) or looks_like_token(value):
        return isinstance(value, str)
    return any(map(looks_like_token, "".join(c if c in _TOKEN_LETTERS else " " for c in value).split()))


def _harmless(value: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)
