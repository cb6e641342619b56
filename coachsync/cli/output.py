"""All printing: results to stdout, everything else to stderr, never a token in either.

Output that a full disk took is reported at the end and counts in the exit status. `streams` deals with readers that go
away. How a line on stderr is dressed, for a journal or as JSON, is `dress`'s.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from coachsync.cli import dress, streams
from coachsync.cli.dress import Level
from coachsync.report.text import clean
from coachsync.secrets import redact

_STYLES: dict[Level, str] = {"error": "1;31", "warning": "1;33", "info": "1;32"}
_ASIDES, _ASIDE = ("hint", "session", "sessions"), "1;36"


def out(text: str) -> None:
    """Write a result to stdout; a line break is added."""
    _write(sys.stdout, text + "\n")


def out_all(parts: Iterable[str]) -> None:
    """Write a long result to stdout part by part, as it is."""
    for part in parts:
        _write(sys.stdout, part, flush=False)
    _write(sys.stdout, "")


def err(text: str, level: Level = "info") -> None:
    """Write a line to stderr."""
    _write(sys.stderr, dress.line(text, level) + "\n")


def transient(text: str) -> None:
    """Put a text in the place of the terminal's current line on stderr; "" clears it."""
    if dress.is_plain():
        _write(sys.stderr, f"\r\x1b[K{clean(text)}")


def error(message: str, hint: str = "", problems: Sequence[str] = ()) -> None:
    """Print what is wrong and what to do about it, each on one line.

    On a terminal, several `problems` get a line each. Piped, they stay on the first line: a log has two lines for each
    error.
    """
    if dress.is_json():
        fields = {"hint": hint, "problems": list(problems)}
        _write(sys.stderr, dress.line(clean(message), "error", {k: v for k, v in fields.items() if v}) + "\n")
        return
    below = problems if is_terminal(sys.stderr) else ()
    joined = "; ".join(problems) if problems and not below else ""
    err(f"{_coloured('error:', '1;31')} {clean(f'{message}: {joined}' if joined else message)}", "error")
    for problem in below:
        err(f"  {clean(problem)}", "error")
    if hint:
        err(f"{_coloured('hint:', '1;36')} {clean(hint)}", "error")


def warning(message: str) -> None:
    """Print something an operator should know that did not stop anything."""
    err(clean(message) if dress.is_json() else f"{_coloured('warning:', '1;33')} {clean(message)}", "warning")


def line(level: Level, text: str) -> None:
    """Write a line of news to stderr; on a terminal its first word is coloured."""
    word, colon, rest = clean(text).partition(":")
    style = _ASIDE if word in _ASIDES else _STYLES[level]
    err(f"{_coloured(word + colon, style)}{rest}" if colon else clean(text), level)


def record(text: str, level: Level, fields: dict[str, str]) -> None:
    """Write a log's record to stderr, as a text or with its fields."""
    _write(sys.stderr, (dress.fields(fields, level) if dress.is_json() else dress.line(text, level)) + "\n")


def arrived() -> bool:
    """Return whether all that was written to stderr so far reached whoever reads it, as far as anybody can know."""
    sys.stderr.flush()
    return not streams.lost(2)


def json_document(document: object) -> None:
    """Write one JSON document in ASCII: on one line, or indented on a terminal."""
    out(json_text(document, indent=2 if is_terminal(sys.stdout) else None))


def json_text(document: object, indent: int | None = None) -> str:
    """Return a value as JSON in ASCII. What a foreign column holds beside JSON's own types becomes text."""
    import json

    return json.dumps(document, indent=indent, default=_as_text)


def _as_text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def is_terminal(stream: TextIO) -> bool:
    """Return whether this stream is a terminal."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def fancy(stream: TextIO) -> bool:
    """Return whether colour and box drawing may go to this stream."""
    if stream is sys.stderr and not dress.is_plain():
        return False
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def finish(code: int) -> int:
    """Flush both streams and return the exit status: it is no success if a full disk took a result."""
    sys.stdout.flush()
    problem = streams.dropped()
    if problem is not None:
        error(f"not all output could be written: {problem.strerror}", "the work itself went on; make room there")
    sys.stderr.flush()
    dress.undress()
    return 1 if problem is not None and code == 0 else code


def _coloured(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if fancy(sys.stderr) else text


def _write(stream: TextIO, text: str, *, flush: bool = True) -> None:
    if stream is sys.stderr:
        stream = dress.bare(stream)
    stream.write(redact(text))
    if flush:
        stream.flush()
