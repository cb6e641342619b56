"""What the demonstration prints: chapters, the program's own words, the matrix of who can see which room, checks.

Colour only on a terminal; otherwise plain lines.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from textwrap import fill, wrap

from coachsync.cli import output

INDENT = "    "
_NARROWEST, _WIDEST = 40, 100


class Story:
    """Prints what happens and remembers which promises were kept."""

    def __init__(self) -> None:
        self.kept = 0
        self.broken: list[str] = []
        self._fancy, self._terminal = output.fancy(sys.stdout), output.is_terminal(sys.stdout)
        self._width = min(max(get_terminal_size().columns, _NARROWEST), _WIDEST)

    def chapter(self, title: str) -> None:
        """Begin a new chapter."""
        output.out("")
        for line in wrap(title, self._width, subsequent_indent="  "):
            output.out(self._styled(line, "1;36"))

    def say(self, text: str) -> None:
        """Print a sentence, on as many lines as it takes."""
        output.out(fill(text, self._width, subsequent_indent=" " * (len(text) - len(text.lstrip()))))

    def command(self, line: str, said: str) -> None:
        """Show a command, broken as a shell takes it, and what the program answered."""
        for part in _broken(f"$ {line}", self._width - len(INDENT)):
            output.out(f"{INDENT}{self._styled(part, '1')}")
        for answer in said.splitlines():
            for part in self._fitted(answer):
                output.out(f"{INDENT}{part}")

    def _fitted(self, answer: str) -> list[str]:
        """Return what the program said on lines that fit a terminal; with colour in it, or piped, it is as it is."""
        if not self._terminal or "\x1b" in answer or len(answer) <= self._width - len(INDENT):
            return [answer]
        indent = answer[: len(answer) - len(answer.lstrip())]
        return wrap(answer, self._width - len(INDENT), subsequent_indent=f"{indent}  ", break_long_words=False)

    def check(self, promise: str, kept: bool) -> None:
        """Print whether a promise is kept; it was looked up, not assumed."""
        if kept:
            self.kept += 1
        else:
            self.broken.append(promise)
        mark = self._styled("✓", "32") if kept else self._styled("✗ NOT TRUE:", "1;31")
        output.out(f"  {mark} " + fill(promise, self._width - 4, subsequent_indent="    "))

    def matrix(self, rooms: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show people × rooms: what each does there, "" for nothing."""
        width = max(len(name) for name, _ in rows)
        output.out(f"  {'':{width}}  " + "  ".join(rooms))
        for name, cells in rows:
            shown = "  ".join(self._cell(cell, len(room)) for cell, room in zip(cells, rooms, strict=True))
            output.out(f"  {name:{width}}  {shown}".rstrip())

    def _cell(self, does: str, width: int) -> str:
        text = (does or "-").center(width)
        return self._styled(text, "32") if does else self._styled(text, "2")

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._fancy else text


def _broken(line: str, width: int) -> Iterator[str]:
    """Yield a command's line in parts that fit, with a backslash where a shell reads on: between options if it can."""
    while len(line) > width:
        cut = line.rfind(" --", 3, width - 2)
        cut = cut if cut > 0 else line.rfind(" ", 3, width - 2)
        if cut <= 0:
            break
        yield f"{line[:cut]} \\"
        line = f"    {line[cut + 1 :]}"
    yield line
