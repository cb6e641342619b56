"""What `--help` shows of a command, as a value, and how it is laid out: no word is ever broken.

Piped it is plain text. On a terminal its lists stand in boxes, which hold the same words; examples do not, for they are
there to be copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import StringIO
from textwrap import wrap
from typing import NamedTuple

from coachsync.report.table import Canvas

_WIDEST_NAME = 24  # columns; the text of what has a longer name begins below it
_INDENT = 2
_GAP = 2
_FRAME = 4  # columns that a box takes
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|\\.|[^\s"'])+""")


class Listing(NamedTuple):
    """A titled list of names and what each of them is."""

    title: str
    rows: tuple[tuple[str, str], ...]


class Manual(NamedTuple):
    """A command's page. `examples` are commands to type, each without line breaks."""

    usage: str
    about: tuple[str, ...]
    listings: tuple[Listing, ...]
    examples: tuple[str, ...]
    below: tuple[str, ...]


def manual_lines(manual: Manual, width: int) -> list[str]:
    """Return a page as plain lines."""
    lines = _usage(manual.usage, width)
    for paragraph in manual.about:
        lines += ["", *_wrapped(paragraph, width)]
    for listing in manual.listings:
        lines += ["", f"{listing.title}:" if listing.title[-1].isalpha() else listing.title]
        lines += [" " * _INDENT + line for line in _rows(listing, manual.listings, width - _INDENT)]
    if manual.examples:
        lines += ["", *_examples(manual, width)]
    for paragraph in manual.below:
        lines += ["", *_wrapped(paragraph, width)]
    return lines


def manual_text(manual: Manual, canvas: Canvas) -> str:
    """Return a page as a terminal shows it: each list in a box, colour if the canvas has it."""
    parts = ["\n".join(_usage(manual.usage, canvas.width))]
    parts += ["\n".join(_wrapped(paragraph, canvas.width)) for paragraph in manual.about]
    boxes = [_box(one.title, _rows(one, manual.listings, canvas.width - _FRAME), canvas) for one in manual.listings]
    parts += ["\n".join(boxes)] if boxes else []
    if manual.examples:
        heading, *lines = _examples(manual, canvas.width)
        parts.append("\n".join([f"\x1b[1m{heading}\x1b[0m" if canvas.colour else heading, *lines]))
    parts += ["\n".join(_wrapped(paragraph, canvas.width)) for paragraph in manual.below]
    return "\n\n".join(parts)


def _box(title: str, lines: Iterable[str], canvas: Canvas) -> str:
    from rich import box
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    text = Text("\n".join(lines), no_wrap=True)
    text.highlight_regex(r"(?m)^(?! {3,}).+?(?=  |$)", "cyan")
    file = StringIO()
    console = Console(
        file=file, width=canvas.width, force_terminal=canvas.colour, legacy_windows=False,
        color_system="standard" if canvas.colour else None,
    )  # fmt: skip
    frame = box.ROUNDED if canvas.unicode else box.ASCII
    heading = Text(f" {title} ", style="bold")
    console.print(Panel(text, title=heading, title_align="left", box=frame, border_style="dim"), crop=False)
    return file.getvalue().rstrip("\n")


def _usage(usage: str, width: int) -> list[str]:
    head, _, rest = usage.partition(" [")
    words = f"[{rest}".split() if rest else []
    return _wrapped_words([f"Usage: {head}", *words], width, indent=" " * 4)


def _rows(listing: Listing, all_listings: Iterable[Listing], width: int) -> Iterator[str]:
    """Yield a list's lines; the texts of all lists of a page's options, and of its others, begin in one column."""
    options = _of_options(listing)
    names = [name for one in all_listings if _of_options(one) == options for name, _ in one.rows]
    column = max((len(name) for name in names if len(name) <= _WIDEST_NAME), default=0) + _GAP
    for name, text in listing.rows:
        told = _wrapped(text, width - column)
        if len(name) + _GAP > column:
            yield name
        elif told:
            yield f"{name:<{column}}{told.pop(0)}"
        else:
            yield name
        yield from (" " * column + line for line in told)


def _of_options(listing: Listing) -> bool:
    return any(name.lstrip().startswith("-") for name, _ in listing.rows)


def _examples(manual: Manual, width: int) -> list[str]:
    """Return the examples' lines below their heading."""
    heading = "Examples:" if len(manual.examples) > 1 else "Example:"
    return [heading, *(" " * _INDENT + line for line in _commands(manual.examples, width - _INDENT))]


def _commands(examples: Iterable[str], width: int) -> Iterator[str]:
    """Yield commands; one that is too long goes on below, as a shell takes it."""
    for example in examples:
        *first, last = _wrapped_words(_parts(example), width - 2, indent=" " * 4)
        yield from (f"{line} \\" for line in first)
        yield last


def _parts(command: str) -> list[str]:
    """Return a command's words, each option together with its value."""
    parts: list[str] = []
    for word in _WORD.findall(command):
        if parts and parts[-1].startswith("--") and " " not in parts[-1] and word[0] not in "-|<>":
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _wrapped_words(words: Iterable[str], width: int, indent: str) -> list[str]:
    """Return words on lines; all lines but the first are indented."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent}{word}" if lines else word)
    return lines
