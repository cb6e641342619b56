"""The bot token is in no output, log, exception, file or process argument, whole or in part (CONTRACT §2)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from coachsync.standin import Standin
from tests.kit.home import Result
from tests.kit.hostile import Answer, Hostile, page
from tests.kit.scene import CHANNELS, ID, ROLES, Scene, Stage, wait_for
from tests.kit.town import TOKEN

WINDOW = 8
VOICES: list[list[str]] = [["run"], ["--verbose", "run"], ["--verbose", "--log-format", "json", "run", "--json"]]


def leaks(text: str) -> list[str]:
    """Return every run of eight letters of the token's secret parts that a text holds."""
    parts = TOKEN.split(".")
    runs = [part[i : i + WINDOW] for part in parts for i in range(max(1, len(part) - WINDOW + 1))]
    return [run for run in runs if run in text]


def written(scene: Scene) -> str:
    """Return all that is in files that coachsync writes."""
    kept = [p for p in scene.folder.rglob("*") if p.is_file() and p.suffix not in (".toml", ".secret", ".py", ".pyc")]
    return "\n".join(p.read_bytes().decode("latin-1") for p in kept)


def assert_kept(scene: Scene, result: Result) -> None:
    """Check that nothing came to light."""
    assert leaks(result.out) == []
    assert leaks(result.err) == []
    assert leaks(written(scene)) == []


def against(scene: Scene, base: str, *arguments: str, **environ: str) -> Result:
    return scene.program(*arguments, COACHSYNC_API_BASE=base, **environ)


def json_error(status: str, body: object) -> bytes:
    return page(status, json.dumps(body))


def nested(auth: str) -> bytes:
    errors = {auth: {"_errors": [{"code": auth, "message": auth}]}}
    return json_error("400 Bad Request", {"code": 50035, "message": auth, "errors": errors})


def padded(pad: int) -> Answer:
    return lambda auth: ("x" * pad + auth + "\r\n\r\n").encode()


ECHOES: dict[str, Answer] = {
    "401": lambda auth: json_error("401 Unauthorized", {"code": 0, "message": f"401: {auth}"}),
    "html": lambda auth: page("502 Bad Gateway", f"<html>Authorization: {auth}</html>", "text/html"),
    "html 403": lambda auth: page("403 Forbidden", f"<html>Authorization: {auth}</html>", "text/html"),
    "html 200": lambda auth: page("200 OK", f"<html>Authorization: {auth}</html>", "text/html"),
    "json of another shape": lambda auth: json_error("200 OK", {"id": auth, "username": [auth]}),
    "id that is the token": lambda auth: json_error("200 OK", [{"id": auth}]),
    "nested errors": nested,
    "code as text": lambda auth: json_error("403 Forbidden", {"code": auth, "message": auth}),
    "404": lambda auth: json_error("404 Not Found", {"code": 10004, "message": auth}),
    "429": lambda auth: page("429 Too Many Requests", json.dumps({"retry_after": auth}), Retry_After=auth),
    "reason phrase": lambda auth: page(f"599 {auth}", "{}"),
    "header": lambda auth: page("500 Oops", "{}", X_RateLimit_Bucket=auth, X_RateLimit_Reset_After=auth),
    "header without colon": lambda auth: f"HTTP/1.1 200 OK\r\n{auth}\r\n\r\n".encode(),
    "content length": lambda auth: f"HTTP/1.1 200 OK\r\nContent-Length: {auth}\r\n\r\n".encode(),
    "encoding": lambda auth: page("200 OK", auth, Content_Encoding="gzip"),
    "chunk": lambda auth: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{auth}\r\n".encode(),
    "location": lambda auth: page("302 Found", "", Location=f"http://127.0.0.1:9/{auth}"),
    "location without host": lambda auth: page("302 Found", "", Location=f"http://[{auth}"),
    **{f"status line cut at {pad}": padded(pad) for pad in (0, 120, 135, 150, 165, 180)},
}


@pytest.fixture
def booked(stage: Stage) -> Scene:
    """Return a scene with a session that is due."""
    scene = stage()
    scene.book()
    return scene


@pytest.mark.parametrize("kind", ECHOES)
def test_token_stays_secret_when_a_server_gives_it_back(booked: Scene, kind: str) -> None:
    with Hostile(ECHOES[kind]) as server:
        result = against(booked, server.base_url, *VOICES[2])
    assert result.code in (1, 3), result.err
    assert_kept(booked, result)


@pytest.mark.parametrize("kind", ["401", "nested errors", "status line cut at 150"])
@pytest.mark.parametrize("voice", VOICES, ids=" ".join)
def test_token_stays_secret_in_every_voice(booked: Scene, kind: str, voice: list[str]) -> None:
    with Hostile(ECHOES[kind]) as server:
        assert_kept(booked, against(booked, server.base_url, *voice))
        for arguments in (["status", "--json"], ["explain", ID]):
            assert_kept(booked, booked.program(*arguments))


