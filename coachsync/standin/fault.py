"""One fault: what goes wrong, and which requests it hits. What its kind does is in `fault_kinds`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from coachsync.standin.log import Request

Match = Callable[[Request], bool] | tuple[str | None, str | None] | None

USUAL_CODE = -1


@dataclass
class Fault:
    """One fault and whom it hits.

    Attributes:
        kind: a key of `fault_kinds.BEFORE` or `AFTER`.
        match: method and template, either None for any; or a callable; None for every request.
        nth: number of the first matching request that is hit, from 1.
        count: how many in a row are hit; None for all from there on.
        seconds: how long a hang, a delay or a drip lasts; None until `release` or the stand-in's end.
        status, code, message, body, headers: of an answer that is made up; `code` None leaves it out,
            `USUAL_CODE` is the one that goes with the kind.
        retry_after, scope: of a 429.
        location: of a redirect.
        offset: seconds added to the `Date` header.
        interval: seconds between two bytes of a drip.
        overwrites: what a channel carries instead of the overwrites asked for.
        fields: what a `lie` puts into the object answered, or into one object of the list answered.
        target: id of that object of a list, the first by default; of `more_allowed` the id of the overwrite,
            all of them by default.
        bits: what `more_allowed` adds to the bits allowed.
        hits: how often it struck; `seen`: how many requests matched; `hanging`: how many wait by it right now.
    """

    kind: str
    match: Match = None
    nth: int = 1
    count: int | None = 1
    seconds: float | None = None
    status: int = 500
    code: int | None = USUAL_CODE
    message: str | None = None
    body: bytes | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float = 1.0
    scope: str = "user"
    location: str = "http://127.0.0.1:9/"
    offset: float = 0.0
    interval: float = 0.2
    overwrites: tuple[tuple[str, int, int, int], ...] = ()
    fields: dict[str, object] = field(default_factory=dict)
    target: str | None = None
    bits: int = 1 << 8
    hits: int = 0
    seen: int = 0
    hanging: int = 0
    _released: threading.Event = field(default_factory=threading.Event, repr=False)

    def release(self) -> None:
        """End all hangs and delays of this fault."""
        self._released.set()

    @property
    def released(self) -> bool:
        """Whether hangs of this fault are over."""
        return self._released.is_set()

    def strikes(self, request: Request) -> bool:
        """Count a request that matches, and tell whether it is one of those hit."""
        if not _matches(self.match, request):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.count is not None and self.seen >= self.nth + self.count):
            return False
        self.hits += 1
        return True


def _matches(match: Match, request: Request) -> bool:
    if match is None:
        return True
    if callable(match):
        return match(request)
    method, template = match
    return method in (None, request.method) and template in (None, request.template)
