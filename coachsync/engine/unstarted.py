"""A `run` that ended before it could record itself: for its configuration, its token, its store, or by a bug.

It is recorded all the same, if the ledger can be opened, so that monitors and the next screens show it.
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.causes import failed_start
from coachsync.domain.model import Millis
from coachsync.standing.hosts import others_work
from coachsync.standing.room import MAX_SILENCE
from coachsync.store.ledger.keys import node_name
from coachsync.store.open import open_ledger_alone


class Where(NamedTuple):
    """Where a store is; `sure`: it is known to be one, so that a ledger may be made there."""

    url: str
    base_dir: str
    sure: bool = True


class Unstarted(NamedTuple):
    """How a run ended that did not get far: its exit status, and what is wrong."""

    exit_code: int
    message: str
    hint: str
    started_at: Millis
    now: Millis


def record_unstarted(where: Where, run: Unstarted) -> bool:
    """Record such a run and its cause; return whether there is a ledger. Raises StoreError and ConfigError."""
    ledger = open_ledger_alone(where.url, where.base_dir, make=where.sure)
    if ledger is None:
        return False
    try:
        # what keeps one host from working is no cause while another works: its run would end it, and the next begin it
        others = others_work(ledger, node_name(), MAX_SILENCE, run.now)
        followed = failed_start(ledger.causes(), run.message, run.hint, run.now)
        with ledger.changing() as changes:
            if not others:
                changes.keep_causes(followed, run.now)
            changes.run_failed(run.started_at, run.now, "run", run.exit_code)
    finally:
        ledger.close()
    return True
