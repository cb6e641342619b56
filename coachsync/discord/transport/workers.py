"""A small pool of daemon threads for calls that block and may hang.

Unlike concurrent.futures' threads these never keep the interpreter from ending, and a thread that hangs can be
written off: another takes its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], None]


class Workers:
    """Runs jobs in at most `most` threads at once, those written off not counted. Used from one thread only.

    If the host allows fewer, there are fewer.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    def run(self, job: Job) -> None:
        """Run `job` as soon as a thread is free. It must not raise.

        Raises:
            RuntimeError: not a single thread can be started.
        """
        self._busy += 1
        self._jobs.put(job)
        self._grow()

    def finished(self) -> None:
        """Note that a job came to its end."""
        self._busy -= 1

    def written_off(self) -> None:
        """Note that a job may never come to its end: its thread is lost until it does."""
        self._busy -= 1
        self._threads -= 1
        self._grow()

    def returned(self) -> None:
        """Note that a job that was written off came to its end after all: its thread is to go."""
        self._threads += 1
        self._retire()

    def close(self) -> None:
        """Let idle threads go; those at work go when they are done."""
        for _ in range(self._threads):
            self._retire()

    def _grow(self) -> None:
        while self._threads < min(self._busy, self._most):
            try:
                threading.Thread(target=self._work, name="coachsync-http", daemon=True).start()
            except RuntimeError:
                if not self._threads:
                    raise
                self._most = self._threads  # as many as the host allows; the jobs wait for them
                return
            self._threads += 1

    def _retire(self) -> None:
        self._threads -= 1
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
