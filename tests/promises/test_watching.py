"""`status --watch`: redrawn until somebody ends it, and the terminal is given back as it was."""

from __future__ import annotations

import os
import signal
import sys
import termios

import pexpect
import pytest

from tests.kit.home import Home

RESTORED = "\x1b[?25h\x1b[?1049l"
_PATIENCE = 20


class Watched:
    """A program that watches on a terminal of its own."""

    def __init__(self, home: Home, *arguments: str, term: str = "xterm", rows: int = 24) -> None:
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "coachsync", "--config", str(home.config), "status", "--watch", *arguments],
            env={**home.environ({}), "TERM": term},
            dimensions=(rows, 100),
            encoding="utf-8",
            timeout=_PATIENCE,
        )
        self.pid = int(self.child.pid or 0)
        self.before = self.modes()

    def modes(self) -> list[object]:
        """Return how the terminal reads and shows keys."""
        return termios.tcgetattr(self.child.child_fd)[:4]

    def ended(self) -> int | None:
        """Wait for its end; return the exit code. The terminal must be as it was."""
        self.child.expect(pexpect.EOF)
        assert RESTORED in (self.child.before or "")
        assert self.modes() == self.before
        return self.code()

    def code(self) -> int | None:
        """Return the exit code of a program that ended."""
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)


@pytest.fixture
def settled(bare: Home) -> Home:
    """Return a home with a store and one booking."""
    bare.settle().book("abc12345")
    return bare


def test_q_ends_it_after_what_changed_and_what_broke_was_shown(settled: Home) -> None:
    watched = Watched(settled, "0.2")
    watched.child.expect("abc12345")
    settled.book("def67890")
    watched.child.expect("def67890")
    away = settled.file.rename(settled.file.with_name("away.db"))
    watched.child.expect("error: ")
    away.rename(settled.file)
    watched.child.expect("abc12345")
    watched.child.send("q")
    assert watched.ended() == 0


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_signal_ends_it_and_the_terminal_is_given_back(settled: Home, signum: int, code: int) -> None:
    watched = Watched(settled)
    watched.child.expect("abc12345")
    assert watched.modes() != watched.before
    os.kill(watched.pid, signum)
    assert watched.ended() == code


def test_stop_gives_the_terminal_back_and_going_on_takes_it_again(settled: Home) -> None:
    watched = Watched(settled)
    watched.child.expect("abc12345")
    watched.child.send("\x1a")  # Ctrl-Z; without a shell around it that goes on at once
    watched.child.expect_exact(RESTORED)
    watched.child.expect_exact("\x1b[?1049h")
    watched.child.expect("abc12345")
    watched.child.send("q")
    assert watched.ended() == 0


def test_terminal_that_cannot_move_its_cursor_gets_one_screen_below_the_other(settled: Home) -> None:
    watched = Watched(settled, "0.2", term="dumb")
    watched.child.expect("abc12345")
    watched.child.expect("abc12345")
    os.kill(watched.pid, signal.SIGINT)
    watched.child.expect(pexpect.EOF)
    assert "\x1b" not in (watched.child.before or "")
    assert watched.code() == 0
