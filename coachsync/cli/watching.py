"""A screen that is drawn anew every few seconds until somebody presses q or Ctrl-C.

The terminal is given back as it was, whatever ends it: a key, a signal, an error, a stop by Ctrl-Z.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import Any

from coachsync.cli import output
from coachsync.errors import OK, CoachsyncError
from coachsync.report.text import clean

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_GLANCE_S = 0.5  # how soon a new size of the terminal shows
_KEYS = (b"q", b"Q", b"\x03", b"\x04")


def watch(draw: Callable[[], str], seconds: float) -> int:
    """Show what `draw` returns every so many seconds, from now on. Returns the exit code.

    Raises what the first `draw` raises. What later ones raise is shown in place of the screen: it may be mended.
    """
    text = draw()
    if os.environ.get("TERM", "dumb") == "dumb":
        return _repeat(text, draw, seconds)
    try:
        with _own_screen() as keys:
            while not _shown_until(text, time.monotonic() + seconds, keys):
                text = _drawn(draw)
    except KeyboardInterrupt:
        pass
    return OK


def _repeat(text: str, draw: Callable[[], str], seconds: float) -> int:
    """Print one screen below the other: this terminal cannot move its cursor."""
    try:
        while True:
            output.out(text + "\n")
            time.sleep(seconds)
            text = _drawn(draw)
    except KeyboardInterrupt:
        return OK


def _drawn(draw: Callable[[], str]) -> str:
    try:
        return draw()
    except CoachsyncError as problem:
        return f"error: {clean(problem.message)}\nhint: {clean(problem.hint)}"


def _shown_until(text: str, until: float, keys: int | None) -> bool:
    """Show a text until then, anew if the terminal's size changes; return whether a key ended it."""
    size = None
    while (left := until - time.monotonic()) > 0 or size is None:
        if size != (size := get_terminal_size()):
            _put(text, size.lines)
        if _pressed(keys, max(0.0, min(left, _GLANCE_S))):
            return True
    return False


def _put(text: str, lines: int) -> None:
    """Put as much of a text on the screen as it holds: what is most urgent stands first."""
    all_lines = text.split("\n")
    shown = all_lines if len(all_lines) <= lines else [*all_lines[: lines - 1], f"… {len(all_lines) - lines + 1} more"]
    body = "\r\n".join(line + _REST_OF_LINE for line in shown)
    output.out_all([_HOME, body, _BELOW])


def _pressed(keys: int | None, seconds: float) -> bool:
    if keys is None:
        time.sleep(seconds)
        return False
    ready, _, _ = select.select([keys], [], [], seconds)
    if not ready:
        return False
    typed = os.read(keys, 64)
    if not typed:  # stdin is at its end: it would be ready for ever
        time.sleep(seconds)
    return any(key in typed for key in _KEYS)


@contextmanager
def _own_screen() -> Iterator[int | None]:
    """Take the terminal, with a screen of its own and keys that come one by one; lend the descriptor of its keys."""
    keys = _Keys()

    def stop(_number: int, _frame: Any) -> None:
        _give_back(keys)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # here somebody else has the terminal
        signal.signal(signal.SIGTSTP, stop)
        _take(keys)

    before = signal.signal(signal.SIGTSTP, stop)
    try:
        _take(keys)
        yield keys.descriptor
    finally:
        signal.signal(signal.SIGTSTP, before)
        _give_back(keys)


def _take(keys: _Keys) -> None:
    keys.take()
    output.out_all([_ENTER])


def _give_back(keys: _Keys) -> None:
    output.out_all([_LEAVE])
    keys.give_back()


class _Keys:
    """The terminal's keyboard, if stdin is one: `descriptor` is None otherwise."""

    def __init__(self) -> None:
        self.descriptor: int | None = sys.stdin.fileno() if output.is_terminal(sys.stdin) else None
        self._before: list[Any] | None = None

    def take(self) -> None:
        """Have keys come one by one, and unseen."""
        if self.descriptor is not None:
            import termios
            import tty

            self._before = termios.tcgetattr(self.descriptor)
            tty.setcbreak(self.descriptor)

    def give_back(self) -> None:
        """Set the keyboard as it was."""
        if self.descriptor is not None and self._before is not None:
            import termios

            termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self._before)
