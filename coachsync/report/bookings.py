"""The bookings as a grid, and one booking's fields, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coachsync.domain.booking import is_start, whole
from coachsync.domain.model import MINUTE
from coachsync.domain.naming import short_of
from coachsync.report.grid import Column, fits, grid
from coachsync.report.lines import together
from coachsync.report.moments import Moments
from coachsync.report.screen import screen
from coachsync.report.story import Labelled, Part
from coachsync.report.table import Canvas
from coachsync.report.text import clean, word
from coachsync.standing.row import StatusRow

_COLUMNS = (
    Column("WHEN"),
    Column("LASTS", right=True),
    Column("WHO", wraps=True),
    Column("STATUS"),
    Column("PHASE"),
    Column("ID"),
)
_ROOMY = 80  # columns; below, the phase is left to `status`
_LONG = 12  # characters of an id; a longer one goes by its short name if there is no room for it


def bookings_grid(rows: Sequence[StatusRow], moments: Moments, canvas: Canvas) -> str:
    """Return the bookings as a grid: when, for how long, who, status, phase, id."""
    cells = [_cells(row, moments, roomy=canvas.width >= _ROOMY) for row in rows]
    if not fits(_COLUMNS, cells, canvas):
        cells = [[*line[:-1], _short(row)] for line, row in zip(cells, rows, strict=True)]
    return grid(_COLUMNS, cells, canvas)


def _cells(row: StatusRow, moments: Moments, *, roomy: bool) -> list[str]:
    session = row.session
    when = moments.when(session.start) if session.start else "no valid time"
    lasts = f"{(session.end - session.start) // MINUTE} min" if session.start else ""
    phase = row.phase if roomy else ""
    return [when, lasts, together(session.people), clean(session.status), phase, word(session.id)]


def _short(row: StatusRow) -> str:
    session_id = row.session.id
    if len(session_id) <= _LONG:
        return word(session_id)
    return row.entry.short if row.entry is not None else short_of(session_id)


def fields_screen(fields: Mapping[str, Any], moments: Moments, canvas: Canvas) -> str:
    """Return one booking's fields as the store holds them, the start also as a date."""
    lines = [
        Labelled(clean(key) if at == 0 else "", text)
        for key, value in fields.items()
        for at, text in enumerate(_values(key, value, moments))
    ]
    return screen([Part("", tuple(lines))], canvas)


def plain(value: Any) -> str:
    """Return a value of a field in one line: text and numbers as they are, lists and objects as JSON."""
    if isinstance(value, (list, dict)):
        from json import dumps

        return clean(dumps(value, ensure_ascii=False))
    return clean(str(value))


def _values(key: str, value: Any, moments: Moments) -> list[str]:
    """Return what a field holds; of participants each on a line of their own."""
    listed = key == "participants" and isinstance(value, list)
    return [_value(key, one, moments) for one in value] if listed and value else [_value(key, value, moments)]


def _value(key: str, value: Any, moments: Moments) -> str:
    shown = plain(value)
    start = whole(value)
    if key == "scheduledDate" and is_start(value) and start is not None:
        return f"{moments.full(start)} ({shown})"
    return shown or '""'
