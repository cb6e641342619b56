"""A token shows itself to nobody who did not ask for it by name, and a password in an address to nobody at all."""

from __future__ import annotations

import copy
import pickle

import pytest

from coachsync.secrets import Token, hide, redact

SHAPED = "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.GabcDE.aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789ab"
ODD = "odd-secret-of-a-test-server"


@pytest.mark.parametrize("value", ["", " a", "x y", "a\n", "a\tb", "tökén", "a\x00b", "a\x7fb"])
def test_value_that_is_no_token_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(ValueError, match="plain ASCII") as caught:
        Token(value)

    assert not value or value not in str(caught.value)


def test_token_is_masked_in_every_text_form() -> None:
    token = Token(SHAPED)

    assert all(SHAPED not in text for text in (str(token), repr(token), f"{token}", f"{[token]!r}"))
    assert token.reveal() == SHAPED


def test_token_cannot_be_copied_out() -> None:
    token = Token(SHAPED)

    with pytest.raises(TypeError):
        pickle.dumps(token)
    with pytest.raises(TypeError):
        copy.copy(token)


def test_bot_id_is_read_from_the_first_part() -> None:
    assert Token(SHAPED).bot_id == "1234567890123456789"
    assert Token("no-token-of-discord").bot_id is None


def test_equal_tokens_are_one_key() -> None:
    assert {Token(SHAPED): 1}[Token(SHAPED)] == 1


def test_known_and_shaped_tokens_are_redacted() -> None:
    Token(ODD)
    other = SHAPED[::-1]

    assert redact(f"a {ODD} b {other} c", foreign=True) == "a [token] b [token] c"
    assert redact(f"a {ODD} b {other} c") == f"a [token] b {other} c"


def test_whole_secret_is_redacted_before_a_shorter_one_within_it() -> None:
    hide("inner-secret")
    hide("outer-inner-secret-outer")

    assert redact("x outer-inner-secret-outer y") == "x [token] y"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("proxy http://user:pass@proxy:3128 refuses", "proxy http://user:[password]@proxy:3128 refuses"),
        ("postgresql://me:p@ss@db/x", "postgresql://me:[password]@db/x"),
        ("postgresql://db/x?a=1&password=p@s&b=2", "postgresql://db/x?a=1&password=[password]&b=2"),
        ("http://me:pa/ss@proxy:3128", "http://me:[password]@proxy:3128"),
        ("socks5://:secret@proxy", "socks5://:[password]@proxy"),
        ("http://a:b@c http://d:e@f", "http://a:[password]@c http://d:[password]@f"),
        ('"http://a:b@c", "mail@example.org"', '"http://a:[password]@c", "mail@example.org"'),
    ],
)
def test_password_in_an_address_is_redacted(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://discord.com/api/v10/users/@me",
        "http://127.0.0.1:8080/api/v10/users/@me",
        "http://[::1]:8080/users/@me",
        "sqlite:////var/lib/sessions.db",
        "postgresql://me@db/x",
        '{"url": "http://host:80", "mail": "me@example.org"}',
        '["http://host:80","me@example.org"]',
    ],
)
def test_address_without_password_is_shown_as_it_is(text: str) -> None:
    assert redact(text) == text
