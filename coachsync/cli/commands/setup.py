"""`setup`: the setups that are due, or those of the sessions named."""

from __future__ import annotations

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


def setup(
    ctx: typer.Context,
    sessions: Named = None,
    dry_run: DryRun = False,
    now: Now = None,
    json: Json = False,
    quiet: Quiet = False,
    wait: Wait = 0.0,
    force: Force = False,
) -> int:
    """Do the setups that are due; with sessions named: theirs, due or not.

    A session that has ended or is not bookable gets no room.

    \b
    Examples:
      coachsync setup
      coachsync setup abc12345 --wait 60
    """
    names = checked_names(sessions)
    call = TickCall("setup", names, pretended_now(now), dry_run, force, checked_wait(wait), json, quiet)
    return run_tick(invocation(ctx), call)
