"""The kernel's lock on an open file: it goes with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import time


def take(descriptor: int, wait_s: float, pause_s: float) -> bool:
    """Lock an open file against everybody else; return False if another holds it for longer than `wait_s` seconds.

    Raises OSError on a file system without locks. Closing the file gives the lock back.
    """
    give_up = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                return False
            time.sleep(pause_s)
        else:
            return True
