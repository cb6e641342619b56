"""How statements and text become PostgreSQL's, and that they come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.statements import protected, translated
from coachsync.store.postgres.text import restored, stored

_PARTS = st.sampled_from(["\0", "\x1a", "001a", "0000", "d800", "\ud800", "\udfff", "é", "🎤", "x", "a1"])


@given(st.lists(_PARTS).map("".join))
def test_any_text_comes_back_and_can_be_held(text: str) -> None:
    assert restored(stored(text)) == text
    assert "\0" not in stored(text).encode().decode()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("a = ?", "a = %s"),
        ("a LIKE 'look:%' AND b = ?", "a LIKE 'look:%%' AND b = %s"),
        ("a = 'why?' AND \"b?\" = ?", "a = 'why?' AND \"b?\" = %s"),
        ("a = E'it\\'s ?' AND b = ?", "a = E'it\\'s ?' AND b = %s"),
        ("a = $$ ? $$ AND b = $x$ $$ ? $x$ AND c = ?", "a = $$ ? $$ AND b = $x$ $$ ? $x$ AND c = %s"),
        ("a = ? -- is it?\nAND b = ? /* ? */", "a = %s -- is it?\nAND b = %s /* ? */"),
        ("a % 2 = ?", "a %% 2 = %s"),
        (f"{protected('data ? 1')} AND b = ?", "data ? 1 AND b = %s"),
    ],
)
def test_a_question_mark_is_a_parameter_only_where_it_stands_alone(sql: str, words: str) -> None:
    assert translated(sql) == words


@pytest.mark.parametrize(
    "value", ["it's", "a\\b", "100 %s", "$1 ?", "", "\0", "\ud800", "\x1a0000", "🎤", 5, -(1 << 62)]
)
def test_a_parameter_comes_back_as_it_was(database: PostgresDatabase, value: object) -> None:
    kind = "TEXT" if isinstance(value, str) else "BIGINT"
    assert database.one(f"SELECT CAST(? AS {kind})", (value,)) == (value,)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("'2026-10-14 11:00+02'::timestamptz::text", "2026-10-14 06:00:00-03"),
        ("'infinity'::timestamp", "infinity"),
        ("'f0000000-0000-4000-8000-000000000001'::uuid", "f0000000-0000-4000-8000-000000000001"),
        ("'[1, \"a\"]'::jsonb", '[1, "a"]'),
        ("1697288400000.0::numeric", 1_697_288_400_000),
        ("1.5::numeric", 1.5),
        ("true", True),
        ("'{a,b}'::text[]", "{a,b}"),
        ("'10.0.0.1'::inet", "10.0.0.1"),
    ],
)
def test_values_of_any_type_are_read(database: PostgresDatabase, sql: str, value: object) -> None:
    assert database.one(f"SELECT {sql}") == (value,)
