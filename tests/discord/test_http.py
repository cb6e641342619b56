"""One exchange over real sockets: what is sent, what is refused, and that it ends in time with the truth."""

from __future__ import annotations

import gzip
import logging
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest

from coachsync import __version__
from coachsync.discord import routes
from coachsync.discord.exchange import Answer, Lost, NeverSent
from coachsync.discord.transport import sending
from coachsync.discord.transport.sending import encoded_reason
from tests.discord.loopback import TOKEN, answering, exchange, listening, only_once, timed

GET = routes.GET_ME.at()
PUT = routes.PUT_MEMBER_ROLE.at(guild_id="1", user_id="2", role_id="3")
POST = routes.CREATE_ROLE.at(guild_id="1")
OK = answering("HTTP/1.1 200 OK\nContent-Type: application/json", b"{}")


def headers_of(request: bytes) -> dict[str, str]:
    head = request.split(b"\r\n\r\n")[0].decode()
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}


def test_request_carries_what_discord_asks_for() -> None:
    with listening(OK) as server:
        exchange(server.base, POST, body=b'{"name":"x"}', reason="session 1")

    (request,) = server.requests
    headers = headers_of(request)
    assert request.startswith(b"POST /api/v10/guilds/1/roles HTTP/1.1\r\n")
    assert request.endswith(b'\r\n\r\n{"name":"x"}')
    assert headers["authorization"] == f"Bot {TOKEN}"
    assert headers["user-agent"] == f"DiscordBot (https://github.com/coachsync/coachsync, {__version__})"
    assert headers["content-type"] == "application/json"
    assert headers["x-audit-log-reason"] == "session 1"


def test_bodyless_put_says_so() -> None:
    with listening(OK) as server:
        exchange(server.base, PUT)

    headers = headers_of(server.requests[0])
    assert headers["content-length"] == "0"
    assert "content-type" not in headers


def test_connection_is_reused() -> None:
    with listening(OK) as server:
        exchange(server.base, GET, PUT, GET, GET)

    assert (len(server.requests), server.connections) == (4, 1)


def test_create_goes_over_a_connection_that_was_just_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(OK) as server:
        exchange(server.base, GET, POST)
        assert server.connections == 1
        monkeypatch.setattr(sending, "_JUST_USED_S", 0.0)
        exchange(server.base, GET, POST)

    assert (len(server.requests), server.connections) == (4, 3)


@pytest.mark.parametrize("doubt", [0.0, 10.0], ids=["creates", "all, at first"])
def test_fresh_connections_are_used_once_one_died_under_its_second_request(
    monkeypatch: pytest.MonkeyPatch, doubt: float
) -> None:
    monkeypatch.setattr(sending, "_DOUBT_S", doubt)
    then = GET if doubt else POST
    with listening(only_once(OK)) as server:
        results = exchange(server.base, GET, GET, then, then, then)

    assert [type(result) for result in results] == [Answer, Lost, Answer, Answer, Answer]
    assert len(server.requests) == 5


@pytest.mark.parametrize("reason", ["plain", "ä 🎤 / x", "🎤" * 600, "a" * 600, "\r\nX-Evil: 1", "  spaced  "])
def test_audit_log_reason_is_one_short_header_line(reason: str) -> None:
    text = encoded_reason(reason)

    assert len(text) <= 512
    assert text.isascii()
    assert text.isprintable()
    assert reason.strip().startswith(unquote(text))
    assert len(text) > 480 or unquote(text) == reason.strip()


def test_compressed_answer_is_read() -> None:
    body = gzip.compress(b'{"id": "1"}')
    with listening(answering("HTTP/1.1 200 OK\nContent-Encoding: gzip", body)) as server:
        (result,) = exchange(server.base, GET)

    assert isinstance(result, Answer)
    assert result.body == b'{"id": "1"}'


def test_redirect_is_not_followed() -> None:
    with listening(OK) as other:
        head = f"HTTP/1.1 307 Temporary Redirect\nLocation: {other.base}/users/@me"
        with listening(answering(head)) as server:
            (result,) = exchange(server.base, GET)

    assert isinstance(result, Answer)
    assert result.status == 307
    assert other.requests == []


def test_cookies_are_not_kept() -> None:
    with listening(answering("HTTP/1.1 200 OK\nSet-Cookie: __cfruid=1; path=/", b"{}")) as server:
        exchange(server.base, GET, GET)

    assert all(b"cookie" not in request.lower() for request in server.requests)


def test_netrc_never_replaces_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password evil\ndefault login evil password evil\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    with listening(OK) as server:
        exchange(server.base, GET)

    assert headers_of(server.requests[0])["authorization"] == f"Bot {TOKEN}"


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(OK) as proxy, listening(OK) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        exchange(server.base, GET)

    assert (len(proxy.requests), len(server.requests)) == (0, 1)


def test_other_hosts_go_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with listening(answering("HTTP/1.1 403 Forbidden")) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        (result,) = exchange("https://discord.invalid/api/v10", GET)

    assert isinstance(result, NeverSent)
    assert proxy.requests[0].startswith(b"CONNECT discord.invalid:443")
    assert TOKEN.encode() not in proxy.requests[0]


