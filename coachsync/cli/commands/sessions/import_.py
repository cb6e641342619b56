"""`sessions import`: bookings from a file of another system."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import sentence
from coachsync.cli.context import opened
from coachsync.cli.options import Json, Now, chosen_now
from coachsync.cli.when import given_zone
from coachsync.config.settings import Settings
from coachsync.config.values import shown
from coachsync.domain.model import Millis
from coachsync.errors import OK, SOME_FAILED, UsageError
from coachsync.report.text import word
from coachsync.report.typed import Typed, whom_and_when

if TYPE_CHECKING:
    from coachsync.bookings.fields import Directory, Source, Way
    from coachsync.bookings.merge import Merged

_FORMATS = ("json", "jsonl", "csv", "ics", "convex")
_LONGEST_NAME = 40
_MOST_TOLD = 50  # refused rows that get their lines; --json lists all

Format = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="json, jsonl, csv, ics or convex; else by name and content."),
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Which column is a field, of a time with its format: start=Date:%d.%m.%Y %H:%M. May be repeated.",
    ),
]


def import_sessions(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A file, or - for stdin.", show_default=False)],
    form: Format = None,
    maps: Maps = None,
    tz: Annotated[
        str | None, typer.Option("--tz", metavar="ZONE", help="The zone of times that carry none: Europe/Berlin.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Where they are from; it goes before their ids.")
    ] = None,
    people: Annotated[
        str | None, typer.Option("--people", metavar="FILE", help="TOML: mail address or name = Discord id.")
    ] = None,
    table: Annotated[
        str, typer.Option("--table", metavar="NAME", help="The table of a Convex export.", show_default="sessions")
    ] = "sessions",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Add or change bookings from JSON, CSV, a calendar (ics), or an export of Convex.

    Importing twice changes nothing; coachsync's own fields are never overwritten; a bad row spoils no other. What was
    cancelled or moved by hand stands until the row itself changes.

    \b
    Examples:
      coachsync sessions import bookings.json
      coachsync sessions import bookings.csv --tz Europe/Berlin --map start=Beginn --map student=Discord --dry-run
      coachsync sessions import basic.ics --source calendar --people people.toml
    """
    from coachsync.bookings.incoming import UnusableInputError
    from coachsync.bookings.leftout import with_left_out
    from coachsync.bookings.merge import merge
    from coachsync.bookings.read import read_bookings

    name = _checked_source(source)
    moment = chosen_now(now)
    sources, zone = _parsed(maps or []), None if tz is None else given_zone(tz)
    named = "standard input" if file == "-" else file
    with _opened_file(file) as content, opened(ctx, writable=not dry_run) as (settings, store):
        store.bookings.require_ours()
        way = _way(settings, moment, sources, people)._replace(zone=zone, table=table, foreign=not name, whole=set())
        try:
            read = read_bookings(content, way, _checked_format(form), "" if file == "-" else file)
            entries = with_left_out(read, store, name, way)
            done = merge(store, entries, source=name, statuses=settings.statuses, now=moment, dry_run=dry_run)
        except UnusableInputError as problem:
            about = problem.message.removeprefix("it ")
            joined = f"{named} {about}" if about != problem.message else f"{named}: {about}"
            raise UsageError(joined, problem.hint) from None
        except OSError as problem:
            raise _unreadable(named, problem) from None
    _show(done, Typed(moment, zone), as_json=json, dry_run=dry_run)
    return SOME_FAILED if done.refused else OK


def _way(settings: Settings, now: Millis, sources: dict[str, Source], people: str | None) -> Way:
    from coachsync.bookings.fields import Way

    known: Directory | None = None
    if people is not None:
        from coachsync.bookings.people import People

        file = People(people)
        known = file
        for warn in file.warnings:
            output.warning(warn.message)
    return Way(settings.statuses, now, sources, people=known)


def _checked_source(name: str | None) -> str:
    if name is None:
        return ""
    bare = name.replace("-", "").replace("_", "").replace(".", "")
    if not 1 <= len(name) <= _LONGEST_NAME or not bare.isascii() or not bare.isalnum():
        expected = f"expected 1 to {_LONGEST_NAME} letters, digits and . _ -"
        raise UsageError(f"--source: found {shown(name)}, {expected}", "name it as one word: --source calendar")
    return name


def _checked_format(form: str | None) -> str:
    if form is None:
        return ""
    if form.lower() not in _FORMATS:
        raise UsageError(f"--format: found {shown(form)}", f"expected one of {', '.join(_FORMATS)}")
    return form.lower()


def _parsed(maps: list[str]) -> dict[str, Source]:
    from coachsync.bookings.fields import parse_map

    items: dict[str, str] = {}
    for text in maps:
        field, sign, column = text.partition("=")
        if not sign or field.strip() in items:
            why = "is given twice" if sign else "has no ="
            raise UsageError(f"--map {shown(text)} {why}", 'write --map FIELD=COLUMN, such as --map "start=Begins at"')
        items[field.strip()] = column.strip()
    found = parse_map(items)
    if isinstance(found, str):
        raise UsageError(f"--map {found}", 'write --map FIELD=COLUMN, such as --map "start=Begins at"')
    return found


@contextmanager
def _opened_file(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        opened_file = open(file, "rb")  # noqa: SIM115 - closed below; only opening it is answered for here
    except (OSError, ValueError) as problem:
        raise _unreadable(file, problem) from None
    with opened_file:
        yield opened_file


def _unreadable(named: str, problem: OSError | ValueError) -> UsageError:
    reason = problem.strerror if isinstance(problem, OSError) else str(problem)
    return UsageError(f"{named} cannot be read: {reason}", "name a file, or - for stdin")


def _show(done: Merged, typed: Typed, *, as_json: bool, dry_run: bool) -> None:
    counts = {"new": len(done.added), "changed": len(done.changed), "unchanged": len(done.unchanged)}
    counts["refused"] = len(done.refused)
    if as_json:
        output.json_document(_document(done, counts, dry_run=dry_run))
    else:
        if dry_run:
            for kind, session in done.shown:
                output.out(
                    sentence(f"would be {kind}: {word(session.id)}, {whom_and_when(session, typed)}", sys.stdout)
                )
            left = counts["new"] + counts["changed"] - len(done.shown)
            if left > 0:
                output.out(f"and {left} more")
        line = ", ".join(f"{count} {what}" for what, count in counts.items())
        output.out(f"{line}; nothing was written" if dry_run else line)
    after = "; the others are in" if (done.added or done.changed) and not dry_run else ""
    for row in done.refused[:_MOST_TOLD]:
        named = f" ({word(row.session)})" if row.session else ""
        again = f"{row.hint}, then import again{after}" if row.hint else f"then import again{after}"
        output.error(f"{row.where}{named}: {row.message}", again)
    if len(done.refused) > _MOST_TOLD:
        output.error(f"{len(done.refused) - _MOST_TOLD} more were refused", "--json lists all of them")


def _document(done: Merged, counts: dict[str, int], *, dry_run: bool) -> dict[str, Any]:
    bad = [{**row._asdict(), "session": row.session or None} for row in done.refused]
    lists = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged, "bad": bad}
    return {"version": 1, "dry_run": dry_run, "summary": counts, **lists}
