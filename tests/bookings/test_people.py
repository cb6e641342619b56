"""The operator's file of people: whom a key names, and what is said of a file that is not as it should be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coachsync.bookings.people import People, with_ids
from coachsync.errors import ConfigError

ANNA, BEN = "1300000000000000001", "1300000000000000002"


def people(folder: Path, text: str | bytes, mode: int = 0o600) -> People:
    """Return the file of people with this text."""
    path = folder / "people.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return People(str(path))


def warned(found: People) -> list[str]:
    """Return what is warned of."""
    assert {w.code for w in found.warnings} <= {"people_file"}
    return [w.message for w in found.warnings]


@pytest.mark.parametrize("key", ["anna@example.org", " Anna@Example.ORG ", "mailto:anna@example.org"])
def test_mail_is_found_however_it_is_written(tmp_path: Path, key: str) -> None:
    assert people(tmp_path, f'"anna@example.org" = "{ANNA}"\n').id_of(key) == ANNA


@pytest.mark.parametrize("key", ["Ben  Miller", "@ben miller", "BEN MILLER\n"])
def test_name_is_found_however_it_is_written(tmp_path: Path, key: str) -> None:
    assert people(tmp_path, f'"Ben Miller" = "{BEN}"\n').id_of(key) == BEN


def test_who_is_not_named_has_no_id(tmp_path: Path) -> None:
    assert people(tmp_path, f'"Ben Miller" = "{BEN}"\n').id_of("Ben") is None


def test_key_without_quotes_and_mention_and_number_are_understood(tmp_path: Path) -> None:
    found = people(tmp_path, f'ben.miller = "<@{BEN}>"\nanna = {ANNA}\n')
    assert (found.id_of("ben.miller"), found.id_of("anna"), found.warnings) == (BEN, ANNA, ())


def test_entry_that_is_no_id_is_warned_of_and_spoils_no_other(tmp_path: Path) -> None:
    found = people(tmp_path, f'anna = "anna#1234"\nclara = true\nben = "{BEN}"\n')
    assert (found.id_of("anna"), found.id_of("clara"), found.id_of("ben")) == (None, None, BEN)
    assert ["anna" in warned(found)[0], "clara" in warned(found)[1]] == [True, True]


def test_key_with_two_ids_answers_neither(tmp_path: Path) -> None:
    found = people(tmp_path, f'"anna" = "{ANNA}"\n"Anna" = "{BEN}"\n')
    assert found.id_of("anna") is None
    assert "two ids" in warned(found)[0]


@pytest.mark.parametrize(("mode", "said"), [(0o644, "others can read"), (0o620, "others can write"), (0o600, "")])
def test_file_that_others_can_read_or_write_is_warned_of(tmp_path: Path, mode: int, said: str) -> None:
    found = warned(people(tmp_path, f'anna = "{ANNA}"', mode))
    assert [said in message for message in found] == ([True] if said else [])


@pytest.mark.parametrize("text", [b"anna = ", b"\xff\xfe", b"[" * 9, b"a = " + b"[" * 5000, b"anna@example.org = '1'"])
def test_file_that_is_no_toml_is_refused_with_its_path(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"people\.toml") as caught:
        people(tmp_path, text)
    assert caught.value.hint


def test_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "people.toml")
    with pytest.raises(ConfigError, match="no regular file"):
        People(str(tmp_path / "people.toml"))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        People(str(tmp_path / "people.toml"))


def test_file_gives_the_id_of_a_user_name_then_of_a_name(tmp_path: Path) -> None:
    known = people(tmp_path, f'"anna.k" = "{ANNA}"\n"Coach Ben" = "{BEN}"\n')
    fields = {"studentDiscordName": "@Anna.K", "studentName": "Coach Ben", "coachName": "coach ben"}
    found = with_ids(fields, known)
    assert (found["studentDiscordId"], found["coachDiscordId"]) == (ANNA, BEN)


def test_id_that_a_booking_has_stays(tmp_path: Path) -> None:
    known = people(tmp_path, f'"anna" = "{ANNA}"\n')
    fields = {"studentDiscordId": BEN, "studentDiscordName": "anna"}
    assert with_ids(fields, known) == fields


def test_file_gives_the_ids_of_participants_and_leaves_the_others(tmp_path: Path) -> None:
    known = people(tmp_path, f'"anna" = "{ANNA}"\n')
    anna = {"discordName": "anna", "kind": "observer"}
    others: list[object] = [{"name": "Clara", "kind": "student"}, 7]
    found = with_ids({"participants": [anna, *others]}, known)
    assert found["participants"] == [anna | {"discordId": ANNA}, *others]
