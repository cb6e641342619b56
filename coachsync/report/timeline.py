"""The timeline on a terminal: a block for each day, a line for each session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from coachsync.clock import iso
from coachsync.domain.model import Millis
from coachsync.domain.timeline import Bar, BarState, Block, Part, ticks
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas, drawn
from coachsync.report.text import clean, word

_STYLES: dict[BarState, str] = {
    "booked": "cyan",
    "open": "green",
    "wrong": "bold red",
    "over": "dim",
    "cancelled": "dim",
}
_MARKS: dict[BarState, str] = {"booked": "·", "open": "✓", "wrong": "✗", "over": " ", "cancelled": "-"}
_PLAIN_MARKS: dict[BarState, str] = {"booked": ".", "open": "+", "wrong": "!", "over": " ", "cancelled": "-"}
_PARTS: dict[Part, str] = {"window": "░", "session": "█", "grace": "▒", "none": " "}
_PLAIN_PARTS: dict[Part, str] = {"window": ".", "session": "#", "grace": "-", "none": " "}
_NOW, _PLAIN_NOW = "│", "|"
_HOUR_ROOM = 8  # columns that "10:00" and a gap take
_MOST_WHO = 32


def timeline_text(found: Sequence[Block], shown: Moments, canvas: Canvas) -> str:
    """Return the blocks as lines for a terminal, with what the letters mean below."""
    bars = [bar for block in found for bar in block.bars]
    label = _label_width(bars, canvas.width)
    lines: list[Text] = []
    for block in found:
        lines += [*([Text()] if lines else []), *_block_lines(block, shown, canvas, label)]
    lines += [Text(), _legend(canvas)]
    return drawn(lines, canvas).replace("\u00a0", " ")


def _label_width(bars: Sequence[Bar], width: int) -> int:
    """Return how wide the column of names is: as wide as the longest one, but the bars need room."""
    longest = max((cell_len(_who(bar)) for bar in bars), default=0)
    return max(4, min(longest, _MOST_WHO, width // 3))


def _head_width() -> int:
    return len("✗ 10:00 ") + 1


def _block_lines(block: Block, shown: Moments, canvas: Canvas, label: int) -> Iterator[Text]:
    room = canvas.width - _head_width() - label
    yield Text(shown.day(block.day), style="bold")
    yield Text(" " * (canvas.width - room) + _axis(block, shown, room), style="dim")
    for group in block.groups:
        if block.headed:
            yield Text(clean(group.name), style="bold")
        for bar in group.bars:
            yield _bar_line(bar, block, shown, canvas, label, room)


def _axis(block: Block, shown: Moments, room: int) -> str:
    """Return the hours above their columns."""
    line = ""
    for tick in ticks(block.first, block.last, room // _HOUR_ROOM):
        column = _column(tick, block, room)
        hour = shown.hour(tick)
        if column + len(hour) <= room and (not line or len(line) < column):
            line = line.ljust(column) + hour
    return line


def _column(moment: Millis, block: Block, room: int) -> int:
    return (moment - block.first) * room // (block.last - block.first)


def _bar_line(bar: Bar, block: Block, shown: Moments, canvas: Canvas, label: int, room: int) -> Text:
    style = _STYLES[bar.state]
    mark = (_MARKS if canvas.unicode else _PLAIN_MARKS)[bar.state]
    line = Text(f"{mark} ", style=style)
    line.append(f"{shown.hour(bar.start)} ", style="")
    line.append(
        f"{_fitted(_who(bar), label, '…' if canvas.unicode else '..')} ",
        style="strike" if bar.state == "cancelled" and canvas.colour else "",
    )
    line.append(_drawn_bar(bar, block, shown.now, canvas, room), style=style)
    return line


def _drawn_bar(bar: Bar, block: Block, now: Millis, canvas: Canvas, room: int) -> str:
    """Return a bar as one letter a column: what stands at the middle of the column, or the moment now."""
    letters = _PARTS if canvas.unicode else _PLAIN_PARTS
    span = block.last - block.first
    cells = [letters[bar.part_at(block.first + (2 * n + 1) * span // (2 * room))] for n in range(room)]
    first = _column(bar.start, block, room)
    if first < room and letters["session"] not in cells:
        cells[first] = letters["session"]  # shorter than a column
    if block.first <= now < block.last:
        cells[_column(now, block, room)] = _NOW if canvas.unicode else _PLAIN_NOW
    return "".join(cells)


def _who(bar: Bar) -> str:
    return clean(bar.who or bar.session_id)


def _fitted(text: str, width: int, more: str) -> str:
    """Return a text as wide as its column: cut between words if it is too long."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    names, many, rest = text.rpartition(" and ")
    if many and rest.endswith(" more") and width > 2 * len(many + rest):  # how many there are is not cut away
        return set_cell_size(f"{_fitted(names, width - len(many + rest), more).rstrip()}{many}{rest}", width)
    kept = ""
    for part in text.split(" "):
        longer = f"{kept} {part}".strip()
        if cell_len(longer) > width - len(more) - 1:
            break
        kept = longer
    return set_cell_size(f"{kept} {more}" if kept else set_cell_size(text, width - len(more)) + more, width)


def _legend(canvas: Canvas) -> Text:
    letters, marks = (_PARTS, _MARKS) if canvas.unicode else (_PLAIN_PARTS, _PLAIN_MARKS)
    parts = [
        f"{letters['window']} may open",
        f"{letters['session']} session",
        f"{letters['grace']} until it closes",
        f"{_NOW if canvas.unicode else _PLAIN_NOW} now",
        f"{marks['open']} open",
        f"{marks['wrong']} needs you",
        f"{marks['booked']} to come",
    ]
    lines = [parts[0]]
    for part in parts[1:]:  # by hand: what wraps texts here breaks a line at any white space, also in a part
        if cell_len(f"{lines[-1]}  {part}") <= canvas.width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return Text("\n".join(lines), style="dim")


def timeline_lines(found: Sequence[Block]) -> Iterator[str]:
    """Yield a plain, stable line for each session: state, id, the four moments in UTC, who."""
    for block in found:
        for bar in block.bars:
            moments = f"opens {iso(bar.opens)} start {iso(bar.start)} end {iso(bar.end)} closes {iso(bar.closes)}"
            who = f" for {clean(bar.who)}" if bar.who else ""
            yield f"{bar.state} {word(bar.session_id)} {moments}{who}, {clean(bar.group)}"
