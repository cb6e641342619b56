"""Texts from the store, made harmless. Used by every rendering."""

from __future__ import annotations

_JOINERS = "\u200c\u200d"  # what holds emoji and some scripts together; harmless


def clean(text: str) -> str:
    """Return a text on one line in which control, ANSI and bidirectional characters are shown, not obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else ascii(c)[1:-1] for c in text)


def word(text: str) -> str:
    """Return an id as one word of a line: as it is, or quoted if it holds white space or quotes."""
    shown = clean(text)
    if shown and not any(c.isspace() or c in "\"'" for c in shown):
        return shown
    return '"' + shown.replace('"', '\\"') + '"'
