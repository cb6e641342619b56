"""What of a booking another store can hold: nothing changes its meaning, and nothing is dropped without a word."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.store.copying.digest import RowsDigest
from coachsync.store.copying.fitting import Fitting, Holds, UnheldError, held, joined, kind_of, unfit_name
from coachsync.store.copying.rows import own_columns

POSTGRES, SQLITE = own_columns("postgresql"), own_columns("sqlite")
ROW = {"_id": "a", "status": "SCHEDULED", "scheduledDate": 1_790_000_000_000}


@pytest.mark.parametrize(
    ("value", "holds", "kept"),
    [
        (5, "text", "5"),
        (True, "text", "1"),
        (b"\xff\x00", "text", "ff00"),
        ([1, "x"], "text", '[1, "x"]'),
        (" 60 ", "whole", 60),
        (60.0, "whole", 60),
        ("1.5", "number", 1.5),
        (0, "truth", False),
        ("TRUE", "truth", True),
        ("060", "numbers first", 60),
        ("2026-10-14", "numbers first", "2026-10-14"),
        (True, "numbers first", 1),
        (None, "whole", None),
        ("060", "anything", "060"),
    ],
)
def test_value_is_held_as_its_column_has_it(value: Any, holds: Holds, kept: Any) -> None:
    assert held(value, holds, "key") == kept
    assert type(held(value, holds, "key")) is type(kept)


@pytest.mark.parametrize(
    ("value", "holds"),
    [("soon", "whole"), (1.5, "whole"), (1 << 63, "whole"), ("x", "number"), (2, "truth"), (1 << 63, "anything")],
)
def test_value_that_a_column_cannot_hold_is_refused_by_its_key(value: Any, holds: Holds) -> None:
    with pytest.raises(UnheldError, match="duration"):
        held(value, holds, "duration")


@pytest.mark.parametrize("key", ["_id", "studentDiscordId", "coachDiscordId", "guildId"])
def test_number_for_an_id_never_becomes_the_id_of_somebody(key: str) -> None:
    with pytest.raises(UnheldError, match=f"{key} is no text"):
        Fitting(SQLITE, from_json=True).fitted(ROW | {key: 1300000000000000001})


def test_integer_for_an_id_in_a_database_is_text_in_json() -> None:
    fitted = Fitting(None).fitted(ROW | {"studentDiscordId": 1300000000000000001})
    assert fitted["studentDiscordId"] == "1300000000000000001"


def test_our_marks_go_along() -> None:
    marks = {"discordSetupComplete": 1, "discordCleanedUp": 0, "discordChannelId": "71", "discordRoleId": "72"}
    fitted = Fitting(POSTGRES).fitted(ROW | marks)
    assert {key: fitted[key] for key in marks} == marks
    assert fitted["discordSetupComplete"] is True


def test_row_whose_id_occurs_again_is_refused_only_where_ids_are_unique() -> None:
    with pytest.raises(UnheldError, match="more than once"):
        Fitting(POSTGRES, twice={"a"}).fitted(ROW)
    assert Fitting(None, twice=()).fitted(ROW) == ROW


def test_id_that_would_come_back_as_another_is_refused() -> None:
    with pytest.raises(UnheldError, match="no Unicode"):
        Fitting(SQLITE, comes_back=lambda text: text.encode("utf-8", "replace").decode()).fitted(
            ROW | {"_id": "\ud800"}
        )


@pytest.mark.parametrize("key", ["", "a\0b", "x" * 64, "\udcff", "student_name", "CTID", "Note"])
def test_key_that_can_be_no_column_is_told(key: str) -> None:
    assert unfit_name(key, ["note"]) != ""


def test_new_column_holds_every_value_of_its_key() -> None:
    assert joined({kind_of(5), kind_of(1.5)}) == "number"
    assert joined({kind_of(5), kind_of("x")}) == "text"
    assert joined({kind_of(True)}) == "truth"
    assert joined({kind_of(1 << 70)}) == "text"


def test_digest_is_the_same_in_any_order_and_form_and_another_for_another_value() -> None:
    def digest(*rows: dict[str, Any]) -> RowsDigest:
        made = RowsDigest()
        for row in rows:
            made.add_fields(row)
        return made

    one, other = {"_id": "a", "x": True, "y": None}, {"_id": "b", "x": 5.0}
    assert digest(one, other) == digest({"x": "5", "_id": "b"}, {"_id": "a", "x": 1})
    assert digest(one) != digest(other)
    assert digest(one, one) != digest(one)
    assert digest(one, one) != digest(one, other)
