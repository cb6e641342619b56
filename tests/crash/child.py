"""A tick in this process or in a fork of it: the real program, its waits shortened, struck where the case says.

To be used in processes of the matrix's own: what is replaced in coachsync's modules stays replaced.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from coachsync.__main__ import main
from coachsync.cli import app, run
from coachsync.cli.context import Invocation
from coachsync.discord import client
from coachsync.discord.http import Transport
from coachsync.domain.model import Millis
from coachsync.engine import room, work
from coachsync.store import database, json_swap
from coachsync.store.database import Database
from tests.crash.faults import Fault, Point, number_of, route_of

TIMEOUT_S = 0.25
_LOCK_WAIT_S = 0.1
_NOTICED_S = 0.003
_HANGS_S = 60.0


class Steps:
    """Counts the steps of the tick, tells them to the parent where it asks, and strikes at one of them."""

    def __init__(self, control: socket.socket, point: Point | None, fault: Fault | None, record: bool) -> None:
        self._control = control
        self._point = point if fault is not None and fault.family in ("signal", "disk") else None
        self._fault = fault
        self._record = record
        self._counts: dict[str, int] = {}
        self.full = False
        self.read_only = False

    def at(self, name: str) -> None:
        """Come to a step."""
        nth = self._counts[name] = self._counts.get(name, 0) + 1
        if self._record:
            self._control.sendall(f"{name}#{nth}\n".encode())
        if self._point == (name, nth):
            assert self._fault is not None
            self._strike(self._fault)

    def _strike(self, fault: Fault) -> None:
        if fault.family == "signal":
            os.kill(os.getpid(), number_of(fault.kind))
            time.sleep(_NOTICED_S)  # the main thread hears of it, whichever thread is here
        elif fault.kind == "full":
            self.full = True
        elif fault.kind == "readonly":
            self.read_only = True
        else:
            self._control.sendall(f"{fault.kind}\n".encode())
            self._control.recv(1)


def _watch_database(steps: Steps) -> None:
    run = Database.run

    def watched(self: Database, sql: str, args: Any = ()) -> int:
        if sql == "BEGIN IMMEDIATE":
            steps.at("begin")
            if steps.read_only:
                self._connection.execute("PRAGMA query_only = ON")
        elif sql == "COMMIT":
            steps.at("commit")
            if steps.full:
                raise self._told(_disk_full())
        changed = run(self, sql, args)
        if sql == "COMMIT":
            steps.at("committed")
        return changed

    Database.run = watched  # type: ignore[method-assign]


def _disk_full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def _watch_swaps(steps: Steps) -> None:
    write, fresh, sync = json_swap._write, json_swap._fresh, json_swap._sync_directory

    def written(descriptor: int, data: bytes) -> None:
        steps.at("replace")
        if steps.full:
            os.write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(descriptor, data)
        steps.at("rename")

    def opened(beside: str, path: str, like: os.stat_result) -> contextlib.AbstractContextManager[int]:
        if steps.read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return fresh(beside, path, like)

    def synced(path: str) -> None:
        steps.at("renamed")
        sync(path)

    json_swap._write, json_swap._fresh, json_swap._sync_directory = written, opened, synced


class _Line:
    """Keeps the requests of a case from ever getting a connection."""

    def __init__(self, point: Point, fault: Fault) -> None:
        self._point = point
        self._fault = fault
        self._seen = 0
        self._lock = threading.Lock()
        self._here = threading.local()
        self._dead = socket.socket()
        self._dead.bind(("127.0.0.1", 0))  # and never listens
        self._look_up = socket.getaddrinfo

    def cut(self) -> None:
        """Put itself between the tick and its connections."""
        exchange = Transport._exchange

        def cut_off(transport: Transport, request: Any, gate: Any, label: str) -> Any:
            self._here.struck = self._strikes(label)
            if self._here.struck:
                transport._adapter.poolmanager.clear()
            return exchange(transport, request, gate, label)

        Transport._exchange = cut_off  # type: ignore[method-assign]
        socket.getaddrinfo = self._looked_up

    def _strikes(self, label: str) -> bool:
        with self._lock:
            here = route_of(label) == self._point.name
            self._seen += here
            return (here and self._seen == self._point.nth) or (self._fault.lasting and self._seen >= self._point.nth)

    def _looked_up(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(self._here, "struck", False):
            if self._fault.kind == "lookup":
                time.sleep(_HANGS_S)
            port = self._dead.getsockname()[1]
        return self._look_up(host, port, *args, **kwargs)


class _Prompt:
    """Stands for the parsed command line `coachsync --config PATH run --now NOW`: parsing takes longer than a tick."""

    def __init__(self, config: str, now: Millis) -> None:
        self._config = config
        self._now = now

    def make_context(self, _program: str, _arguments: list[str], obj: Invocation) -> Any:
        """Say what stands before the command."""
        obj.config = self._config
        return contextlib.nullcontext(obj)

    def invoke(self, said: Invocation) -> int:
        """Run the command."""
        return run._tick(said, run._Call("run", (), self._now, False, False, False, 0.0, False, False))


def hurry() -> None:
    """Shorten what every tick of this process and its forks waits for."""
    gateway = work.Gateway
    hurried: Callable[..., Any] = lambda base, **kwargs: gateway(base, **{**kwargs, "timeout": TIMEOUT_S})  # noqa: E731
    work.Gateway = hurried  # type: ignore[assignment, misc]
    client._PAUSES_S = (0.01, 0.02)  # type: ignore[assignment]
    room._SETTLE_S = 0.02
    database.LOCK_WAIT = json_swap.LOCK_WAIT = _LOCK_WAIT_S


def tick_here(config: str, now: Millis, environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a tick in this process; return exit status and output."""
    kept, handler = (sys.stdout, sys.stderr), signal.getsignal(signal.SIGTERM)
    out, err = sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    os.environ.update(environ)
    app.build = lambda: _Prompt(config, now)
    try:
        return main(["run"]), out.getvalue(), err.getvalue()
    finally:
        sys.stdout, sys.stderr = kept
        signal.signal(signal.SIGTERM, handler)


def become_tick(
    config: str,
    now: Millis,
    environ: Mapping[str, str],
    outputs: tuple[int, int],
    steps: Steps,
    line: tuple[Point, Fault] | None,
) -> NoReturn:
    """Run a tick in this process, which was forked for it, and end."""
    code = 99
    try:
        for target, source in enumerate(outputs, start=1):
            os.dup2(source, target)
        sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(environ)
        app.build = lambda: _Prompt(config, now)
        _watch_database(steps)
        _watch_swaps(steps)
        if line is not None:
            _Line(*line).cut()
        code = main(["run"])
    finally:
        os._exit(code)
