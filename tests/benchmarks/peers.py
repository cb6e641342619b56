"""The one-guild role jobs beside discord.py and hikari: `python -m tests.benchmarks.peers [SESSIONS]`.

Needs the extra `bench`, in this interpreter or in the one that COACHSYNC_BENCH_PYTHON names. Everybody sends the
same requests to servers of the same limits, at the same time: each to its own, so that none waits for another.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks import bound
from tests.benchmarks.home import a_folder
from tests.benchmarks.layout import BOT, TOKEN, coach_id, guild_id, session_id, student_id
from tests.benchmarks.runs import both
from tests.benchmarks.stage import Run, Stage, Told, environment, measured

PEERS = ("peer_discord_py", "peer_hikari")


class Result(NamedTuple):
    """One client's two runs and what its server saw of each."""

    setup: Run
    cleanup: Run
    seen: tuple[Told, Told]

    @property
    def seconds(self) -> float:
        """Return the time of both runs."""
        return self.setup.seconds + self.cleanup.seconds

    @property
    def peak(self) -> float:
        """Return the larger peak in MiB."""
        return max(self.setup.peak, self.cleanup.peak)

    @property
    def refused(self) -> int:
        """Return how many answers were 429."""
        return sum(told.refused for told in self.seen)


def _job(stage: Stage) -> dict[str, Any]:
    sessions = [
        {
            "id": session_id(n),
            "role": f"Session {session_id(n)[-8:]}",
            "channel": f"🎤 coaching-{session_id(n)[-8:]}",
            "student": student_id(n),
            "coach": coach_id(n),
        }
        for n in range(stage.sessions)
    ]
    return {"base_url": stage.base_url, "token": TOKEN, "bot": BOT, "guild": guild_id(0), "sessions": sessions}


def _peer(name: str, sessions: int) -> Result:
    python = os.environ.get("COACHSYNC_BENCH_PYTHON", sys.executable)
    runs, seen = [], []
    with Stage(sessions=sessions) as stage, a_folder() as folder:
        job = _job(stage)
        for phase in ("setup", "cleanup"):
            (folder / "job.json").write_text(json.dumps(job), "utf-8")
            runs.append(_phase(python, name, phase, folder))
            seen.append(stage.tell("clear"))
            job["made"] = json.loads(runs[-1].out.splitlines()[-1])
    return Result(runs[0], runs[1], (seen[0], seen[1]))


def _phase(python: str, name: str, phase: str, folder: Path) -> Run:
    program = str(Path(__file__).with_name(f"{name}.py"))
    run = measured([python, program, phase], folder, environment(), stdin=folder / "job.json")
    if run.code != 0:
        raise SystemExit(f"{name} {phase}: exit code {run.code}:\n{run.out[-2000:]}")
    return run


def _ours(sessions: int) -> Result:
    with Stage(sessions=sessions) as stage:
        found = both(stage, bound.role_setup(sessions), bound.role_cleanup(sessions))
    return Result(found.setup.run, found.cleanup.run, (found.setup.told, found.cleanup.told))


def main() -> None:
    """Measure and print."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with ThreadPoolExecutor(len(PEERS) + 1) as pool:
        ours = pool.submit(_ours, sessions)
        others = {name: pool.submit(_peer, name, sessions) for name in PEERS}
        found = {"coachsync": ours.result(), **{name: future.result() for name, future in others.items()}}
    setup, cleanup = (bound.least(p, 0.06) for p in (bound.role_setup(sessions), bound.role_cleanup(sessions)))
    us = found["coachsync"]
    print(f"role access, {sessions} sessions, one guild: bound {setup + cleanup:.2f} s")
    for name, one in found.items():
        print(
            f"  {name:16} {one.seconds:7.2f} s = {one.seconds / (setup + cleanup):.3f} × bound "
            f"(setup {one.setup.seconds:.2f}, cleanup {one.cleanup.seconds:.2f}), peak {one.peak:5.1f} MiB, "
            f"{one.refused} answers 429; ours ÷ it: time {us.seconds / one.seconds:.3f}, peak {us.peak / one.peak:.3f}"
        )


if __name__ == "__main__":
    main()
