"""Texts made to fit a terminal: what it can write, how wide that is, and where it may go on in a further line.

An id, a time or a name is never broken inside a word. Widths are in columns: one of them may hold half a character of
Chinese, or several that combine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from coachsync.report.table import Canvas
from coachsync.report.text import clean

_PLAIN = {"·": "-", "→": "->", "–": "-", "…": "...", "✗": "x", "✓": "v"}
_UNBROKEN = ("http://", "https://")


def fit(text: str, canvas: Canvas) -> str:
    """Return a text as this terminal can write it: harmless, and escaped where its letters are unknown there."""
    shown = clean(text)
    if not canvas.unicode:
        shown = "".join(_PLAIN.get(letter, letter) for letter in shown)
    return shown.encode(canvas.encoding, "backslashreplace").decode(canvas.encoding)


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return cell_len(text)


def flow(pieces: Sequence[str], room: int, canvas: Canvas) -> list[str]:
    """Return pieces side by side with a dot between them, on as many lines as they need.

    A line goes on between pieces, and between words only in a piece that is wider than a line.
    """
    between = fit(" · ", canvas)
    lines: list[str] = []
    for piece in pieces:
        if lines and width(lines[-1]) + width(between) + width(piece) <= room:
            lines[-1] += between + piece
        else:
            lines += wrapped(piece, room)
    return lines


def wrapped(text: str, room: int) -> list[str]:
    """Return a text on lines that go on between words. A word wider than a line is cut, an address left whole."""
    lines: list[str] = []
    for part in _words(text, room):
        if lines and width(lines[-1]) + 1 + width(part) <= room:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines


def _words(text: str, room: int) -> Iterator[str]:
    for part in text.split(" "):
        rest = part
        while width(rest) > room and not part.lstrip("(`<").startswith(_UNBROKEN):
            head = set_cell_size(rest, room).rstrip() or rest[:1]
            yield head
            rest = rest[len(head) :]
        if rest:
            yield rest


def abbreviated(names: Sequence[str], room: int, canvas: Canvas) -> str:
    """Return names with a comma between them in `room` columns: the longest ones lose their last words."""
    left = [name.split(" ") for name in names]
    whole = [len(words) for words in left]
    more = fit("…", canvas)

    def told() -> list[str]:
        return [" ".join(words) + (f" {more}" if len(words) < n else "") for words, n in zip(left, whole, strict=True)]

    while width(", ".join(told())) > room:
        longest = max(
            (words for words in left if len(words) > 1), key=lambda words: width(" ".join(words)), default=None
        )
        if longest is None:
            return cut(", ".join(told()), room, canvas)
        longest.pop()
    return ", ".join(told())


def cut(text: str, room: int, canvas: Canvas) -> str:
    """Return a text in `room` columns, with dots for what is left out."""
    if width(text) <= room:
        return text
    more = fit("…", canvas)
    return set_cell_size(text, max(0, room - width(more))).rstrip() + more if room > width(more) else more[:room]
