"""The steps of a tick between its requests: told to the parent, and struck by signals and by what disks do."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sqlite3
import time
from typing import Any

from coachsync.errors import ConnectionLostError
from coachsync.host import files
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.sqlite.database import Database
from tests.searches.crash.faults import Fault, Point, number_of

STRUCK = "struck\n"
_NOTICED_S = 0.003


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
        self.cut = False

    def at(self, name: str) -> None:
        """Come to a step."""
        nth = self._counts[name] = self._counts.get(name, 0) + 1
        if self._record:
            self._control.sendall(f"{name}#{nth}\n".encode())
        if self._point == (name, nth):
            assert self._fault is not None
            self._strike(self._fault)

    def tell_of_blow(self) -> None:
        """Tell the parent that the fault came about."""
        self._control.sendall(STRUCK.encode())

    def _strike(self, fault: Fault) -> None:
        self.tell_of_blow()
        if fault.family == "signal":
            os.kill(os.getpid(), number_of(fault.kind))
            time.sleep(_NOTICED_S)  # the main thread hears of it, whichever thread is here
        elif fault.kind == "full":
            self.full = True
        elif fault.kind == "readonly":
            self.read_only = True
        elif fault.kind == "cut":
            self.cut = True
        else:
            self._control.sendall(f"{fault.kind}\n".encode())
            self._control.recv(1)


def watch_database(steps: Steps) -> None:
    """Come by before a transaction, and before and after its commit."""
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


def watch_postgres(steps: Steps) -> None:
    """Come by before a transaction, and before and after its commit."""
    begin, commit = PostgresDatabase._begin, PostgresDatabase._commit

    def begun(self: PostgresDatabase) -> None:
        steps.at("begin")
        _cut_off(self, steps)
        begin(self)

    def committed(self: PostgresDatabase) -> None:
        steps.at("commit")
        _cut_off(self, steps)
        commit(self)
        steps.at("committed")
        if steps.cut:
            _cut_off(self, steps)
            raise ConnectionLostError("the connection was lost at the commit", "", in_doubt=True)

    PostgresDatabase._begin, PostgresDatabase._commit = begun, committed  # type: ignore[method-assign]


def _cut_off(database: PostgresDatabase, steps: Steps) -> None:
    """Break the connection as a network does, once."""
    if steps.cut and database._connection is not None:
        steps.cut = False
        with contextlib.closing(socket.socket(fileno=os.dup(database._connection.fileno()))) as line:
            line.shutdown(socket.SHUT_RDWR)


def _disk_full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def watch_swaps(steps: Steps) -> None:
    """Come by before a JSON store's new file is written, and before and after it takes the old one's place."""
    write, fresh, sync = files._write, files._fresh, files._sync_directory

    def written(descriptor: int, data: bytes | files.Pieces) -> None:
        steps.at("replace")
        if steps.full:
            whole = b"".join(data) if isinstance(data, list) else data
            os.write(descriptor, whole[: len(whole) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(descriptor, data)
        steps.at("rename")

    def opened(beside: str, like: files.Likeness | None) -> contextlib.AbstractContextManager[int]:
        if steps.read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return fresh(beside, like)

    def synced(path: str) -> None:
        steps.at("renamed")
        sync(path)

    files._write, files._sync_directory = written, synced
    files._fresh = opened  # type: ignore[assignment]
