"""Stopping early: if nothing gets through, whatever waits fails at once instead of trying for itself.

One circuit serves all tokens of a gateway: what it guards against (no network, a block at Discord's edge) concerns
the host, not the token.
"""

from __future__ import annotations

from collections.abc import Callable

from coachsync.discord.errors import DiscordError

UNREACHABLE_IN_A_ROW = 8


class Circuit:
    """Counts exchanges that got no connection; `broken` is why nothing more is sent, None while all is well."""

    def __init__(self) -> None:
        self.broken: DiscordError | None = None
        self._failures = 0
        self._listeners: list[Callable[[DiscordError], None]] = []

    def on_break(self, listener: Callable[[DiscordError], None]) -> None:
        """Have `listener` called once, with why the circuit broke."""
        self._listeners.append(listener)
        if self.broken is not None:
            listener(self.broken)

    def succeeded(self) -> None:
        """Note that a connection came about."""
        self._failures = 0

    def failed(self, error: DiscordError) -> None:
        """Note that none did."""
        self._failures += 1
        if self._failures >= UNREACHABLE_IN_A_ROW:
            self.trip(error)

    def trip(self, error: DiscordError) -> None:
        """Let nothing more through."""
        if self.broken is None:
            self.broken = error
            for listener in self._listeners:
                listener(error)
