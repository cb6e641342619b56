"""The guide's way from one SQLite host to three on a PostgreSQL, typed as it stands, with an open room all the way.

What is not typed: what starts runs. Each host's crontab line is read from `schedule print`, and its command is run.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing
from itertools import count

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.errors import OK, UNUSABLE, USAGE
from coachsync.store.postgres.database import PostgresDatabase
from tests.documents.pages import text_of
from tests.kit.home import JSON, SQLITE, Result
from tests.kit.postgres import Postgres
from tests.kit.scene import ID, QUARTER, Scene, Stage
from tests.promises.test_json_documents import check

_databases = count()


class Database:
    """The guide's database, under names of its own in the tests' server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        number = next(_databases)
        self.name, self.owner, self._worker = f"coaching{number}", f"own{number}", f"work{number}"
        self.type("hosts: database", "postgres", "postgres")

    def text(self, mark: str) -> str:
        """Return a block of the guide with this server's names in it."""
        text = text_of(mark).replace("coachsync_owner", self.owner).replace("coaching", self.name)
        text = re.sub(r"(?<=(?:ROLE|FROM|. TO) )coachsync\b|\bcoachsync(?=@)", self._worker, text)
        return text.replace("@db1/", f"@127.0.0.1:{self._server.port}/")

    def type(self, mark: str, user: str = "", database: str = "") -> None:
        """Type SQL of the guide."""
        url = self._server.url(user or self.owner, database or self.name)
        done = subprocess.run(
            ["psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", url],
            input=self.text(mark),
            text=True,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.fixture
def database(postgres_server: Postgres) -> Database:
    return Database(postgres_server)


def type_in(scene: Scene, text: str) -> list[Result]:
    """Type the guide's commands but those that change a crontab; each ends well."""
    said = []
    for line in text.splitlines():
        program, *words = shlex.split(line)
        assert program == "coachsync"
        if words[0] != "schedule":
            said.append(scene.program(*words))
            expected = (OK, 1) if words[0] == "doctor" else (OK,)  # nothing on this host calls coachsync
            assert said[-1].code in expected, (line, said[-1])
    return said


def moved(scene: Scene, database: Database) -> None:
    """Let the configuration name the new store, as the guide says."""
    (line,) = [line for line in database.text("hosts: configuration").splitlines() if line.startswith("url")]
    scene.url = scene.home.url = line.partition('"')[2].rstrip('"')
    scene.configure()


def three_hosts(scene: Scene) -> list[Result]:
    """Start the command of the crontab line on three hosts at once."""
    printed = scene.program("schedule", "print", "--cron")
    assert printed.code == OK, printed
    (line,) = [line for line in printed.out.splitlines() if line.endswith(" run --quiet")]
    assert f"--config {scene.home.config}" in line
    hosts = [scene.begin("run", "--quiet") for _ in range(3)]
    return [Result(*host.ended()) for host in hosts]


@pytest.fixture
def opened(stage: Stage) -> Scene:
    scene = stage(store=SQLITE)
    scene.book()
    scene.book("later000", start=scene.now() + 8 * HOUR)
    scene.tick()
    assert scene.rooms()
    return scene


def test_open_room_goes_from_one_host_to_three_and_is_closed_in_its_time(opened: Scene, database: Database) -> None:
    scene, room, before = opened, opened.room(), opened.portrait(opened.room(), opened.role())
    copied = type_in(scene, database.text("hosts: copy"))
    assert "compared: both sides hold the same" in copied[-1].out
    moved(scene, database)
    *_, status = type_in(scene, database.text("hosts: first run"))
    assert ID in status.out
    assert scene.portrait(scene.room(), scene.role()) == before
    type_in(scene, database.text("hosts: schedule"))
    scene.clock.advance(QUARTER)
    scene.standin.clear_requests()
    assert [(host.code, host.out, host.err) for host in three_hosts(scene)] == [(OK, "", "")] * 3
    assert (scene.room(), scene.writes) == (room, [])
    scene.clock.advance(5 * HOUR + QUARTER)  # past the end and an hour; and the later one is due
    scene.standin.clear_requests()
    assert {host.code for host in three_hosts(scene)} == {OK}
    assert (scene.rooms(), len(scene.rooms("🎤 coaching-later000"))) == ([], 1)
    assert len(scene.writes) == 2 + 4
    assert scene.marks()["discordCleanedUp"] is True


def test_line_of_the_old_host_that_nobody_took_away_does_nothing_and_says_where_the_store_is(
    opened: Scene, database: Database
) -> None:
    scene = opened
    type_in(scene, database.text("hosts: copy"))
    scene.clock.advance(6 * HOUR)
    scene.standin.clear_requests()
    for command in (["run"], ["run", "--dry-run"], ["status"], ["sessions", "cancel", ID]):
        said = scene.program(*command)
        assert (said.code, said.out) == (UNUSABLE, "")
        assert re.search(rf"is not worked on any more: it was copied to postgresql://\S+/{database.name} at ", said.err)
    assert scene.standin.requests == []


def test_copy_is_taken_back_as_the_guide_says(opened: Scene, database: Database) -> None:
    scene = opened
    type_in(scene, database.text("hosts: copy"))
    said = scene.program("store", "reopen", SQLITE)
    assert (said.code, said.err) == (OK, "")
    assert scene.program("run").code == OK
    moved(scene, database)
    assert "is not worked on any more" in scene.program("run").err


def test_hosts_work_with_no_more_rights_than_the_guide_gives(opened: Scene, database: Database) -> None:
    scene = opened
    type_in(scene, database.text("hosts: copy"))
    database.type("hosts: fewer rights")
    moved(scene, database)
    scene.clock.advance(6 * HOUR)
    said = scene.program("run", "--json")
    assert sorted(said.actions) == [(ID, "cleanup", "done"), ("later000", "setup", "done")]
    with closing(PostgresDatabase(scene.url, writable=True)) as sql, pytest.raises(Exception, match="must be owner"):
        sql.run("DROP TABLE coachsync_events")


def test_hosts_work_on_partitions_by_month(opened: Scene, database: Database) -> None:
    scene = opened
    type_in(scene, database.text("hosts: copy"))
    database.type("hosts: partitions")
    moved(scene, database)
    scene.clock.advance(6 * HOUR)
    said = scene.program("run", "--json")
    assert sorted(said.actions) == [(ID, "cleanup", "done"), ("later000", "setup", "done")]
    told = scene.program("explain", ID)
    assert (told.code, scene.program("runs").code) == (OK, OK)
    assert scene.program("store", "copy", scene.url, "sqlite:///back.db").code == OK


def test_bookings_of_another_system_are_left_to_it_and_what_is_remembered_goes_along(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.configure(rest='table = "sessions"')
    scene.tick()
    (old,) = [line for line in scene.home.config.read_text().splitlines() if line.startswith("url")]
    said = scene.program("store", "copy", SQLITE, "sqlite:///new.db")
    assert (said.code, "another system's" in said.err) == (USAGE, True)
    shutil.copy(scene.file, scene.folder / "new.db")  # as that system moves it
    with closing(sqlite3.connect(scene.folder / "new.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'coachsync%' AND type = 'table'")
        for (name,) in tables.fetchall():
            database.execute(f"DROP TABLE {name}")
    remedy = said.err.partition("coachsync store")[2].splitlines()[0]
    assert scene.program("store", *shlex.split(remedy)).code == OK
    assert "is not worked on any more" in scene.program("run").err
    text = scene.home.config.read_text().replace(old, 'url = "sqlite:///new.db"')
    scene.home.config.write_text(text)
    scene.clock.advance(6 * HOUR)
    assert scene.program("run", "--json").actions == [(ID, "cleanup", "done")]


@pytest.mark.parametrize(("stop", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_copy_that_is_interrupted_says_so_and_goes_on(stage: Stage, stop: str, code: int) -> None:
    scene = stage()
    scene.book()
    interrupt = (
        "import os, signal\nfrom coachsync.store.copying import copy\nreal, left = copy.save, iter(range(5))\n"
        f"def save(*given):\n    next(left, None) is None and os.kill(os.getpid(), signal.{stop})\n    real(*given)\n"
        "copy.save = save"
    )
    said = scene.program("store", "copy", SQLITE, "sqlite:///new.db", inject=interrupt)
    assert (said.code, said.out, "Traceback" in said.err) == (code, "", False)
    assert (
        "\ngoing on with a copy that had not ended\n" in scene.program("store", "copy", SQLITE, "sqlite:///new.db").out
    )


def test_documents_of_a_copy_are_as_their_schemas_say(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book()
    scene.file.write_text(scene.file.read_text().rstrip().rstrip("]") + ', {"_id": "other", "gift": true}, 5]')
    for arguments in (["--dry-run", "--leave-out"], ["--leave-out"], ["--leave-out"]):
        check("store-copy", scene.program("store", "copy", JSON, "sqlite:///new.db", "--json", *arguments).json)
    check("store-reopen", scene.program("store", "reopen", JSON, "--json").json)
    check("store-reopen", scene.program("store", "reopen", JSON, "--json").json)
    check("error", scene.program("store", "copy", JSON, "sqlite:///new.db", "--json").json)


@pytest.mark.parametrize("store", [SQLITE, JSON], ids=["sqlite", "json"])
def test_copy_that_was_killed_leaves_the_room_to_the_old_host_until_it_is_whole(
    stage: Stage, store: str, postgres_server: Postgres
) -> None:
    scene = stage(store=store)
    scene.book()
    scene.tick()
    old, new = scene.url, postgres_server.fresh()
    kill = (
        "import os, signal\nfrom coachsync.store.copying import copy\nreal, left = copy.save, iter(range(9))\n"
        "def save(*given):\n    next(left, None) is None and os.kill(os.getpid(), signal.SIGKILL)\n    real(*given)\n"
        "copy.save = save"
    )
    assert scene.program("store", "copy", old, new, inject=kill).code == -9
    scene.url = scene.home.url = new
    scene.configure()
    said = scene.program("run")
    assert (said.code, "holds a part of a copy alone" in said.err) == (UNUSABLE, True)
    scene.url = scene.home.url = old
    scene.configure()
    assert scene.tick(5 * HOUR).exit_code == OK  # the old host closes it meanwhile
    assert scene.rooms() == []
    remedy = next(line for line in said.err.splitlines() if line.startswith("hint:")).partition("coachsync store")[2]
    assert scene.program("store", *shlex.split(remedy)).code == OK
    scene.url = scene.home.url = new
    scene.configure()
    assert scene.marks()["discordCleanedUp"] is True
    assert scene.tick(MINUTE).exit_code == OK
    assert scene.writes == []
