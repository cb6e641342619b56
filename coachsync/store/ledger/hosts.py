# ruff: noqa: S608  only names of ours are put into SQL text
"""The ledger's rows of hosts that share it: their runs, and the leases that they hold."""

from __future__ import annotations

from typing import Any

from coachsync.domain.hosts import HostRuns
from coachsync.store.leases import TURNS, LeaseHolder

# `worked` is the last run that was able to work. Numbers of runs grow, whatever the clocks of hosts say.
RUNS = """
WITH last AS (
    SELECT host, min(id) AS first, max(id) AS id,
        max(CASE WHEN finished_at IS NOT NULL AND exit_code NOT IN (3, 70) THEN id END) AS worked
    FROM coachsync_runs WHERE started_at >= ? AND command = 'run' AND host IS NOT NULL GROUP BY host
)
SELECT last.host, r.program, r.started_at, r.finished_at, r.exit_code, w.finished_at, f.started_at,
    (SELECT count(*) FROM coachsync_runs AS b
        WHERE b.started_at > r.started_at - ? AND b.id <= last.id AND b.command = 'run' AND b.host = last.host),
    coalesce((SELECT count(*) FROM coachsync_runs AS o
        WHERE o.id > coalesce(last.worked, last.first) AND o.command = 'run' AND o.host <> last.host
        AND o.exit_code NOT IN (3, 70) GROUP BY o.host ORDER BY 1 DESC LIMIT 1), 0)
FROM last JOIN coachsync_runs AS r ON r.id = last.id JOIN coachsync_runs AS f ON f.id = last.first
    LEFT JOIN coachsync_runs AS w ON w.id = last.worked
ORDER BY last.host"""

LEASES = (
    "SELECT bot, host, since, until, {now} - renewed FROM coachsync_leases"
    f" WHERE until > {{now}} AND bot NOT IN {TURNS} ORDER BY bot"
)
CLOCK = "SELECT {now}"


def runs_of(row: tuple[Any, ...]) -> HostRuns:
    """Return what a row of `RUNS` says of a host."""
    host, program, started_at, finished_at, exit_code, worked, first, lately, others = row
    since = first if worked is None else worked
    return HostRuns(host, program or "", started_at, finished_at, exit_code, worked is not None, since, lately, others)


def holder_of(row: tuple[Any, ...]) -> LeaseHolder:
    """Return who holds a lease, of a row of `LEASES`."""
    return LeaseHolder(*row)
