"""Statements as the store's other parts write them, in the words of psycopg: "%s" for each "?" that is a parameter."""

from __future__ import annotations

import re
from functools import lru_cache

QUESTION = "\x02"  # stands for a question mark that is none of our parameters: an operator's, such as jsonb's

# What is no place for a parameter: strings, quoted names, dollar quotes, comments
_PART = re.compile(
    r"""[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|\?|%|\x02""",
    re.DOTALL,
)


@lru_cache(maxsize=1000)
def translated(sql: str) -> str:
    """Return a statement with psycopg's placeholders."""
    return _PART.sub(_word, sql)


def protected(sql: str) -> str:
    """Return an operator's own SQL so that no question mark in it is taken for a parameter."""
    return sql.replace("?", QUESTION)


def holds_another(sql: str) -> bool:
    """Return whether an operator's condition is more than one, or opens or closes what it does not close or open."""
    rest = _PART.sub("", sql)
    depth = 0
    for letter in rest:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return True
    return depth != 0 or any(mark in rest for mark in (";", "'", '"', "/*", "$$"))


def _word(found: re.Match[str]) -> str:
    word = found[0]
    if word == "?":
        return "%s"
    return word.replace("%", "%%").replace(QUESTION, "?")
