"""Text as PostgreSQL can hold it: any text comes back as it was, also what is no Unicode or holds a NUL.

Such a character is written as U+001A, which no text has a use for, and four hexadecimal digits.
"""

from __future__ import annotations

import re

_MARK = "\x1a"
_CODE = "0000|d[89a-f][0-9a-f]{2}"  # NUL, and halves of pairs
_UNFIT = re.compile(f"[\0\ud800-\udfff]|{_MARK}(?={_CODE}|001a(?:{_CODE}|001a))")
_WRITTEN = re.compile(f"{_MARK}({_CODE}|001a(?={_CODE}|001a))")


def stored(text: str) -> str:
    """Return text as a column holds it."""
    if text.isascii() and _MARK not in text and "\0" not in text:
        return text
    return _UNFIT.sub(lambda found: f"{_MARK}{ord(found[0]):04x}", text)


def restored(text: str) -> str:
    """Return the text that `stored` was given."""
    return _WRITTEN.sub(lambda found: chr(int(found[1], 16)), text) if _MARK in text else text
