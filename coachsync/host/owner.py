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


def denied(user: str, path: str, wanted: int) -> bool:
    """Return whether the modes of a file surely deny a user what is wanted (os.R_OK, os.W_OK); False if in doubt.

    An access list, or a folder on the way, may say something else than the file's own mode.
    """
    import pwd

    try:
        person = pwd.getpwnam(user)
        found = os.stat(path)
        if person.pw_uid == 0 or "system.posix_acl_access" in os.listxattr(path):
            return False
        groups = os.getgrouplist(user, person.pw_gid)
    except (KeyError, OSError):
        return False
    shift = 6 if found.st_uid == person.pw_uid else 3 if found.st_gid in groups else 0
    return wanted & ~(found.st_mode >> shift & 0o7) != 0
