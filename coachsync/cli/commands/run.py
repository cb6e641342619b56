"""`run`: one whole tick. What cron calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli.context import invocation
from coachsync.cli.options import DryRun, Force, Json, Now, Quiet, Wait, checked_file, checked_wait, pretended_now
from coachsync.cli.ticks import TickCall, run_tick
from coachsync.errors import UsageError

if TYPE_CHECKING:
    from coachsync.domain.reviewed import ReviewedStep


def run(
    ctx: typer.Context,
    dry_run: DryRun = False,
    now: Now = None,
    json: Json = False,
    quiet: Quiet = False,
    wait: Wait = 0.0,
    force: Force = False,
    no_sources: Annotated[
        bool, typer.Option("--no-sources", help="Take the bookings as they are: pull no source first.")
    ] = False,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="With --dry-run: write the plan, for --plan.")
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="FILE", help="Do what this plan says, if it still fits; nothing else."),
    ] = None,
) -> int:
    """Do every cleanup, setup and repair that is due now: one tick. This is what cron calls.

    \b
    Examples:
      coachsync run --dry-run
      coachsync run --quiet
      coachsync run --dry-run --now 2026-10-14T11:00:00Z
      coachsync run --dry-run --out plan.json
      coachsync run --plan plan.json
    """
    if out is not None and not dry_run:
        raise UsageError("--out without --dry-run: a run that acts is no plan", "add --dry-run")
    out, plan = checked_file("--out", out), checked_file("--plan", plan)
    reviewed = None if plan is None else _steps(plan)
    call = TickCall(
        command="run",
        names=(),
        now=pretended_now(now),
        dry_run=dry_run,
        force=force,
        wait=checked_wait(wait),
        json=json,
        quiet=quiet,
        out=out,
        reviewed=reviewed,
        sources=not no_sources,
    )
    return run_tick(invocation(ctx), call)


def _steps(path: str) -> frozenset[ReviewedStep]:
    from coachsync.cli.plans import read_plan

    return read_plan(path)
