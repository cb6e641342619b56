"""A MariaDB of its own: a data folder, a free port, a root without a password. It lives as long as its with-block."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TOOLS = ("mariadbd", "mariadb-install-db")
_QUICK = (
    "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0",
    "--innodb-log-file-size=4M", "--performance-schema=off", "--skip-log-bin", "--default-time-zone=-03:00",
)  # fmt: skip


class MariaDb:
    """A server on a port of loopback, whose own zone is neither UTC nor any that a test means."""

    def __init__(self, port: int) -> None:
        self.port = port

    def run(self, *statements: str, database: str = "") -> None:
        """Run statements as root."""
        import pymysql

        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root", database=database or None)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def url(self, user: str = "root", database: str = "app") -> str:
        """Return the address of a database."""
        return f"mysql://{user}@127.0.0.1:{self.port}/{database}"


def is_installed() -> bool:
    """Return whether there is a MariaDB on this host."""
    return all(shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin") for tool in TOOLS)


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Start a server and end it."""
    environ = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"}
    user = ["--user=root"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="mariadb") as folder:
        data = os.path.join(folder, "data")
        made = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        _call([*made, "--skip-test-db", "--force", *user], environ)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        files = [f"--datadir={data}", f"--socket={folder}/s", f"--pid-file={folder}/pid", f"--port={port}"]
        process = subprocess.Popen(
            ["mariadbd", "--no-defaults", *files, *user, *_QUICK],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _ready(port, process)
        finally:
            process.kill()
            process.wait()


def _call(command: list[str], environ: dict[str, str]) -> None:
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=60)


def _ready(port: int, process: subprocess.Popen[Any]) -> MariaDb:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                if connection.recv(5):
                    return MariaDb(port)
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("MariaDB did not start")