def reset(connection: socket.socket, _request: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket, _request: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def truncate(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2")
    connection.shutdown(socket.SHUT_RDWR)


def garble(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"\x00\x01 this is no HTTP\r\n\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def bad_gzip(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")


@pytest.mark.parametrize("handler", [reset, hang_up, truncate, garble, bad_gzip])
def test_answer_is_lost_when_the_connection_breaks_after_sending(handler: object) -> None:
    with listening(handler) as server:  # type: ignore[arg-type]  # one of the functions above
        (result,) = exchange(server.base, POST, body=b"{}")

    assert isinstance(result, Lost)
    assert result.why
    assert TOKEN not in result.why
    assert len(server.requests) == 1


def test_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coachsync.discord.transport.sending._LARGEST_BODY", 100_000)
    with listening(answering("HTTP/1.1 200 OK", b"x" * 1_000_000)) as server:
        (result,) = exchange(server.base, GET)

    assert isinstance(result, Answer)
    assert len(result.body) < 100


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:{}", "https://127.0.0.1:{}", "http://name.invalid:{}", "http://[::1]:{}"]
)
def test_request_was_never_sent_when_no_connection_comes_about(base: str) -> None:
    (result,) = exchange(base.format(free_port()), POST, body=b"{}")

    assert isinstance(result, NeverSent)
    assert result.why


def test_request_was_never_sent_when_the_handshake_hangs() -> None:
    with listening(hang_up) as server:
        (result,) = exchange(server.base.replace("http:", "https:"), POST, body=b"{}", timeout=0.3)

    assert isinstance(result, NeverSent)


@pytest.fixture
def untrusted(tmp_path: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    pem = tmp_path / "own.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    where = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(pem), "-out", str(tmp_path / "c")]
    subprocess.run(["openssl", *make.split(), *where], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + (tmp_path / "c").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.mark.tools
def test_request_was_never_sent_when_the_certificate_is_not_trusted(untrusted: ssl.SSLContext) -> None:
    got: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        try:
            with untrusted.wrap_socket(connection, server_side=True) as secure:
                got.append(secure.recv(1000))
        except OSError:
            got.append(b"")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        (result,) = exchange(f"https://127.0.0.1:{listener.getsockname()[1]}", GET)
        thread.join(2)

    assert isinstance(result, NeverSent)
    assert got == [b""]


def drip(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.05)


def drip_head(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for n in range(100):
        connection.sendall(f"X-{n}: 1\r\n".encode())
        time.sleep(0.05)


def silence(_connection: socket.socket, _request: bytes) -> None:
    time.sleep(5)


@pytest.mark.parametrize("handler", [drip, drip_head, silence])
def test_exchange_ends_in_time_when_the_answer_does_not(handler: object) -> None:
    with listening(handler) as server:  # type: ignore[arg-type]  # one of the functions above
        result, took = timed(server.base, GET, timeout=0.3)

    assert isinstance(result, Lost)
    assert 0.25 <= took <= 0.8


def test_name_look_up_that_hangs_ends_in_time_and_nothing_is_sent_later(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    release = threading.Event()

    def hanging(*args: object, **kwargs: object) -> object:
        release.wait(5)
        return look_up(*args, **kwargs)  # type: ignore[arg-type]  # whatever urllib3 passes

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with listening(OK) as server:
        result, took = timed(f"http://localhost:{server.port}", POST, timeout=0.2)
        release.set()
        time.sleep(0.3)

    assert isinstance(result, NeverSent)
    assert took <= 0.7
    assert server.requests == []


@contextmanager
def swallowing() -> Iterator[int]:
    """Yield a port at which a connection neither comes about nor is refused."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def test_second_address_is_tried_when_the_first_swallows_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    with swallowing() as dead, listening(OK) as server:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (dead, server.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)
        result, took = timed("http://localhost", POST, timeout=1.0)

    assert isinstance(result, Answer)
    assert took >= 0.45
    assert len(server.requests) == 1


def test_address_that_swallows_packets_alone_has_the_whole_time() -> None:
    with swallowing() as dead:
        result, took = timed(f"http://127.0.0.1:{dead}", POST, timeout=0.6)

    assert isinstance(result, NeverSent)
    assert took >= 0.55


def test_thread_that_hangs_is_replaced() -> None:
    def first_hangs(connection: socket.socket, request: bytes) -> None:
        if len(server.requests) <= 4:
            time.sleep(1.0)
        OK(connection, request)

    with listening(first_hangs) as server:
        results = exchange(server.base, *[GET] * 6, timeout=0.15)

    assert [type(result) for result in results] == [Lost] * 4 + [Answer] * 2


def test_hanging_exchange_does_not_keep_the_interpreter_from_ending() -> None:
    with listening(silence) as server:
        code = f"""
from coachsync.discord import routes
from tests.discord.loopback import exchange
print(type(exchange("{server.base}", routes.GET_ME.at(), timeout=0.2)[0]).__name__)
"""
        began = time.monotonic()
        root = Path(__file__).parents[2]
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=20)
        took = time.monotonic() - began

    assert (done.stdout, done.stderr, done.returncode) == ("Lost\n", "", 0)
    assert took < 4


def test_log_tells_route_and_status_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with listening(OK) as server:
        exchange(server.base, PUT)

    assert "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id} → 200" in caplog.text
    assert TOKEN not in caplog.text
