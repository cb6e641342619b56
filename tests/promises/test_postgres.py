"""A PostgreSQL as the store, from `init` to an open room, and while it is restarted, cut off or away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coachsync import waits
from coachsync.standin.log import Request
from tests.kit.home import GUILD, Home
from tests.kit.pgbouncer import PgBouncer
from tests.kit.postgres import Postgres, postgres
from tests.kit.scene import ID, QUARTER, ROLES, Scene, Stage
from tests.kit.town import TOKEN

AWAY = "postgresql://me@127.0.0.1:1/bookings"


@pytest.fixture(autouse=True)
def _hasty() -> Iterator[None]:
    with waits.hurried(again=(0.02, 0.05), settle=0.02, reconnect=(0.1, 0.3, 1.0, 3.0)):
        yield


@pytest.fixture(params=["direct", "pgbouncer"])
def shared(stage: Stage, request: pytest.FixtureRequest, postgres_server: Postgres) -> Scene:
    """A scene on a PostgreSQL, by itself and through a pooler in transaction mode."""
    url = postgres_server.fresh()
    if request.param == "pgbouncer":
        url = request.getfixturevalue("pooler").through(url)
    return stage(store=url)


def role_of(scene: Scene) -> str:
    return scene.url.partition("://")[2].partition("@")[0]


def before_roles(scene: Scene, act: Callable[[], None]) -> None:
    """Do something once, right before the first request that makes a role is answered."""
    left = [act]

    def happen(request: Request) -> None:
        if request.route == ("POST", ROLES) and left:
            left.pop()()

    scene.standin.before_request(happen)


class TestFirstHour:
    def test_init_makes_an_empty_store_that_doctor_finds_in_order(
        self, tmp_path: Path, postgres_server: Postgres
    ) -> None:
        home, url = Home(tmp_path), postgres_server.fresh()
        made = home.run("init", "--yes", "--guild-id", GUILD, "--store", url)
        assert (made.code, f"postgresql://127.0.0.1:{postgres_server.port}/" in made.out) == (0, True)
        found = home.run("doctor", "--offline", "--json", COACHSYNC_TOKEN=TOKEN).json["findings"]
        assert {f["check"]: f["level"] for f in found if f["check"] in ("store", "ledger")} == {
            "store": "ok",
            "ledger": "ok",
        }

    def test_init_keeps_a_store_that_is_there(self, tmp_path: Path, postgres_server: Postgres) -> None:
        home, url = Home(tmp_path), postgres_server.fresh()
        for told in ("made the empty store", "kept the store"):
            done = home.run("init", "--yes", "--force", "--guild-id", GUILD, "--store", url)
            assert (done.code, told in done.out) == (0, True), done.err

    def test_a_password_in_the_address_is_refused_and_never_said(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        for url in ("postgresql://me:hunter2@db/bookings", "postgresql://me@db/bookings?password=hunter2"):
            done = home.run("init", "--yes", "--guild-id", GUILD, "--store", url)
            assert (done.code, "pgpass" in done.err, "hunter2" in done.out + done.err) == (2, True, False)
        assert not home.config.exists()


class TestDown:
    @pytest.mark.parametrize("command", [["status"], ["run"], ["sessions", "list"], ["explain", ID]])
    def test_a_database_that_is_down_is_one_line_and_a_remedy(self, tmp_path: Path, command: list[str]) -> None:
        home = Home(tmp_path, AWAY)
        home.configure(GUILD)
        done = home.run(*command, COACHSYNC_TOKEN=TOKEN)
        assert (done.code, done.complaint) == (3, ["error", "hint"])
        assert "127.0.0.1:1/bookings cannot be used" in done.err

    def test_what_is_not_installed_is_named_with_the_line_that_installs_it(self, tmp_path: Path) -> None:
        home = Home(tmp_path, AWAY)
        home.configure(GUILD)
        without = "import sys; [sys.modules.pop(name) for name in [*sys.modules] if '.postgres.' in name]"
        done = home.run("status", inject=f"{without}; sys.modules['psycopg'] = None")
        assert (done.code, done.complaint) == (3, ["error", "hint"])
        assert "pip install 'coachsync[postgres]'" in done.err

    def test_json_says_it_in_a_document(self, tmp_path: Path) -> None:
        home = Home(tmp_path, AWAY)
        home.configure(GUILD)
        assert home.run("run", "--json", COACHSYNC_TOKEN=TOKEN).json["error"]["code"] == "store_error"


class TestLight:
    def test_an_idle_tick_loads_nothing_that_only_work_needs(self, tmp_path: Path, postgres_server: Postgres) -> None:
        scene = Scene(tmp_path, postgres_server.fresh(), real_time=True)
        with scene.standin:
            scene.tick()
        code = 'import sys; print(sum(name in sys.modules for name in ("requests", "rich", "urllib3")))'
        command = f"from coachsync.__main__ import main\nimport sys\ntry:\n  main()\nfinally:\n  {code}"
        environ = scene.home.environ({"COACHSYNC_TOKEN": TOKEN})
        given = [sys.executable, "-c", command, "--config", str(scene.home.config), "run", "--quiet"]
        done = subprocess.run(given, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout, done.stderr) == ("0\n", "")


class TestLife:
    def test_a_session_gets_its_room_and_loses_it(self, shared: Scene) -> None:
        shared.book()
        assert shared.program("run").code == 0
        assert shared.people_in_reach() == {shared.student, shared.coach}
        assert shared.marks()["discordChannelId"] == shared.room()
        shared.clock.advance(19 * QUARTER)
        assert shared.program("run").code == 0
        assert (shared.things(), shared.marks()["status"]) == ({}, "COMPLETED")

    def test_old_sessions_and_people_are_forgotten(self, shared: Scene) -> None:
        shared.book()
        shared.tick()
        shared.tick(19 * QUARTER)
        looked = shared.program("sessions", "forget", shared.student, "--in-store", "--dry-run", "--json")
        done = shared.program("sessions", "forget", shared.student, "--in-store", "--yes", "--json")
        assert (done.code, looked.json["erased"]) == (0, done.json["erased"]), done.err
        assert "may still be in the server's files until it vacuums" in done.err
        with shared.store(writable=False) as store:
            assert [p.id for s in store.bookings.everything() for p in s.people] == [None, shared.coach]


class TestAnotherSystemsTable:
    def test_init_finds_it_and_a_role_that_may_only_read_it_opens_its_rooms(
        self, stage: Stage, postgres_server: Postgres
    ) -> None:
        theirs, ours = postgres_server.fresh(), postgres_server.fresh()
        owner, role = (url.partition("://")[2].partition("@")[0] for url in (theirs, ours))
        scene = stage(store=ours)
        postgres_server.run(
            f"CREATE TABLE {owner}.lessons (ref UUID PRIMARY KEY, state TEXT, starts_at TIMESTAMP, ends_at TIMESTAMP,"
            " student_discord BIGINT, coach_discord TEXT)",
            f"INSERT INTO {owner}.lessons VALUES ('f0000000-0000-4000-8000-0000abc12345', 'confirmed',"
            f" '2026-10-14 19:30', '2026-10-14 20:30', {scene.student}, '{scene.coach}')",
            f"GRANT USAGE ON SCHEMA {owner} TO {role}",
            f"GRANT SELECT ON {owner}.lessons TO {role}",
            f"ALTER ROLE {role} SET search_path = {role}, {owner}",
        )
        before = postgres_server.rows(f"SELECT xmin::text, l::text FROM {owner}.lessons AS l")
        given = ("--guild-id", scene.guild, "--from-database", ours, "--tz", "Europe/Berlin")
        made = scene.home.run("init", "--yes", "--force", *given)
        assert (made.code, "19:30 CEST, which is 2026-10-14T17:30:00Z" in made.out) == (0, True), made.err
        done = scene.program("run", COACHSYNC_API_BASE=scene.standin.base_url)
        assert (done.code, "done setup" in done.out) == (0, True), done.out + done.err
        assert scene.people_in_reach() == {scene.student, scene.coach}
        assert postgres_server.rows(f"SELECT xmin::text, l::text FROM {owner}.lessons AS l") == before


class TestLostConnections:
    def test_one_that_is_cut_between_two_statements_costs_nothing(
        self, shared: Scene, postgres_server: Postgres
    ) -> None:
        shared.book()
        before_roles(shared, lambda: postgres_server.cut_off(role_of(shared)))
        shared.tick()
        shared.tick(QUARTER)
        assert (len(shared.roles()), len(shared.rooms())) == (1, 1)
        assert shared.people_in_reach() == {shared.student, shared.coach}

    def test_a_pooler_that_restarts_doubles_nothing(self, stage: Stage, pooler: PgBouncer) -> None:
        scene = stage(store=pooler.through(pooler.server.fresh()))
        scene.book()
        before_roles(scene, pooler.restart)
        scene.tick()
        scene.tick(QUARTER)
        assert (len(scene.roles()), len(scene.rooms())) == (1, 1)
        assert scene.people_in_reach() == {scene.student, scene.coach}


def test_a_server_that_goes_for_good_ends_the_run_and_the_next_one_finishes_its_work(stage: Stage) -> None:
    with postgres() as server:
        scene = stage(store=server.fresh())
        scene.book()
        before_roles(scene, server.stop)
        done = scene.program("run", inject="from coachsync import waits; waits.hurry(reconnect=(0.05,))")
        assert (done.code, "Traceback" in done.err) == (3, False), done.err
        server.start()
        scene.sql("UPDATE coachsync_leases SET until = 0")  # a minute passed
        scene.tick(QUARTER)
        assert (len(scene.roles()), len(scene.rooms())) == (1, 1)


def test_a_server_that_is_restarted_in_the_middle_doubles_nothing(stage: Stage) -> None:
    with postgres() as server:
        scene = stage(store=server.fresh())
        scene.book()
        before_roles(scene, server.restart)
        scene.tick()
        scene.tick(QUARTER)
        assert (len(scene.roles()), len(scene.rooms())) == (1, 1)
        assert scene.people_in_reach() == {scene.student, scene.coach}
        with scene.store(writable=False) as store:
            server.restart()
            assert [s.id for s in store.bookings.everything()] == [ID]
