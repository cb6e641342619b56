"""Exports of Convex."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.bookings.incoming import UnusableInputError
from tests.bookings.reading import SAMPLES, entries, good
from tests.store.backends import COACH, STUDENT

EXPORT = (SAMPLES / "convex-export.zip").read_bytes()


def test_an_export_is_joined_with_what_it_says_of_people() -> None:
    first, second, third = (entry.fields for entry in good(entries(EXPORT)))
    assert first == {
        "_id": "jd7a", "status": "SCHEDULED", "scheduledDate": 1_791_982_800_000, "duration": 60,
        "studentDiscordId": STUDENT, "coachDiscordId": COACH, "studentName": "John", "coachName": "Sarah",
    } | {key: value for key, value in first.items() if key.endswith("DiscordName")}  # fmt: skip
    assert (second["studentDiscordId"], second["coachDiscordId"]) == ("1300000000000000099", COACH)
    assert (third.get("studentDiscordId"), third["status"]) == (None, "COMPLETED")


def test_one_file_of_documents_is_read_alone() -> None:
    with zipfile.ZipFile(io.BytesIO(EXPORT)) as archive:
        documents = archive.read("sessions/documents.jsonl")
    found = good(entries(documents, "convex"))
    assert ([entry.key for entry in found], found[1].fields["studentDiscordId"]) == (
        ["jd7a", "jd7b", "jd7c"],
        "1300000000000000099",
    )


def test_an_id_that_is_a_number_is_not_left_out() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("sessions/documents.jsonl", '{"_id": "a", "studentId": "u", "scheduledDate": 1791982800000}')
        archive.writestr("discordIntegrations/documents.jsonl", '{"userId": "u", "discordUserId": 1300000000000000001}')
    (found,) = good(entries(file.getvalue(), "convex"))
    assert found.fields["studentDiscordId"] == 1300000000000000001  # which is refused, and told why


def test_another_table_is_named_and_one_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(UnusableInputError) as refused:
        entries(EXPORT, table="bookings")
    assert "its tables are discordIntegrations, sessions, users" in refused.value.message


def test_a_spreadsheet_is_told_from_an_export() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(UnusableInputError, match="it is a spreadsheet's own format"):
        entries(file.getvalue(), name="bookings.xlsx")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(EXPORT) - 1), st.integers(0, 255), st.booleans())
def test_a_broken_export_is_entries_or_a_reason(at: int, byte: int, cut: bool) -> None:
    broken = EXPORT[:at] if cut else EXPORT[:at] + bytes([byte]) + EXPORT[at + 1 :]
    try:
        entries(broken, "convex")
    except UnusableInputError as refused:
        assert refused.hint
