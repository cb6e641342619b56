"""`sessions prune`: what ended long ago, erased from the store and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import LOCK_WAIT_S, place_of_bookings, say_what_remains
from coachsync.cli.context import opened
from coachsync.cli.options import Json
from coachsync.cli.when import parse_older_than
from coachsync.clock import host_now, iso
from coachsync.errors import OK
from coachsync.report.erased import count_lines, erased_tables, some
from coachsync.report.text import clean

if TYPE_CHECKING:
    from coachsync.domain.model import Millis
    from coachsync.store.erasing import Erased


def prune(
    ctx: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="LENGTH", help="What ended longer ago than this: 365d, 90d.")
    ],
    receipts: Annotated[
        bool, typer.Option("--receipts", help="Erase the receipts too: who had access, and that it ended.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Erase it. Without this it is only shown.")] = False,
    json: Json = False,
) -> int:
    """Erase what ended long ago: bookings of a store that coachsync made, and what the ledger remembers of sessions.

    Without --yes it shows what it would erase. Receipts stay unless --receipts is said. A session that lives, or whose
    room may still be there, is left as it is; so are bookings that another program keeps.

    \b
    Examples:
      coachsync sessions prune --older-than 365d
      coachsync sessions prune --older-than 365d --receipts --yes
    """
    from coachsync.store.erasing import prune as erase

    now = host_now()
    before = now - parse_older_than(older_than)
    with opened(ctx, writable=yes) as (settings, store):
        foreign, place = store.bookings.why_foreign(), place_of_bookings(store, settings)
        free = store.ledger.remains()[0]
        if yes:
            with store.run_lock(LOCK_WAIT_S, f"sessions prune since {iso(now)}"):
                erased = erase(store, before, receipts=receipts, dry_run=False)
        else:
            erased = erase(store, before, receipts=receipts, dry_run=True)
        if json:
            _print_document(erased, now, before, foreign, done=yes, receipts=receipts)
        else:
            _show(erased, before, foreign, place, done=yes, receipts=receipts)
        if yes and erased.counts:
            say_what_remains(store, free)
    return OK


def _print_document(erased: Erased, now: Millis, before: Millis, foreign: str, *, done: bool, receipts: bool) -> None:
    output.json_document(
        {
            "version": 1,
            "now": iso(now),
            "dry_run": not done,
            "before": iso(before),
            "receipts": receipts,
            "foreign": foreign or None,
            "erased": erased_tables(erased.counts),
            "sessions": list(erased.sessions),
            "left": list(erased.left),
        }
    )


def _show(erased: Erased, before: Millis, foreign: str, place: str, *, done: bool, receipts: bool) -> None:
    if erased.counts:
        output.out(f"{'erased' if done else 'would erase'}, of what ended before {iso(before)}:")
        for line in count_lines(erased.counts):
            output.out(line)
    else:
        output.out(f"nothing to erase of what ended before {iso(before)}")
    if foreign:
        output.out(
            clean(f"bookings were left as they are, for the program that keeps them to erase: {place}: {foreign}")
        )
    if erased.left:
        output.out(f"left as they are, for something of them may still be at Discord: {some(erased.left)}")
    if erased.counts and not receipts:
        output.out("receipts stay; --receipts erases them too")
    if erased.counts and not done:
        output.out("nothing was changed; --yes does it")