@pytest.mark.parametrize("template", [ROLES, CHANNELS])
def test_token_stays_secret_when_a_create_is_refused_with_it(booked: Scene, template: str) -> None:
    body = json.dumps({"code": 50035, "message": TOKEN, "errors": {TOKEN: {"_errors": [{"code": TOKEN}]}}})
    booked.standin.faults.add("answer", ("POST", template), status=400, body=body)
    result = booked.program("run", "--json")
    assert result.code == 1
    assert_kept(booked, result)
    assert_kept(booked, booked.program("explain", ID))


# the way there


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_to_another_host_is_not_followed(booked: Scene, status: int) -> None:
    with Hostile(lambda auth: page("200 OK", "{}")) as thief:
        for host in ("127.0.0.1", "localhost"):
            location = thief.origin.replace("127.0.0.1", host) + "/api/v10/users/@me"
            booked.standin.faults.add("redirect", count=None, status=status, location=location)
            result = booked.program(*VOICES[1])
            booked.standin.faults.clear()
            assert result.code == 1
            assert_kept(booked, result)
    assert thief.heard == []


def test_netrc_does_not_replace_the_token(booked: Scene) -> None:
    netrc = booked.folder / ".netrc"
    netrc.write_text("machine 127.0.0.1 login thief password stolen\ndefault login thief password stolen\n")
    netrc.chmod(0o600)
    assert booked.program("run", NETRC=str(netrc)).code == 0
    assert len({r.authorization for r in booked.standin.requests}) == 1
    assert {r.bot_id for r in booked.standin.requests} == {booked.bot}


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_loopback_goes_through_no_proxy(booked: Scene, name: str) -> None:
    with Hostile(lambda auth: page("200 OK", "{}")) as proxy:
        assert booked.program("run", **{name: proxy.origin}).code == 0
    assert proxy.heard == []


def test_clear_http_to_another_host_sends_nothing(booked: Scene) -> None:
    result = against(booked, "http://192.0.2.1/api/v10", "run")
    assert result.code == 3
    assert_kept(booked, result)


def test_token_in_the_api_base_is_not_shown(booked: Scene) -> None:
    for base in (f"http://{TOKEN}@192.0.2.1/", f"ftp://{TOKEN}", f"http://192.0.2.1/{TOKEN}", TOKEN):
        result = against(booked, base, "run")
        assert result.code == 3
        assert_kept(booked, result)


# where the token comes from

MANGLED = {
    "line break": TOKEN[:40] + "\n" + TOKEN[40:],
    "carriage return": TOKEN[:40] + "\r\nX-Evil: 1" + TOKEN[40:],
    "space": f"Bot {TOKEN}",
    "nul": TOKEN + "\0",
    "umlaut": TOKEN + "ü",
    "two": f"{TOKEN}\n{TOKEN}",
    "no utf-8": TOKEN + "\udcff",
    "long": TOKEN * 100,
}


@pytest.mark.parametrize("kind", [k for k in MANGLED if k not in ("nul", "no utf-8", "long")])
def test_mangled_token_from_the_environment_is_refused_and_not_shown(booked: Scene, kind: str) -> None:
    result = booked.program(*VOICES[2], COACHSYNC_TOKEN=MANGLED[kind])
    last = json.loads(result.err.splitlines()[-1])
    assert (result.code, last["level"], bool(last["hint"])) == (3, "error", True)
    assert_kept(booked, result)
    assert booked.standin.requests == []


