"""Measures one command: `python -I -S gauge.py LOG COMMAND…` prints exit code, seconds, processor seconds and peak.

A small process of its own, because the kernel starts a child's peak memory at what its parent held.
"""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    """Run the command with its output in LOG, and print four numbers; the peak is in KiB."""
    with open(sys.argv[1], "wb") as log:
        began = time.perf_counter()
        child = os.posix_spawnp(
            sys.argv[2],
            sys.argv[2:],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)],
        )
        _, status, used = os.wait4(child, 0)
        seconds = time.perf_counter() - began
    cpu = used.ru_utime + used.ru_stime
    sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {seconds} {cpu} {used.ru_maxrss}\n")


if __name__ == "__main__":
    main()
