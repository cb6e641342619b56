"""What happens round a tick and never in it: the heartbeat, and the operator's own programs.

Whatever goes wrong with them is a warning of the run's. Nothing of it is loaded if it is not configured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coachsync.errors import BUG, INTERRUPTED, OK, SOME_FAILED, TERMINATED, UNUSABLE, CoachsyncError
from coachsync.secrets import redact

if TYPE_CHECKING:
    from datetime import tzinfo

    from coachsync.cli.context import Invocation
    from coachsync.cli.ticks import TickCall
    from coachsync.config import Settings
    from coachsync.domain.model import Report
    from coachsync.notify.heartbeat import Heartbeat
    from coachsync.store.base import Store

_RAN = frozenset({OK, SOME_FAILED, UNUSABLE, BUG, INTERRUPTED, TERMINATED})


class Afterwards:
    """One call of `run`, `setup` or `cleanup`, and who is told of it."""

    def __init__(self, said: Invocation, settings: Settings, heartbeat: Heartbeat | None) -> None:
        self._said = said
        self._settings = settings
        self._heartbeat = heartbeat
        self._begun = time.monotonic()

    def tell(self, report: Report) -> Report:
        """Start programs and send the heartbeat; return the report with what went wrong with that."""
        hooks, is_run = self._settings.hooks, report.command == "run"
        hooked = bool(hooks.opened or hooks.closed or hooks.failed or hooks.mended)
        messages = is_run and self._settings.notify.file is not None
        metrics = is_run and self._settings.metrics.textfile is not None
        if report.dry_run or not (hooked or messages or metrics or self._heartbeat is not None):
            return report
        from coachsync.notify.around import Around

        around = Around(self._settings, report, self._open, self._zone)
        if hooked:
            around.run_hooks(self._said.environ, self._settings.discord.run_budget / 1000 - self._took())
        if messages:
            around.send_messages()
        if self._heartbeat is not None:
            around.send_heartbeat(self._heartbeat)
        if metrics:
            around.write_metrics(self._took())
        return around.report

    def tell_of(self, problem: BaseException, command: str) -> None:
        """Send the heartbeat and write the figures of a run that ended with an exception."""
        from coachsync.cli import output

        code = _exit_code(problem)
        if code not in _RAN:
            return
        if self._heartbeat is not None:
            body = f"{problem.message}\n{problem.hint}\n" if isinstance(problem, CoachsyncError) else ""
            warning = self._heartbeat.end(code, redact(body))
            if warning is not None:
                output.warning(f"{warning.message} ({warning.code})")
        if self._settings.metrics.textfile is not None and command == "run":
            from coachsync.notify.figures import METRICS_FAILED, write_figures

            said = write_figures(self._settings, self._open, code, self._took())
            if said:
                output.warning(f"{said} ({METRICS_FAILED})")

    def _took(self) -> float:
        return time.monotonic() - self._begun

    def _open(self) -> Store:
        from coachsync.cli.context import open_configured

        return open_configured(self._settings, writable=True)

    def _zone(self) -> tzinfo:
        from coachsync.cli.display import display_zone

        return display_zone(self._settings)


@contextmanager
def afterwards(said: Invocation, settings: Settings, call: TickCall) -> Iterator[Afterwards]:
    """Watch over a call: also one that ends with an exception has its heartbeat."""
    heartbeat = _heartbeat(settings, call)
    if heartbeat is not None:
        heartbeat.begin()
    after = Afterwards(said, settings, heartbeat)
    try:
        yield after
    except BaseException as problem:
        if not call.dry_run and not isinstance(problem, GeneratorExit):
            after.tell_of(problem, call.command)
        raise


def _heartbeat(settings: Settings, call: TickCall) -> Heartbeat | None:
    if settings.heartbeat.url is None or call.command != "run" or call.dry_run:
        return None
    from uuid import uuid4

    from coachsync.notify.heartbeat import Heartbeat

    return Heartbeat(settings.heartbeat, str(uuid4()))


def _exit_code(problem: BaseException) -> int:
    """Return the exit status that an exception becomes (CONTRACT §2)."""
    if isinstance(problem, CoachsyncError):
        return problem.exit_code
    if isinstance(problem, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(problem, SystemExit):
        return problem.code if isinstance(problem.code, int) else OK
    from coachsync.host.limits import environmental

    return BUG if environmental(problem) is None else UNUSABLE
