"""The way to one API base for one run: one transport, one circuit, one `Discord` for each token.

Importing it loads asyncio and requests, so it is imported only when there is something to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from coachsync.discord.api import Discord
from coachsync.discord.circuit import Circuit
from coachsync.discord.client import Client
from coachsync.discord.errors import TOO_MANY_REFUSED
from coachsync.discord.pace.dispatch import Ceiling
from coachsync.discord.refused import RefusedAnswers
from coachsync.discord.transport.sending import Transport
from coachsync.domain.limits import REQUESTS_PER_SECOND
from coachsync.secrets import Token


class Gateway:
    """Everything a run sends goes through here. To be made inside a running event loop.

    Args:
        base: the API's base address, version included.
        timeout: seconds, for one whole exchange.
        per_second: Discord's global limit, for each token.
        ceiling: bounds the exchanges in flight; shared with the other gateways of the run.
        deadline: in the loop's monotonic seconds; nothing is waited for beyond it.
        refused: counts the host's refused answers; too many of them stop everything.
        spent: when an earlier run's last requests were answered, in the same seconds, for the global limit.
    """

    def __init__(
        self,
        base: str,
        *,
        timeout: float = 10.0,
        per_second: int = REQUESTS_PER_SECOND,
        ceiling: Ceiling | None = None,
        deadline: float = inf,
        refused: RefusedAnswers | None = None,
        spent: Sequence[float] = (),
    ) -> None:
        self._ceiling = ceiling or Ceiling(16)
        self._transport = Transport(base, timeout=timeout, connections=self._ceiling.most)
        self._circuit = Circuit()
        self._per_second = per_second
        self._deadline = deadline
        self._spent = spent
        self._served: dict[Token, Discord] = {}
        self._stopped = ""
        self._refused = refused
        if refused is not None:
            refused.when_too_many(lambda: self.stop(TOO_MANY_REFUSED))

    def discord(self, token: Token, holds: Callable[[], bool] = lambda: True) -> Discord:
        """Return Discord under `token`: the same for the same token, so that its limits are known once.

        `holds` returns whether this run may still use the token.
        """
        if token not in self._served:
            client = Client(
                self._transport.sender(token),
                per_second=self._per_second,
                ceiling=self._ceiling,
                deadline=self._deadline,
                circuit=self._circuit,
                spent=self._spent,
                refused=self._refused,
                holds=holds,
            )
            self._served[token] = Discord(client)
            if self._stopped:
                client.stop(self._stopped)
        return self._served[token]

    @property
    def lately(self) -> list[float]:
        """Return when the requests that still count against a global limit were answered, of all tokens together."""
        return [at for discord in self._served.values() for at in discord.client.lately]

    @property
    def requests_sent(self) -> int:
        """Return how many requests left, under all tokens."""
        return sum(discord.client.requests_sent for discord in self._served.values())

    def stop(self, reason: str) -> None:
        """Send nothing more. What waits fails with `Stopped`; what is in flight is still answered."""
        self._stopped = reason
        for discord in self._served.values():
            discord.client.stop(reason)

    def close(self) -> None:
        """Let go of threads and connections."""
        self._transport.close()
