"""What the client and the transport hand each other: a request ready to be sent, and what came of it. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from coachsync.discord.routes import Call


class Outgoing(NamedTuple):
    """One request: `body` is encoded JSON, None for none; `reason` goes into the audit log, "" for none."""

    call: Call
    body: bytes | None = None
    reason: str = ""


class Answer(NamedTuple):
    """One HTTP answer, read to its end. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NeverSent(NamedTuple):
    """No connection came about, and not one byte of the request left. `why` is for people."""

    why: str


class Lost(NamedTuple):
    """The request left, wholly or in part, and no whole answer came. `why` is for people."""

    why: str


Result = Answer | NeverSent | Lost


class Sender(Protocol):
    """Whoever exchanges requests for answers."""

    def start(self, outgoing: Outgoing, done: Callable[[Result], None]) -> None:
        """Begin an exchange. `done` is called exactly once, later, in the event loop's thread."""
