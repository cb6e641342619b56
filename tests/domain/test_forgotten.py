"""A text without somebody, and who a row's people are."""

from __future__ import annotations

import pytest

from coachsync.domain.forgotten import Somebody, cleared

ID, OTHER = "1300000000000000001", "1300000000000000002"
NADJA = Somebody([ID], ["Nadja Köhler", "@nadja.k"], by_name=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"<@{ID}> asked", "<@forgotten> asked"),
        (f"9{ID}", f"9{ID}"),
        ("Nadja Köhler with Mike", "forgotten with Mike"),
        ("coaching-nadja-köhler", "coaching-forgotten"),
        ("NADJA.K, nadja.kx", "forgotten, nadja.kx"),
        ("Nadja Köhlerin", "Nadja Köhlerin"),
        ("", ""),
    ],
)
def test_text_is_told_without_id_and_whole_names(text: str, told: str) -> None:
    assert NADJA.without(text) == told


def test_name_alone_is_nobody_unless_it_is_all_there_is() -> None:
    called = Somebody([ID], ["Nadja Köhler"], by_name=True)
    assert called.is_person(None, "nadja köhler") and not called.is_person(OTHER, "Nadja Köhler")
    assert not NADJA.is_person(None, "Nadja Köhler")


def test_row_that_names_others_alone_is_not_changed() -> None:
    people = [{"discordId": OTHER, "kind": "student"}, "no object"]
    assert cleared({"studentDiscordId": OTHER, "participants": people}, NADJA, ()) == {}


def test_user_name_that_was_found_to_be_theirs_is_cleared() -> None:
    row = {"studentDiscordName": "@Nadja.K", "coachDiscordId": OTHER}
    assert cleared(row, NADJA, {"nadja.k"}) == {"studentDiscordName": None}


def test_mention_and_number_are_ids_too() -> None:
    row = {"studentDiscordId": f" <@{ID}> ", "coachDiscordId": int(ID)}
    assert cleared(row, NADJA, ()) == {"studentDiscordId": None, "coachDiscordId": None}
