"""What `run`, `setup` and `cleanup` share: one tick of the engine, watched on a terminal, and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coachsync.cli.options import refuse_pretended_time
from coachsync.clock import host_now
from coachsync.errors import SOME_FAILED, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from coachsync.cli.context import Invocation
    from coachsync.config import Settings
    from coachsync.domain.model import Millis, Report
    from coachsync.domain.reviewed import ReviewedStep
    from coachsync.engine.request import Pulled
    from coachsync.store.base import Store


class TickCall(NamedTuple):
    """What one call of these commands asks for, checked. `now` is None for the host's clock, `wait` in seconds.

    `sources`: they are pulled first. `agrees` is asked with a dry run's report whether the tick may go on. `out` is
    where a dry run's plan is written, `reviewed` the plan that is carried out if it still fits.
    """

    command: str
    names: tuple[str, ...]
    now: Millis | None
    dry_run: bool
    force: bool
    wait: float
    json: bool
    quiet: bool
    abandon: bool = False
    agrees: Callable[[Report], bool] | None = None
    out: str | None = None
    reviewed: frozenset[ReviewedStep] | None = None
    sources: bool = False


def run_tick(said: Invocation, call: TickCall) -> int:
    """Run the tick, print its report and return the exit code. Raises what the tick raises, and UsageError."""
    begun = host_now() if call.now is None else call.now
    try:
        return _run_tick(said, call)
    except Exception as problem:
        if not isinstance(problem, UsageError) and not call.dry_run:
            from coachsync.cli.failing import note_failed

            note_failed(problem, said, call, begun)
        raise


def _run_tick(said: Invocation, call: TickCall) -> int:
    from coachsync.cli.afterwards import afterwards
    from coachsync.cli.progress import ProgressLine
    from coachsync.cli.reporting import show
    from coachsync.config import Tokens
    from coachsync.engine.request import TickRequest
    from coachsync.engine.tick import tick

    settings = said.settings()
    refuse_pretended_time(settings, call.now, dry_run=call.dry_run, force=call.force)
    with (
        afterwards(said, settings, call) as after,
        ProgressLine(wanted=not call.quiet and not said.verbose) as progress,
    ):
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
            reviewed=call.reviewed,
            pull=_puller(said, settings, call, progress),
        )
        if call.agrees is not None and not call.agrees(tick(request._replace(dry_run=True, progress=None))):
            return SOME_FAILED
        report = after.tell(tick(request))
    if call.out is not None:
        from coachsync.cli.plans import write_plan

        write_plan(call.out, report)
    return show(report, settings, json=call.json, quiet=call.quiet)


def _puller(
    said: Invocation, settings: Settings, call: TickCall, progress: Callable[[str], None]
) -> Callable[[Store, Millis], Pulled] | None:
    """Return what pulls the sources before the tick; None if there are none, or they are left alone."""
    if not (settings.sources and call.sources) or call.dry_run or call.reviewed is not None:
        return None
    from coachsync.cli.pulling import puller

    return puller(said, settings, force=call.force, tell=progress)
