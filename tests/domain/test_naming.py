"""What a session's role and room are called, and when two names count as the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.domain.naming import (
    Templates,
    hash_of,
    names_for,
    possible_names,
    render,
    same_name,
    same_old_name,
    short_of,
)
from tests.domain.build import TEMPLATES, a_session

QUICK = settings(max_examples=100, deadline=None)
BY_ID = Templates("Session {id}", "{id} with {coach} for {student}")


@pytest.mark.parametrize(
    ("session_id", "short"),
    [
        ("abc12345", "abc12345"),
        ("a", "a"),
        ("booking-2026-abc12345", "abc12345"),
        ("65f0c0ffee0000abcdef1234", "cdef1234"),
        # printf ID | openssl dgst -sha256 -binary | base32 | cut -c1-8
        ("b-123", "whz4ldds"),
        ("Ünï ✓", "yywfw6a7"),
    ],
)
def test_short_is_the_plain_tail_or_the_hash(session_id: str, short: str) -> None:
    assert short_of(session_id) == short


@pytest.mark.parametrize("session_id", ["ABC12345", "abc-2345", "abc1234 ", "abc1234é", "abc1234٣", "id\n"])
def test_short_is_the_hash_when_the_tail_holds_anything_but_small_letters_and_digits(session_id: str) -> None:
    assert short_of(session_id) == hash_of(session_id)


@QUICK
@given(st.text(min_size=1))
def test_short_is_always_eight_plain_characters_or_a_shorter_id(session_id: str) -> None:
    short = short_of(session_id)
    assert set(short) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert len(short) == 8 or short == session_id


def test_names_take_the_hash_when_the_short_is_taken() -> None:
    assert names_for(a_session(), TEMPLATES, {"abc12345"}).role == f"Session {hash_of('abc12345')}"


def test_names_are_the_templates_when_nobody_else_has_the_short() -> None:
    names = names_for(a_session(), TEMPLATES, {"other123"})
    assert names == ("abc12345", "Session abc12345", "🎤 coaching-abc12345")


@pytest.mark.parametrize(
    ("session_id", "role"),
    [
        ("A-b_9", "Session A-b_9"),
        ("x" * 60, f"Session {'x' * 60}"),
        ("x" * 61, "Session xxxxxxxx"),
        ("two words", f"Session {hash_of('two words')}"),
        ("a/b12345678", "Session 12345678"),
    ],
)
def test_id_becomes_short_when_it_is_long_or_odd(session_id: str, role: str) -> None:
    assert render(a_session(session_id), BY_ID, short_of(session_id)).role == role


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("John Doe", "John Doe"),
        ("", "student"),
        ("\u202e\u200b", "student"),
        ("J" * 30, "J" * 20),
        ("{coach}", "coach"),
        ("a\nb\x1b[31m", "a b [31m"),
        ("@everyone", "everyone"),
        ("Łukasz Żółć", "Łukasz Żółć"),
    ],
)
def test_person_is_cleaned_and_cut_when_the_channel_names_them(name: str, shown: str) -> None:
    names = render(a_session(student_name=name), Templates("{short}", "{short}/{student}"), "abc12345")
    assert names.channel == f"abc12345/{shown}"


@QUICK
@given(st.text(), st.text(), st.text(min_size=1))
def test_names_hold_no_control_character_whatever_the_store_says(student: str, coach: str, session_id: str) -> None:
    session = a_session(session_id, student_name=student, coach_name=coach)
    names = names_for(session, BY_ID, ())
    assert names.channel.isprintable()
    assert len(names.channel) <= 100


def test_possible_names_are_the_plain_and_the_hashed() -> None:
    shorts = [n.short for n in possible_names(a_session(), TEMPLATES)]
    assert shorts == ["abc12345", hash_of("abc12345")]


def test_possible_names_are_one_when_the_short_is_the_hash() -> None:
    assert len(possible_names(a_session("ODD"), TEMPLATES)) == 1


@pytest.mark.parametrize(
    "shown",
    [
        "🎤 coaching-abc12345",
        "🎤  coaching-abc12345 ",
        "🎤\ufe0f coaching-abc12345",
        "🎤 Coaching-ABC12345",
        "🎤 coaching-ａbc12345",
    ],
)
def test_same_name_forgives_what_discord_alters(shown: str) -> None:
    assert same_name(shown, "🎤 coaching-abc12345")


@pytest.mark.parametrize("shown", ["coaching-abc12345", "🎤 coaching-abc12346", "🎤 coaching-abc1234"])
def test_same_name_is_strict_about_all_else(shown: str) -> None:
    assert not same_name(shown, "🎤 coaching-abc12345")


def test_old_name_is_the_same_when_only_the_symbol_is_missing() -> None:
    assert same_old_name("coaching-abc12345", "🎤 coaching-abc12345")


def test_old_name_differs_when_the_id_does() -> None:
    assert not same_old_name("coaching-abc12346", "🎤 coaching-abc12345")


@QUICK
@given(st.text())
def test_same_name_holds_across_normal_forms(name: str) -> None:
    assert same_name(unicodedata.normalize("NFD", name), unicodedata.normalize("NFC", name))
