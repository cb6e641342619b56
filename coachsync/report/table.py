"""A run's report and the sessions' status as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from coachsync.clock import local, relative
from coachsync.domain.model import Millis, Outcome, Report, Session
from coachsync.report.lines import note, summary_line
from coachsync.report.text import clean
from coachsync.standing.row import StatusRow

_STYLES = {"done": "green", "planned": "cyan", "failed": "bold red", "refused": "bold red", "deferred": "yellow"}
_MARKS = {"done": "✓", "planned": "·", "failed": "✗", "refused": "✗", "deferred": "…"}
_PHASES = {"active": "green", "setup_due": "cyan", "cleanup_due": "cyan", "missed": "bold red", "invalid": "bold red"}
_LONGEST_ID = 24


class Canvas(NamedTuple):
    """The terminal a table is drawn for: columns, whether it shows colour, whether it shows box characters."""

    width: int
    colour: bool
    unicode: bool


def report_table(report: Report, canvas: Canvas) -> str:
    """Return the report as a table with a summary line below; that line alone if nothing was due."""
    line = Text(summary_line(report), style="bold" if report.outcomes else "dim")
    if not report.outcomes:
        return drawn([line], canvas)
    table = _table(canvas, "Outcome", "Action", "Session", "For", "Starts", "Why")
    for outcome in report.outcomes:
        table.add_row(*_report_cells(outcome, report.now, canvas))
    return drawn([table, line], canvas)


def _report_cells(outcome: Outcome, now: Millis, canvas: Canvas) -> list[Text]:
    style = _STYLES[outcome.outcome]
    mark = _MARKS[outcome.outcome] if canvas.unicode else outcome.outcome[0]
    session = outcome.action.session
    why = Text(clean(note(outcome)), style=style if outcome.error else "")
    if outcome.error is not None and outcome.error.hint:
        why.append("\n" + clean(outcome.error.hint), style="dim")
    return [
        Text(f"{mark} {outcome.outcome}", style=style),
        Text(outcome.action.kind),
        _identity(session),
        _for(session),
        _starts(session, now),
        why,
    ]


def status_table(rows: Sequence[StatusRow], now: Millis, canvas: Canvas) -> str:
    """Return the sessions' status as a table."""
    table = _table(canvas, "Session", "Phase", "For", "Starts", "Next", "Blocked by")
    for row in rows:
        table.add_row(
            _identity(row.session),
            Text(row.phase, style=_PHASES.get(row.phase, "")),
            _for(row.session),
            _starts(row.session, now),
            Text(_next(row, now)),
            Text(clean(row.blocked.message) if row.blocked else "", style="red"),
        )
    return drawn([table], canvas)


def _next(row: StatusRow, now: Millis) -> str:
    if row.next_action is None or row.next_at is None:
        return ""
    when = "next run" if row.next_at <= now else relative(row.next_at, now)
    return f"{row.next_action} {when}"


def _identity(session: Session) -> Text:
    shown = clean(session.id)
    return Text(shown if len(shown) <= _LONGEST_ID else "…" + shown[1 - _LONGEST_ID :], style="bold")


def _for(session: Session) -> Text:
    return Text("\n".join(clean(person.called) for person in session.people if person.called))


def _starts(session: Session, now: Millis) -> Text:
    if not session.start:
        return Text("?")
    return Text(f"{local(session.start)}\n{relative(session.start, now)}")


def _table(canvas: Canvas, *columns: str) -> Table:
    table = Table(box=box.ROUNDED if canvas.unicode else box.ASCII, header_style="bold", show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("Outcome", "Action", "Phase"))
    return table


def drawn(parts: Sequence[RenderableType], canvas: Canvas) -> str:
    """Return the parts as the terminal shows them, one below the other."""
    file = StringIO()
    console = Console(
        file=file,
        width=canvas.width,
        force_terminal=canvas.colour,
        no_color=not canvas.colour,
        color_system="standard" if canvas.colour else None,
        emoji=False,
        markup=False,
        highlight=False,
        legacy_windows=False,
    )
    for part in parts:
        link = isinstance(part, Text) and bool(part.no_wrap)
        console.print(part, soft_wrap=link)  # the terminal wraps it, so that it can be clicked and copied
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip("\n").split("\n"))
