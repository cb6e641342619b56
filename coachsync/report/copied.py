"""What `store copy` did, or would do: as lines for people, as JSON, and what is to be done next."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING, Any

from coachsync.report.erased import count_lines
from coachsync.report.text import clean

if TYPE_CHECKING:
    from coachsync.store.copying.copy import CopyReport

_SHOWN = 10
_HOLDS = {
    "whole": "whole numbers",
    "number": "numbers",
    "truth": "yes or no",
    "text": "text",
}


def lines(report: CopyReport, *, dry_run: bool) -> Iterator[str]:
    """Yield what was copied from where to where, and what was not."""
    source, target = report.names
    if report.already:
        yield clean(f"{source} was copied to {target} before: there is nothing left to do")
        return
    yield clean(f"{'would copy' if dry_run else 'copied'} {source} to {target}:")
    if report.resumed:
        yield "going on with a copy that had not ended"
    yield from count_lines({part.name: part.rows for part in report.parts} or {"bookings": 0})
    if report.foreign:
        yield clean(f"only bookings and what coachsync remembers are copied: {report.foreign}")
    for key, holds in report.survey.added:
        yield clean(f"TO gets a column {key} for it: {_HOLDS.get(holds, 'text')}")
    for unfit in report.survey.unfit:
        yield clean(f"left out: {unfit.key}: {unfit.why}")
    refused = report.refused or report.survey.refused
    for row in refused[:_SHOWN]:
        yield clean(f"left out: row {row.row}, {row.session or 'without an id'}: {row.why}")
    if len(refused) > _SHOWN:
        yield f"left out: {max(len(refused), report.survey.refused_rows) - _SHOWN} further rows; --json names them"
    if dry_run:
        yield "nothing was changed"
        return
    yield "compared: both sides hold the same"
    if report.moved:
        yield clean(f"nothing works on {source} any more; this takes that back:")
        yield clean(f"  coachsync store reopen {quote(report.source)}")


def next_steps(report: CopyReport, named_in: str, *, dry_run: bool, ledger: bool) -> list[str]:
    """Return what is to be done now; `named_in`: what names the old store for runs, "" if nothing known does.

    `ledger`: what coachsync remembers was copied alone.
    """
    if dry_run or not (report.moved or report.already):
        return []
    where = f"in {named_in}" if named_in else "in the configuration of every host"
    if ledger:
        edit = f"{where}, under [store]: url names the bookings where they are now, ledger {report.target}"
    elif named_in == "COACHSYNC_STORE":
        edit = f"set COACHSYNC_STORE to {report.target} wherever it is set"
    else:
        edit = f'{where}, under [store]: url = "{report.target}"'
    if report.target.startswith("postgres"):
        edit += ", by the role that does the work if that is not the one that made the copy"
    again = "coachsync schedule install, if systemd starts runs: its unit names the folders of the store"
    return [clean(edit), "coachsync doctor", again]


def document(report: CopyReport, now: str, steps: list[str], *, dry_run: bool, ledger: bool) -> dict[str, Any]:
    """Return the JSON document."""
    refused = report.refused or report.survey.refused
    return {
        "version": 1,
        "now": now,
        "dry_run": dry_run,
        "from": report.source,
        "to": report.target,
        "ledger": ledger,
        "already": report.already,
        "resumed": report.resumed,
        "moved": report.moved,
        "foreign": report.foreign or None,
        "parts": [{"table": p.name, "rows": p.rows, "digest": p.digest or None} for p in report.parts],
        "added": [{"column": key, "holds": _HOLDS.get(holds, "text")} for key, holds in report.survey.added],
        "left_out": {
            "keys": [unfit._asdict() for unfit in report.survey.unfit],
            "rows": [{"row": row.row, "session": row.session or None, "why": row.why} for row in refused],
        },
        "next": steps,
    }
