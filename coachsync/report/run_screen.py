"""What a run did, on a terminal: the answer first, then each session, as `status` lists them."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from coachsync.domain.model import Outcome, OutcomeKind, Report
from coachsync.domain.naming import short_of
from coachsync.report.fitting import flow, width
from coachsync.report.lines import note, summary_line
from coachsync.report.listing import Item, listing
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas, drawn

_STYLES: dict[OutcomeKind, str] = {
    "done": "green",
    "planned": "cyan",
    "failed": "bold red",
    "refused": "bold red",
    "deferred": "yellow",
}
_MARKS: dict[OutcomeKind, str] = {"done": "✓", "planned": "·", "failed": "✗", "refused": "✗", "deferred": "…"}
_LONGEST_REASON = 28


def run_screen(report: Report, when: Moments, canvas: Canvas) -> str:
    """Return what was done for each session below a line that sums it up; that line alone if nothing was due."""
    style = "bold" if report.outcomes else "dim"
    parts: list[RenderableType] = [
        Text(line, style=style) for line in flow(summary_line(report).split("; "), canvas.width, canvas)
    ]
    if report.outcomes:
        parts += ["", *listing([_item(o, canvas) for o in report.outcomes], ("ACTION", "WHY"), when, canvas)]
    return drawn(parts, canvas)


def _item(outcome: Outcome, canvas: Canvas) -> Item:
    """Return a session's line. What went wrong, or a long reason, stands below it."""
    action, error = outcome.action, outcome.error
    why, below = note(outcome), None
    if error is not None:
        why, below = "", (error.message, error.hint)
    elif width(why) > _LONGEST_REASON:
        why, below = "", (why, "")
    short = action.entry.short if action.entry is not None else short_of(action.session.id)
    middle = (f"{action.kind} {outcome.outcome}", why)
    mark = _MARKS[outcome.outcome] if canvas.unicode or outcome.outcome != "deferred" else "~"
    return Item(action.session, short, mark, _STYLES[outcome.outcome], middle, below)
