"""What the demonstration prints: chapters, the program's own words, the matrix of who can see which room, checks.

Colour only on a terminal; otherwise plain lines.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from coachsync.cli import output

INDENT = "    "


class Story:
    """Prints what happens and remembers which promises were kept."""

    def __init__(self) -> None:
        self.kept = 0
        self.broken: list[str] = []
        self._fancy = output.fancy(sys.stdout)

    def chapter(self, title: str) -> None:
        """Begin a new chapter."""
        output.out("")
        output.out(self._styled(title, "1;36"))

    def say(self, text: str) -> None:
        """Print a sentence."""
        output.out(text)

    def command(self, line: str, said: str) -> None:
        """Show a command and what the program answered."""
        output.out(f"{INDENT}{self._styled('$ ' + line, '1')}")
        for answer in said.splitlines():
            output.out(f"{INDENT}{answer}")

    def check(self, promise: str, kept: bool) -> None:
        """Print whether a promise is kept; it was looked up, not assumed."""
        if kept:
            self.kept += 1
        else:
            self.broken.append(promise)
        mark = self._styled("✓", "32") if kept else self._styled("✗ NOT TRUE:", "1;31")
        output.out(f"  {mark} {promise}")

    def matrix(self, rooms: Sequence[str], rows: Sequence[tuple[str, Sequence[bool]]]) -> None:
        """Show people × rooms: who sees which."""
        width = max(len(name) for name, _ in rows)
        output.out(f"  {'':{width}}  " + "  ".join(rooms))
        for name, cells in rows:
            shown = "  ".join(self._cell(cell, len(room)) for cell, room in zip(cells, rooms, strict=True))
            output.out(f"  {name:{width}}  {shown}".rstrip())

    def _cell(self, sees: bool, width: int) -> str:
        text = ("sees" if sees else "-").center(width)
        return self._styled(text, "32") if sees else self._styled(text, "2")

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._fancy else text
