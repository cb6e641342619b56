"""What may go wrong at one point of a tick: on the line, in Discord's answer, to the process, on the disk.

Pure data; `strike` brings it about.
"""

from __future__ import annotations

import re
import signal
from typing import NamedTuple

REQUEST = "request"
STEPS = ("begin", "commit", "committed", "replace", "rename", "renamed")
"""Around a transaction: before it, before and after its commit. Around a JSON file's replacement: before the new
file is written, before and after it takes the old one's place."""


class Point(NamedTuple):
    """A point of a tick: the nth request of a route ("GET /users/@me"), or the nth step of one of `STEPS`."""

    name: str
    nth: int

    @property
    def is_request(self) -> bool:
        """Return whether it is a request."""
        return self.name not in STEPS

    def __str__(self) -> str:
        return f"{self.name}#{self.nth}"


class Fault(NamedTuple):
    """One fault.

    `family`: "answer" (the stand-in plays `kind`), "line" (no connection comes about), "late" (Discord acts when the
    run is over), "signal" or "disk" (`kind` names it). `lasting`: everything after the point is struck as well.
    `side` is when a signal comes, around a request: "before" Discord acts, "after" it, "answered".
    """

    name: str
    family: str
    kind: str
    lasting: bool = False
    options: tuple[tuple[str, object], ...] = ()
    side: str = ""


def _answer(name: str, kind: str, lasting: bool = False, **options: object) -> Fault:
    return Fault(name, "answer", kind, lasting, tuple(options.items()))


_UNANSWERED = (
    _answer("reset before", "reset_before"),
    _answer("reset after", "reset_after"),
    _answer("no answer, not done", "hang_before"),
    _answer("no answer, done", "hang_after"),
    _answer("no answer, done when given up", "delay"),
    _answer("dripping", "drip", interval=0.1),
    _answer("truncated", "truncated"),
    _answer("cut off", "cut"),
    _answer("not JSON", "not_json"),
    _answer("HTML with 200", "html"),
    *(_answer(f"{status} before", "status_before", status=status) for status in (500, 502, 503)),
    *(_answer(f"{status} after", "status_after", status=status) for status in (500, 502, 503)),
    _answer("HTML page with 502", "html_before", status=502),
)
_REFUSED = (
    *(_answer(f"429 {scope}", "rate_limited", scope=scope, retry_after=0.05) for scope in ("user", "global", "shared")),
    _answer("429 without Retry-After", "rate_limited_bare"),
    _answer("429 as HTML", "cloudflare", status=429),
    _answer("401", "unauthorized"),
    _answer("403", "forbidden", code=None),
    *(_answer(f"403/{code}", "forbidden", code=code) for code in (50001, 50013, 60003)),
    _answer("404", "not_found", code=None),
    *(_answer(f"404/{code}", "not_found", code=code) for code in (10003, 10004, 10007, 10009, 10011, 10013)),
)
_LINE = (
    Fault("connection refused", "line", "refused"),
    Fault("name look-up hangs", "line", "lookup"),
    Fault("done when the run is over", "late", "late"),
)
_LASTING = (
    Fault("connection refused from here on", "line", "refused", lasting=True),
    _answer("reset before from here on", "reset_before", lasting=True),
    _answer("reset after from here on", "reset_after", lasting=True),
    _answer("no answer from here on", "hang_after", lasting=True),
    _answer("503 before from here on", "status_before", lasting=True, status=503),
    _answer("500 after from here on", "status_after", lasting=True, status=500),
    _answer("403/50013 from here on", "forbidden", lasting=True, code=50013),
)
_SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
_STRUCK_REQUESTS = (
    *(Fault(f"{name} {side}", "signal", name, side=side) for name in _SIGNALS for side in ("before", "after")),
    Fault("SIGKILL answered", "signal", "SIGKILL", side="answered"),
)
_STRUCK_STEPS = tuple(Fault(name, "signal", name) for name in _SIGNALS)

AT_REQUESTS: tuple[Fault, ...] = (*_LINE, *_UNANSWERED, *_REFUSED, *_LASTING, *_STRUCK_REQUESTS)

_FULL = Fault("disk full", "disk", "full")
_STORE_LOCKED = Fault("store locked", "disk", "locked")
_DISK = (_FULL, Fault("read-only", "disk", "readonly"), _STORE_LOCKED)
_CUT = Fault("connection to the database cut", "disk", "cut")
_LEDGER_LOCKED = Fault("ledger locked", "disk", "ledger_locked")

IN_PAIRS: tuple[Fault, ...] = (*_UNANSWERED, *_REFUSED)
"""What strikes two requests of one tick."""

FRESH: tuple[Fault, ...] = _STRUCK_REQUESTS
"""What strikes a process of its own as well as a forked one."""


def at_step(step: str, store: str) -> tuple[Fault, ...]:
    """Return the faults that strike at a step."""
    if store == "postgresql":
        return (*_STRUCK_STEPS, _CUT, *((_STORE_LOCKED,) if step == "begin" else ()))
    if step == "begin":
        return (*_STRUCK_STEPS, *_DISK, *((_LEDGER_LOCKED,) if store == "json" else ()))
    return (*_STRUCK_STEPS, _FULL) if step in ("commit", "replace") else _STRUCK_STEPS


def route_of(label: str) -> str:
    """Return a route without the names of its parameters, which client and stand-in choose for themselves."""
    return re.sub(r"\{\w+\}", "{}", label)


def number_of(name: str) -> signal.Signals:
    """Return a signal by its name."""
    return signal.Signals[name]
