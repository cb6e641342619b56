"""What is told of a run once it has recorded what it did, and what went wrong with that: a warning, and a cause.

The report grows by it, so that the run itself tells of it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import tzinfo

from coachsync.config import Settings
from coachsync.domain.causes import OPEN, Followed, Times, Wrong, follow_alone
from coachsync.domain.model import Report, Session, Warn
from coachsync.domain.news import News
from coachsync.errors import CoachsyncError, StoreError
from coachsync.notify.bulletin import Bulletin, bulletin, text_of
from coachsync.notify.heartbeat import HEARTBEAT_FAILED, Heartbeat
from coachsync.report.moments import Moments
from coachsync.secrets import redact
from coachsync.store.base import Store
from coachsync.store.ledger.keys import node_name

_HEARTBEAT = "heartbeat"


class Around:
    """A run's report on its way to those who are told of it. `report` is what is known so far."""

    def __init__(
        self, settings: Settings, report: Report, open_store: Callable[[], Store], zone: Callable[[], tzinfo]
    ) -> None:
        self.report = report
        self._settings = settings
        self._open = open_store
        self._zone = zone

    def run_hooks(self, environ: Mapping[str, str], left_s: float) -> None:
        """Start the operator's programs; `left_s` seconds are left of the run's budget."""
        from coachsync.notify.hooks import HOOK_FAILED, Round, run_hooks

        try:
            with self._store() as store:
                warnings = run_hooks(Round(store, self._settings, self.report, environ, left_s))
                self._warn(warnings)
                self._keep(store, HOOK_FAILED, warnings)
        except CoachsyncError as error:
            self._warn([Warn(HOOK_FAILED, None, f"not every program was started: {error.message}")])

    def send_messages(self) -> None:
        """Send each address what is new for it."""
        from coachsync.notify.messages import NOTIFY_FAILED, NOTIFY_READABLE, send_news

        warnings: list[Warn] = []
        with suppress(StoreError), self._store() as store:  # the next run tells it
            try:
                warnings = send_news(store, self._settings, Moments(self.report.now, self._zone()))
            except CoachsyncError as error:
                warnings = [Warn(NOTIFY_FAILED, None, f"{error.message}; {error.hint}")]
            for code in (NOTIFY_FAILED, NOTIFY_READABLE):
                self._keep(store, code, [w for w in warnings if w.code == code])
        self._warn(warnings)

    def write_metrics(self, duration_s: float) -> None:
        """Write the figures of the run."""
        from coachsync.notify.figures import METRICS_FAILED, write_figures

        problem = write_figures(self._settings, self._open, self.report.exit_code, duration_s, self.report.now)
        warnings = [Warn(METRICS_FAILED, None, problem)] if problem else []
        self._warn(warnings)
        with suppress(CoachsyncError), self._store() as store:
            self._keep(store, METRICS_FAILED, warnings)

    def send_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Say how the run ended, with what is new."""
        try:
            with self._store() as store:
                found = self._bulletin(store)
                if store.shared:
                    found = found._replace(text=f"{found.text}host {node_name()}\n")
        except CoachsyncError:
            found = Bulletin(self._text_alone(), {})
        failed = heartbeat.end(self.report.exit_code, redact(found.text))
        warnings = [failed] if failed is not None else []
        self._warn(warnings)
        with suppress(CoachsyncError), self._store() as store:  # the next run says it again
            if found.memory and not warnings:
                with store.ledger.changing() as changes:
                    changes.mark_told(_HEARTBEAT, found.memory)
            self._keep(store, HEARTBEAT_FAILED, warnings)

    @contextmanager
    def _store(self) -> Iterator[Store]:
        store = self._open()
        try:
            yield store
        finally:
            store.close()

    def _bulletin(self, store: Store) -> Bulletin:
        if not self.report.recorded:
            return Bulletin(self._text_alone(), {})
        repeat, names = self._settings.alerts.repeat, self._settings.heartbeat.names
        return bulletin(store, _HEARTBEAT, Moments(self.report.now, self._zone()), repeat, names=names)

    def _text_alone(self) -> str:
        """Return what the report alone says is wrong: there is no ledger that knows what is new."""
        report = self.report
        followed = report.followed or Followed(())
        news = [News("begins", cause) for cause in followed.standing]
        news += [News(how, cause) for cause, how in followed.ended if cause.code == OPEN]
        sessions: dict[str, Session] = {o.action.session.id: o.action.session for o in report.outcomes}
        moments = Moments(report.now, self._zone())
        text = text_of(news, sessions, moments, names=self._settings.heartbeat.names)
        return text if report.unusable is None else f"{report.unusable.message}\n{report.unusable.hint}\n{text}"

    def _keep(self, store: Store, code: str, warnings: list[Warn]) -> None:
        """Let the ledger's causes of a code be what was just seen to be wrong."""
        old = store.ledger.causes()
        if not warnings and all(cause.code != code for cause in old):
            return
        sessions = store.bookings.by_ids([w.session for w in warnings if w.session is not None])
        wrongs = [Wrong(code, "", w.message, _hint(code), sessions.get(w.session or "")) for w in warnings]
        times = Times(self.report.now, self._settings.policy, self._settings.schedule.max_silence)
        followed = follow_alone(code, old, wrongs, times)
        with store.ledger.changing() as changes:
            changes.keep_causes(followed, self.report.now)
        before = self.report.followed or Followed(())
        together = Followed((*before.standing, *followed.standing), (*before.ended, *followed.ended))
        self.report = self.report._replace(followed=together)

    def _warn(self, warnings: Iterable[Warn]) -> None:
        self.report = self.report._replace(warnings=(*self.report.warnings, *warnings))


def _hint(code: str) -> str:
    from coachsync.domain.meanings import WARNINGS

    return WARNINGS[code].remedy
