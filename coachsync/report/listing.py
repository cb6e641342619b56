"""Sessions on a terminal: a line each if the terminal has room for it, else a block.

Every listing of sessions looks alike: when, who, what else there is to say, and the id. Colour marks the first column
alone; what blocks a session stands below it, on lines of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from coachsync.domain.model import Person, Session
from coachsync.domain.naming import short_of
from coachsync.domain.words import MOST_NAMED, a_few
from coachsync.report.fitting import abbreviated, cut, fit, flow, width, wrapped
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas

WIDE = 100
"""From so many columns on each session has one line."""

NARROW = 80
"""Below so many columns each session is a block."""

INDENT = "  "
_DEEPER, _GAP, _WHO = "    ", 2, 1
_NOTHING = {"", "–", "-"}


class Item(NamedTuple):
    """A session to be listed: its mark and the mark's style, what stands between people and id, what stands below.

    `short` is the name that every command takes for it beside its id. `below` is a message and a remedy.
    """

    session: Session
    short: str
    mark: str
    style: str
    middle: tuple[str, ...]
    below: tuple[str, str] | None = None


class _Line(NamedTuple):
    item: Item
    cells: tuple[str, ...]


def listing(items: Sequence[Item], headings: Sequence[str], when: Moments, canvas: Canvas) -> Iterator[RenderableType]:
    """Yield the sessions in the given order; `headings` name what stands between people and id."""
    names = ("WHEN", "WHO", *headings, "ID")
    items = _distinct(items)
    if canvas.width >= NARROW:
        for full_when, whole_id in ((True, True), (False, True), (True, False), (False, False)):
            lines = [_line(item, when, canvas, full_when=full_when, whole_id=whole_id) for item in items]
            widths = _widths(lines, names)
            if _total(widths) <= canvas.width:
                yield from _table(lines, names, widths, canvas)
                return
        if canvas.width >= WIDE:
            lines, widths = _squeezed(lines, widths, canvas)
            if _total(widths) <= canvas.width:
                yield from _table(lines, names, widths, canvas)
                return
    for item in items:
        yield from _block(item, when, canvas)


def _distinct(items: Sequence[Item]) -> list[Item]:
    """Return the sessions, those of one short name without it: no command would know which is meant."""
    bearers = Counter(item.short for item in items)
    return [item if bearers[item.short] == 1 else item._replace(short=item.session.id) for item in items]


def _line(item: Item, when: Moments, canvas: Canvas, *, full_when: bool, whole_id: bool) -> _Line:
    who = in_one(names_of(item.session.people, canvas))
    identity = item.session.id if whole_id else item.short
    middle = (fit(cell, canvas) for cell in item.middle)
    return _Line(item, (_start(item.session, when, full=full_when), who, *middle, fit(identity, canvas)))


def _start(session: Session, when: Moments, *, full: bool) -> str:
    if not session.start:
        return "no valid time"
    return when.full(session.start) if full else when.when(session.start)


def _widths(lines: Sequence[_Line], names: Sequence[str]) -> list[int]:
    """Return how wide each column is; 0 for one that says nothing."""
    found = []
    for at, heading in enumerate(names):
        cells = {line.cells[at] for line in lines}
        found.append(max(width(heading), *map(width, cells)) if cells - _NOTHING else 0)
    return found


def _total(widths: Sequence[int]) -> int:
    return len(INDENT) - _GAP + sum(size + _GAP for size in widths if size)


def _squeezed(lines: Sequence[_Line], widths: list[int], canvas: Canvas) -> tuple[list[_Line], list[int]]:
    """Return the lines with names shortened so that they fit, and ids of people in favour of what they are."""
    room = max(width("WHO"), widths[_WHO] - (_total(widths) - canvas.width))
    squeezed = []
    for line in lines:
        if width(line.cells[_WHO]) > room:
            named = [fit(person.name or person.kind, canvas) for person in line.item.session.people]
            line = line._replace(cells=(line.cells[0], shortened(named, room, canvas), *line.cells[2:]))  # noqa: PLW2901
        squeezed.append(line)
    return squeezed, [*widths[:_WHO], room, *widths[_WHO + 1 :]]


def _table(
    lines: Sequence[_Line], names: Sequence[str], widths: Sequence[int], canvas: Canvas
) -> Iterator[RenderableType]:
    """Yield a table without a frame, in parts: what blocks a session stands between them."""
    table = _headed(names, widths)
    for line in lines:
        first, *others = (cell for cell, size in zip(line.cells, widths, strict=True) if size)
        item = line.item
        table.add_row(Text(f"{fit(item.mark, canvas)} {first}", style=item.style), *map(Text, others))
        if item.below is not None:
            yield table
            yield from told(*item.below, [item.session], canvas, _DEEPER)
            table = _headed(names, widths, header=False)
    if table.row_count:
        yield table


def _headed(names: Sequence[str], widths: Sequence[int], *, header: bool = True) -> Table:
    table = Table(
        box=None, show_header=header, show_edge=False, pad_edge=False, padding=(0, _GAP, 0, 0), header_style=""
    )
    for at, (name, size) in enumerate(zip(names, widths, strict=True)):
        if size:
            before = len(INDENT) if at == 0 else 0
            table.add_column(" " * before + name, width=size + before, no_wrap=True, overflow="ignore")
    return table


def _block(item: Item, when: Moments, canvas: Canvas) -> Iterator[Text]:
    """Yield a session on lines below each other: when, and what there is to say; who, and its id."""
    room = canvas.width - len(_DEEPER)
    start = _start(item.session, when, full=True)
    middle = [fit(cell, canvas) for cell in item.middle if cell not in _NOTHING]
    first, *more = flow([start, *middle], canvas.width - len(INDENT), canvas)
    yield Text.assemble((f"{fit(item.mark, canvas)} {start}", item.style), first[len(start) :])
    yield from (Text(INDENT + line) for line in more)
    who = in_one(names_of(item.session.people, canvas))
    if any(width(part) > room for part in who.split(" ")):
        who = shortened(names_of(item.session.people, canvas), room, canvas)
    identity = fit(item.session.id, canvas)
    identity = identity if width(identity) <= room else fit(item.short, canvas)
    fits = width(identity) <= room
    pieces = [*([who] if who else []), *([identity] if fits else [])]
    yield from (Text(_DEEPER + line) for line in flow(pieces, room, canvas))
    if not fits:
        yield unbroken(_DEEPER + identity)
    if item.below is not None:
        yield from told(*item.below, [item.session], canvas, _DEEPER)


def names_of(people: Sequence[Person], canvas: Canvas) -> list[str]:
    """Return what people are called. Who has neither name nor account goes by what they are."""
    return [fit(person.called or person.kind, canvas) for person in people]


def in_one(names: Sequence[str]) -> str:
    """Return names with a comma between them, of more than three how many more."""
    return a_few(names) if len(names) > MOST_NAMED else ", ".join(names)


def shortened(names: Sequence[str], room: int, canvas: Canvas) -> str:
    """Return `in_one` in `room` columns: the longest names lose their last words."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    if width(more) >= room:
        return cut(f"{len(names)} people", room, canvas)
    return abbreviated(names[:MOST_NAMED], room - width(more), canvas) + more


def told(
    message: str, remedy: str, sessions: Sequence[Session], canvas: Canvas, indent: str = INDENT
) -> Iterator[Text]:
    """Yield what is wrong and, behind an arrow, what to do; a session's id too long for a line goes by a short name."""
    room = canvas.width - len(indent)
    yield from (unbroken(indent + line) for line in wrapped(fit(message, canvas), room) if line)
    if not remedy:
        return
    arrow = fit("→ ", canvas)
    room -= width(arrow)
    for session in sessions:
        if any(session.id in part and width(fit(part, canvas)) > room for part in remedy.split(" ")):
            remedy = remedy.replace(session.id, short_of(session.id))
    first, *more = wrapped(fit(remedy, canvas), room)
    yield unbroken(f"{indent}{arrow}{first}")
    yield from (unbroken(indent + " " * width(arrow) + line) for line in more)


def unbroken(line: str) -> Text:
    """Return a line that rich leaves as it is: an address may be wider than the terminal, which breaks it itself."""
    return Text(line, no_wrap=True, overflow="ignore")
