"""Rows below a line of headings, without a frame: how every listing lies on a terminal.

Nothing is broken inside a word. A column that is empty is not drawn. Where the columns have no room beside each other,
each row is a block of lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from coachsync.report.fitting import fit
from coachsync.report.table import Canvas, drawn

_GAP = 2
_COMFORTABLE = 16  # columns for a text that wraps


class Column(NamedTuple):
    """A column by its heading. `wraps`: its text may go on in a further line, between words."""

    name: str
    wraps: bool = False
    right: bool = False


class _Sized(NamedTuple):
    column: Column
    cells: list[Text]
    least: int
    most: int


def grid(columns: Sequence[Column], rows: Sequence[Sequence[Text | str]], canvas: Canvas) -> str:
    """Return the rows as a grid, or as a block each if the terminal is too narrow."""
    shown = _shown(columns, rows, canvas)
    if _least(shown) > canvas.width:
        return drawn(_blocks(shown), canvas)
    return drawn([_table(shown, canvas.width - _GAP * (len(shown) - 1))], canvas)


def fits(columns: Sequence[Column], rows: Sequence[Sequence[Text | str]], canvas: Canvas) -> bool:
    """Return whether the columns have room beside each other."""
    return _least(_shown(columns, rows, canvas)) <= canvas.width


def _shown(columns: Sequence[Column], rows: Sequence[Sequence[Text | str]], canvas: Canvas) -> list[_Sized]:
    texts = [[Text(fit(cell, canvas)) if isinstance(cell, str) else cell for cell in row] for row in rows]
    sized = [_sized(column, [row[at] for row in texts]) for at, column in enumerate(columns)]
    return [column for column in sized if any(cell.plain for cell in column.cells)]


def _least(shown: Sequence[_Sized]) -> int:
    return sum(column.least for column in shown) + _GAP * (len(shown) - 1)


def _sized(column: Column, cells: list[Text]) -> _Sized:
    most = max((cell_len(text) for text in (column.name, *(cell.plain for cell in cells))), default=0)
    words = [word for cell in (Text(column.name), *cells) for word in cell.plain.split()]
    least = max([*map(cell_len, words), min(most, _COMFORTABLE)]) if column.wraps else most
    return _Sized(column, cells, least, most)


def _table(shown: Sequence[_Sized], room: int) -> Table:
    left = room - sum(column.least for column in shown)
    table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for column in shown:
        more = min(left, column.most - column.least)
        left -= more
        name, _, right = column.column
        width = column.least + more
        table.add_column(name, width=width, no_wrap=not column.column.wraps, justify="right" if right else "left")
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*cells)
    return table


def _blocks(shown: Sequence[_Sized]) -> list[RenderableType]:
    """Return a block of lines for each row: what the first columns say stands at its head."""
    width = max(cell_len(column.column.name) for column in shown)
    parts: list[RenderableType] = []
    for at in range(len(shown[0].cells)):
        block = Table(box=None, show_header=False, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0))
        block.add_column(style="dim", width=width)
        block.add_column(overflow="fold")
        for column in shown:
            if column.cells[at].plain:
                block.add_row(Text(column.column.name), column.cells[at])
        parts += ["", block] if parts else [block]
    return parts
