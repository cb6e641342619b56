"""`cleanup`: the cleanups that are due, or those of the sessions named."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli.context import invocation
from coachsync.cli.options import (
    DryRun,
    Force,
    Json,
    Named,
    Now,
    Quiet,
    Wait,
    checked_names,
    checked_wait,
    pretended_now,
)
from coachsync.cli.output import err, error, is_terminal
from coachsync.cli.ticks import TickCall, run_tick
from coachsync.clock import iso
from coachsync.errors import UsageError
from coachsync.report.text import word

if TYPE_CHECKING:
    from coachsync.domain.model import Report


def cleanup(
    ctx: typer.Context,
    sessions: Named = None,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Mark the named sessions cleaned without asking Discord.")
    ] = False,
    dry_run: DryRun = False,
    now: Now = None,
    json: Json = False,
    quiet: Quiet = False,
    wait: Wait = 0.0,
    force: Force = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a room goes too early.")] = False,
) -> int:
    """Do the cleanups that are due; with sessions named: theirs, due or not.

    On a terminal it asks before it takes the room from a session that is not over. `coachsync setup SESSION` opens
    again what was closed so.

    \b
    Examples:
      coachsync cleanup
      coachsync cleanup abc12345
      coachsync cleanup abc12345 --abandon
    """
    names = checked_names(sessions)
    if abandon and not names:
        raise UsageError("--abandon names no session", "say which: coachsync cleanup SESSION --abandon")
    asks = names and not (yes or abandon or dry_run) and is_terminal(sys.stdin) and is_terminal(sys.stderr)
    agrees = _agrees if asks else None
    call = TickCall(
        "cleanup", names, pretended_now(now), dry_run, force, checked_wait(wait), json, quiet, abandon, agrees
    )
    return run_tick(invocation(ctx), call)


def _agrees(preview: Report) -> bool:
    """Ask before rooms are taken from sessions that are not over; return whether that is meant."""
    early = [
        o.action.session for o in preview.outcomes if o.outcome == "planned" and preview.now < o.action.session.end
    ]
    if not early:
        return True
    listed = ", ".join(f"{word(s.id)} (until {iso(s.end)})" for s in early)
    err(f"not over yet: {listed}. Take its room all the same? [y/N]")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    error("nothing was done", "say yes, or give --yes, to take it")
    return False
