"""`runs`: past runs, from the ledger."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, moments
from coachsync.cli.options import Json, Now, chosen_now
from coachsync.cli.when import parse_since
from coachsync.errors import OK, UsageError

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.domain.model import RunRecord
    from coachsync.report.moments import Moments

_USUAL, _MOST = 20, 100_000


def runs(
    ctx: typer.Context,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="At most N runs; 20 without --since.", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Those since then: 24h, 7d, or ISO 8601.")
    ] = None,
    tz: Tz = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """List past runs, newest first: when, how long, what each did, how it ended, how many requests it sent.

    The ledger keeps them for 90 days. `setup` and `cleanup` are runs, too; a dry run is none.

    \b
    Examples:
      coachsync runs
      coachsync runs --since 24h
      coachsync runs --limit 500 --json
    """
    moment = chosen_now(now)
    if limit is not None and not 1 <= limit <= _MOST:
        raise UsageError(f"--limit {limit} is no number of runs", f"give a number from 1 to {_MOST}")
    most = limit or (_USUAL if since is None else _MOST)
    after = 0 if since is None else parse_since(since, moment, tz)
    with opened(ctx) as (settings, store):
        shown = moments(settings, moment, tz)
        found = store.ledger.runs_since(after, most + 1)
    if json:
        from coachsync.report.document import runs_document

        output.json_document(runs_document(found[:most]))
        return OK
    if not found:
        output.out("no run yet" if since is None else f"no run since {shown.when(after)}")
        return OK
    _show(found[:most], shown, settings, more=len(found) > most)
    return OK


def _show(found: list[RunRecord], shown: Moments, settings: Settings, *, more: bool) -> None:
    from coachsync.report.runs import run_lines, runs_grid

    budget = settings.discord.run_budget
    if not output.is_terminal(sys.stdout):
        output.out_all(f"{line}\n" for line in run_lines(found, shown, budget, _by))
        return
    from coachsync.cli.reporting import canvas

    output.out(runs_grid(found, shown, budget, _by, canvas()))
    if more:
        output.out("\nolder ones: --limit N, or --since WHEN")


def _by(run: RunRecord) -> str:
    """Return who ran it, if that was somebody else than who asks."""
    if run.uid is None or run.uid == os.geteuid():
        return ""
    from pwd import getpwuid

    try:
        return getpwuid(run.uid).pw_name
    except KeyError:
        return f"user {run.uid}"
