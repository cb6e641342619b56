"""The figures of a run, gathered and written: what can go wrong with that is a sentence, never a failed run.

The library is loaded only here on, if it is configured.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from coachsync.clock import host_now
from coachsync.config import Settings
from coachsync.domain.model import Millis
from coachsync.errors import CoachsyncError
from coachsync.host.limits import remedy
from coachsync.store.base import Store

METRICS_FAILED = "metrics_failed"


def write_figures(
    settings: Settings, open_store: Callable[[], Store], exit_code: int, duration_s: float, now: Millis | None = None
) -> str:
    """Write the figures of a run; return what went wrong, "" if nothing did.

    `now` is what the run took for the time, None for the host's.
    """
    try:
        from coachsync.notify.metrics import Figures, OfLedger, of_ledger, write_metrics
    except ImportError:
        return "[metrics] is configured, and prometheus-client is not installed: pip install 'coachsync[metrics]'"
    path = os.path.join(settings.base_dir, os.path.expanduser(settings.metrics.textfile or ""))
    known: OfLedger | None = None
    try:
        store = open_store()
        try:
            known = of_ledger(store, settings, host_now() if now is None else now)
        finally:
            store.close()
    except CoachsyncError:
        known = None  # that the run failed is told all the same
    try:
        write_metrics(path, Figures(host_now(), duration_s, exit_code, known))
    except OSError as error:
        hint = remedy(error, "name a file in a folder that the user who runs coachsync may write")
        return f"the figures {path} cannot be written: {error.strerror}; {hint}"
    return ""
