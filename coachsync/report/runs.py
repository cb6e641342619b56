"""Past runs: when, how long, how each ended, what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from coachsync.domain.model import Millis, RunRecord
from coachsync.domain.words import span
from coachsync.report.grid import Column, grid
from coachsync.report.lines import counted, several
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas
from coachsync.report.text import clean

_ENDS = {3: "could not work", 4: "another run held the lock", 70: "a bug", 130: "interrupted", 143: "terminated"}
_COLUMNS = (
    Column(""),
    Column("WHEN"),
    Column("TOOK", right=True),
    Column("COMMAND"),
    Column("BY"),
    Column("HOST"),
    Column("EXIT", right=True),
    Column("DID", wraps=True),
    Column("SENT", right=True),
)
_ROOMY = 80  # columns; below, the command stands with what was done

By = Callable[[RunRecord], str]
"""Returns who ran it; "" if that goes without saying."""


def run_lines(runs: Sequence[RunRecord], moments: Moments, budget: Millis, by: By) -> Iterator[str]:
    """Yield "2026-10-14T11:00:00Z run, exit 1, took 1.2 s, 7 requests: 1 setup failed", one line each."""
    on_several = _several_hosts(runs)
    for run, outlived in _outlived(runs):
        who = f" by {by(run)}" if by(run) else ""
        who += f" on {clean(run.host)}" if on_several and run.host else ""
        requests = f", {several(run.requests, 'request')}" if run.requests is not None else ""
        end = f"exit {run.exit_code}, took {took(run)}{requests}: {_did(run)}"
        yield f"{moments.when(run.started_at)} {clean(run.command)}{who}, " + (
            end if run.finished_at is not None else unfinished(run, moments.now, 0 if outlived else budget)
        )


def runs_grid(runs: Sequence[RunRecord], moments: Moments, budget: Millis, by: By, canvas: Canvas) -> str:
    """Return the runs as a grid. `budget`: how long a run may last, in milliseconds."""
    on_several = _several_hosts(runs)
    rows = [
        _cells(run, moments, 0 if outlived else budget, by, clean(run.host) if on_several else "", canvas)
        for run, outlived in _outlived(runs)
    ]
    return grid(_COLUMNS, rows, canvas)


def _several_hosts(runs: Sequence[RunRecord]) -> bool:
    return len({run.host for run in runs if run.host}) > 1


def _outlived(runs: Sequence[RunRecord]) -> Iterator[tuple[RunRecord, bool]]:
    """Yield each run, newest first, and whether a later one has worked on its host: then this one was over.

    Of another host that says nothing: several work at once.
    """
    worked: set[str] = set()
    for run in runs:
        yield run, run.host in worked
        if run.exit_code in (0, 1):
            worked.add(run.host)


def _cells(run: RunRecord, moments: Moments, budget: Millis, by: By, host: str, canvas: Canvas) -> list[Text | str]:
    ended = run.finished_at is not None
    did = _did(run) if ended else unfinished(run, moments.now, budget)
    command = clean(run.command)
    roomy = canvas.width >= _ROOMY
    return [
        _mark(run, canvas),
        moments.when(run.started_at),
        took(run),
        command if roomy else "",
        by(run),
        host,
        "" if run.exit_code is None else str(run.exit_code),
        did if roomy or command == "run" else f"{command}: {did}",
        "" if run.requests is None else str(run.requests),
    ]


def _mark(run: RunRecord, canvas: Canvas) -> Text:
    if run.finished_at is None:
        return Text("…" if canvas.unicode else ".", style="yellow")
    if not run.exit_code:
        return Text("")
    return Text("✗" if canvas.unicode else "x", style="bold red")


def took(run: RunRecord) -> str:
    """Return how long a run took: "0.8 s", "12 s", "3 min"; "" if it has not ended."""
    length = run.took
    if length is None:
        return ""
    return f"{length / 1000:.1f} s" if length < 10_000 else span(length)


def unfinished(run: RunRecord, now: Millis, budget: Millis) -> str:
    """Say of a run that has not ended whether it still may: none outlives its budget."""
    if 0 <= now - run.started_at <= budget:
        return "not ended: under way, or it was killed"
    return "never ended: it was killed, or the host went down"


def _did(run: RunRecord) -> str:
    done, end = counted(run.summary), _ENDS.get(run.exit_code or 0, "")
    return ", ".join(filter(None, (done, end))) or ("nothing" if run.exit_code else "nothing was due")
