"""Two runs of one installation, setup then cleanup, beside their bound: what most benchmarks print."""

from __future__ import annotations

from typing import NamedTuple

from tests.benchmarks.bound import Phase, least
from tests.benchmarks.home import CLEANUP_AT, SETUP_AT, Home, a_folder
from tests.benchmarks.stage import Run, Stage, Told


class Half(NamedTuple):
    """One of the two runs: what was measured, what the server saw, the bound in seconds."""

    run: Run
    told: Told
    bound: float

    @property
    def ratio(self) -> float:
        """Return ours ÷ bound."""
        return self.run.seconds / self.bound


class Both(NamedTuple):
    """Setup and cleanup, one right after the other."""

    setup: Half
    cleanup: Half

    @property
    def ratio(self) -> float:
        """Return ours ÷ bound over both runs."""
        seconds = self.setup.run.seconds + self.cleanup.run.seconds
        return seconds / (self.setup.bound + self.cleanup.bound)


def both(stage: Stage, setup: list[Phase], cleanup: list[Phase], access: str = "role") -> Both:
    """Book, set up, clean up; fails where a session was not done."""
    with a_folder() as folder:
        home = Home(folder, stage.base_url, access)
        home.book(stage.sessions, stage.guilds)
        first = half(home, stage, SETUP_AT, setup, "setup")
        second = half(home, stage, CLEANUP_AT, cleanup, "cleanup")
    return Both(first, second)


def half(home: Home, stage: Stage, now: int, phases: list[Phase], action: str) -> Half:
    """Run one tick whose every action must be done, and return it beside the bound of its phases."""
    run = home.run(now, "--json")
    told = stage.tell("clear")
    done = run.document["summary"][action]["done"] if run.code == 0 else 0
    if done != stage.sessions:
        raise SystemExit(f"{action}: {done} of {stage.sessions} done, exit code {run.code}:\n{run.out[-2000:]}")
    return Half(run, told, least(phases, stage.latency))


def show(title: str, found: Both) -> None:
    """Print both halves and the whole."""
    print(title)
    show_half("setup", found.setup)
    show_half("cleanup", found.cleanup)
    print(f"  both     ours ÷ bound = {found.ratio:.3f}")


def show_half(name: str, found: Half) -> None:
    """Print one run, and every route that answered it 429."""
    print(
        f"  {name:8} {found.run.seconds:7.2f} s ÷ bound {found.bound:6.2f} s = {found.ratio:.3f}   "
        f"{found.told.requests} requests, {found.told.refused} answered 429, {found.told.early} too early, "
        f"cpu {found.run.cpu:.2f} s, peak {found.run.peak:.1f} MiB"
    )
    for refusal in found.told.refusals:
        print(f"           429: {refusal}")
