"""`cleanup`: the cleanups that are due, or those of the sessions named."""

from __future__ import annotations

from typing import Annotated

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
from coachsync.cli.ticks import TickCall, run_tick
from coachsync.errors import UsageError


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
) -> int:
    """Do the cleanups that are due; with sessions named: theirs, due or not.

    \b
    Examples:
      coachsync cleanup
      coachsync cleanup abc12345
      coachsync cleanup abc12345 --abandon
    """
    names = checked_names(sessions)
    if abandon and not names:
        raise UsageError("--abandon names no session", "say which: coachsync cleanup SESSION --abandon")
    call = TickCall("cleanup", names, pretended_now(now), dry_run, force, checked_wait(wait), json, quiet, abandon)
    return run_tick(invocation(ctx), call)
