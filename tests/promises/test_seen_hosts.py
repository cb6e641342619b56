"""Several hosts on one PostgreSQL, as an operator sees them: who works with what, who did what, who runs no more.

A host is a name: see `tests.kit.nodes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from coachsync.domain.model import DAY, MINUTE
from coachsync.secrets import Token
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.leases import Leases
from tests.kit.nodes import OnHost
from tests.kit.postgres import Postgres
from tests.kit.scene import ID, QUARTER, Scene, Stage
from tests.kit.town import TOKEN

BOT = Token(TOKEN).bot


@pytest.fixture
def scene(stage: Stage, postgres_server: Postgres, on_host: OnHost) -> Scene:
    """Return a scene whose store is in a PostgreSQL; what is done is done on host alpha."""
    on_host("alpha")
    return stage(store=postgres_server.fresh())


@contextmanager
def at_work(scene: Scene, on_host: OnHost, host: str) -> Iterator[None]:
    """Have a host work with the bot for a block."""
    on_host(host)
    with closing(Leases(lambda: PostgresDatabase(scene.url, writable=True))) as held:
        held.take([BOT], 0)
        on_host("alpha")
        yield


def go_on(scene: Scene, on_host: OnHost, *hosts: str, times: int = 4) -> None:
    """Let these hosts run every quarter of an hour, one after another."""
    for _ in range(times):
        scene.clock.advance(QUARTER)
        for host in hosts:
            on_host(host)
            scene.tick()
    on_host("alpha")


def one_died(scene: Scene, on_host: OnHost, *, times: int = 4) -> None:
    """Let alpha and beta run, and then alpha alone."""
    go_on(scene, on_host, "alpha", "beta")
    go_on(scene, on_host, "alpha", times=times)


def test_status_names_who_works_with_which_bot_since_when(scene: Scene, on_host: OnHost) -> None:
    scene.tick()
    with at_work(scene, on_host, "beta"):
        told, document = scene.program("status").out, scene.program("status", "--json").json
    (lease,) = document["leases"]
    assert (lease["bot"], lease["host"]) == (BOT, "beta")
    assert f"host beta: last run under way; works with bot {BOT} since {lease['since']}" in told.splitlines()
    assert scene.program("status", "--json").json["leases"] == []


def test_status_names_the_hosts_and_that_of_the_last_tick(scene: Scene, on_host: OnHost) -> None:
    go_on(scene, on_host, "alpha", "beta", times=1)
    document = scene.program("status", "--json").json
    assert [(host["host"], host["exit_code"], host["silent"]) for host in document["hosts"]] == [
        ("alpha", 0, False),
        ("beta", 0, False),
    ]
    assert (document["last_tick"]["host"], document["last_run"]["host"]) == ("beta", "beta")
    assert "last tick now on beta" in scene.program("status").out.splitlines()[0]


def test_story_tells_which_host_did_what(scene: Scene, on_host: OnHost) -> None:
    scene.book(start=scene.now() + 2 * 60 * MINUTE)
    on_host("beta")
    scene.tick()
    on_host("gamma")
    scene.tick(4 * 60 * MINUTE)
    told = scene.program("explain", ID).out
    assert "setup done: the room is open, on beta" in told
    assert "cleanup done: ended 1 h 0 min ago, on gamma" in told
    events = scene.program("explain", ID, "--json").json["events"]
    assert {host for event in events for host in event["hosts"]} == {"beta", "gamma"}


def test_runs_name_their_hosts(scene: Scene, on_host: OnHost) -> None:
    go_on(scene, on_host, "alpha", "beta", times=1)
    assert [line.split(",")[0].split(" ", 1)[1] for line in scene.program("runs").out.splitlines()] == [
        "run on beta",
        "run on alpha",
    ]
    assert [run["host"] for run in scene.program("runs", "--json").json["runs"]] == ["beta", "alpha"]


def test_run_says_in_a_sentence_what_it_leaves_to_whom(scene: Scene, on_host: OnHost) -> None:
    scene.book()
    with at_work(scene, on_host, "beta"):
        told = scene.program("run")
    assert told.code == 0
    assert f"left to host beta: guild {scene.guild}; it works with the bot {BOT}, since " in told.out


class TestSilentHost:
    def test_is_a_note_once_the_others_went_on_without_it(self, scene: Scene, on_host: OnHost) -> None:
        one_died(scene, on_host)
        document = scene.program("status", "--json").json
        (cause,) = document["attention"]
        assert (cause["code"], cause["urgency"]) == ("host_silent", "note")
        assert cause["message"] == "host beta runs no more, while others go on"
        assert [host["host"] for host in document["hosts"] if host["silent"]] == ["beta"]

    def test_keeps_no_monitor_up_at_night(self, scene: Scene, on_host: OnHost) -> None:
        one_died(scene, on_host)
        told = scene.program("status", "--check")
        assert (told.code, told.out.startswith("ok: 1 note, ")) == (0, True)

    def test_is_told_once_by_a_run_that_is_quiet(self, scene: Scene, on_host: OnHost) -> None:
        one_died(scene, on_host, times=3)
        scene.clock.advance(QUARTER)
        first, second = (scene.program("run", "--quiet") for _ in range(2))
        assert (first.code, second.err) == (0, "")
        assert "host beta runs no more, while others go on (host_silent)" in first.err

    def test_is_mended_by_its_next_run(self, scene: Scene, on_host: OnHost) -> None:
        one_died(scene, on_host)
        go_on(scene, on_host, "beta", "alpha", times=1)
        assert scene.program("status", "--json").json["attention"] == []

    def test_whose_runs_cannot_work_is_told_of_as_that_and_not_by_each_of_them(
        self, scene: Scene, on_host: OnHost
    ) -> None:
        go_on(scene, on_host, "alpha", "beta")
        scene.book(start=scene.now() + 30 * DAY)
        for _ in range(4):
            scene.clock.advance(QUARTER)
            on_host("beta")
            assert scene.program("run", COACHSYNC_TOKEN="").code == 3
            assert scene.program("status", "--json").json["attention"] == []
            on_host("alpha")
            scene.tick()
        (cause,) = scene.program("status", "--json").json["attention"]
        assert cause["message"] == "no run works any more on host beta, while others go on"


def test_figures_say_when_each_host_worked_last_and_which_bot_is_held(scene: Scene, on_host: OnHost) -> None:
    scene.configure(rest='[metrics]\ntextfile = "coachsync.prom"')
    go_on(scene, on_host, "beta", times=1)
    with at_work(scene, on_host, "beta"):
        scene.program("run")
    told = (scene.folder / "coachsync.prom").read_text("utf-8")
    assert f'coachsync_lease_held{{bot="{BOT}",host="beta"}} 1.0' in told
    for host in ("alpha", "beta"):
        assert f'coachsync_host_last_run_timestamp_seconds{{host="{host}"}}' in told


def test_host_that_is_too_old_for_the_ledger_says_so_and_sends_nothing(scene: Scene) -> None:
    scene.tick()
    scene.book()
    with closing(PostgresDatabase(scene.url, writable=True)) as sql:
        sql.run("UPDATE coachsync_meta SET value = value + 1 WHERE key = 'version'")
        sql.run("INSERT INTO coachsync_meta SELECT 'least_reader', value - 1 FROM coachsync_meta WHERE key = 'version'")
    told = scene.command("run")
    assert (told.code, scene.standin.requests, "may not write" in told.err) == (3, [], True)
    assert "upgrade coachsync on this host" in told.err
    assert ID in scene.program("status").out
