"""A PostgreSQL of its own: a cluster made by initdb, a free port, no password for its owner."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from typing import Any

_QUICK = "-c fsync=off -c shared_buffers=16MB -c max_connections=60 -c timezone=America/Santiago"
_USER = "postgres"
_MUCH = 2 << 30


class Postgres:
    """A server on a port of loopback, whose own zone is neither UTC nor any that a test means.

    `folder` holds all that is its own; `data`, in it, is its cluster.
    """

    def __init__(self, folder: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self._made = 0
        self.call("initdb", "-D", self.data, "-U", _USER, "-A", "trust", "-N", "--locale=C.UTF-8")

    def call(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs to its end."""
        command = [*as_postgres(), f"{programs()}/{program}", *arguments]
        quiet = subprocess.DEVNULL
        subprocess.run(command, cwd=self.folder, check=True, stdout=quiet, stderr=quiet, timeout=90)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} {_QUICK}"
        self._control("-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        """End it at once, as a machine that dies does: what was committed is there when it starts again."""
        self._control("-m", "immediate", "stop")

    def restart(self) -> None:
        """End it as a failing power supply would, and start it again."""
        self.stop()
        self.start()

    def promote(self) -> None:
        """Let a standby be the primary."""
        self._control("promote")

    def _control(self, *arguments: str) -> None:
        self.call("pg_ctl", "-D", self.data, "-w", "-t", "60", *arguments)

    def run(self, *statements: str) -> None:
        """Run statements as its owner, each by itself."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query as its owner."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def fresh(self) -> str:
        """Return the address of a place where nothing is yet: a role without rights elsewhere, and its own schema."""
        self._made += 1
        role = f"tenant{self._made}"
        self.run(f"CREATE ROLE {role} LOGIN", f"CREATE SCHEMA {role} AUTHORIZATION {role}")
        return self.url(role)

    def cut_off(self, user: str = "") -> None:
        """End every other connection, or those of one user, as an administrator or a failing network would."""
        chosen = f"AND usename = '{user}'" if user else ""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() {chosen}"
        )

    def url(self, user: str = _USER, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


def programs() -> str | None:
    """Return the folder of PostgreSQL's own programs, None if there is no PostgreSQL on this host."""
    debian = sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True)
    found = shutil.which("pg_basebackup")
    return next(iter([*debian, *([os.path.dirname(found)] if found else [])]), None)


def as_postgres() -> list[str]:
    """Return the words before a command of PostgreSQL's, which refuses to run as root."""
    return ["setpriv", "--reuid", _USER, "--regid", _USER, "--clear-groups"] if os.geteuid() == 0 else []


def _quickest() -> str:
    """Return a folder for short-lived clusters: in memory if there is much of it."""
    memory = "/dev/shm"
    roomy = os.path.isdir(memory) and shutil.disk_usage(memory).free > _MUCH
    return memory if roomy else "/tmp"


@contextmanager
def postgres(within: str | None = None) -> Iterator[Postgres]:
    """Start a server and end it; `within` is the folder that its files are in, if not where they are quickest."""
    assert programs() is not None
    folder = tempfile.mkdtemp(prefix="postgres", dir=within or _quickest())
    if as_postgres():
        shutil.chown(folder, _USER, _USER)
    try:
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
