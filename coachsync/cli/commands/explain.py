"""`explain`: one session's whole story, from the store and the ledger."""

from __future__ import annotations

from typing import Any

import typer

from coachsync.cli import output
from coachsync.cli.context import invocation, open_settled_store
from coachsync.cli.options import Now, One, chosen_now, host_now, refuse_empty
from coachsync.errors import OK
from coachsync.report.story import story
from coachsync.standing.rows import find_session, named_rows


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
        found: Any = find_session(store, name)
        row = named_rows(store, [found.id], settings.policy, moment)[0]
        events = store.ledger.events(found.id)
    finally:
        store.close()
    output.out_all(f"{line}\n" for line in story(row, events, settings.policy, moment))
    return OK
