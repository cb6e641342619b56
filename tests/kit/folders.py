"""Folders in memory: stores write through to the disk at every step, which tests need not wait for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_NEEDED = 1 << 30


def in_memory() -> Path | None:
    """Return where folders are in memory; None if the host has no such place, or little room there."""
    usable = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_NEEDED
    return _MEMORY if usable else None
