"""`sessions import`: bookings from JSON."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.options import Json
from coachsync.clock import host_now
from coachsync.errors import OK, SOME_FAILED, UsageError
from coachsync.report.text import word
from coachsync.standing.past import note_brought_in
from coachsync.store.importing import Imported

_SHAPE = 'expected an array of sessions, or an object whose "sessions" is one'


def import_sessions(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A JSON file, or - for stdin.", show_default=False)],
    json: Json = False,
) -> int:
    """Add or change bookings from JSON.

    Takes an array of sessions, or an object whose "sessions" is one.

    Importing twice changes nothing; coachsync's own fields are never overwritten; a bad row spoils no other.

    \b
    Examples:
      coachsync sessions import bookings.json
      coachsync sessions export | coachsync --config other.toml sessions import -
    """
    rows = _rows(_read(file), "standard input" if file == "-" else file)
    with opened(ctx, writable=True) as (_, store):
        done = store.bookings.import_rows(rows)
        note_brought_in(store, done.added, host_now())
    _show(done, as_json=json)
    return SOME_FAILED if done.bad else OK


def _read(file: str) -> bytes:
    try:
        if file == "-":
            return sys.stdin.buffer.read()
        with open(file, "rb") as opened:
            return opened.read()
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        source = "standard input" if file == "-" else file
        raise UsageError(f"{source} cannot be read: {reason}", "name a JSON file, or - for stdin") from None


def _rows(content: bytes, source: str) -> list[Any]:
    try:
        found = _parsed(content)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{source} is not JSON: {_why(content, problem)}", _SHAPE) from None
    if isinstance(found, dict):
        found = found.get("sessions")
    if not isinstance(found, list):
        raise UsageError(f"{source} holds no sessions", _SHAPE)
    return found


def _parsed(content: bytes) -> Any:
    import json

    return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)


def _why(content: bytes, problem: Exception) -> str:
    from json import JSONDecodeError

    if not content.strip():
        return "it is empty"
    if isinstance(problem, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(problem, RecursionError):
        return "its values are nested too deeply"
    if isinstance(problem, JSONDecodeError):
        return f"{problem.msg} in line {problem.lineno}, column {problem.colno}"
    return str(problem)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _show(done: Imported, *, as_json: bool) -> None:
    if as_json:
        bad = [{**row._asdict(), "session": row.session or None} for row in done.bad]
        output.json_document({"version": 1, **done._asdict(), "bad": bad})
    else:
        counts = (len(done.added), len(done.changed), len(done.unchanged), len(done.bad))
        output.out("{} added, {} changed, {} unchanged, {} bad".format(*counts))
    after = "; the others are in" if done.added or done.changed else ""
    for row in done.bad:
        named = f" ({word(row.session)})" if row.session else ""
        output.error(f"row {row.row}{named}: {row.message}", f"{row.hint}, then import again{after}")
