"""Values that Python cannot read, and rows that nobody can name: each spoils its own row alone (CONTRACT §4)."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachsync.domain.marks import Marks
from coachsync.store.jsonfile.text import well_formed
from coachsync.store.open import open_store
from tests.store.backends import DEFAULTS, SPAN, a_row

DEEP = "[" * 5000 + "]" * 5000
LONG = "9" * 6000
GOOD = json.dumps(a_row("good"))


def row_with(key: str, value: str) -> str:
    return json.dumps(a_row("odd") | {key: "@"}).replace('"@"', value)


@pytest.mark.parametrize("value", [DEEP, LONG, f"-0.{LONG}e9999"], ids=["deep", "long", "tiny"])
@pytest.mark.parametrize("key", ["scheduledDate", "studentDiscordId", "status"])
def test_value_that_no_reader_takes_spoils_its_own_row_alone(tmp_path: Path, key: str, value: str) -> None:
    text = f"[{row_with(key, value)}, {GOOD}]"
    (tmp_path / "s.json").write_text(text)
    with closing(open_store("json:///s.json", tmp_path, DEFAULTS, writable=True)) as store:
        found = {session.id: session.flaw is None for session in store.bookings.candidates(SPAN)}
        with store.transaction() as transaction:
            transaction.mark(Marks("good", set_up=True))
    assert found == {"odd": False, "good": True}
    assert (tmp_path / "s.json").read_text() == text.replace(GOOD, f'{GOOD[:-1]}, "discordSetupComplete": true}}')


@pytest.mark.parametrize("value", [DEEP, LONG], ids=["deep", "long"])
def test_foreign_value_that_no_reader_takes_spoils_nothing(tmp_path: Path, value: str) -> None:
    (tmp_path / "s.json").write_text(f"[{row_with('notes', value)}, {GOOD}]")
    with closing(open_store("json:///s.json", tmp_path, DEFAULTS, writable=False)) as store:
        assert [s.flaw for s in store.bookings.candidates(SPAN)] == [None, None]
        assert [row["_id"] for row in store.bookings.export()] == ["odd", "good"]


@pytest.mark.parametrize("missing", [{"_id": None}, {"_id": ""}, {"_id": 5}])
def test_row_without_id_is_not_taken_for_the_booking_that_bears_its_name(
    tmp_path: Path, missing: dict[str, object]
) -> None:
    (tmp_path / "s.json").write_text(json.dumps([a_row("row 2"), a_row() | missing]))
    with closing(open_store("json:///s.json", tmp_path, DEFAULTS, writable=False)) as store:
        found = {session.id: session.flaw is None for session in store.bookings.candidates(SPAN)}
    assert found == {"row 2": True, "row 2 (without id)": False}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy host is no fault of the code
@given(VALUES, st.sampled_from([None, 2]), st.data())
def test_well_formed_says_what_the_reader_says(value: object, indent: int | None, data: st.DataObject) -> None:
    text = json.dumps(value, indent=indent)
    assert well_formed(text)
    at = data.draw(st.integers(0, len(text) - 1))
    broken = text[:at] + data.draw(st.sampled_from(["", ",", "]", "{", ":", '"', "1"])) + text[at + 1 :]
    try:
        json.loads(broken)
    except ValueError:
        assert not well_formed(broken)
    else:
        assert well_formed(broken)
