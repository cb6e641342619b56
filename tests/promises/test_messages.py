"""Messages to people: what each address hears, that what it missed comes later, and that no password is shown."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from coachsync.domain.model import HOUR, MINUTE
from tests.kit.scene import ID, QUARTER, Scene, Stage

PASSWORD = "hunter2-secret"


class Inbox(ThreadingHTTPServer):
    """A server that takes apprise's JSON messages; it answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: list[Any] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"json://me:{PASSWORD}@127.0.0.1:{self.server_port}/in"


class _Handler(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        self.server.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as found:
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()


def told(stage: Stage, *urls: str, more: str = "") -> Scene:
    scene = stage()
    file = scene.folder / "notify.urls"
    file.write_text("# the desk\n\n" + "".join(f"{url}\n" for url in urls), "utf-8")
    file.chmod(0o600)
    scene.configure(rest=f'[notify]\nfile = "notify.urls"\n{more}')
    scene.world.leave(scene.guild, scene.student)
    scene.book(studentName="Emma", start=scene.now() + 2 * HOUR + QUARTER)
    return scene


def test_address_hears_what_is_new_once_and_its_end(stage: Stage, inbox: Inbox) -> None:
    scene = told(stage, inbox.url)
    for _ in range(2):
        scene.program("run")
        scene.clock.advance(MINUTE)
    scene.world.join(scene.guild, scene.student)
    scene.program("run")
    assert [message["title"] for message in inbox.messages] == ["coachsync: failing", "coachsync: mended"]
    first = inbox.messages[0]["message"]
    assert "unknown_member" in first
    assert ID in first
    assert "Emma" not in first


def test_message_names_people_if_that_is_wanted(stage: Stage, inbox: Inbox) -> None:
    scene = told(stage, inbox.url, more="names = true")
    scene.program("run")
    assert "Emma" in inbox.messages[0]["message"]


def test_address_that_refused_hears_it_from_the_next_run_and_the_others_do_not(stage: Stage, inbox: Inbox) -> None:
    with Inbox() as other:
        threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True).start()
        scene = told(stage, other.url, inbox.url)
        inbox.status = 500
        first = scene.program("run", "--json")
        inbox.status = 200
        second = scene.program("run", "--json")
        other.shutdown()
    assert ["unknown_member" in message["message"] for message in other.messages] == [True, False]
    assert ["unknown_member" in message["message"] for message in inbox.messages] == [True, True]
    (warning,) = [w for w in first.json["warnings"] if w["code"] == "notify_failed"]
    assert "line 4 (json)" in warning["message"]
    assert [w for w in second.json["warnings"] if w["code"] == "notify_failed"] == []


@pytest.mark.parametrize("url", ["nonsense", "json://", "wat://x:y@z"])
def test_line_that_is_no_address_is_named_and_the_others_are_served(stage: Stage, inbox: Inbox, url: str) -> None:
    found = told(stage, url, inbox.url).program("run", "--json")
    assert len(inbox.messages) == 1
    (warning,) = [w for w in found.json["warnings"] if w["code"] == "notify_failed"]
    assert "line 3" in warning["message"]


def test_no_output_holds_an_address_or_its_password(stage: Stage) -> None:
    scene = told(stage, f"json://me:{PASSWORD}@127.0.0.1:9/in")
    for arguments in (("-v", "run"), ("run", "--json"), ("run", "--quiet"), ("status", "--json")):
        found = scene.program(*arguments)
        assert PASSWORD not in found.out + found.err


def test_file_of_addresses_that_others_can_read_is_warned_about(stage: Stage, inbox: Inbox) -> None:
    scene = told(stage, inbox.url)
    (scene.folder / "notify.urls").chmod(0o644)
    found = scene.program("run", "--json")
    assert "notify_readable" in [w["code"] for w in found.json["warnings"]]
    assert len(inbox.messages) == 1


def test_missing_file_of_addresses_fails_no_run(stage: Stage) -> None:
    scene = stage()
    scene.configure(rest='[notify]\nfile = "gone.urls"')
    found = scene.program("run", "--json")
    assert found.code == 0
    (warning,) = found.json["warnings"]
    assert (warning["code"], "gone.urls" in warning["message"]) == ("notify_failed", True)


@pytest.mark.parametrize("arguments", [("run", "--dry-run"), ("setup",), ("cleanup",)])
def test_only_runs_send_messages(stage: Stage, inbox: Inbox, arguments: tuple[str, ...]) -> None:
    told(stage, inbox.url).program(*arguments)
    assert inbox.messages == []


def test_mail_arrives_at_a_mail_server(stage: Stage) -> None:
    got: list[str] = []

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here ESMTP\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    while (part := self.rfile.readline()) != b".\r\n":
                        got.append(part.decode())
                elif verb == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"250 ok\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        port = server.server_address[1]
        scene = told(stage, f"mailto://127.0.0.1:{port}?from=c@example.com&to=desk@example.com")
        found = scene.program("run", "--json")
        server.shutdown()
    assert [w for w in found.json["warnings"] if w["code"] == "notify_failed"] == []
    assert any("Subject: coachsync: failing" in line for line in got)