@pytest.mark.parametrize("kind", MANGLED)
@pytest.mark.parametrize("source", ["file", "credential"])
def test_mangled_token_from_a_file_is_refused_and_not_shown(stage: Stage, kind: str, source: str) -> None:
    scene = stage()
    path = scene.folder / "discord.secret"
    path.write_bytes(MANGLED[kind].encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    scene.configure(f'token_file = "{"credential:discord.secret" if source == "credential" else path}"')
    scene.book()
    result = scene.program(*VOICES[2], COACHSYNC_TOKEN="", CREDENTIALS_DIRECTORY=str(scene.folder))
    last = json.loads(result.err.splitlines()[-1])
    assert (result.code, last["level"], bool(last["hint"])) == (3, "error", True)
    assert_kept(scene, result)
    assert scene.standin.requests == []


@pytest.mark.parametrize("key", ["token_file", "guild_id", "category_id", "access", "nonsense"])
def test_token_written_into_the_configuration_by_mistake_is_not_shown(booked: Scene, key: str) -> None:
    booked.home.config.write_text(f'[discord]\n{key} = "{TOKEN}"\n[store]\nurl = "sqlite:///sessions.db"\n', "utf-8")
    result = booked.home.start("--config", str(booked.home.config), "--verbose", "run", COACHSYNC_TOKEN=TOKEN)
    assert result.code == 3
    assert_kept(booked, result)


def test_token_typed_as_an_argument_is_not_repeated(booked: Scene) -> None:
    for arguments in (["run", TOKEN], ["explain", TOKEN], [TOKEN], ["--now", TOKEN, "run"], ["run", "--now", TOKEN]):
        result = booked.home.run(*arguments, COACHSYNC_TOKEN=TOKEN)
        assert result.code in (1, 2)
        assert_kept(booked, result)


# bugs

BUGS = {
    "client": "import coachsync.discord.api as m\nm.Discord.create_role = fail",
    "transport": "import coachsync.discord.transport.sending as m\nm.Transport._send = fail",
    "request": "import coachsync.discord.transport.sending as m\nm.TokenSender._request = fail",
    "headers": "import coachsync.discord.transport.sending as m\nm.TokenSender._headers = fail",
    "loop callback": "import coachsync.discord.pace.dispatch as m\nm.Dispatcher._answered = fail",
    "plan": "import coachsync.engine.tick as m\nm.make_plan = fail",
    "find token": "import coachsync.config.token as m\nm.find_token = fail",
    "journal": "import coachsync.store.ledger.writer as m\nm.LedgerWriter.save = fail",
    "second look": "import coachsync.engine.steps.counting as m\nm.count = fail",
    "report": "import coachsync.cli.reporting as m\nm.failures = fail",
    "thread": "import threading\nimport coachsync.engine.loop as m\nold = m.work\n"
    "def work(*a):\n    t = threading.Thread(target=fail); t.start(); t.join(); return old(*a)\nm.work = work",
    "unraisable": "class T:\n    def __del__(self): fail()\nimport coachsync.config.token as m\nold = m.find_token\n"
    "def check(*a):\n    T(); return old(*a)\nm.find_token = check",
}
INJECTED = """
import os
def fail(*a, **k):
    token = os.environ["COACHSYNC_TOKEN"]
    try:
        {"token": token}["Bot " + token]
    except KeyError:
        raise RuntimeError("no use for Bot " + token + " or " + token.split(".")[2])
"""


@pytest.mark.parametrize("voice", VOICES[:2], ids=" ".join)
@pytest.mark.parametrize("bug", BUGS)
def test_bug_does_not_bring_the_token_to_light(booked: Scene, bug: str, voice: list[str]) -> None:
    result = booked.program(*voice, inject=INJECTED + BUGS[bug])
    assert_kept(booked, result)
    assert "Traceback" not in result.err or "--verbose" in voice


# the process


def arguments_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from descendants(int(child))


@pytest.mark.parametrize("source", ["environment", "file", "credential"])
def test_process_arguments_do_not_hold_the_token_while_it_runs(stage: Stage, source: str) -> None:
    scene = stage()
    secret = scene.folder / "discord.secret"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    environ = {"COACHSYNC_TOKEN": TOKEN} if source == "environment" else {"COACHSYNC_TOKEN": ""}
    if source != "environment":
        scene.configure(f'token_file = "{"credential:discord.secret" if source == "credential" else secret}"')
    scene.book()
    hang = scene.standin.faults.add("hang_before", ("POST", ROLES), seconds=20)
    run = scene.popen("run", CREDENTIALS_DIRECTORY=str(scene.folder), **environ)
    wait_for(lambda: hang.hits > 0)
    seen = [arguments_of(pid) for pid in itertools.chain([run.pid], descendants(run.pid))]
    lock = (scene.folder / "sessions.db.coachsync.lock").read_text()
    hang.release()
    run.communicate(timeout=20)
    assert leaks(" ".join(seen) + lock + written(scene)) == []


def test_store_ledger_and_lock_hold_no_token_after_a_whole_life(scene: Scene) -> None:
    scene.book()
    assert scene.program("--verbose", "run").code == 0
    scene.clock.advance(6 * 3_600_000)
    assert scene.program("--verbose", "run").code == 0
    assert leaks(written(scene)) == []


def test_requests_of_two_tokens_are_kept_apart(stage: Stage) -> None:
    scene = stage()
    other_token = TOKEN[::-1].replace(".", "x", 1) + ".second.token"
    with Standin() as second:
        bot = second.world.add_bot(other_token, "coachsync")
        owner = second.world.add_user("owner")
        other = second.world.add_guild("Other", owner, [bot])
        for person in (scene.student, scene.coach):
            second.world.add_user("somebody", id=person)
            second.world.join(other, person)
        (scene.folder / "b.secret").write_text(other_token)
        (scene.folder / "b.secret").chmod(0o600)
        scene.configure(rest=f'[guilds.{other}]\ntoken_file = "b.secret"\napi_base = "{second.base_url}"\n')
        scene.book()
        scene.book("def67890", guildId=other)
        scene.tick()
        assert {r.bot_id for r in second.requests} == {bot}
        assert {r.bot_id for r in scene.standin.requests} == {scene.bot}
    assert scene.done == [("setup", "done")] * 2
