"""Logs on stderr, as text or as one JSON object a line. Set up only on request: an idle tick logs nothing.

What an operator is asked for first, when something is odd, stands at their beginning.
"""

from __future__ import annotations

import logging
import platform
import traceback
from typing import TYPE_CHECKING

from coachsync import __version__
from coachsync.cli import output, streams
from coachsync.cli.dress import Level
from coachsync.clock import iso
from coachsync.report.text import clean

if TYPE_CHECKING:
    from coachsync.config import Settings


def start(verbose: bool) -> None:
    """Send coachsync's own log to stderr: everything if verbose, else warnings."""
    logger = logging.getLogger("coachsync")
    logger.handlers = [_Lines()]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    if verbose and streams.takes_a_line(2):
        logger.info("coachsync %s on Python %s", __version__, platform.python_version())


def introduce(settings: Settings) -> None:
    """Log what a run works with, unless nobody reads: no watchdog ends a command that waits here."""
    if not streams.takes_a_line(2):
        return
    from coachsync.cli.display import display_zone

    logger = logging.getLogger("coachsync")
    logger.info("configuration %s", settings.path)
    logger.info("store %s", settings.store.url)
    logger.info("guilds %s", ", ".join(sorted(settings.guild_ids)))
    logger.info("zone %s", display_zone(settings))


class _Lines(logging.Handler):
    """Writes one line for each record, harmless and without tokens like all output."""

    def emit(self, record: logging.LogRecord) -> None:
        level: Level = "error" if record.levelno >= logging.ERROR else "info"
        if logging.WARNING <= record.levelno < logging.ERROR:
            level = "warning"
        fields = {
            "time": iso(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        text = clean(f"{fields['time']} {fields['level']} {fields['message']}")
        output.record(text, level, fields)


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        text += ": " + "".join(traceback.format_exception_only(*record.exc_info[:2])).strip()
    return text
