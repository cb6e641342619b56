"""`store copy`: one store into another one, whole, and what is to be done next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.store.shared import place
from coachsync.cli.context import invocation
from coachsync.cli.options import DryRun, Json, Wait, checked_wait
from coachsync.cli.progress import ProgressLine
from coachsync.clock import host_now, iso
from coachsync.errors import OK, UsageError
from coachsync.report.copied import document, lines, next_steps

if TYPE_CHECKING:
    from coachsync.cli.context import Invocation
    from coachsync.config import Settings
    from coachsync.store.copying.copy import CopyReport
    from coachsync.store.open import Location


def copy(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The store to copy, as [store] url names it.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Where to: an empty store, or none yet.")],
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Copy what coachsync remembers alone; the bookings are there already.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Let FROM stay in use: this is a copy to look at.")] = False,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Copy the rest if TO cannot hold all of it; what, is said first.")
    ] = False,
    dry_run: DryRun = False,
    json: Json = False,
    wait: Wait = 0.0,
) -> int:
    """Copy bookings and all that coachsync remembers into another store, and compare both at the end.

    Killed at any moment, the same command goes on. Until it has ended nothing works on TO; then nothing works on FROM
    any more, unless --keep is said: two crontab lines, one on each, would open every room twice.

    \b
    Examples:
      coachsync store copy sqlite:///sessions.db postgresql://coachsync@db1/coaching --dry-run
      coachsync store copy sqlite:///sessions.db postgresql://coachsync@db1/coaching
    """
    from coachsync.store.copying.copy import CopyRequest, copy_store

    call = invocation(ctx)
    settings = call.settings()
    places = place("FROM", source, settings.base_dir), place("TO", target, settings.base_dir)
    if not ledger:
        _refuse_mapped(settings, places[0], target)
    request = CopyRequest(
        *places,
        iso(host_now()),
        checked_wait(wait),
        ledger,
        keep,
        leave_out,
        dry_run,
    )
    with ProgressLine(wanted=not json) as progress:
        report = copy_store(request, progress)
    steps = next_steps(report, _where(call, settings, report), dry_run=dry_run, ledger=ledger)
    if json:
        output.json_document(document(report, request.at, steps, dry_run=dry_run, ledger=ledger))
        return OK
    for line in lines(report, dry_run=dry_run):
        output.out(line)
    for number, step in enumerate(steps):
        output.out(f"{'then' if number else 'now'}: {step}")
    return OK


def _refuse_mapped(settings: Settings, source: Location, target: str) -> None:
    """Raise UsageError if FROM is another system's table, which that system moves."""
    from coachsync.store.copying.sides import url_of
    from coachsync.store.open import parse_url

    here = settings.base_dir
    own = {url_of(parse_url(url, here)) for url in (settings.store.url, settings.store.own)}
    if settings.store.mapping is not None and url_of(source) in own:
        again = shlex.join(["coachsync", "store", "copy", settings.store.own, target, "--ledger"])
        hint = f"let that system move them; then copy what coachsync remembers: {again}"
        raise UsageError(f"the bookings are another system's, in its table {settings.store.table}", hint)


def _where(call: Invocation, settings: Settings, report: CopyReport) -> str:
    """Return what names the store for runs now: the configuration or the environment; "" if it is another one."""
    from coachsync.store.copying.sides import url_of
    from coachsync.store.open import parse_url

    own = (settings.store.url, settings.store.own)
    if report.source not in {url_of(parse_url(url, settings.base_dir)) for url in own}:
        return ""
    return "COACHSYNC_STORE" if call.environ.get("COACHSYNC_STORE") else settings.path
