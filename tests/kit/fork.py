"""The program in a child of this process: as good as one of its own, without waiting for Python to start.

The child has its own streams, environment, directory and signals, and has seen no token yet.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, NoReturn

import rich
import typer
import tzlocal

import coachsync

TIMEOUT = 60.0
_LATE = (
    "coachsync.__main__", "tomllib", "tomli_w", "requests", "zoneinfo", "secrets", "resource",
    "encodings.utf_8_sig", "encodings.idna",
    "pydantic.type_adapter", "pydantic.plugin._loader",  # for Typer, if they are there
)  # fmt: skip


@cache
def import_all() -> None:
    """Import all that the program may import, so that no fork need do it, or be able to read where it lies."""
    packages = (coachsync, rich, typer)
    names = [m.name for package in packages for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for name in (*(name for name in names if not name.endswith("__main__")), *_LATE):
        with contextlib.suppress(ImportError, AssertionError):  # some are for another system
            importlib.import_module(name)


def fork() -> int:
    """Fork, without Python's warning about threads: here they only serve, and the child needs nothing they hold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


class Forked:
    """A command on its way in a child of this process."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], arguments: Sequence[str], stdin: str | None, inject: str
    ) -> None:
        with contextlib.ExitStack() as stack:
            given, self._out, self._err = (stack.enter_context(tempfile.TemporaryFile(buffering=0)) for _ in range(3))
            given.write((stdin or "").encode())
            given.seek(0)
            import_all()
            self.pid = fork()
            if self.pid == 0:
                streams = (given.fileno(), self._out.fileno(), self._err.fileno())
                _be_the_program(folder, environ, arguments, inject, streams)
            self._files = stack.pop_all()

    def signal(self, number: signal.Signals) -> None:
        """Send the child a signal."""
        os.kill(self.pid, number)

    def ended(self) -> tuple[int, str, str]:
        """Wait for the child's end; return exit code, output and complaints."""
        with self._files:
            code = code_of(self.pid)
            return code, _text(self._out), _text(self._err)


def forked(
    folder: Path, environ: Mapping[str, str], arguments: Sequence[str], stdin: str | None = None, inject: str = ""
) -> tuple[int, str, str]:
    """Run a command to its end; return exit code, output and complaints. `inject` is code that runs there first."""
    return Forked(folder, environ, arguments, stdin, inject).ended()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


def code_of(pid: int) -> int:
    """Return how a child ended, and kill it if it does not come to its end."""
    until = time.monotonic() + TIMEOUT
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise TimeoutError("the program did not come to its end")
        time.sleep(0.003)


def _be_the_program(
    folder: Path, environ: Mapping[str, str], arguments: Sequence[str], inject: str, streams: tuple[int, int, int]
) -> NoReturn:
    code = 99
    try:
        _settle_in(folder, environ, streams)
        exec(inject, {})
        from coachsync.__main__ import main

        code = main(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - whatever it was, the child must not return into the tests
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _settle_in(folder: Path, environ: Mapping[str, str], streams: tuple[int, int, int]) -> None:
    """Give the child what belongs to a process, and take what only its parent may know."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "w" if n else "r", closefd=False) for n in range(3))  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # some libraries asked for the tests' own zone
        warnings.simplefilter("ignore")
        tzlocal.reload_localzone()
    os.chdir(folder)
    from coachsync import secrets

    secrets._known.clear()
