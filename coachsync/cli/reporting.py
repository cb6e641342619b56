"""Showing a run's report: a table on a terminal, plain lines when piped, JSON on request; failures on stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from coachsync.cli import output
from coachsync.errors import INTERRUPTED, TERMINATED
from coachsync.report.lines import action_lines, summary_line
from coachsync.report.text import clean

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.domain.model import Report
    from coachsync.report.table import Canvas

_NARROWEST = 60


def show(report: Report, settings: Settings, *, json: bool, quiet: bool) -> int:
    """Print a report and return its exit code."""
    if json:
        _show_json(report)
    elif not quiet:
        _show_result(report)
    if report.followed is not None or report.warnings or report.exit_code:
        _tell(report, settings, quiet=quiet)
    if report.exit_code in (INTERRUPTED, TERMINATED):
        output.error("the run was interrupted", "what was begun is recorded; the next run goes on from there")
    return report.exit_code


def _tell(report: Report, settings: Settings, *, quiet: bool) -> None:
    from coachsync.cli import telling

    if quiet:
        telling.tell_news(settings, report)
        if report.unusable is not None and not report.recorded:
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
    for note in report.notes:
        output.err(clean(note))


def _show_result(report: Report) -> None:
    if report.outcomes and output.fancy(sys.stdout):
        from coachsync.report.table import report_table

        output.out(report_table(report, canvas()))
    else:
        for line in action_lines(report):
            output.out(line)
        output.out(summary_line(report))
    for note in report.notes:
        output.out(clean(note))


def canvas() -> Canvas:
    """Return what the terminal at stdout can show."""
    from coachsync.report.table import Canvas

    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return Canvas(_columns(), output.fancy(sys.stdout), encoding.startswith("utf"))


def _columns() -> int:
    from shutil import get_terminal_size

    return max(_NARROWEST, int(os.environ.get("COLUMNS") or 0) or get_terminal_size().columns)
