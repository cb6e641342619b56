"""Two commands run in turn, so that a machine whose speed drifts is fair to both."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from tests.benchmarks.stage import Run

ROUNDS = 15


def compare(title: str, ours: Callable[[], Run], other: Callable[[], Run], rounds: int = ROUNDS) -> None:
    """Print the medians of the ratios ours ÷ other, pair by pair, in time and peak memory."""
    ours(), other()
    pairs = [(_good(ours()), _good(other())) for _ in range(rounds)]
    time = median(a.seconds / b.seconds for a, b in pairs)
    cpu = median(a.cpu / b.cpu for a, b in pairs)
    peak = median(a.peak / b.peak for a, b in pairs)
    seconds = median(a.seconds for a, _ in pairs)
    print(f"{title}: time {time:.3f}, cpu {cpu:.3f}, peak memory {peak:.3f} ({seconds * 1000:.0f} ms, {rounds} pairs)")


def _good(run: Run) -> Run:
    if run.code != 0:
        raise SystemExit(f"exit code {run.code}:\n{run.out[-2000:]}")
    return run
