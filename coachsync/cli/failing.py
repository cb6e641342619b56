"""A `run` that ended with an exception: recorded if there is a ledger, and with `--quiet` told as news is."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

from coachsync.clock import host_now
from coachsync.errors import BUG, UNUSABLE, CoachsyncError, ConfigError, LockHeldError, SessionError
from coachsync.secrets import redact

if TYPE_CHECKING:
    from coachsync.cli.context import Invocation
    from coachsync.cli.ticks import TickCall
    from coachsync.config import Settings
    from coachsync.domain.model import Millis
    from coachsync.engine.unstarted import Where

_REPEAT: Millis = 24 * 3_600_000  # as `[alerts] repeat` is without a configuration


def note_failed(problem: Exception, said: Invocation, call: TickCall, begun: Millis) -> None:
    """Record how a run ended, and tell of it; `problem.told` says that nobody else needs to."""
    if isinstance(problem, LockHeldError):
        problem.told = call.quiet and _is_young(problem, said)
    elif call.command == "run" and not isinstance(problem, SessionError):
        with suppress(CoachsyncError):
            _record(problem, said, call, begun)


def _is_young(problem: LockHeldError, said: Invocation) -> bool:
    """Return whether the run that holds the lock may still be within its budget."""
    with suppress(CoachsyncError):
        since = problem.since
        return since is None or host_now() - since <= said.settings().discord.run_budget
    return False


def _record(problem: Exception, said: Invocation, call: TickCall, begun: Millis) -> None:
    from coachsync.engine.unstarted import Unstarted, record_unstarted

    settings = _settings(said)
    where = _where(problem, settings, said)
    now = host_now() if call.now is None else call.now
    if where is None or not record_unstarted(where, Unstarted(_exit_code(problem), *_words(problem), begun, now)):
        return
    if call.quiet and isinstance(problem, CoachsyncError):
        _tell(where, settings, now)
        problem.told = True


def _tell(where: Where, settings: Settings | None, now: Millis) -> None:
    from coachsync.cli.display import display_zone, host_zone
    from coachsync.cli.telling import tell_from
    from coachsync.store.open import open_ledger_alone

    ledger = open_ledger_alone(where.url, where.base_dir, make=False)
    if ledger is not None:
        repeat = _REPEAT if settings is None else settings.alerts.repeat
        with closing(ledger):
            tell_from(ledger, now, repeat, lambda: host_zone() if settings is None else display_zone(settings))


def _settings(said: Invocation) -> Settings | None:
    try:
        return said.settings()
    except CoachsyncError:
        return None


def _where(problem: Exception, settings: Settings | None, said: Invocation) -> Where | None:
    """Return where the store is, as far as the configuration says that at all.

    Only if nothing but a token lacks, a ledger may be made there: a store that is broken stays as it is.
    """
    from coachsync.config.load import find_store
    from coachsync.engine.unstarted import Where

    if settings is not None:
        return Where(settings.store.own, settings.base_dir, sure=isinstance(problem, ConfigError))
    found = find_store(said.config, said.environ)
    return None if found is None else Where(*found, sure=False)


def _exit_code(problem: Exception) -> int:
    from coachsync.host.limits import environmental

    if isinstance(problem, CoachsyncError):
        return problem.exit_code
    return BUG if environmental(problem) is None else UNUSABLE


def _words(problem: Exception) -> tuple[str, str]:
    if not isinstance(problem, CoachsyncError):
        return (
            redact(f"coachsync has a bug: {type(problem).__name__}: {problem}", foreign=True),
            "run `coachsync --verbose run` by hand, and report what it shows",
        )
    problems = getattr(problem, "problems", ())
    several = f": {'; '.join(problems)}" if len(problems) > 1 else ""
    return f"no run can work: {problem.message}{several}", problem.hint
