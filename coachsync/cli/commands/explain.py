"""`explain`: one session's whole story, from the store and the ledger."""

from __future__ import annotations

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.options import Now, One, checked_name, chosen_now
from coachsync.domain.causes import about, in_order
from coachsync.errors import OK
from coachsync.report.story import story
from coachsync.standing.find import find_one
from coachsync.standing.rows import rows_of


def explain(ctx: typer.Context, session: One, now: Now = None) -> int:
    """Print one session's whole story: its windows, what was done when, what blocks it and the remedy.

    \b
    Example:
      coachsync explain abc12345
    """
    name, moment = checked_name(session), chosen_now(now)
    with opened(ctx) as (settings, store):
        found = find_one(store, name)
        (row,) = rows_of(store, [found], settings.policy, moment)
        events = store.ledger.events(found.id)
        causes = about(in_order(store.ledger.causes()), [found.id])
    output.out_all(f"{line}\n" for line in story(row, events, settings.policy, moment, causes))
    return OK
