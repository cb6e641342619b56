"""How a line on stderr is dressed: as it is, as one JSON object, or with its priority for systemd's journal.

While stderr is dressed, also what is written to it behind our back (a library's warning, the end of a run that hangs)
comes out so, line by line.

Source of the priorities: sd-daemon(3); of how a journal is known: systemd.exec(5), $JOURNAL_STREAM.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Literal, TextIO

Level = Literal["error", "warning", "info"]

_PRIORITIES: dict[Level, str] = {"error": "<3>", "warning": "<4>", "info": "<6>"}
_OPTION = "--log-format"

_json = False
_journal = False


def asked_for(arguments: Sequence[str]) -> str:
    """Return the form of logs that a command line asks for, before anything has read it: its errors take it, too."""
    before_names = arguments[: arguments.index("--")] if "--" in arguments else arguments
    found = "text"
    for number, word in enumerate(before_names):
        if word.startswith(f"{_OPTION}="):
            found = word.partition("=")[2]
        elif word == _OPTION and number + 1 < len(before_names):
            found = before_names[number + 1]
    return found


def choose(form: str, environ: Mapping[str, str]) -> None:
    """Dress stderr from now on."""
    global _json, _journal
    _json, _journal = form == "json", _leads_to_journal(environ)
    if not is_plain():
        sys.stderr = _Dressed(sys.stderr)


def undress() -> None:
    """Leave stderr as it was."""
    global _json, _journal
    if isinstance(sys.stderr, _Dressed):
        sys.stderr.end()
        sys.stderr = sys.stderr.bare
    _json = _journal = False


def bare(stream: TextIO) -> TextIO:
    """Return the stream below the dress: who writes there dresses each line itself."""
    return stream.bare if isinstance(stream, _Dressed) else stream


def is_json() -> bool:
    """Return whether each line is a JSON object."""
    return _json


def is_plain() -> bool:
    """Return whether lines are written as they are."""
    return not (_json or _journal)


def line(text: str, level: Level, more: Mapping[str, object] | None = None) -> str:
    """Return a line as it is written."""
    if not _json:
        return _with_priority(text, level)
    from coachsync.clock import host_now, iso

    return fields({"time": iso(host_now()), "level": level, "message": text, **(more or {})}, level)


def fields(content: Mapping[str, object], level: Level) -> str:
    """Return a JSON object as it is written."""
    import json

    return _with_priority(json.dumps(content), level)


def _with_priority(text: str, level: Level) -> str:
    return f"{_PRIORITIES[level]}{text}" if _journal else text


def _leads_to_journal(environ: Mapping[str, str]) -> bool:
    """Return whether stderr is the stream that systemd connected to its journal, and not where somebody led it."""
    named = environ.get("JOURNAL_STREAM")
    if not named:
        return False
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return named == f"{found.st_dev}:{found.st_ino}"


class _Dressed(io.TextIOBase, TextIO):
    """Stderr for everybody who does not know how it is dressed."""

    def __init__(self, bare: TextIO) -> None:
        self.bare = bare
        self._begun = ""

    def write(self, text: str) -> int:
        *whole, self._begun = (self._begun + text).split("\n")
        for one in whole:
            self.bare.write(f"{line(one, 'error')}\n")
        return len(text)

    def end(self) -> None:
        """Write what was begun."""
        if self._begun:
            self.write("\n")

    def flush(self) -> None:
        self.bare.flush()

    def fileno(self) -> int:
        return self.bare.fileno()

    def isatty(self) -> bool:
        return self.bare.isatty()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only here
        return self.bare.encoding
