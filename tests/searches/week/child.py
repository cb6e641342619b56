"""What a run of the week is told before it begins: its host's name and clock, and what becomes of it where.

Used in processes of their own alone: what is replaced in coachsync's modules stays replaced.
"""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from coachsync import errors, waits
from coachsync.domain.model import Millis
from coachsync.store.ledger.fence import Lease

Place = Literal["before", "sending", "after", "commit", "committed"]
HURRIED: dict[str, Any] = {
    "again": (0.02, 0.05),
    "settle": 0.02,
    "grace": 2.0,
    "reconnect": (0.05, 0.2, 0.8),
    "connect": 2.0,
    "turn": 3.0,
    "row_lock": 1.0,
    "idle": 1.0,
    "share": 0.1,
    "way": 0.5,
}


class Fate(NamedTuple):
    """What befalls a run: its process is killed, or frozen, at a point.

    `place`: before a request is begun, when it cannot be given up any more, when its answer is there, or round a
    commit; `nth` counts those, and requests only if they are writes. Of all runs of a round, which has this `number`,
    the first that comes there meets it. `dozes`: the host's own clock goes on while it is frozen, as a suspended
    machine's does.
    """

    how: Literal["kill", "freeze"]
    place: Place
    nth: int
    number: int = 0
    dozes: bool = False


class Orders(NamedTuple):
    """What a run is told.

    `skew`: by how much its host's clock is wrong. `told`: the file where it says what it did. `unsafe`: it takes every
    lease and writes whatever others wrote, so that the judge has something to find.
    """

    host: str
    clock: str
    told: str
    skew: Millis = 0
    fate: Fate | None = None
    unsafe: bool = False


def obey(orders: Orders) -> None:
    """Be the host that the orders say."""
    waits.hurry(**HURRIED)
    _be_named(orders.host)
    now = _have_clock(orders.clock)
    time.time_ns = lambda: (now() + orders.skew) * 1_000_000
    time.time = lambda: (now() + orders.skew) / 1000
    told = os.open(orders.told, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def tell(what: str) -> None:
        os.write(told, f"{orders.host} {what}\n".encode())

    if orders.unsafe:
        _fear_nobody()
    _tell_leases(tell)
    _tell_fences(tell)
    if orders.fate is not None:
        _await(orders.fate, tell, f"{orders.told}-{orders.fate.number}-{orders.fate.how}")
        if orders.fate.dozes:
            _doze(now)


def _be_named(host: str) -> None:
    found = os.uname()
    os.uname = lambda: os.uname_result((found.sysname, host, *found[2:]))
    from coachsync.store.postgres import leases

    if hasattr(leases, "uname"):
        leases.uname = os.uname


def _have_clock(file: str) -> Callable[[], Millis]:
    with open(file, "rb") as opened:
        shown = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)
    return lambda: int.from_bytes(shown[:8], "little")


def _doze(now: Callable[[], Millis]) -> None:
    """Let the host's time since it was started go on with the world's."""
    from coachsync.store.postgres import leases

    awake, begun = leases.up_s, now()
    leases.up_s = lambda: awake() + (now() - begun) / 1000


def _fear_nobody() -> None:
    from coachsync.engine.apply import Apply
    from coachsync.store.ledger import fence, writer
    from coachsync.store.postgres.leases import Leases

    save, take = fence.save_entry, Leases._take

    def save_blindly(sql: Any, key: Any, fields: Any, revision: int, name: str, lease: Lease | None) -> bool:
        found = sql.one("SELECT revision FROM coachsync_entries WHERE session_id = ?", (key,))
        return save(sql, key, fields, found[0] if found is not None else 0, name, None)

    def take_blindly(self: Leases, sql: Any, bot: str) -> Any:
        sql.run("UPDATE coachsync_leases SET until = since - 1 WHERE bot = ?", (bot,))
        return take(self, sql, bot)

    vars(writer).update(save_entry=save_blindly, require=lambda *_: None)
    Leases._take = take_blindly  # type: ignore[method-assign]
    Apply._under_way = lambda *_: False  # type: ignore[method-assign]


def _tell_leases(tell: Callable[[str], None]) -> None:
    from coachsync.store.postgres.leases import Leases

    have = Leases._have

    def heard(self: Leases, lease: Lease, asked: float) -> None:
        tell(f"lease {lease.bot}")
        have(self, lease, asked)

    Leases._have = heard  # type: ignore[method-assign]


def _tell_fences(tell: Callable[[str], None]) -> None:
    begin = errors.FencedError.__init__

    def heard(self: errors.FencedError, *words: Any) -> None:
        tell("fenced")
        begin(self, *words)

    errors.FencedError.__init__ = heard  # type: ignore[assignment, method-assign]


def _await(fate: Fate, tell: Callable[[str], None], mark: str) -> None:
    """Have the process meet its fate when it comes there."""
    left = fate.nth

    def meet(what: str) -> None:
        nonlocal left
        left -= 1
        if left == 0 and _is_first(mark):
            tell(f"{fate.how} {fate.place} {what}")
            os.kill(os.getpid(), signal.SIGKILL if fate.how == "kill" else signal.SIGSTOP)

    if fate.place == "sending":
        _at_the_line(meet)
    elif fate.place in ("before", "after"):
        _round_requests(fate.place, meet)
    else:
        _round_commits(fate.place, meet)


def _is_first(mark: str) -> bool:
    """Return whether no other run made this file before."""
    with suppress(FileExistsError):
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL, 0o600))
        return True
    return False


def _round_requests(place: Place, meet: Callable[[str], None]) -> None:
    from coachsync.discord.transport.sending import Transport

    send = Transport._send

    def struck(self: Transport, request: Any, exchange: Any) -> Any:
        write = request.method != "GET"
        if write and place == "before":
            meet(f"{request.method} request")
        answer = send(self, request, exchange)
        if write and place == "after":
            meet(f"{request.method} request")
        return answer

    Transport._send = struck  # type: ignore[method-assign]


def _at_the_line(meet: Callable[[str], None]) -> None:
    from urllib3.connection import HTTPConnection

    request = HTTPConnection.request

    def struck(self: HTTPConnection, method: str, *args: Any, **options: Any) -> None:
        if method != "GET":
            meet(f"{method} request")
        request(self, method, *args, **options)

    HTTPConnection.request = struck  # type: ignore[method-assign]


def _round_commits(place: Place, meet: Callable[[str], None]) -> None:
    from coachsync.store.postgres.database import PostgresDatabase

    commit = PostgresDatabase._commit

    def struck(self: PostgresDatabase) -> None:
        if place == "commit":
            meet("")
        commit(self)
        if place == "committed":
            meet("")

    PostgresDatabase._commit = struck  # type: ignore[method-assign]
