"""The terminal that something is drawn for, and how rich draws on it."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

from rich.console import Console, RenderableType
from rich.text import Text

SIGNS = "✗✓→·–…"
"""What a terminal must be able to show to be spared words and plain letters in their place."""


class Canvas(NamedTuple):
    """The terminal that something is drawn for: columns, whether it shows colour, whether it shows signs (✗ → ·).

    `encoding` is that of its text.
    """

    width: int
    colour: bool
    unicode: bool
    encoding: str = "utf-8"


def drawn(parts: Sequence[RenderableType], canvas: Canvas) -> str:
    """Return the parts as the terminal shows them, one below the other."""
    file = StringIO()
    console = Console(
        file=file,
        width=canvas.width,
        force_terminal=canvas.colour,
        no_color=not canvas.colour,
        color_system="standard" if canvas.colour else None,
        emoji=False,
        markup=False,
        highlight=False,
        legacy_windows=False,
    )
    for part in parts:
        unbroken = isinstance(part, Text) and bool(part.no_wrap)  # which printing it would forget
        console.print(part, crop=False, soft_wrap=unbroken)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip("\n").split("\n"))
