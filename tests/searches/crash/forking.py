"""Forking from a process whose other threads only serve: the fork never needs what they hold."""

from __future__ import annotations

import os
import warnings


def fork() -> int:
    """Fork, without Python's warning about the threads of the stand-in and of earlier ticks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
