"""`sessions receipts`: who had access to closed sessions, and that what was made for them is gone."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, moments
from coachsync.cli.options import Json, Named, Now, checked_names, chosen_now
from coachsync.cli.when import parse_since
from coachsync.domain.receipts import Receipt, receipt_of
from coachsync.domain.remembered import is_rehearsal
from coachsync.domain.words import call
from coachsync.errors import OK, SOME_FAILED, UsageError
from coachsync.report.receipts import CSV_HEADER, csv_rows, receipt_parts, receipts_document
from coachsync.report.story import plain_lines
from coachsync.standing.find import find_each, unknown

if TYPE_CHECKING:
    from coachsync.domain.model import Entry
    from coachsync.report.moments import Moments
    from coachsync.store.base import Store


def receipts(
    ctx: typer.Context,
    sessions: Named = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Closed since then: 24h, 7d, or ISO 8601.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet, a row for each access.")] = False,
    tz: Tz = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Tell of closed sessions who had access from when to when, and that room and role are gone, by what.

    From the ledger alone, which remembers 90 days. Nothing that was said, and not who was there.

    \b
    Examples:
      coachsync sessions receipts abc12345
      coachsync sessions receipts --since 30d --csv
    """
    names, moment = checked_names(sessions), chosen_now(now)
    if csv and json:
        raise UsageError("--csv and --json are both given", "leave one of the two out")
    after = 0 if since is None else parse_since(since, moment, tz)
    with opened(ctx) as (settings, store):
        shown = moments(settings, moment, tz)
        entries, open_ = _entries(store, names)
        found = list(_receipts(store, entries, after))
    if json:
        output.json_document(receipts_document(found, moment))
    elif csv:
        output.out_all(_table(found))
    else:
        _show(found, shown)
    for session_id in open_:
        hint = f"`{call('explain', session_id)}` tells how it stands"
        output.error(f"{session_id} is not closed: there is no receipt of it yet", hint)
    return SOME_FAILED if open_ else OK


def _entries(store: Store, names: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """Return what the ledger remembers of closed sessions, and which of those named are not closed."""
    if not names:
        return [e for e in store.ledger.closed_entries() if not is_rehearsal(e.session_id)], []
    found = find_each(store, names)
    for name in found.unknown:
        raise unknown(store, name)
    entries = store.ledger.entries(found.sessions)
    closed = [entries[i] for i in found.sessions if i in entries and not entries[i].live]
    return closed, [i for i in found.sessions if i not in entries or entries[i].live]


def _receipts(store: Store, entries: Iterable[Entry], after: int) -> Iterator[Receipt]:
    for entry in entries:
        receipt = receipt_of(entry, store.ledger.events(entry.session_id))
        if receipt is not None and (receipt.closed_at or entry.end) >= after:
            yield receipt


def _table(found: Sequence[Receipt]) -> Iterator[str]:
    import csv
    from io import StringIO

    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in (CSV_HEADER, *csv_rows(found)):
        writer.writerow(row)
        yield file.getvalue()
        file.seek(0)
        file.truncate()


def _show(found: Sequence[Receipt], shown: Moments) -> None:
    parts = receipt_parts(found, shown)
    if not found:
        output.out("no closed session that had a room")
    elif output.is_terminal(sys.stdout):
        from coachsync.cli.reporting import canvas
        from coachsync.report.screen import screen

        output.out(screen(parts, canvas()))
    else:
        output.out_all(f"{line}\n" for line in plain_lines(parts))
