"""`run`: one whole tick. What cron calls."""

from __future__ import annotations

import typer

from coachsync.cli.context import invocation
from coachsync.cli.options import DryRun, Force, Json, Now, Quiet, Wait, checked_wait, pretended_now
from coachsync.cli.ticks import TickCall, run_tick


def run(
    ctx: typer.Context,
    dry_run: DryRun = False,
    now: Now = None,
    json: Json = False,
    quiet: Quiet = False,
    wait: Wait = 0.0,
    force: Force = False,
) -> int:
    """Do every cleanup, setup and repair that is due now: one tick. This is what cron calls.

    \b
    Examples:
      coachsync run --dry-run
      coachsync run --quiet
      coachsync run --dry-run --now 2026-10-14T11:00:00Z
    """
    call = TickCall("run", (), pretended_now(now), dry_run, force, checked_wait(wait), json, quiet)
    return run_tick(invocation(ctx), call)
