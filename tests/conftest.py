"""What holds for every test."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator

import pytest

from tests.kit import nodes
from tests.kit.folders import in_memory
from tests.kit.mariadb import MariaDb, mariadb
from tests.kit.pgbouncer import PgBouncer, pgbouncer
from tests.kit.postgres import Postgres, postgres


def pytest_configure() -> None:
    """Prepare what every test stands on."""
    _take_sigint()
    _use_memory_for_folders()
    _keep_what_is_compiled()


def _take_sigint() -> None:
    """Take SIGINT as at a terminal: started in the background, a shell would have every child ignore it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _use_memory_for_folders() -> None:
    """Have folders made in memory, if the host has room there, by the programs that tests start, too."""
    if (memory := in_memory()) is not None:
        os.environ.setdefault("TMPDIR", str(memory))
        tempfile.tempdir = None  # which is asked anew


def _keep_what_is_compiled() -> None:
    """Let programs that tests start find what others compiled, on a host that has Python write none of it down, too.

    The folder is gone with the process that made it: the first one, whose environment the others have.
    """
    if not sys.dont_write_bytecode:
        return
    folder = tempfile.mkdtemp(prefix="compiled")
    owner = os.getpid()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder
    sys.dont_write_bytecode = False
    os.chmod(folder, 0o755)

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL for all tests of a process; each test asks it for a `fresh` place."""
    with postgres() as server:
        yield server


@pytest.fixture
def on_host(monkeypatch: pytest.MonkeyPatch) -> nodes.OnHost:
    """Rename this host, for what follows."""
    return nodes.naming(monkeypatch)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    """One MariaDB for all tests of a process; each module makes a database of its own."""
    with mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def pooler(postgres_server: Postgres) -> Iterator[PgBouncer]:
    """One pgbouncer in transaction mode before that server."""
    with pgbouncer(postgres_server) as started:
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longer searches, so that no worker is left with one when all others are through."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the longer searches counted, whichever worker ran them."""
    told = [
        str(value)
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, value in report.user_properties
        if name == "told"
    ]
    if told:
        terminalreporter.section("what was searched")
        terminalreporter.write("\n".join([*sorted(told), ""]))
