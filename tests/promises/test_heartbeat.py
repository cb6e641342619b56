"""The heartbeat: what an address that watches hears of each run, and that it holds up and fails none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from coachsync.domain.model import HOUR, MINUTE
from tests.kit.nodes import OnHost
from tests.kit.postgres import Postgres
from tests.kit.scene import ID, Scene, Stage
from tests.kit.town import TOKEN


class Beat(NamedTuple):
    path: str
    rid: str
    body: str


class Watcher(ThreadingHTTPServer):
    """A server that listens as healthchecks does; it answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.beats: list[Beat] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ping/uuid"


class _Handler(BaseHTTPRequestHandler):
    server: Watcher

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parts = urlsplit(self.path)
        self.server.beats.append(Beat(parts.path, parse_qs(parts.query)["rid"][0], body))
        self.send_response(self.server.status)
        self.send_header("Location", "/ping/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    with Watcher() as found:
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()


def watched(stage: Stage, url: str, more: str = "") -> Scene:
    scene = stage()
    scene.configure(rest=f'[heartbeat]\nurl = "{url}"\n{more}')
    return scene


def test_run_that_went_well_is_told_to_the_address_itself(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    assert scene.program("run").code == 0
    assert [beat.path for beat in watcher.beats] == ["/ping/uuid"]


def test_body_names_the_host_if_several_may_share_the_store(
    stage: Stage, watcher: Watcher, postgres_server: Postgres, on_host: OnHost
) -> None:
    on_host("alpha")
    scene = stage(store=postgres_server.fresh())
    scene.configure(rest=f'[heartbeat]\nurl = "{watcher.url}"')
    assert scene.program("run").code == 0
    assert [beat.body for beat in watcher.beats] == ["host alpha\n"]


def test_start_and_end_bear_one_run_id(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url, "start = true")
    scene.program("run")
    scene.program("run")
    assert [beat.path for beat in watcher.beats] == ["/ping/uuid/start", "/ping/uuid"] * 2
    first, second, third, fourth = (beat.rid for beat in watcher.beats)
    assert first == second != third == fourth


@pytest.mark.parametrize(("fail_on", "path"), [(3, "/ping/uuid"), (1, "/ping/uuid/1")])
def test_failed_session_fails_the_heartbeat_if_that_is_wanted(
    stage: Stage, watcher: Watcher, fail_on: int, path: str
) -> None:
    scene = watched(stage, watcher.url, f"fail_on = {fail_on}")
    scene.world.leave(scene.guild, scene.student)
    scene.book(studentName="Emma")
    assert scene.program("run").code == 1
    (beat,) = watcher.beats
    assert beat.path == path
    assert "unknown_member" in beat.body
    assert ID in beat.body
    assert "Emma" not in beat.body


def test_names_are_told_if_that_is_wanted(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url, "names = true")
    scene.world.leave(scene.guild, scene.student)
    scene.book(studentName="Emma")
    scene.program("run")
    assert "Emma" in watcher.beats[0].body


def test_nobody_is_named_by_an_id_either(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    scene.world.leave(scene.guild, scene.student)
    scene.book("a-long-id-of-a-booking-0001")
    scene.program("run")
    body = watcher.beats[0].body
    assert scene.student not in body
    assert "unknown_member" in body
    assert "a-long-id" not in body


def test_heartbeat_tells_what_is_new_and_how_it_ended(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    scene.world.leave(scene.guild, scene.student)
    scene.book(start=scene.now() + 5 * HOUR // 2)
    for _ in range(2):
        scene.program("run")
        scene.clock.advance(MINUTE)
    scene.world.join(scene.guild, scene.student)
    scene.program("run")
    assert [beat.body.partition(":")[0] for beat in watcher.beats] == ["failing", "", "mended"]


def test_what_a_refused_heartbeat_held_is_told_by_the_next(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    watcher.status = 503
    scene.program("run")
    watcher.status = 200
    scene.program("run")
    assert ["unknown_member" in beat.body for beat in watcher.beats] == [True, True]


def test_failing_heartbeat_is_a_cause_until_it_arrives(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    watcher.status = 503
    first, second = (scene.program("run", "--quiet") for _ in range(2))
    assert "heartbeat_failed" in first.err
    assert second.err == ""
    assert [cause["code"] for cause in scene.program("status", "--json").json["attention"]] == ["heartbeat_failed"]
    watcher.status = 200
    assert "mended" in scene.program("run", "--quiet").err
    assert scene.program("status", "--json").json["attention"] == []


@pytest.mark.parametrize(
    ("inject", "code"),
    [
        ("", 3),
        ("import coachsync.engine.tick as t; t.tick = lambda r: 1 / 0", 70),
        ("import coachsync.engine.tick as t, os, signal; t.tick = lambda r: os.kill(os.getpid(), 15)", 143),
        ("import coachsync.engine.tick as t, os, signal; t.tick = lambda r: os.kill(os.getpid(), 2)", 130),
    ],
)
def test_run_that_could_not_work_is_told_with_its_exit_status(
    stage: Stage, watcher: Watcher, inject: str, code: int
) -> None:
    scene = watched(stage, watcher.url)
    if not inject:
        scene.file.unlink()
    assert scene.program("run", inject=inject).code == code
    assert [beat.path for beat in watcher.beats] == [f"/ping/uuid/{code}"]


def test_run_that_found_another_at_work_says_nothing(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    with scene.store() as store, store.run_lock(0.0, "run since now"):
        assert scene.program("run").code == 4
    assert watcher.beats == []


@pytest.mark.parametrize("arguments", [("run", "--dry-run"), ("setup",), ("cleanup",), ("status",)])
def test_only_a_run_has_a_heartbeat(stage: Stage, watcher: Watcher, arguments: tuple[str, ...]) -> None:
    watched(stage, watcher.url, "start = true").program(*arguments)
    assert watcher.beats == []


@pytest.mark.parametrize(("status", "problem"), [(500, "HTTP 500"), (404, "HTTP 404"), (302, "HTTP 302")])
def test_refused_heartbeat_is_a_warning_without_the_address(
    stage: Stage, watcher: Watcher, status: int, problem: str
) -> None:
    watcher.status = status
    found = watched(stage, watcher.url).program("run", "--json")
    assert found.code == 0
    (warning,) = found.json["warnings"]
    assert warning["code"] == "heartbeat_failed"
    assert problem in warning["message"]
    assert "uuid" not in found.out + found.err


def test_heartbeat_that_nobody_hears_fails_nothing(stage: Stage) -> None:
    found = watched(stage, "http://127.0.0.1:9/ping/uuid").program("run", "--json")
    assert found.code == 0
    assert [w["code"] for w in found.json["warnings"]] == ["heartbeat_failed"]


def test_server_that_drips_holds_a_run_up_for_its_time_alone(stage: Stage) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        ended = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with closing(connection):
                while not ended.wait(0.05):
                    try:
                        connection.send(b"H")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        scene = watched(stage, f"http://127.0.0.1:{server.getsockname()[1]}/uuid")
        begun = time.monotonic()
        found = scene.program("run", inject="import coachsync.notify.heartbeat as h; h._WITHIN_S = 0.5")
        ended.set()
    assert found.code == 0
    assert "no answer" in found.err
    assert time.monotonic() - begun < 3


def test_heartbeat_is_short_however_much_is_wrong(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    scene.world.leave(scene.guild, scene.student)
    row = scene.booking(studentDiscordId="", studentName="é" * 40)
    scene.book_each(row | {"_id": f"{'long' * 20}{number:05}"} for number in range(120))
    scene.program("run")
    assert 0 < len(watcher.beats[0].body.encode()) <= 10_000


def test_heartbeat_holds_no_token(stage: Stage, watcher: Watcher) -> None:
    scene = watched(stage, watcher.url)
    scene.book()
    scene.program("run")
    assert TOKEN not in watcher.beats[0].body


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "http://example.com/x", "https://me:pw@example.com/x", "https://x/#y", ""]
)
def test_address_that_is_none_is_refused(stage: Stage, url: str) -> None:
    scene = stage()
    with scene.home.config.open("a", encoding="utf-8") as file:
        file.write(f'[heartbeat]\nurl = "{url}"\n')
    found = scene.program("run")
    assert found.code == 3
    assert "heartbeat.url" in found.err
    assert "pw" not in found.err
