"""A story, or what a code means, on a terminal: titles, heads beside their texts, nothing broken inside a word."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from coachsync.report.fitting import fit
from coachsync.report.story import Part
from coachsync.report.table import Canvas, drawn

_STYLES = {"late": "bold red", "soon": "yellow", "note": "", "blocked by": "red", "remedy": "bold"}
_GAP = 2


def screen(parts: Sequence[Part], canvas: Canvas) -> str:
    """Return sections as the terminal shows them."""
    shown: list[RenderableType] = []
    for part in parts:
        if shown:
            shown.append("")
        if part.title:
            shown.append(Text(part.title.upper(), style="dim"))
        table = Table(box=None, show_header=False, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for line in part.lines:
            if line.head:
                table.add_row(Text(line.head, style=_STYLES.get(line.head, "dim")), Text(fit(line.text, canvas)))
        shown += [table] if table.row_count else []
        shown += [_alone(fit(line.text, canvas)) for line in part.lines if not line.head]
    return drawn(shown, canvas)


def _alone(text: str) -> Text:
    """Return a line by itself. A link is left to the terminal, so that it can be clicked and copied."""
    link = " " not in text
    return Text(text, no_wrap=link)
