"""`store reopen`: a store that was copied, taken back into use."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.store.shared import place
from coachsync.cli.context import invocation
from coachsync.cli.options import Json, Wait, checked_wait
from coachsync.clock import host_now, iso
from coachsync.errors import OK, SOME_FAILED
from coachsync.report.text import clean


def reopen_store(
    ctx: typer.Context,
    store: Annotated[str, typer.Argument(metavar="STORE", help="The store that was copied, as [store] url names it.")],
    force: Annotated[
        bool, typer.Option("--force", help="Although runs worked on the copy, or nobody can ask it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
    wait: Wait = 0.0,
) -> int:
    """Take a store that `store copy` closed back into use, and close the copy instead: one of both is worked on.

    It refuses if runs worked on the copy since, for this store knows nothing of what they opened and closed.

    \b
    Examples:
      coachsync store reopen sqlite:///sessions.db
    """
    from coachsync.store.copying.reopen import moved_from, reopen

    location = place("STORE", store, invocation(ctx).settings().base_dir)
    asks = not (yes or json) and output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)
    moved = moved_from(location) if asks else None
    if moved is not None:
        output.err(clean(f"{location.shown} was copied to {_shown(moved.target)} at {moved.at}"))
        if not typer.confirm("Does no host's configuration name that copy any more?", default=False, err=True):
            output.error("nothing was changed", "let every host's configuration name the old store first")
            return SOME_FAILED
    now = iso(host_now())
    reopened = reopen(location, now, checked_wait(wait), force=force)
    if reopened.untold is not None:
        output.warning(f"{_shown(reopened.target)} was not told that it is out of use: {reopened.untold.message}")
    if json:
        target = reopened.target or None
        output.json_document({"version": 1, "now": now, "store": location.shown, "closed": target})
    elif reopened.target:
        output.out(clean(f"{location.shown} is in use again; {_shown(reopened.target)} is not"))
    else:
        output.out(clean(f"{location.shown} was in use all along: nothing was changed"))
    return OK


def _shown(url: str) -> str:
    return place("STORE", url, "/").shown
