"""Programs of the operator's, run side by side: no shell, bounded in time and in what is kept of their output.

A program gets one text on its standard input. It, and all that it started in its process group, is ended when its time
is over. What it leaves running elsewhere holds nobody up: its output is not waited for once it has ended itself.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

_TAIL = 4096  # bytes of output that are kept, the last ones
_LOOK_MS = 20
_AT_ONCE = 16
_LONGEST_LINE = 200


class Program(NamedTuple):
    """One program to run: its path and arguments, what it reads, and its whole environment."""

    argv: tuple[str, ...]
    stdin: str
    environ: Mapping[str, str]


Ended = Callable[[int, str], None]
"""Called with a call's number and what went wrong with it, "" if nothing did."""


@dataclass(slots=True)
class _Running:
    number: int
    process: subprocess.Popen[bytes]
    output: int
    until: float
    tail: bytes = b""


def run_each(calls: Sequence[Program], timeout_s: float, left_s: float, ended: Ended) -> frozenset[int]:
    """Run the calls side by side, `timeout_s` each, `left_s` in all; return the numbers of those never started.

    `ended` is called for each call that was started. Whatever interrupts this ends the programs, too.
    """
    stop = time.monotonic() + left_s
    waiting = list(enumerate(calls))[::-1]
    running: list[_Running] = []
    try:
        while running or (waiting and time.monotonic() < stop):
            while waiting and len(running) < _AT_ONCE and time.monotonic() < stop:
                number, call = waiting.pop()
                try:
                    running.append(_start(number, call, min(time.monotonic() + timeout_s, stop)))
                except (OSError, ValueError) as error:
                    ended(number, f"it cannot be started: {getattr(error, 'strerror', None) or error}")
            _listen(running)
            for one in [one for one in running if _is_over(one)]:
                running.remove(one)
                ended(one.number, _problem(one))
    finally:
        for one in running:
            _end(one)
            ended(one.number, "the run was ended before it")
    return frozenset(number for number, _ in waiting)


def _start(number: int, call: Program, until: float) -> _Running:
    """Start a program. Raises OSError and ValueError."""
    given = _readable(call.stdin)
    output, into = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        os.set_blocking(into, True)  # the program's end: it waits like with any other pipe
        process = subprocess.Popen(
            call.argv,
            stdin=given,
            stdout=into,
            stderr=into,
            cwd="/",
            env=dict(call.environ),
            start_new_session=True,
        )
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(given)
        os.close(into)
    return _Running(number, process, output, until)


def _readable(text: str) -> int:
    """Return a file that holds the text and begins there: a program that never reads holds nobody up."""
    file = os.memfd_create("coachsync")
    left = memoryview(text.encode("utf-8", "replace"))
    while left:
        left = left[os.write(file, left) :]
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _listen(running: Sequence[_Running]) -> None:
    """Take what the programs wrote, and wait a moment if they wrote nothing."""
    ready = select.poll()
    by_output = {one.output: one for one in running if one.output >= 0}
    for output in by_output:
        ready.register(output, select.POLLIN)
    for output, _ in ready.poll(_LOOK_MS):
        one = by_output[output]
        with suppress(BlockingIOError):
            read = os.read(output, 65536)
            one.tail = (one.tail + read)[-_TAIL:]
            if not read:
                os.close(output)
                one.output = -1


def _is_over(one: _Running) -> bool:
    return one.process.poll() is not None or time.monotonic() >= one.until


def _problem(one: _Running) -> str:
    """Return what went wrong with a program that is over, with the last line that it wrote."""
    code = one.process.poll()
    if code is not None:
        _listen([one] if one.output >= 0 else [])
    _end(one)
    if code == 0:
        return ""
    if code is None:
        how = "it did not end in its time"
    elif code < 0:
        how = f"it was ended by {_name(-code)}"
    else:
        how = f"it ended with {code}"
    lines = [line.strip() for line in one.tail.decode("utf-8", "replace").splitlines() if line.strip()]
    return f"{how}: {lines[-1][:_LONGEST_LINE]}" if lines else how


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _end(one: _Running) -> None:
    """End a program and its group, and let go of its output; what ended already is left in peace."""
    if one.process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(one.process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # a dead disk may hold it beyond any signal
            one.process.wait(1.0)
    if one.output >= 0:
        os.close(one.output)
        one.output = -1
