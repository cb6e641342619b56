"""Which names and addresses mean this very host, by their spelling alone. Pure."""

from __future__ import annotations

_NAME = "localhost"


def is_loopback(host: str) -> bool:
    """Return whether `host`, in lower case and without brackets, is this very host and can be no other.

    Source: RFC 6761 section 6.3 for names, RFC 1122 section 3.2.1.3 and RFC 4291 section 2.5.3 for addresses.
    """
    return host in (_NAME, "::1") or host.endswith("." + _NAME) or _is_quad(host)


def _is_quad(host: str) -> bool:
    """Return whether this is an address of 127.0.0.0/8: `127.example.com` is a name that anybody may own."""
    numbers = host.split(".")
    return len(numbers) == 4 and numbers[0] == "127" and all(map(_is_byte, numbers))


def _is_byte(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 256
