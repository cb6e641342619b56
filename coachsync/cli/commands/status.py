"""`status`: each session's phase, what happens to it next, and what blocks it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.options import Json, Named, Now, checked_names, chosen_now
from coachsync.domain.causes import Cause, about, in_order
from coachsync.errors import OK, UsageError
from coachsync.report.attention import attention_lines
from coachsync.report.status import last_run_line, status_lines
from coachsync.standing.row import StatusRow
from coachsync.standing.rows import all_rows, named_rows, recent_rows

if TYPE_CHECKING:
    from coachsync.domain.model import Millis, RunRecord


def status(
    ctx: typer.Context,
    sessions: Named = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what ended more than 7 days ago.")] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Show each session's phase, what happens to it next and when, what blocks it, and when the last run was.

    What is wrong stands first, each thing once: for whom, since when, and the remedy. Then what is live, coming, or
    less than 7 days past.

    \b
    Examples:
      coachsync status
      coachsync status abc12345
      coachsync status --all --json
    """
    names = checked_names(sessions)
    if names and everything:
        raise UsageError("--all and sessions by name are both given", "leave one of the two out")
    moment = chosen_now(now)
    with opened(ctx) as (settings, store):
        if names:
            rows = named_rows(store, names, settings.policy, moment)
        else:
            rows = (all_rows if everything else recent_rows)(store, settings.policy, moment)
        runs = store.ledger.last_runs(1)
        causes = in_order(store.ledger.causes())
    if names:
        causes = about(causes, [row.session.id for row in rows])
    _show(rows, runs[0] if runs else None, moment, causes, as_json=json)
    return OK


def _show(
    rows: list[StatusRow], run: RunRecord | None, now: Millis, causes: tuple[Cause, ...], *, as_json: bool
) -> None:
    if as_json:
        from coachsync.report.document import status_document

        output.json_document(status_document(rows, run, now, causes))
        return
    output.out_all(f"{line}\n" for line in attention_lines(causes, {r.session.id: r.session for r in rows}, now))
    if rows and output.fancy(sys.stdout):
        from coachsync.cli.reporting import canvas
        from coachsync.report.table import status_table

        output.out(status_table(rows, now, canvas()))
    else:
        output.out_all(f"{line}\n" for line in status_lines(rows))
    if not rows:
        output.out("no session is live, coming or less than 7 days past")
    output.out(last_run_line(run, now))
