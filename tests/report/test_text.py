"""Harmless texts."""

from __future__ import annotations

import pytest

from coachsync.report.text import clean, word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("John Doe", "John Doe"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r\x00\x9b", "a\\nb\\tc\\r\\x00\\x9b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066x\u2069\u2028", "\\u2066x\\u2069\\u2028"),
        ("[bold]J[/]", "[bold]J[/]"),
        ("Zoë 李 🎤", "Zoë 李 🎤"),
        ("👩\u200d🏫", "👩\u200d🏫"),
        ("\ud800", "\\ud800"),
    ],
)
def test_clean_shows_what_could_harm(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("abc12345", "abc12345"), ("a b", '"a b"'), ("", '""'), ('"', '"\\""')])
def test_word_stays_one_word_of_a_line(text: str, expected: str) -> None:
    assert word(text) == expected
