"""Whose a file is, and how to run coachsync as that user."""

from __future__ import annotations

import os


def owner_of(path: str) -> int:
    """Return the user id of a file's owner. Raises OSError."""
    return os.stat(path).st_uid


def sudo_line(owner: int) -> str:
    """Return how to run coachsync as the user of this id."""
    return f"sudo -u {user_name(owner)} coachsync …"


def user_name(uid: int) -> str:
    """Return a user's name as sudo takes it; '#1000', quoted for the shell, if it has none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"
