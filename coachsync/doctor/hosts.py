"""Several hosts on one PostgreSQL: the check `hosts`. What each of them lacks by itself, its own `doctor` tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from coachsync.clock import relative
from coachsync.doctor.finding import doubt, or_fine
from coachsync.domain.finding import Finding
from coachsync.domain.hosts import HostRuns, silence_of
from coachsync.domain.model import MINUTE, Millis
from coachsync.domain.words import span
from coachsync.standing.hosts import Hosts
from coachsync.store.leases import LeaseHolder
from coachsync.store.ledger.history import Past
from coachsync.store.postgres.leases import LASTS_S, RENEWED_S
from coachsync.store.postgres.server import Server

_CLOCK_DOUBT: Millis = MINUTE
_UNRENEWED: Millis = int(2 * RENEWED_S * 1000)
_LASTS: Millis = int(LASTS_S * 1000)


def of_hosts(server: Server, hosts: Hosts, past: Past, now: Millis) -> list[Finding]:
    """Return what is amiss with the server's clock and history, and with the hosts that share it."""
    found = [*_of_clock(server), *_of_history(past), *_of_silent(hosts), *_of_versions(hosts.runs)]
    db_now = now + server.ahead
    for lease in hosts.leases:
        found += _of_lease(lease, db_now)
    return or_fine("hosts", found, _told(server, hosts, past, now))


def _told(server: Server, hosts: Hosts, past: Past, now: Millis) -> str:
    pooler = ", through a pooler" if server.pooled else ""
    timeline = f", timeline {past.present}" if past.present else ""
    ran = ", ".join(f"{run.host} {relative(run.started_at, now)}" for run in hosts.runs)
    last = f"hosts and their last runs: {ran}" if ran else "no host has run yet"
    return f"PostgreSQL {server.version}{timeline}{pooler}; {last}"


def _of_clock(server: Server) -> Iterator[Finding]:
    """Yield that the clocks differ: leases go by the database's, what is due by the host's."""
    if abs(server.ahead) > _CLOCK_DOUBT:
        told = (
            f"this host's clock is {span(server.ahead)} {'behind' if server.ahead > 0 else 'ahead of'} the database's"
        )
        hint = "`timedatectl` shows on each of the two whether its clock is synchronised; leases go by the database's"
        yield doubt("hosts", told, hint)


def _of_history(past: Past) -> Iterator[Finding]:
    if past.cut_short:
        told = (
            f"the database has failed over or was restored since the last run (timeline {past.written} before,"
            f" {past.present} now): the newest lines of the ledger may be missing"
        )
        yield doubt("hosts", told, "nothing: the next run looks through every guild for what they told of")


def _of_silent(hosts: Hosts) -> Iterator[Finding]:
    yield from (doubt("hosts", *silence_of(run)) for run in hosts.runs if run.host in hosts.silent)


def _of_versions(runs: Iterable[HostRuns]) -> Iterator[Finding]:
    versions = {run.host: run.program for run in runs}
    if len(set(versions.values())) > 1:
        told = ", ".join(f"{host} {version or 'an unknown one'}" for host, version in versions.items())
        hint = "upgrade the others, too; until then they work on, unless a run of theirs says that it may not write"
        yield doubt("hosts", f"the hosts run different versions of coachsync: {told}", hint)


def _of_lease(lease: LeaseHolder, now: Millis) -> Iterator[Finding]:
    """Yield that a lease is held and not used: its host died or is frozen, or the database's clock was set back."""
    held = f"host {lease.host} holds bot {lease.bot} since {relative(lease.since, now)}"
    if lease.until - now > _LASTS + _CLOCK_DOUBT:
        told = f"{held}, and for another {span(lease.until - now)}: the database's clock was set back"
        free = f"UPDATE coachsync_leases SET until = 0 WHERE bot = '{lease.bot}'"  # noqa: S608 - for a person to run
        yield doubt("hosts", told, f"if no run is under way on {lease.host}, free it in the database: {free}")
    elif lease.renewed > _UNRENEWED:
        told = f"{held}, and has not renewed it for {span(lease.renewed)}: its run was killed or is frozen"
        yield doubt("hosts", told, f"nothing: another host's run takes the bot over in {span(lease.until - now)}")
