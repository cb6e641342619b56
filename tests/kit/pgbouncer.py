"""A pgbouncer of its own in transaction mode, before a PostgreSQL: each transaction may get another server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.kit.postgres import Postgres, as_postgres

_CONFIGURATION = """
[databases]
statements = host=127.0.0.1 port={server} dbname=postgres pool_mode=statement
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
auth_user = postgres
auth_query = SELECT rolname, '' FROM pg_roles WHERE rolname = $1
pool_mode = transaction
default_pool_size = 4
max_db_connections = 8
server_round_robin = 1
query_wait_timeout = 10
server_login_retry = 0.2
"""


class PgBouncer:
    """A pooler; `restart` ends it and every connection through it, and starts another in its place."""

    def __init__(self, server: Postgres, folder: str) -> None:
        self.server = server
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        with open(f"{folder}/users", "w") as file:
            file.write('"postgres" ""\n')
        with open(f"{folder}/ini", "w") as file:
            file.write(_CONFIGURATION.format(server=server.port, port=self.port, folder=folder))
        self._process = self._started()

    def through(self, url: str) -> str:
        """Return the address of the same database through the pooler."""
        return url.replace(f":{self.server.port}/", f":{self.port}/")

    def restart(self) -> None:
        """End it at once and start it again."""
        self.end()
        self._process = self._started()

    def end(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert program is not None
        with open(f"{self._folder}/log", "ab") as log:
            process = subprocess.Popen([*as_postgres(), program, f"{self._folder}/ini"], stdout=log, stderr=log)
        until = time.monotonic() + 20
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return process
        raise RuntimeError("pgbouncer did not start")


@contextmanager
def pgbouncer(server: Postgres) -> Iterator[PgBouncer]:
    """Start a pooler and end it."""
    with tempfile.TemporaryDirectory(prefix="pgbouncer", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        started = PgBouncer(server, folder)
        try:
            yield started
        finally:
            started.end()
