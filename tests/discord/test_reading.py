"""What the transport prepares of a request and reads of an answer."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import pytest
import requests
import requests_mock
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

from coachsync.discord import routes, verdict
from coachsync.discord.exchange import Answer, Lost, NeverSent
from coachsync.discord.routes import Call
from tests.discord.mocked import BASE, TOKEN, exchanged

GET = routes.GET_ROLES.at(guild_id="1")
PUT = routes.PUT_OVERWRITE.at(channel_id="1", target_id="2")
POST = routes.CREATE_ROLE.at(guild_id="1")
DELETE = routes.DELETE_ROLE.at(guild_id="1", role_id="3")
CALLS = [GET, PUT, POST, DELETE]
OTHER = "AAAAAAAAAAAAAAAAAAAAAAAA.BBBBBB.CCCCCCCCCCCCCCCCCCCCCCCC"


def answering(**answer: Any) -> requests_mock.Adapter:
    """Return an adapter that gives every request this answer."""
    adapter = requests_mock.Adapter()
    adapter.register_uri(requests_mock.ANY, requests_mock.ANY, **answer)
    return adapter


def sent(call: Call, **given: Any) -> Any:
    """Return the request that the adapter got."""
    adapter = answering(status_code=204)
    exchanged(adapter, call, **given)
    return adapter.last_request


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.route.method)
def test_request_is_the_routes_method_under_the_base_with_the_token(call: Call) -> None:
    request = sent(call)

    assert (request.method, request.url) == (call.route.method, BASE + call.path)
    assert request.headers["Authorization"] == f"Bot {TOKEN}"


def test_odd_ids_stay_one_segment_of_the_path() -> None:
    request = sent(routes.GET_MEMBER.at(guild_id="1", user_id="../2?x#y"))

    assert request.url == f"{BASE}/guilds/1/members/..%2F2%3Fx%23y"


@pytest.mark.parametrize(("body", "length"), [(b'{"name":"x"}', "12"), (None, "0")])
def test_length_of_the_body_is_announced(body: bytes | None, length: str) -> None:
    request = sent(POST, body=body)

    assert request.headers["Content-Length"] == length
    assert request.headers.get("Content-Type") == ("application/json" if body else None)
    assert request.body == body


def test_reason_is_a_header_only_if_there_is_one() -> None:
    assert sent(DELETE, reason="session 1").headers["X-Audit-Log-Reason"] == "session 1"
    assert "X-Audit-Log-Reason" not in sent(DELETE).headers


@pytest.mark.parametrize(
    ("base", "through"),
    [
        (BASE, "http://user:pass@proxy.test:3128"),
        ("http://127.0.0.1:9/api/v10", None),
        ("http://api.localhost:9/api/v10", None),
    ],
)
def test_proxy_of_the_environment_is_used_unless_the_base_is_loopback(
    base: str, through: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://user:pass@proxy.test:3128")

    assert sent(GET, base=base).proxies.get(base.partition(":")[0]) == through


def test_netrc_adds_nothing_to_what_is_sent(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login evil password evil\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    assert sent(GET).headers["Authorization"] == f"Bot {TOKEN}"


def test_answer_is_read_whole_with_header_names_in_lower_case() -> None:
    result = exchanged(answering(status_code=201, headers={"X-RateLimit-Bucket": "Ab"}, content=b"[1]" * 200_000), GET)

    assert result == Answer(201, {"x-ratelimit-bucket": "Ab"}, b"[1]" * 200_000)


def test_compressed_answer_is_read_as_what_it_was() -> None:
    packed = gzip.compress(b"[]" * 1000)
    result = exchanged(answering(headers={"Content-Encoding": "gzip"}, content=packed), GET)

    assert isinstance(result, Answer)
    assert result.body == b"[]" * 1000


@pytest.mark.parametrize("size", [100_000, 100_001])
def test_answer_is_unreadable_if_it_is_larger_than_any_of_discords(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coachsync.discord.transport.sending._LARGEST_BODY", 100_000)
    result = exchanged(answering(content=b"[" + b" " * (size - 2) + b"]"), GET)

    assert isinstance(result, Answer)
    assert (verdict.decode(result) is verdict.UNREADABLE) == (size > 100_000)


def test_packed_bomb_is_measured_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coachsync.discord.transport.sending._LARGEST_BODY", 100_000)
    bomb = gzip.compress(b"x" * 1_000_000)
    result = exchanged(answering(headers={"Content-Encoding": "gzip"}, content=bomb), GET)

    assert isinstance(result, Answer)
    assert len(bomb) < 10_000
    assert len(result.body) < 100


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_packed_bomb_is_never_held_unpacked(encoding: str) -> None:
    bomb = gzip.compress(b"x" * 64_000_000, 1)
    bomb = gzip.compress(bomb) if encoding != "gzip" else bomb
    tracemalloc.start()
    try:
        result = exchanged(answering(headers={"Content-Encoding": encoding}, content=bomb), GET)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert isinstance(result, Answer)
    assert peak < 32_000_000


def test_answer_that_cannot_be_unpacked_is_lost() -> None:
    result = exchanged(answering(headers={"Content-Encoding": "gzip"}, content=b"no gzip"), GET)

    assert isinstance(result, Lost)


@pytest.mark.parametrize("status", [301, 307, 308])
def test_redirect_is_an_answer_like_any_other(status: int) -> None:
    adapter = answering(status_code=status, headers={"Location": f"{BASE}/elsewhere"})
    result = exchanged(adapter, GET)

    assert isinstance(result, Answer)
    assert (result.status, len(adapter.request_history)) == (status, 1)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (requests.ConnectTimeout("timed out"), "timed out"),
        (
            requests.ConnectionError(MaxRetryError(HTTPConnectionPool("x"), "/", OSError("no such name"))),
            "no such name",
        ),
        (requests.exceptions.InvalidURL("bad  host\nname"), "bad host name"),
        (OSError(113, "No route to host"), "[Errno 113] No route to host"),
    ],
)
def test_request_was_never_sent_if_no_connection_claims_it(error: Exception, why: str) -> None:
    assert exchanged(answering(exc=error), POST) == NeverSent(why)


def test_reason_of_a_failure_shows_no_token_and_no_password() -> None:
    told = f"cannot use http://me:hunter22@proxy with {TOKEN} or {OTHER}"
    result = exchanged(answering(exc=requests.exceptions.ProxyError(told)), POST)

    assert result == NeverSent("cannot use http://me:[password]@proxy with [token] or [token]")
