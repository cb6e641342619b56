"""`store copy`: one store into another one, whole, and what is to be done next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import invocation
from coachsync.cli.options import DryRun, Json, Wait, checked_wait
from coachsync.cli.progress import ProgressLine
from coachsync.clock import host_now, iso
from coachsync.errors import OK
from coachsync.report.copied import document, lines, next_steps

if TYPE_CHECKING:
    from coachsync.cli.context import Invocation
    from coachsync.config import Settings
    from coachsync.store.copying.copy import CopyReport


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
    from coachsync.store.open import parse_url

    call = invocation(ctx)
    settings = call.settings()
    request = CopyRequest(
        parse_url(source, settings.base_dir),
        parse_url(target, settings.base_dir),
        iso(host_now()),
        checked_wait(wait),
        ledger,
        keep,
        leave_out,
        dry_run,
    )
    with ProgressLine(wanted=not json) as progress:
        report = copy_store(request, progress)
    steps = next_steps(report, _where(call, settings, report), dry_run=dry_run)
    if json:
        output.json_document(document(report, request.at, steps, dry_run=dry_run, ledger=ledger))
        return OK
    for line in lines(report, dry_run=dry_run):
        output.out(line)
    for word, step in zip(("now", "then"), steps, strict=False):
        output.out(f"{word}: {step}")
    return OK


def _where(call: Invocation, settings: Settings, report: CopyReport) -> str:
    """Return what names the store for runs now: the configuration or the environment; "" if it is another one."""
    from coachsync.store.copying.sides import url_of
    from coachsync.store.open import parse_url

    if url_of(parse_url(settings.store.url, settings.base_dir)) != report.source:
        return ""
    return "COACHSYNC_STORE" if call.environ.get("COACHSYNC_STORE") else settings.path
