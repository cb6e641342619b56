"""How many exchanges may be in flight at once, over all tokens and API bases of a run."""

from __future__ import annotations

from collections.abc import Callable


class Ceiling:
    """Counts exchanges in flight up to `most`. Used from the event loop's thread alone."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken = 0
        self._waiting: dict[Callable[[], None], None] = {}

    @property
    def reached(self) -> bool:
        """Return whether no further exchange may begin."""
        return self._taken >= self.most

    def take(self) -> None:
        """Count an exchange that begins."""
        self._taken += 1

    def wait(self, wake: Callable[[], None]) -> None:
        """Have `wake` called once when an exchange has ended."""
        self._waiting[wake] = None

    def give_back(self) -> None:
        """Count an exchange that ended, and wake whoever waits, first come first served."""
        self._taken -= 1
        waiting, self._waiting = self._waiting, {}
        for wake in waiting:
            wake()
