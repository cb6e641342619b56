"""Logs on stderr, as text or as one JSON object a line. Set up only on request: an idle tick logs nothing."""

from __future__ import annotations

import logging
import traceback

from coachsync.cli.output import err
from coachsync.clock import iso
from coachsync.report.text import clean


def start(verbose: bool, form: str) -> None:
    """Send coachsync's own log to stderr: everything if verbose, else warnings."""
    logger = logging.getLogger("coachsync")
    logger.handlers = [_Lines(form)]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)


class _Lines(logging.Handler):
    """Writes one line for each record, harmless and without tokens like all output."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._render = _as_json if form == "json" else _as_text

    def emit(self, record: logging.LogRecord) -> None:
        err(self._render(record))


def _as_text(record: logging.LogRecord) -> str:
    return clean(f"{iso(int(record.created * 1000))} {record.levelname.lower()} {_message(record)}")


def _as_json(record: logging.LogRecord) -> str:
    import json

    line = {
        "time": iso(int(record.created * 1000)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
    }
    return json.dumps(line)


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        text += ": " + "".join(traceback.format_exception_only(*record.exc_info[:2])).strip()
    return text
