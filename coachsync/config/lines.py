"""In which line of a configuration file a key stands, for whoever has to mend it.

TOML's reader keeps no lines. So the text is looked through once more; what is written in an unusual way (a table in one
line, a text over several) is not found, and nothing is said rather than something wrong.
"""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_LONG_TEXT = re.compile(r'"""|' + "'''")


def line_of(text: str, path: str) -> int | None:
    """Return the line, from 1, where a key ("discord.guild_id") or section ("colour") stands; None if none is found."""
    section, inside = "", False
    for number, line in enumerate(text.split("\n"), 1):
        quotes = len(_LONG_TEXT.findall(line))
        if inside or quotes % 2:
            inside = inside != bool(quotes % 2)
            continue
        if header := _HEADER.match(line):
            section = _plain(header[1])
            if section == path:
                return number
        elif key := _KEY.match(line):
            found = _plain(key[1])
            if path == (f"{section}.{found}" if section else found):
                return number
    return None


def _plain(name: str) -> str:
    """Return a dotted name without quotes and white space."""
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
