"""A source that is a program: what it writes to its standard output is the document.

No shell; the program and all of its process group are ended when its time is over, or when nobody waits any more.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from coachsync.bookings.sources.answer import LARGEST, PullError, SourceAnswer, too_large, too_slow
from coachsync.secrets import redact

_LOOK_MS = 50
_TAIL = 4096  # bytes of what it wrote to stderr that are kept, the last ones
_LONGEST_LINE = 200
_PIECE = 1 << 16


class SourceProgram:
    """One call of a program. `ask` runs it, `stop` ends it from another thread."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], timeout_s: float) -> None:
        self._argv = argv
        self._environ = environ
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def ask(self) -> SourceAnswer:
        """Return what the program wrote. Raises PullError."""
        name = self._argv[0]
        try:
            process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=dict(self._environ),
                start_new_session=True,
            )
        except (OSError, ValueError) as problem:
            why = getattr(problem, "strerror", None) or str(problem)
            raise PullError(f"{name} cannot be started: {why}", "correct its command, or make it executable") from None
        self._process = process
        if self._stopped:
            self.stop()
        try:
            content, errors = self._listen(process)
        finally:
            _end(process)
        code = process.returncode
        if code != 0:
            how = f"ended with {code}" if code is not None and code > 0 else "was ended by a signal"
            raise PullError(f"{name} {how}{_last_line(errors)}", f"run it by hand: {' '.join(self._argv)}")
        return SourceAnswer(content)

    def stop(self) -> None:
        """End the program and its group; one that has not started yet is ended as soon as it has."""
        self._stopped = True
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _listen(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        """Return what it wrote to stdout, and the end of what it wrote to stderr. Raises PullError."""
        assert process.stdout is not None
        assert process.stderr is not None
        until = time.monotonic() + self._timeout_s
        content, errors = bytearray(), b""
        out, err = process.stdout.fileno(), process.stderr.fileno()
        waiting = select.poll()
        for pipe in (out, err):
            os.set_blocking(pipe, False)
            waiting.register(pipe, select.POLLIN)
        left = {out, err}
        while out in left or process.poll() is None:
            over = process.poll() is not None  # what it leaves running elsewhere holds nobody up
            ready = waiting.poll(0 if over else _LOOK_MS)
            for pipe, _ in ready:
                piece = _read(pipe)
                if piece == b"":
                    waiting.unregister(pipe)
                    left.discard(pipe)
                elif piece is not None and pipe == out:
                    content += piece
                elif piece is not None:
                    errors = (errors + piece)[-_TAIL:]
            if len(content) > LARGEST:
                raise too_large()
            if over and not ready:
                break
            if time.monotonic() > until:
                raise too_slow(self._timeout_s)
            if not left and process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, min(0.05, until - time.monotonic())))
        return bytes(content), errors


def _read(pipe: int) -> bytes | None:
    """Return what can be read now, b"" at the end, None if there is nothing yet."""
    try:
        return os.read(pipe, _PIECE)
    except BlockingIOError:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is still running of the program, and let go of its output."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # a dead disk may hold it beyond any signal
            process.wait(1.0)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _last_line(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    return f": {redact(lines[-1], foreign=True)[:_LONGEST_LINE]}" if lines else ""
