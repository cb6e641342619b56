"""What a run tells people on stderr: with `--quiet` news of causes, else each cause once, with its sessions.

Only `run --quiet` has a memory. What it told is marked after it was written: output that was lost has told nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

from coachsync.cli import output
from coachsync.domain.causes import MISSED, OPEN, PASSING, Cause
from coachsync.domain.news import Digest, News, digest
from coachsync.errors import CoachsyncError, StoreError
from coachsync.notify.news import QUIET_RUN, listed, news_lines, sessions_of
from coachsync.report.lines import failure_of_outcome
from coachsync.report.moments import Moments
from coachsync.report.text import clean

if TYPE_CHECKING:
    from datetime import tzinfo

    from coachsync.config import Settings
    from coachsync.domain.model import Millis, Outcome, Report, Session, Warn
    from coachsync.store.ledger.ledger import Ledger


Turn = Callable[[], AbstractContextManager[bool]]


class _Memory(NamedTuple):
    """The ledger, how to learn of sessions, and what gives the turn to tell of news, see `Store.telling`."""

    ledger: Ledger
    sessions: Callable[[Iterable[Cause]], Mapping[str, Session]]
    turn: Turn


# with --quiet


def tell_news(settings: Settings, report: Report) -> None:
    """Print what is new since `run --quiet` last told anything; all there is, if that cannot be remembered."""
    if report.followed is None:
        return
    if report.recorded and report.command == "run" and not report.dry_run:
        with suppress(CoachsyncError), _remembering(settings, report) as memory:
            repeat = settings.alerts.repeat
            tell_from(memory.ledger, report.now, repeat, lambda: _zone(settings), memory.sessions, memory.turn)
            return
    told = [News("begins", cause) for cause in report.followed.standing if cause.last_seen == report.now]
    told += [News(how, cause) for cause, how in report.followed.ended if cause.code == OPEN]
    if told:
        _print(told, _sessions_in(report), Moments(report.now, _zone(settings)))
    for outcome in report.outcomes:  # what only answers somebody's call is no cause
        if outcome.error is not None and outcome.error.code in PASSING and not outcome.only_paused:
            failure = failure_of_outcome(outcome)
            output.error(failure.message, failure.hint)


def tell_from(
    ledger: Ledger,
    now: Millis,
    repeat: Millis,
    zone: Callable[[], tzinfo],
    sessions: Callable[[Iterable[Cause]], Mapping[str, Session]] = lambda _: {},
    turn: Turn = lambda: nullcontext(True),
) -> None:
    """Print what the ledger's causes hold that is new, and mark it if it was written.

    What cannot be marked is told again. Raises StoreError before anything is printed.
    """
    if not digest(ledger.remembered_causes(), QUIET_RUN, now, repeat).memory:
        return
    with turn() as ours:
        if not ours:
            return
        found: Digest = digest(ledger.remembered_causes(), QUIET_RUN, now, repeat)  # another host may have told it
        if found.news:
            _print(found.news, sessions([news.cause for news in found.news]), Moments(now, zone()))
        if found.memory and output.arrived():
            with suppress(CoachsyncError), ledger.changing() as changes:
                changes.mark_told(QUIET_RUN, found.memory)


@contextmanager
def _remembering(settings: Settings, report: Report) -> Iterator[_Memory]:
    """Open the store, or its ledger alone if the bookings are what is broken. Raises StoreError."""
    from coachsync.cli.context import open_configured
    from coachsync.store.open import open_ledger_alone

    try:
        store = open_configured(settings, writable=True)
    except StoreError:
        ledger = open_ledger_alone(settings.store.own, settings.base_dir, make=False)
        if ledger is None:
            raise
        with closing(ledger):
            yield _Memory(ledger, lambda _: _sessions_in(report), lambda: nullcontext(True))
        return
    with closing(store):
        yield _Memory(store.ledger, lambda causes: sessions_of(store, causes), store.telling)


def _zone(settings: Settings) -> tzinfo:
    from coachsync.cli.display import display_zone

    return display_zone(settings)


def _print(news: Iterable[News], sessions: Mapping[str, Session], moments: Moments) -> None:
    for line in news_lines(news, sessions, moments):
        output.line(line.level, line.text)


def _sessions_in(report: Report) -> dict[str, Session]:
    return {o.action.session.id: o.action.session for o in report.outcomes}


# without --quiet


def tell_all(settings: Settings, report: Report) -> None:
    """Print each cause that the run saw once, with its sessions, whatever else failed, and what else stands."""
    shared = _shared(report)
    told: set[int] = set()
    for outcome in report.outcomes:
        if outcome.error is None or outcome.only_paused:
            continue
        cause = shared.get((outcome.action.session.id, outcome.error.code))
        if cause is None:
            failure = failure_of_outcome(outcome)
            output.error(failure.message, failure.hint)
        elif id(cause) not in told:
            told.add(id(cause))
            output.error(f"{cause.message} ({cause.code})", cause.hint)
            output.line("error", listed(cause.sessions))
    if report.followed is not None and not report.dry_run:
        _tell_the_rest(settings, report)


def _shared(report: Report) -> dict[tuple[str, str], Cause]:
    """Return the causes that several sessions wait for, by session and code."""
    standing = report.followed.standing if report.followed is not None else ()
    return {(i, c.code): c for c in standing if len(c.sessions) > 1 for i in c.sessions}


def _tell_the_rest(settings: Settings, report: Report) -> None:
    """Tell what the run ended, and what stands although it could not see it."""
    assert report.followed is not None
    said = {w.code for w in report.warnings} | {o.error.code for o in report.outcomes if o.error is not None}
    said |= {report.unusable.code} if report.unusable is not None else set()
    warned = {(w.code, w.message) for w in report.warnings}
    standing = (c for c in report.followed.standing if (c.code, c.message) not in warned)
    rest = [c for c in standing if c.last_seen != report.now or c.code not in said]
    news = [News("begins" if c.since == report.now else "lasts", c) for c in rest]
    news += [News(how, cause) for cause, how in report.followed.ended if cause.code not in (OPEN, MISSED)]
    if not news or report.command != "run":
        return
    sessions: Mapping[str, Session] = _sessions_in(report)
    with suppress(CoachsyncError), _remembering(settings, report) as memory:
        sessions = memory.sessions([one.cause for one in news])
    _print(news, sessions, Moments(report.now, _zone(settings)))


def warnings_alone(report: Report) -> list[Warn]:
    """Return what was warned of and is not told as a failure of sessions anyway."""
    failed = {(o.error.code, o.action.guild_id) for o in report.outcomes if o.error is not None}
    return [w for w in report.warnings if not w.guild_id or w.session or (w.code, w.guild_id) not in failed]


def says_why(report: Report) -> bool:
    """Return whether what made the run unusable is told as a failure of sessions."""
    return report.unusable is not None and any(_is_why(o, report) for o in report.outcomes)


def is_cause(report: Report) -> bool:
    """Return whether what made the run unusable is one of the causes that it saw."""
    standing = report.followed.standing if report.followed is not None else ()
    why = report.unusable
    return why is not None and any(c.code == why.code and c.last_seen == report.now for c in standing)


def _is_why(outcome: Outcome, report: Report) -> bool:
    return outcome.error is not None and report.unusable is not None and outcome.error.code == report.unusable.code


def told_warning(warning: Warn) -> str:
    """Return a warning as one line."""
    about = f"{warning.session}: " if warning.session else ""
    remedy = f"; {warning.hint}" if warning.about and warning.hint else ""
    return clean(f"{about}{warning.message}{remedy} ({warning.code})")
