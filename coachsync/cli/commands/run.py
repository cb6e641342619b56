"""`run`, `setup` and `cleanup`: one tick of the engine, and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from coachsync.cli.context import Invocation, invocation
from coachsync.cli.options import (
    DryRun,
    Force,
    Json,
    Named,
    Now,
    Quiet,
    Wait,
    checked_wait,
    chosen_now,
    refuse_empty,
    refuse_pretended_time,
)
from coachsync.errors import UsageError

if TYPE_CHECKING:
    from coachsync.domain.model import Millis


class _Call(NamedTuple):
    """What one call of these three commands asked for, checked."""

    command: str
    names: tuple[str, ...]
    now: Millis | None
    dry_run: bool
    force: bool
    abandon: bool
    wait: float
    json: bool
    quiet: bool


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
    call = _Call("run", (), chosen_now(now), dry_run, force, False, checked_wait(wait), json, quiet)
    return _tick(invocation(ctx), call)


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
    names = refuse_empty(sessions)
    call = _Call("setup", names, chosen_now(now), dry_run, force, False, checked_wait(wait), json, quiet)
    return _tick(invocation(ctx), call)


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
    names = refuse_empty(sessions)
    if abandon and not names:
        raise UsageError("--abandon names no session", "say which: coachsync cleanup SESSION --abandon")
    call = _Call("cleanup", names, chosen_now(now), dry_run, force, abandon, checked_wait(wait), json, quiet)
    return _tick(invocation(ctx), call)


def _tick(said: Invocation, call: _Call) -> int:
    from coachsync.cli.progress import Progress
    from coachsync.cli.reporting import Style, show
    from coachsync.config import Tokens
    from coachsync.engine.request import TickRequest
    from coachsync.engine.tick import tick

    settings = said.settings()
    refuse_pretended_time(settings, call.now, dry_run=call.dry_run, force=call.force)
    with Progress(wanted=not call.quiet and not said.verbose) as progress:
        request = TickRequest(
            settings=settings,
            command=call.command,
            names=call.names,
            now=call.now,
            dry_run=call.dry_run,
            force=call.force,
            abandon=call.abandon,
            wait=call.wait,
            tokens=Tokens(settings, said.environ),
            progress=progress,
        )
        report = tick(request)
    return show(report, Style(json=call.json, quiet=call.quiet))
