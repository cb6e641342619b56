"""The hosts of the week: each starts a run every quarter of an hour, unless it is frozen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import tests.searches.week.child  # noqa: F401  forks have it
from tests.kit.fork import Forked
from tests.kit.home import Home
from tests.kit.town import TOKEN
from tests.searches.week.child import Orders

_PATIENCE_S = 60.0


class Ended(NamedTuple):
    """How a run ended: exit status (negative: by that signal), its report (None if it printed none), its words."""

    host: str
    code: int
    report: dict[str, Any] | None
    said: str


class _Fresh:
    """A run in an interpreter of its own, as cron starts it. As `Forked`."""

    def __init__(self, home: Home, arguments: list[str], inject: str) -> None:
        program = f"{inject}\nimport sys\nfrom coachsync.__main__ import main\nsys.exit(main({arguments!r}))"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=home.folder, env=home.environ({"COACHSYNC_TOKEN": TOKEN}),
        )  # fmt: skip
        self.pid = self._process.pid

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end."""
        out, err = self._process.communicate(timeout=_PATIENCE_S)
        return self._process.returncode, out, err


class Host:
    """One host. Its folder has a configuration; `run` is the one under way, or frozen."""

    def __init__(self, name: str, home: Home) -> None:
        self.name = name
        self.home = home
        self.run: Forked | _Fresh | None = None

    def begin(self, orders: Orders, *, fresh: bool) -> None:
        """Start a run and do not wait for it."""
        assert self.run is None
        inject = f"from tests.searches.week.child import *\nobey({orders!r})"
        arguments = ["--config", str(self.home.config), "run", "--json"]
        if fresh:
            self.run = _Fresh(self.home, arguments, inject)
        else:
            self.run = self.home.begin(*arguments, inject=inject, COACHSYNC_TOKEN=TOKEN)

    def wait(self) -> Ended | None:
        """Wait until the run has ended; None if it is frozen instead."""
        assert self.run is not None
        until = time.monotonic() + _PATIENCE_S
        look = os.WEXITED | os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        while (found := os.waitid(os.P_PID, self.run.pid, look)) is None:
            if time.monotonic() > until:
                os.kill(self.run.pid, signal.SIGKILL)
                raise TimeoutError(f"a run of {self.name} did not end")
            time.sleep(0.003)
        if found.si_code == os.CLD_STOPPED:
            return None
        run, self.run = self.run, None
        code, out, err = run.ended()
        return Ended(self.name, code, _document(out), err)

    def go_on(self) -> None:
        """Let a frozen run go on."""
        assert self.run is not None
        os.waitid(os.P_PID, self.run.pid, os.WSTOPPED | os.WNOHANG)  # that it stopped is known
        os.kill(self.run.pid, signal.SIGCONT)

    def end(self) -> None:
        """End what is under way."""
        if self.run is not None:
            os.kill(self.run.pid, signal.SIGKILL)
            self.wait()


def _document(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def a_host(name: str, folder: Path, url: str) -> Host:
    """Return a host with a folder of its own, to be configured."""
    place = folder / name
    place.mkdir()
    return Host(name, Home(place, url))
