"""The program in a child of this process: as good as one of its own, without waiting for Python to start.

The child has its own streams, environment, directory and signals, and has seen no token yet.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from typing import NoReturn

from tests.kit.home import Home, Result

TIMEOUT = 60.0


def forked(home: Home, arguments: Sequence[str], environ: Mapping[str, str], inject: str = "") -> Result:
    """Run a command to its end. `inject` is code that runs in the child first."""
    with tempfile.TemporaryFile(buffering=0) as out, tempfile.TemporaryFile(buffering=0) as err:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # later Pythons warn of threads, which here only serve the stand-in
            pid = os.fork()
        if pid == 0:
            _be_the_program(home, arguments, environ, inject, (out.fileno(), err.fileno()))
        code = _code_of(pid)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8"))
    return Result(code, *texts)


def _code_of(pid: int) -> int:
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
    home: Home, arguments: Sequence[str], environ: Mapping[str, str], inject: str, streams: tuple[int, int]
) -> NoReturn:
    code = 99
    try:
        _settle_in(home, environ, streams)
        exec(inject, {})
        from coachsync.__main__ import main

        code = main(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - whatever it was, the child must not return into the tests
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _settle_in(home: Home, environ: Mapping[str, str], streams: tuple[int, int]) -> None:
    """Give the child what belongs to a process, and take what only its parent may know."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, *streams)):
        os.dup2(descriptor, number)
    sys.stdin, sys.stdout, sys.stderr = (open(n, "w" if n else "r", closefd=False) for n in range(3))  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(home.environ(environ))
    time.tzset()
    os.chdir(home.folder)
    from coachsync import secrets

    secrets._known.clear()
