"""A source at an address: what is sent, what is believed, and how long it may take."""

from __future__ import annotations

import gzip
import threading

import pytest

from coachsync.bookings.sources import http
from coachsync.bookings.sources.answer import LARGEST, PullError, SourceAnswer, Validators
from coachsync.secrets import Token
from tests.bookings.sources.feed import Feed, Reply

SECRET = "feed-secret-1234567890"


def ask(
    feed: Feed, path: str = "/feed", token: str | None = None, asked: Validators | None = None, timeout_s: float = 5.0
) -> SourceAnswer:
    sent = None if token is None else Token(token)
    return http.ask(feed.origin + path, "json", sent, asked or Validators(), timeout_s, "coachsync/test")


def problem(feed: Feed, path: str = "/feed", token: str | None = None, timeout_s: float = 5.0) -> PullError:
    with pytest.raises(PullError) as caught:
        ask(feed, path, token, timeout_s=timeout_s)
    return caught.value


def test_answer_is_returned_with_what_to_ask_by_the_next_time() -> None:
    with Feed(Reply(200, b"[]", {"ETag": '"one"', "Last-Modified": "Wed, 14 Oct 2026 11:00:00 GMT"})) as feed:
        assert ask(feed) == SourceAnswer(b"[]", '"one"', "Wed, 14 Oct 2026 11:00:00 GMT")


def test_what_is_new_is_asked_for_and_a_304_is_nothing_new() -> None:
    with Feed(Reply(304)) as feed:
        assert ask(feed, asked=Validators('"one"', "then")).unchanged
        sent = feed.heard[0][1]
        assert (sent["if-none-match"], sent["if-modified-since"]) == ('"one"', "then")


def test_token_is_sent_as_a_bearers_and_a_netrc_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="utf-8") as file:
        file.write("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", netrc)
    with Feed(Reply(200, b"[]")) as feed:
        ask(feed, token=SECRET)
        ask(feed)
    assert feed.heard[0][1]["authorization"] == f"Bearer {SECRET}"
    assert "authorization" not in feed.heard[1][1]


def test_loopback_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Feed(Reply(200, b"[]")) as feed:
        assert ask(feed).content == b"[]"


def test_redirect_on_the_same_host_keeps_the_token() -> None:
    def reply(headers: dict[str, str]) -> Reply:
        return Reply(200, b"[1]") if headers[":path"] == "/there" else Reply(302, b"", {"Location": "/there"})

    with Feed(reply) as feed:
        assert ask(feed, token=SECRET).content == b"[1]"
    assert [sent["authorization"] for _, sent in feed.heard] == [f"Bearer {SECRET}"] * 2


def test_redirect_to_another_host_goes_without_the_token() -> None:
    with Feed(Reply(200, b"[]")) as other, Feed(Reply(307, b"", {"Location": f"{other.origin}/x"})) as feed:
        ask(feed, token=SECRET)
        assert "authorization" not in other.heard[0][1]


@pytest.mark.parametrize("where", ["", "ftp://127.0.0.1/x", "http://example.org/x", "http://a:b@127.0.0.1/x"])
def test_redirect_that_nobody_may_follow_is_refused(where: str) -> None:
    with Feed(Reply(302, b"", {"Location": where})) as feed:
        assert "redirects to" in problem(feed).message


def test_redirects_in_a_circle_end() -> None:
    with Feed(Reply(302, b"", {"Location": "/feed"})) as feed:
        assert "more than 5 times" in problem(feed).message


@pytest.mark.parametrize(("status", "words"), [(401, "secret"), (403, "secret"), (404, "nothing"), (500, "order")])
def test_status_is_told_in_plain_words(status: int, words: str) -> None:
    with Feed(Reply(status, b"no")) as feed:
        found = problem(feed, "/private-1234567890abcdef")
    assert words in found.message
    assert "1234567890abcdef" not in found.message + found.hint


def test_429_says_how_long_it_is_not_to_be_asked() -> None:
    with Feed(Reply(429, b"", {"Retry-After": "120"})) as feed:
        assert problem(feed).wait_s == 120


@pytest.mark.parametrize("text", ["soon", "-5", "99999999999", "Wed, 99 Foo 2026", ""])
def test_senseless_retry_after_holds_nothing_up_for_long(text: str) -> None:
    with Feed(Reply(503, b"", {"Retry-After": text})) as feed:
        assert 0 <= problem(feed).wait_s <= 3600


def test_answer_that_broke_off_is_none() -> None:
    with Feed(Reply(200, b"[1, 2", length=100)) as feed:
        assert "broke off" in problem(feed).message


def test_answer_that_never_comes_costs_no_more_than_its_time() -> None:
    held = threading.Event()

    def reply(_: dict[str, str]) -> Reply:
        held.wait(5)
        return Reply()

    with Feed(reply) as feed:
        assert "within 0.2 s" in problem(feed, timeout_s=0.2).message
        held.set()


def test_answer_that_unpacks_to_more_than_32_mib_is_refused() -> None:
    packed = gzip.compress(b" " * (LARGEST + 1), 1)
    with Feed(Reply(200, packed, {"Content-Encoding": "gzip"})) as feed:
        assert "32 MiB" in problem(feed, timeout_s=20).message


def test_web_page_is_no_source() -> None:
    with Feed(Reply(200, b"<html>log in</html>", {"Content-Type": "text/html"})) as feed:
        assert "web page" in problem(feed).message


def test_nobody_there_is_told_without_the_address() -> None:
    with Feed(Reply()) as feed:
        origin = feed.origin
    with pytest.raises(PullError) as caught:
        http.ask(f"{origin}/private-1234567890abcdef", "ics", None, Validators(), 2.0, "x")
    assert "127.0.0.1 cannot be reached" in caught.value.message
    assert "private" not in caught.value.message
