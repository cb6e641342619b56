"""What a run is seen to do from outside: each request to Discord, with the ledger as it stands on the disk just then.

Nothing of the program is hooked: the requests are the stand-in's, and the ledger is read as anybody could read it.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple

import psycopg

from coachsync.standin import Request, Standin
from coachsync.standin.answers import Reply

Kind = Literal["role", "channel"]
KINDS: tuple[Kind, ...] = ("role", "channel")

STATES = ("free", "attempted", "made", "spare", "refused", "written_off", "deleted", "overtaken")
"""As the model numbers them."""

EVENTS = ("", "begin", "list", "send", "delete", "killed", "end", "frozen", "thawed")
"""As the model numbers them."""

STRANGE = 99  # no state and no thing that the model knows

_OLD = 20_000  # milliseconds: longer than any request of these runs and its margin

_CREATE = re.compile(r"^/guilds/\d+/(roles|channels)$")
_ONE = re.compile(r"^/(?:guilds/\d+/roles|channels)/(\d+)$")


class Row(NamedTuple):
    """A row of the ledger: its state, and the number of the thing it names, from 1; 0 if it names none."""

    state: str
    thing: int

    @property
    def code(self) -> int:
        """Return it as the model holds it."""
        state = STATES.index(self.state) if self.state in STATES else STRANGE
        return state | self.thing << 3


Disk = tuple[tuple[Row, ...], tuple[Row, ...]]
"""The ledger's rows of the session: roles, rooms."""


class Event(NamedTuple):
    """Something that is seen: what, of which kind, what it is about, the ledger then, and the host that did it.

    A deletion is about a thing, a list about those on it, as bits; a tick begins with 1 if attempts were old by then.
    """

    what: str
    kind: Kind
    about: int
    disk: Disk
    host: int = 0

    def __str__(self) -> str:
        ledger = "; ".join(f"{kind} {_listed(rows)}" for kind, rows in zip(KINDS, self.disk, strict=True))
        who = f"host {self.host} " if self.host else ""
        return f"{who}{self.what} {self.kind}{f' {self.about}' if self.about else ''} ({ledger})"


def _listed(rows: Iterable[Row]) -> str:
    return ", ".join(f"{r.state} {r.thing}" if r.thing else r.state for r in rows) or "none"


class Trace(NamedTuple):
    """What is seen of some ticks of one session, from what there is of it at the beginning.

    `shared`: their store is one that several hosts may share; else a run holds a lock file.
    """

    disk: Disk
    things: tuple[int, int]
    there: tuple[int, int]
    events: tuple[Event, ...]
    shared: bool = False


class Recorder:
    """Records what ticks do for one session. To be made before the first one; `trace` is what it saw.

    `there` returns the ids of what is there of the session by kind, `rows` the ledger's rows (kind, state, id),
    `host_of` the number of the host that sent a request.
    """

    def __init__(
        self,
        standin: Standin,
        there: Callable[[], dict[Kind, list[str]]],
        rows: Callable[[], Iterable[tuple[str, str, str | None]]],
        *,
        shared: bool = False,
        host_of: Callable[[Request], int] = lambda _: 0,
    ) -> None:
        self._there = there
        self._rows = rows
        self._shared = shared
        self._host_of = host_of
        self._clock = standin.world.clock
        self._at = self._clock.now()
        self._lock = threading.Lock()
        self._things: dict[Kind, list[str]] = {"role": [], "channel": []}
        self._sent: dict[int, tuple[Kind, int]] = {}
        self._events: list[Event] = []
        for kind in KINDS:
            known = [snowflake for k, _, snowflake in rows() if k == kind and snowflake]
            self._things[kind] = list(dict.fromkeys((*there()[kind], *known)))
        self._disk, self._began = self._read(), (self._bits("role"), self._bits("channel"))
        self._many = len(self._things["role"]), len(self._things["channel"])
        standin.before_request(self._before)
        standin.after_request(self._after)

    @property
    def trace(self) -> Trace:
        """Return what was seen so far."""
        return Trace(self._disk, self._many, self._began, tuple(self._events), self._shared)

    def begins(self, host: int = 0) -> None:
        """Note that a host's tick begins."""
        with self._lock:
            self._note("begin", host, about=int(self._clock.now() - self._at >= _OLD))

    def ended(self, code: int, host: int = 0) -> None:
        """Note that it has ended, or was killed."""
        with self._lock:
            self._note("killed" if code < 0 else "end", host)

    def frozen(self, host: int) -> None:
        """Note that a host does nothing any more."""
        with self._lock:
            self._note("frozen", host)

    def thawed(self, host: int) -> None:
        """Note that it goes on."""
        with self._lock:
            self._note("thawed", host)

    def _note(self, what: str, host: int, kind: Kind = "role", about: int = 0) -> None:
        self._at = self._clock.now()
        self._events.append(Event(what, kind, about, self._read(), host))

    def _read(self) -> Disk:
        found: dict[str, list[Row]] = {"role": [], "channel": []}
        for kind, state, snowflake in self._rows():
            known = self._things[kind] if kind in KINDS else []
            thing = 0 if not snowflake else known.index(snowflake) + 1 if snowflake in known else STRANGE
            found[kind].append(Row(state, thing))
        return tuple(found["role"]), tuple(found["channel"])

    def _bits(self, kind: Kind) -> int:
        return sum(1 << n for n, i in enumerate(self._things[kind]) if i in self._there()[kind])

    def _before(self, request: Request) -> None:
        create = _CREATE.match(request.path)
        one = _ONE.match(request.path)
        with self._lock:
            if request.method == "POST" and create:
                kind: Kind = "role" if create[1] == "roles" else "channel"
                self._things[kind].append("")
                self._sent[request.seq] = (kind, len(self._things[kind]) - 1)
                self._note("send", self._host_of(request), kind)
            elif request.method == "DELETE" and one:
                kind = "role" if "/roles/" in request.path else "channel"
                known = self._things[kind]
                about = known.index(one[1]) + 1 if one[1] in known else STRANGE
                self._note("delete", self._host_of(request), kind, about)

    def _after(self, request: Request, reply: Reply) -> None:
        create = _CREATE.match(request.path)
        if create is None:
            return
        kind: Kind = "role" if create[1] == "roles" else "channel"
        with self._lock:
            if request.method == "GET" and reply.status < 300:
                self._note("list", self._host_of(request), kind, self._bits(kind))
            elif request.seq in self._sent:
                for new in self._there()[kind]:
                    if new not in self._things[kind]:
                        self._things[kind][self._sent[request.seq][1]] = new


_ROWS = "SELECT kind, state, snowflake FROM coachsync_resources WHERE session_id = %s ORDER BY id"


def rows_in(ledger: Path, session_id: str) -> list[tuple[str, str, str | None]]:
    """Return the ledger's rows of a session on the disk: kind, state, id; none if there is no such table yet."""
    if not ledger.exists():
        return []
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5)) as connection:
        try:
            return connection.execute(_ROWS.replace("%s", "?"), (session_id,)).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def rows_at(url: str, session_id: str) -> list[tuple[str, str, str | None]]:
    """Return the same of a ledger in a PostgreSQL."""
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            return connection.execute(_ROWS, (session_id,)).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
