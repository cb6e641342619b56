"""Where a benchmark plays: the stand-in in a process of its own, and programs measured from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]


class Told(NamedTuple):
    """What the server saw: `early` counts requests sent before a Retry-After was over; names are per guild."""

    requests: int
    refused: int
    refusals: list[str]
    early: int
    routes: dict[str, int]
    span: float
    roles: list[list[str]]
    channels: list[list[str]]


class Stage:
    """A running stand-in with Discord's documented limits and 60 ms latency, unless told otherwise."""

    def __init__(
        self,
        *,
        guilds: int = 1,
        sessions: int = 50,
        limits: str = "discord",
        window: str = "fixed",
        latency: float = 0.06,
        rough: bool = False,
    ) -> None:
        self.guilds = guilds
        self.sessions = sessions
        self.latency = latency
        options = {
            "guilds": guilds,
            "sessions": sessions,
            "limits": limits,
            "window": window,
            "latency": latency,
            "rough": rough,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.server", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.base_url: str = self._answer()["base_url"]

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def tell(self, command: str = "tell") -> Told:
        """Return what the server saw since the last "clear"; the command "clear" tells, then forgets."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return Told(**self._answer())

    def change(self, limits: str, latency: float) -> None:
        """Go on with other limits and another latency (seconds)."""
        self.tell(f"change {limits} {latency}")
        self.latency = latency

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Run(NamedTuple):
    """One whole process: its exit code, seconds on the clock and of processor, peak memory in MiB, standard output."""

    code: int
    seconds: float
    cpu: float
    peak: float
    out: str

    @property
    def document(self) -> Any:
        """Return the JSON document among its output."""
        return json.loads(next(line for line in self.out.splitlines() if line.startswith("{")))


def measured(command: Sequence[str], cwd: Path, environ: Mapping[str, str], stdin: Path = Path(os.devnull)) -> Run:
    """Run a program and measure it from its start to its end, as the operating system accounts for it."""
    log = cwd / "out.txt"
    gauge = [sys.executable, "-I", "-S", str(Path(__file__).with_name("gauge.py")), str(log), *command]
    with stdin.open("rb") as given:
        done = subprocess.run(
            gauge, cwd=cwd, env=dict(environ), stdin=given, stdout=subprocess.PIPE, text=True, check=True
        )
    code, seconds, cpu, peak = done.stdout.split()
    return Run(int(code), float(seconds), float(cpu), float(peak) / 1024, log.read_text("utf-8"))


def environment(**more: str) -> dict[str, str]:
    """Return an environment that finds coachsync in this tree and knows no configuration of the host's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("COACHSYNC_", "XDG_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **more}
