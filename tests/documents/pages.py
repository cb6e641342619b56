"""README and the guide as the tests read them: sections, tables, and the fenced blocks that a comment marks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "coachsync" / "guide"
PAGES = {path: path.read_text("utf-8") for path in (ROOT / "README.md", *sorted(GUIDE.glob("*.md")))}
"""README, then the guide's topics, by path."""
README = PAGES[ROOT / "README.md"]
EVERYTHING = "\n".join(PAGES.values())

_BLOCK = re.compile(r"^(?:<!-- (?P<mark>[^>]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_CODE = re.compile(r"`([^`]+)`")


class Block(NamedTuple):
    """A fenced block: the comment before it ("" without one), its language, its text."""

    mark: str
    language: str
    text: str


def every_block(text: str = EVERYTHING) -> list[Block]:
    """Return the fenced blocks of a page, or of all, in order."""
    return [Block(m["mark"] or "", m["language"], m["text"]) for m in _BLOCK.finditer(text)]


def blocks(mark: str) -> list[Block]:
    """Return the blocks that a comment marks so, in order."""
    return [block for block in every_block() if block.mark == mark]


def text_of(mark: str) -> str:
    """Return the text of all blocks of a mark, one after the other; there is at least one."""
    found = blocks(mark)
    assert found, f"no page has a block marked {mark}"
    return "".join(block.text for block in found)


def section(title: str) -> str:
    """Return the text under a heading that stands once in all pages, up to the next of its level or above."""
    (found,) = [part for text in PAGES.values() if (part := _section(text, title)) is not None]
    return found


def _section(text: str, title: str) -> str | None:
    match = re.search(rf"^(#+) {re.escape(title)}\n", text, re.M)
    if match is None:
        return None
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def rows(text: str, *header: str) -> list[list[str]]:
    """Return the cells of the table that has this header row, without that and the rule below."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if _cells(line) == list(header))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append(_cells(line))
    return table


def _cells(line: str) -> list[str]:
    inner = line.replace("\\|", "\0").strip().strip("|")
    return [cell.strip().replace("\0", "|") for cell in inner.split("|")]


def code(text: str) -> list[str]:
    """Return what stands between backticks."""
    return _CODE.findall(text)
