"""A token shows itself to nobody who did not ask for it by name."""

from __future__ import annotations

import copy
import pickle

import pytest

from coachsync.discord.token import Token, redact

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
    other = SHAPED.replace("aBc", "xYz")

    assert redact(f"a {ODD} b {other} c") == "a <redacted> b <redacted> c"
