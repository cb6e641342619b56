"""Showing a run's report: a table on a terminal, plain lines when piped, JSON on request; failures on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from coachsync.cli import output
from coachsync.errors import INTERRUPTED, TERMINATED
from coachsync.report.lines import action_lines, elsewhere_lines, summary_line
from coachsync.report.moments import Moments
from coachsync.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coachsync.config import Settings
    from coachsync.domain.model import Report
    from coachsync.report.table import Canvas

_NARROWEST = 20


def show(report: Report, settings: Settings, *, json: bool, quiet: bool) -> int:
    """Print a report and return its exit code."""
    if json:
        _show_json(report)
    elif not quiet:
        _show_result(report, settings)
    if report.followed is not None or report.warnings or report.exit_code:
        _tell(report, settings, quiet=quiet)
    if report.exit_code in (INTERRUPTED, TERMINATED):
        output.error("the run was interrupted", "what was begun is recorded; the next run goes on from there")
    return report.exit_code


def _tell(report: Report, settings: Settings, *, quiet: bool) -> None:
    from coachsync.cli import telling

    if quiet:
        telling.tell_news(settings, report)
        if report.unusable is not None and not telling.is_cause(report):
            output.error(report.unusable.message, report.unusable.hint)
        return
    for warning in telling.warnings_alone(report):
        output.warning(telling.told_warning(warning))
    telling.tell_all(settings, report)
    if report.unusable is not None and not telling.says_why(report):
        output.error(report.unusable.message, report.unusable.hint)


def _show_json(report: Report) -> None:
    from coachsync.report.document import report_document

    output.json_document(report_document(report))
    for note in (*report.notes, *elsewhere_lines(report, Moments(report.now))):
        output.err(clean(note))


def _show_result(report: Report, settings: Settings) -> None:
    if report.outcomes and output.is_terminal(sys.stdout):
        from coachsync.cli.display import moments
        from coachsync.report.run_screen import run_screen

        output.out(run_screen(report, moments(settings, report.now), canvas()))
    else:
        for line in action_lines(report):
            output.out(line)
        output.out(summary_line(report))
    for note in (*report.notes, *_elsewhere(report, settings)):
        _out_whole_words(clean(note))


def _out_whole_words(text: str) -> None:
    """Print a sentence; a terminal never breaks it inside a word."""
    if not output.is_terminal(sys.stdout):
        output.out(text)
        return
    from coachsync.report.fitting import wrapped

    for line in wrapped(text, canvas().width):
        output.out(line)


def _elsewhere(report: Report, settings: Settings) -> Iterator[str]:
    if report.elsewhere:
        from coachsync.cli.display import moments

        yield from elsewhere_lines(report, moments(settings, report.now))


def canvas() -> Canvas:
    """Return what the terminal at stdout can show."""
    from shutil import get_terminal_size

    from coachsync.report.table import SIGNS, Canvas

    columns = max(_NARROWEST, get_terminal_size().columns)
    encoding = sys.stdout.encoding or "ascii"
    return Canvas(columns, output.fancy(sys.stdout), _writes(encoding, SIGNS), encoding)


def _writes(encoding: str, letters: str) -> bool:
    try:
        letters.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
