"""`status` on a terminal: the answer first, then what is wrong, then the sessions."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from coachsync.domain.causes import Cause
from coachsync.domain.model import Session
from coachsync.domain.naming import short_of
from coachsync.report.attention import called, place_of
from coachsync.report.fitting import cut, fit, flow, width
from coachsync.report.grid import Column, fits, grid
from coachsync.report.listing import INDENT, Item, listing, names_of, shortened, told
from coachsync.report.status import (
    HostRow,
    Severity,
    StatusView,
    block_of,
    first_line,
    host_rows,
    next_words,
    nothing_words,
    severity,
)
from coachsync.report.table import Canvas, drawn
from coachsync.standing.row import StatusRow

_STYLES: dict[Severity, str] = {"late": "bold red", "soon": "yellow", "note": "", "fine": "green", "none": ""}
_MARKS: dict[Severity, str] = {"late": "✗", "soon": "✗", "note": "!", "fine": " ", "none": " "}
_NAMED = 3
_HOSTS = (Column("  HOST"), Column("LAST RUN"), Column("WORKS WITH"), Column("VERSION"))


def status_screen(view: StatusView, canvas: Canvas) -> str:
    """Return the whole screen."""
    parts: list[RenderableType] = [Text(line, style="bold") for line in flow(first_line(view), canvas.width, canvas)]
    for cause in view.causes:
        parts += ["", *_cause(cause, view, canvas)]
    if view.rows:
        parts += ["", *listing([_item(row, view) for row in view.ordered], ("ROOM", "NEXT"), view.when, canvas)]
    elif nothing := nothing_words(view):
        parts += ["", *map(Text, flow([nothing], canvas.width, canvas))]
    text = drawn(parts, canvas)
    return f"{text}\n\n{hosts}" if (hosts := _hosts(view, canvas)) else text


def _hosts(view: StatusView, canvas: Canvas) -> str:
    """Return the hosts that share the store, one line each where there is room; "" if there is but one."""
    rows = host_rows(view)
    cells = [(f"{_host_mark(row, canvas)} {row.name}", row.last, "; ".join(row.works), row.program) for row in rows]
    if not rows or fits(_HOSTS, cells, canvas):
        return grid(_HOSTS, cells, canvas) if rows else ""
    return "\n".join(line for row in rows for line in _narrow_host(row, canvas))


def _narrow_host(row: HostRow, canvas: Canvas) -> Iterator[str]:
    works = (f"works with {bot}" for bot in row.works)
    pieces = [row.name, f"last run {row.last}", *works, *([f"coachsync {row.program}"] if row.program else [])]
    first, *more = flow([fit(piece, canvas) for piece in pieces], canvas.width - len(INDENT), canvas)
    yield f"{_host_mark(row, canvas)} {first}"
    yield from (INDENT + line for line in more)


def _host_mark(row: HostRow, canvas: Canvas) -> str:
    return fit(_MARKS["note"], canvas) if row.silent else " "


def _item(row: StatusRow, view: StatusView) -> Item:
    how, room = severity(row), row.standing.room
    middle = ("–" if room == "none" else room, next_words(row, view.when))
    return Item(row.session, _short(row), _MARKS[how], _STYLES[how], middle, block_of(row))


def _short(row: StatusRow) -> str:
    """Return the name that every command takes for this session beside its id."""
    entry = row.entry
    return entry.short if entry is not None and entry.live else short_of(row.session.id)


def _cause(cause: Cause, view: StatusView, canvas: Canvas) -> Iterator[Text]:
    late = "late, " if cause.urgency == "late" else ""
    pieces = [*_whose(cause, view, canvas), f"{late}since {view.when.clock(cause.since)}"]
    first, *more = flow(pieces, canvas.width - len(INDENT), canvas)
    yield Text.assemble((fit(_MARKS[cause.urgency], canvas), _STYLES[cause.urgency]), f" {first}")
    yield from (Text(INDENT + line) for line in more)
    known = [view.sessions[i] for i in cause.sessions if i in view.sessions]
    yield from told(cause.message, cause.hint, known, canvas)


def _whose(cause: Cause, view: StatusView, canvas: Canvas) -> list[str]:
    """Return who waits for it and when: the first sessions by name, and how many more there are below."""
    if not cause.sessions:
        return [fit(place_of(cause), canvas)]
    alone = len(cause.sessions) == 1
    pieces: list[str] = []
    for session_id in cause.sessions[:_NAMED]:
        pieces += _appointment(session_id, view.sessions.get(session_id), view, canvas, alone=alone)
    more = len(cause.sessions) - _NAMED
    return [*pieces, *([f"and {more} more below"] if more > 0 else [])]


def _appointment(
    session_id: str, session: Session | None, view: StatusView, canvas: Canvas, *, alone: bool
) -> list[str]:
    """Return "Nadja with Mike" and "today 10:03, in 2 h 8 min"; the id if nothing else is known."""
    room = canvas.width - len(INDENT)
    names = [] if session is None else names_of(session.people, canvas)
    who = "" if session is None else fit(called(session), canvas)
    if any(width(part) > room for part in who.split(" ")):
        who = shortened(names, room, canvas)
    if not who:
        whole = fit(session_id, canvas)
        who = whole if width(whole) <= room else cut(fit(short_of(session_id), canvas), room, canvas)
    if session is None or not session.start:
        return [who]
    return [who, view.when.full(session.start)] if alone else [f"{who} {view.when.when(session.start)}"]
