"""UUIDs as PostgreSQL writes them."""

from __future__ import annotations

import re

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID in the form in which a PostgreSQL gives it."""
    return _UUID.fullmatch(text) is not None
