"""A page of the guide, drawn for a terminal.

Owns what rich's Markdown does not know of narrow terminals: a table that does not fit becomes a block for each row, a
command is never broken where nobody typed a break, and a link to a file of the repository is its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, TableElement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from coachsync.report.table import Canvas

_THEME = Theme({
    "markdown.h1": "bold", "markdown.h2": "bold underline", "markdown.h3": "bold", "markdown.code": "cyan",
    "markdown.code_block": "cyan", "markdown.link_url": "underline",
})  # fmt: skip
_COMMENT = re.compile(r"^<!--.*?-->\n", re.M | re.S)
_ADDRESS = re.compile(r"<(https?://[^>]+)>")
_LINK_TO_A_FILE = re.compile(r"\[([^\]]+)\]\((?!\w+:)[^)]*\)")
_GAP = 2  # between two columns
_READABLE = 24  # columns of a cell that may wrap


def drawn_page(markup: str, canvas: Canvas) -> str:
    """Return a page in Markdown as text for a terminal of UTF-8."""
    file = StringIO()
    console = Console(
        file=file, width=canvas.width, force_terminal=True, no_color=not canvas.colour, color_system="standard",
        emoji=False, markup=False, highlight=False, legacy_windows=False, theme=_THEME,
    )  # fmt: skip
    shown = _ADDRESS.sub(r"\1", _LINK_TO_A_FILE.sub(r"\1", _COMMENT.sub("", markup)))
    console.print(_Page(shown, hyperlinks=False), crop=False)
    return file.getvalue().strip("\n")


class _Heading(Heading):
    """A heading at the left margin."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text


class _Code(CodeBlock):
    """Commands, indented; the terminal wraps them, so that they can be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip().splitlines():
            yield Text(f"  {line}", style="markdown.code_block", no_wrap=True, overflow="ignore")


class _Table(TableElement):
    """A table if each of its columns stays readable, else a block for each row."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        header = [cell.content for cell in self.header.row.cells] if self.header and self.header.row else []
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body else []
        widths = _widths([header, *rows], options.max_width)
        yield from [_table(header, rows, widths)] if widths else _blocks(header, rows)


class _Page(Markdown):
    elements = {**Markdown.elements, "heading_open": _Heading, "fence": _Code, "table_open": _Table}  # noqa: RUF012


def _widths(lines: list[list[Text]], room: int) -> list[int]:
    """Return the columns' widths in which no word is broken; none if the room is too small for that."""
    columns = list(zip(*lines, strict=True))
    natural = [max(text.cell_len for text in column) for column in columns]
    words = [max((len(word) for text in column for word in text.plain.split()), default=0) for column in columns]
    widths = [max(word, min(whole, _READABLE)) for word, whole in zip(words, natural, strict=True)]
    widths[0] = natural[0]  # names and commands: what the eye looks for
    spare = room - sum(widths) - _GAP * (len(widths) - 1)
    if spare < 0:
        return []
    for column in sorted(range(len(widths)), key=lambda number: natural[number] - widths[number]):
        wanting = [n for n in range(len(widths)) if natural[n] > widths[n]]
        given = min(natural[column] - widths[column], spare // max(1, len(wanting)))
        widths[column] += given
        spare -= given
    return widths


def _table(header: list[Text], rows: list[list[Text]], widths: list[int]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for title, width in zip(header, widths, strict=True):
        table.add_column(title, width=width, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _blocks(header: list[Text], rows: list[list[Text]]) -> Iterator[Text | Padding]:
    """Yield each row's first cell, and below it the others; with their titles if there are several."""
    for row in rows:
        yield Text.assemble(row[0], style="bold")
        for title, cell in zip(header[1:], row[1:], strict=True):
            if cell.plain:
                told = Text.assemble((f"{title.plain}: ", "dim"), cell) if len(row) > 2 else cell
                yield Padding(told, (0, 0, 0, 2))
