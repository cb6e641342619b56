"""Text as the ledger stores it: any id comes back as it was, and what only people read is made Unicode."""

from __future__ import annotations

import os


def ledger_key(session_id: str) -> str | bytes:
    """Return a session id as the ledger stores it: text, or bytes if it is no Unicode (a lone surrogate)."""
    try:
        session_id.encode("utf-8")
    except UnicodeEncodeError:
        return session_id.encode("utf-8", "surrogatepass")
    return session_id


def id_of(stored: str | bytes) -> str:
    """Return the session id that `ledger_key` gave."""
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored


def clean(text: str) -> str:
    """Replace what is no Unicode (a lone surrogate), which a database cannot hold as text."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def node_name() -> str:
    """Return this host's name, for people: nothing rests on its being the only one of that name."""
    return clean(os.uname().nodename)
