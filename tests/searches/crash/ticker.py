"""Starts ticks, forked from this warm process or as programs of their own, and waits for their end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg

from coachsync.domain.model import Millis
from coachsync.standin import Standin
from coachsync.store.postgres.database import _TURN
from tests.kit.fork import fork
from tests.kit.town import TOKEN
from tests.searches.crash.child import become_tick, tick_here
from tests.searches.crash.faults import Fault, Point
from tests.searches.crash.home import POSTGRESQL, CaseHome
from tests.searches.crash.line import Line
from tests.searches.crash.steps import STRUCK, Steps

_PATIENCE_S = 40.0
_ROOT = Path(__file__).parents[3]


class Ended(NamedTuple):
    """How a tick ended: exit status (negative: killed by that signal) and output.

    `steps` are those it was asked to tell, `struck` whether its fault came about, as far as it tells itself.
    """

    code: int
    out: str
    err: str
    steps: tuple[Point, ...] = ()
    struck: bool = False


class Ticker:
    """Runs one tick after another in one home. `over` is set when the running one has ended."""

    def __init__(self, home: CaseHome, standin: Standin) -> None:
        self.home = home
        self.standin = standin
        self._handle: int | None = None  # of the running process: unlike its number it is never another's
        self._lock = threading.Lock()
        self._known = threading.Event()
        self.over = threading.Event()

    def kill(self, number: signal.Signals) -> None:
        """Send the running tick a signal."""
        self._known.wait(_PATIENCE_S)
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)

    def forked(
        self, now: Millis, point: Point | None = None, fault: Fault | None = None, record: bool = False
    ) -> Ended:
        """Run a tick in a fork of this process, struck at a point."""
        ours, theirs = socket.socketpair()
        outputs = os.memfd_create("out"), os.memfd_create("err")
        steps = Steps(theirs, point, fault, record)
        line = Line(point, fault, steps) if point and fault and fault.family == "line" else None
        self._begin()
        pid = fork()
        if pid == 0:
            become_tick(self._config, now, self._environ(), outputs, steps, line)
        theirs.close()
        self._runs(pid)
        with ours:
            code, told = self._await(pid, ours)
        self._end()
        out, err = (_drained(descriptor) for descriptor in outputs)
        return Ended(code, out, err, _points(told), STRUCK in told)

    def fresh(self, now: Millis) -> Ended:
        """Run a tick as a program of its own."""
        environ = {**os.environ, **self._environ(), "PYTHONPATH": str(_ROOT)}
        self._begin()
        argv = [sys.executable, "-m", "coachsync", "--config", self._config, "run", "--now", str(now)]
        with subprocess.Popen(
            argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        ) as program:
            self._runs(program.pid)
            out, err = program.communicate(timeout=_PATIENCE_S)
        self._end()
        return Ended(program.returncode, out, err)

    def here(self, now: Millis) -> Ended:
        """Run a tick in this process: the fastest way, for those whose process nothing befalls."""
        self._begin()
        ended = Ended(*tick_here(self._config, now, self._environ()))
        self._end()
        return ended

    @property
    def _config(self) -> str:
        return str(self.home.folder / "config.toml")

    def _environ(self) -> Mapping[str, str]:
        return {"COACHSYNC_API_BASE": self.standin.base_url, "COACHSYNC_TOKEN": TOKEN, "NO_COLOR": "1"}

    def _begin(self) -> None:
        self._known.clear()
        self.over.clear()

    def _runs(self, pid: int) -> None:
        self._handle = os.pidfd_open(pid)
        self._known.set()

    def _end(self) -> None:
        self.over.set()
        self._known.clear()
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
            self._handle = None
        until = time.monotonic() + 5
        while any(r.status is None for r in self.standin.requests) and time.monotonic() < until:
            time.sleep(0.002)

    def _await(self, pid: int, control: socket.socket) -> tuple[int, str]:
        """Wait for a fork's end, and hold the locks it asks for until then; tell its status and what it told."""
        told = ""
        ended = self._handle
        assert ended is not None
        give_up = time.monotonic() + _PATIENCE_S
        with ExitStack() as locks:
            open_: list[int | socket.socket] = [ended, control]
            while ended not in (ready := select.select(open_, [], [], give_up - time.monotonic())[0]):
                if not ready:
                    os.kill(pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
                    os.waitpid(pid, 0)
                    return 98, told
                told += self._heard(control, locks, open_)
            told += _rest(control)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), told

    def _heard(self, control: socket.socket, locks: ExitStack, open_: list[int | socket.socket]) -> str:
        text = control.recv(65_536).decode()
        if not text:
            open_.remove(control)
        if "locked\n" in text:
            self._occupy(locks, ledger="ledger_locked\n" in text)
            control.sendall(b"1")
        return text

    def _occupy(self, locks: ExitStack, *, ledger: bool) -> None:
        """Lock the store as its booking system would, or the ledger."""
        if self.home.kind == "json" and not ledger:
            descriptor = os.open(f"{self.home.file}.lock", os.O_RDWR | os.O_CREAT, 0o666)
            locks.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return
        if self.home.kind == POSTGRESQL:
            writers = locks.enter_context(psycopg.connect(self.home.url))
            writers.execute(f"SELECT {_TURN}".encode())
            return
        connection = sqlite3.connect(self.home.ledger, isolation_level=None)
        locks.callback(connection.close)
        connection.execute("BEGIN IMMEDIATE")


def _drained(descriptor: int) -> str:
    with open(descriptor, "rb") as file:
        file.seek(0)
        return file.read().decode("utf-8", "replace")


def _rest(control: socket.socket) -> str:
    control.setblocking(False)
    told = ""
    with contextlib.suppress(BlockingIOError, ConnectionError):
        while part := control.recv(65_536):
            told += part.decode()
    return told


def _points(told: str) -> tuple[Point, ...]:
    named = (line.rpartition("#") for line in told.splitlines() if "#" in line)
    return tuple(Point(name, int(nth)) for name, _, nth in named)
