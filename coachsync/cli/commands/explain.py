"""`explain`: one session's whole story, from the store and the ledger."""

from __future__ import annotations

import typer

from coachsync.cli import output
from coachsync.cli.context import invocation, open_settled_store
from coachsync.cli.options import Now, One, chosen_now, host_now, refuse_empty
from coachsync.errors import OK
from coachsync.report.story import story
from coachsync.standing.find import find_one
from coachsync.standing.rows import rows_of


def explain(ctx: typer.Context, session: One, now: Now = None) -> int:
    """Tell one session's whole story: its windows, what was done when, what blocks it and the remedy.

    \b
    Example:
      coachsync explain abc12345
    """
    (name,) = refuse_empty([session])
    pretended = chosen_now(now)
    moment = host_now() if pretended is None else pretended
    settings = invocation(ctx).settings()
    store = open_settled_store(settings, writable=False)
    try:
        found = find_one(store, name)
        (row,) = rows_of(store, [found], settings.policy, moment)
        events = store.events(found.id)
    finally:
        store.close()
    output.out_all(f"{line}\n" for line in story(row, events, settings.policy, moment))
    return OK
