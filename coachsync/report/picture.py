"""The timeline as a picture: one SVG, or one page of HTML with a picture for each sheet of paper.

Self-contained: no script, no font, no address. Names are text, never markup. States differ by a mark, too, for those
who print in grey.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import drawsvg as svg
from rich.cells import cell_len, set_cell_size

from coachsync.domain.model import Millis
from coachsync.domain.timeline import Bar, BarGroup, BarState, Block, ticks
from coachsync.report.moments import Moments
from coachsync.report.text import clean

WIDTH = 960
_LEFT, _RIGHT, _TOP = 316, 14, 30
_ROW, _HEAD, _AXIS, _FOOT = 20, 26, 20, 34
_LETTER = 6.4  # how wide a letter of 12 px is, about
_ROWS_A_SHEET = 54
_FONT = "system-ui, sans-serif"
_INK, _FAINT = "#1a202c", "#cbd5e0"
_COLOURS: dict[BarState, str] = {
    "booked": "#2b6cb0", "open": "#2f855a", "wrong": "#c53030", "over": "#718096", "cancelled": "#a0aec0",
}  # fmt: skip
_MARKS: dict[BarState, str] = {"booked": "·", "open": "✓", "wrong": "✗", "over": "", "cancelled": "–"}
_NAMES: dict[BarState, str] = {
    "open": "open", "wrong": "needs you", "booked": "to come", "over": "over", "cancelled": "cancelled",
}  # fmt: skip
_STYLE = (
    f"body{{font-family:{_FONT};margin:1rem auto;max-width:{WIDTH}px;color:{_INK}}}"
    "h1{font-size:1.2rem}section{break-inside:avoid;margin-bottom:1rem}svg{width:100%;height:auto}@page{margin:12mm}"
)


def timeline_svg(found: Sequence[Block], shown: Moments, title: str) -> str:
    """Return one picture of all days."""
    return str(_sheet(found, shown, title).as_svg())


def timeline_html(found: Sequence[Block], shown: Moments, title: str) -> str:
    """Return a page with a picture for each sheet: a long day goes on in the next one, under its own hours."""
    sheets = [_sheet([part], shown, "") for block in found for part in _sheets_of(block)]
    pictures = "\n".join(f"<section>{sheet.as_svg(header='')}</section>" for sheet in sheets)
    head = f'<meta charset="utf-8"><title>{escape(clean(title))}</title><style>{_STYLE}</style>'
    body = f"<h1>{escape(clean(title))}</h1>\n{pictures}"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>{body}\n</body></html>\n'


def _sheets_of(block: Block) -> Iterator[Block]:
    """Yield a block in parts that fit a sheet of paper."""
    rows = [(group.name, bar) for group in block.groups for bar in group.bars]
    for first in range(0, len(rows), _ROWS_A_SHEET):
        part = rows[first : first + _ROWS_A_SHEET]
        names = list(dict.fromkeys(name for name, _ in part))
        groups = tuple(BarGroup(name, tuple(bar for of, bar in part if of == name)) for name in names)
        yield block._replace(groups=groups)


def _sheet(found: Sequence[Block], shown: Moments, title: str) -> svg.Drawing:
    top = _TOP if title else 0
    height = top + sum(_height(block) for block in found) + _FOOT
    sheet = svg.Drawing(WIDTH, height, font_family=_FONT)
    sheet.append(svg.Rectangle(0, 0, WIDTH, height, fill="#ffffff"))
    if title:
        sheet.append(_text(title, 16, 12, 21, font_weight="bold"))
    for block in found:
        _draw_block(sheet, block, shown, top)
        top += _height(block)
    _draw_legend(sheet, height - _FOOT / 2 + 4)
    return sheet


def _height(block: Block) -> int:
    titles = len(block.groups) if block.headed else 0
    return _HEAD + _AXIS + _ROW * (len(block.bars) + titles) + 10


def _draw_block(sheet: svg.Drawing, block: Block, shown: Moments, top: int) -> None:
    sheet.append(_text(shown.date(block.day), 14, 12, top + 18, font_weight="bold"))
    axis = top + _HEAD + 12
    bottom = top + _height(block) - 8
    for tick in ticks(block.first, block.last, (WIDTH - _LEFT) // 46):
        x = _x(tick, block)
        sheet.append(svg.Line(x, axis + 4, x, bottom, stroke=_FAINT, stroke_width=0.6))
        sheet.append(_text(shown.hour(tick), 10, x, axis, text_anchor="middle", fill="#4a5568"))
    row = top + _HEAD + _AXIS
    for group in block.groups:
        if block.headed:
            sheet.append(_text(group.name, 12, 12, row + 14, font_weight="bold"))
            row += _ROW
        for bar in group.bars:
            _draw_bar(sheet, bar, block, shown, row)
            row += _ROW
    if block.first <= shown.now < block.last:
        x = _x(shown.now, block)
        sheet.append(svg.Line(x, axis + 4, x, bottom, stroke=_INK, stroke_width=1.4, stroke_dasharray="4 2"))
        sheet.append(_text("now", 10, x, bottom + 8, text_anchor="middle"))


def _x(moment: Millis, block: Block) -> float:
    width = WIDTH - _LEFT - _RIGHT
    return round(_LEFT + width * (moment - block.first) / (block.last - block.first), 1)


def _draw_bar(sheet: svg.Drawing, bar: Bar, block: Block, shown: Moments, top: int) -> None:
    colour = _COLOURS[bar.state]
    called = clean(bar.who or bar.session_id)
    sheet.append(_text(_MARKS[bar.state], 12, 12, top + 14, fill=colour, font_weight="bold"))
    sheet.append(_text(f"{shown.hour(bar.start)}–{shown.hour(bar.end)}", 11, 26, top + 14))
    struck = {"text_decoration": "line-through"} if bar.state == "cancelled" else {}
    sheet.append(_text(_cut(called, (_LEFT - 112) / _LETTER), 12, 104, top + 14, **struck))
    for first, last, opacity in (
        (bar.opens, bar.start, 0.18), (bar.start, bar.end, 1.0), (bar.end, bar.closes, 0.4),
    ):  # fmt: skip
        x = _x(first, block)
        piece = svg.Rectangle(x, top + 4, max(_x(last, block) - x, 0.5), 12, fill=colour, fill_opacity=opacity)
        piece.append_title(_story(bar, shown))
        sheet.append(piece)


def _story(bar: Bar, shown: Moments) -> str:
    """Return what is read when somebody points at a bar."""
    hours = f"{shown.hour(bar.start)}–{shown.hour(bar.end)}"
    who = f"{clean(bar.who)} " if bar.who else ""
    return f"{who}({clean(bar.session_id)}): {shown.date(bar.start)}, {hours}, {_NAMES[bar.state]}"


def _draw_legend(sheet: svg.Drawing, base: float) -> None:
    x = 12.0
    for state, name in _NAMES.items():
        sheet.append(svg.Rectangle(x, base - 9, 14, 10, fill=_COLOURS[state]))
        told = f"{_MARKS[state]} {name}".strip()
        sheet.append(_text(told, 11, x + 19, base))
        x += 19 + len(told) * _LETTER + 16
    told = "pale: the room may open · full: the session · half: until the room closes"
    sheet.append(_text(told, 11, WIDTH - 12, base, text_anchor="end", fill="#4a5568"))


def _cut(text: str, letters: float) -> str:
    return text if cell_len(text) <= letters else set_cell_size(text, int(letters) - 1).rstrip() + "…"


def _text(text: str, size: int, x: float, y: float, **more: str) -> svg.Text:
    return svg.Text(clean(text), size, x, y, **{"fill": _INK, **more})
