"""What `doctor` says of several hosts on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from coachsync.doctor.checks import DoctorRequest, examine
from coachsync.doctor.hosts import of_hosts
from coachsync.domain.finding import Finding
from coachsync.domain.hosts import HostRuns
from coachsync.domain.model import HOUR, MINUTE
from coachsync.standing.hosts import Hosts
from coachsync.store.leases import LeaseHolder
from coachsync.store.ledger.history import Past
from coachsync.store.postgres.server import Server, server_at
from tests.kit.nodes import OnHost
from tests.kit.pgbouncer import PgBouncer
from tests.kit.postgres import Postgres
from tests.kit.scene import Scene
from tests.kit.town import TOKEN

NOW = 1_790_000_000_000
SERVER = Server("15.4", "UTF8", pooled=False, ahead=0)
PAST = Past(3, 3, None)
BOT = "1100000000000000009"


def a_host(name: str = "alpha", **changes: Any) -> HostRuns:
    at = NOW - 4 * MINUTE
    return HostRuns(name, "0.2.0", at, at, 0, worked=True, since=at, lately=12, others=0)._replace(**changes)


def a_lease(**changes: Any) -> LeaseHolder:
    return LeaseHolder(BOT, "beta", NOW - MINUTE, NOW + MINUTE, 5_000)._replace(**changes)


def found(*runs: HostRuns, server: Server = SERVER, past: Past = PAST, **more: Any) -> list[Finding]:
    return of_hosts(server, Hosts(runs or (a_host(),), **more), past, NOW)


def test_sound_hosts_are_named_with_their_last_runs_and_the_server() -> None:
    (only,) = found(a_host(), a_host("beta"), server=SERVER._replace(pooled=True), leases=(a_lease(),))
    assert (only.level, only.message) == (
        "ok",
        "PostgreSQL 15.4, timeline 3, through a pooler; hosts and their last runs: alpha 4 min ago, beta 4 min ago",
    )


@pytest.mark.parametrize(("ahead", "how"), [(62 * MINUTE, "1 h 2 min behind"), (-2 * MINUTE, "2 min ahead of")])
def test_clock_that_differs_from_the_database_s_is_told_whichever_is_wrong(ahead: int, how: str) -> None:
    (only,) = found(server=SERVER._replace(ahead=ahead))
    assert (only.level, only.message) == ("warning", f"this host's clock is {how} the database's")


def test_failover_that_no_run_has_seen_yet_is_told() -> None:
    (only,) = found(past=Past(3, 4, None))
    assert "failed over or was restored" in only.message


def test_silent_host_is_told_with_what_to_do() -> None:
    (only,) = found(a_host(), a_host("beta", since=NOW - HOUR), silent=frozenset({"beta"}))
    assert (only.level, only.message) == ("warning", "host beta runs no more, while others go on")


def test_versions_that_differ_are_told_by_host() -> None:
    (only,) = found(a_host(), a_host("beta", program="0.1.9"))
    assert only.message == "the hosts run different versions of coachsync: alpha 0.2.0, beta 0.1.9"


def test_lease_that_nobody_renews_is_told_with_when_it_ends() -> None:
    (only,) = found(leases=(a_lease(renewed=45_000, until=NOW + 15_000),))
    assert "has not renewed it for 45 s: its run was killed or is frozen" in only.message
    assert only.hint.endswith("takes the bot over in 15 s")


def test_lease_that_outlasts_any_is_told_with_how_to_free_it() -> None:
    (only,) = found(leases=(a_lease(until=NOW + 3 * HOUR),))
    assert "for another 3 h 0 min: the database's clock was set back" in only.message
    assert only.hint.endswith(f"UPDATE coachsync_leases SET until = 0 WHERE bot = '{BOT}'")


class TestOnAServer:
    @pytest.fixture
    def scene(self, tmp_path: Path, postgres_server: Postgres) -> Iterator[Scene]:
        with ExitStack() as stack:
            scene = Scene(tmp_path, store=postgres_server.fresh(), real_time=True)
            stack.enter_context(scene.standin)
            yield scene

    def test_hosts_are_found_by_their_runs(self, scene: Scene, on_host: OnHost) -> None:
        for host in ("alpha", "beta"):
            on_host(host)
            scene.tick()
        findings = examine(DoctorRequest(str(scene.home.config), {"COACHSYNC_TOKEN": TOKEN}, offline=True))
        (only,) = [finding for finding in findings if finding.check == "hosts"]
        assert (only.level, [h in only.message for h in ("hosts and their last runs: alpha ", ", beta ")]) == (
            "ok",
            [True, True],
        )

    def test_pooler_is_told_from_the_server_itself(self, postgres_server: Postgres, pooler: PgBouncer) -> None:
        url = postgres_server.fresh()
        assert [server_at(url).pooled, server_at(pooler.through(url)).pooled] == [False, True]

    def test_clocks_of_one_machine_agree(self, postgres_server: Postgres) -> None:
        server = server_at(postgres_server.fresh())
        assert (abs(server.ahead) < 10_000, server.encoding) == (True, "UTF8")
