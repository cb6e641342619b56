"""What a child of the tests may not do or sees otherwise: code for `inject`, which runs before the program does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Root may write anywhere; without its capabilities it is a user like others.
POWERLESS = """
import ctypes
header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert ctypes.CDLL(None).capset(header, none) == 0
"""

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root mounts files and changes users")


def small_files(size: int) -> str:
    """Let no file grow beyond a size, in bytes: as if the disk were full."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"


def mounted_alone(path: Path) -> str:
    """Mount a file over itself, as a container's engine does; nobody else sees it."""
    return f"""
import ctypes
libc, path = ctypes.CDLL(None), {str(path)!r}.encode()
assert libc.unshare(0x20000) == 0
assert libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) == 0
assert libc.mount(path, path, None, 0x1000, None) == 0
"""


def as_user(uid: int, gid: int, *groups: int) -> str:
    """Become another user, of further groups."""
    return f"import os; os.setgroups({list(groups)}); os.setgid({gid}); os.setuid({uid})"


def read_only(folder: Path) -> str:
    """Mount a folder over itself, read-only; nobody else sees it."""
    return f"""
import ctypes
libc, path = ctypes.CDLL(None), {str(folder)!r}.encode()
assert libc.unshare(0x20000) == 0
assert libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) == 0
assert libc.mount(path, path, None, 0x1000, None) == 0
assert libc.mount(path, path, None, 0x20 | 0x1000 | 1, None) == 0
"""


def without_inodes(folder: Path) -> str:
    """Mount a file system at a folder that has room for an empty JSON store alone; nobody else sees it."""
    return f"""
import ctypes, pathlib
libc, path = ctypes.CDLL(None), {str(folder)!r}.encode()
assert libc.unshare(0x20000) == 0
assert libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) == 0
assert libc.mount(b"tmpfs", path, b"tmpfs", 0, b"nr_inodes=2") == 0
pathlib.Path({str(folder / "sessions.json")!r}).write_text("[]")
"""
