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

_QUICK = "-c fsync=off -c shared_buffers=16MB -c max_connections=20 -c timezone=America/Santiago"
_USER = "postgres"


class Postgres:
    """A server on a port of loopback, whose own zone is neither UTC nor any that a test means."""

    def __init__(self, port: int, control: list[str], start: list[str]) -> None:
        self.port = port
        self._control, self._start = control, start
        self._made = 0

    def run(self, *statements: str) -> None:
        """Run statements as its owner, each by itself."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

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

    def restart(self) -> None:
        """End it as a failing power supply would, and start it again."""
        _call([*self._control, "-m", "immediate", "stop"])
        _call([*self._control, *self._start])

    def url(self, user: str = _USER, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


def programs() -> str | None:
    """Return the folder of initdb and pg_ctl, None if there is no PostgreSQL on this host."""
    found = shutil.which("initdb")
    return (
        os.path.dirname(found) if found else next(iter(sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True)), None)
    )


def as_postgres() -> list[str]:
    """Return the words before a command of PostgreSQL's, which refuses to run as root."""
    return ["setpriv", "--reuid", _USER, "--regid", _USER, "--clear-groups"] if os.geteuid() == 0 else []


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server and end it."""
    where = programs()
    assert where is not None
    folder = tempfile.mkdtemp(prefix="postgres", dir="/tmp")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    other = as_postgres()
    if other:
        shutil.chown(folder, _USER, _USER)
    data = os.path.join(folder, "data")
    control = [*other, f"{where}/pg_ctl", "-D", data, "-w", "-t", "60"]
    try:
        _call([*other, f"{where}/initdb", "-D", data, "-U", _USER, "-A", "trust", "-N", "--locale=C.UTF-8"])
        options = f"-p {port} -h 127.0.0.1 -k {folder} {_QUICK}"
        start = ["-l", f"{folder}/log", "-o", options, "start"]
        _call([*control, *start])
        try:
            yield Postgres(port, control, start)
        finally:
            _call([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _call(command: list[str]) -> None:
    subprocess.run(command, cwd="/tmp", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=90)
