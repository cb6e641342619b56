"""Tables of text, as databases, forms and spreadsheets write them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.bookings.incoming import UnusableInputError
from tests.bookings.reading import SAMPLES, bad, entries, good
from tests.store.backends import COACH, STUDENT

START = 1_791_982_800_000  # 2026-10-14T13:00:00Z
GERMAN = {"start": "Beginn", "duration": "Dauer", "student": "Schüler-ID", "coach": "Coach-ID"}
HEADER = "id,status,start,duration,studentName"


def rows(text: str) -> list[str]:
    """Return the ids of what a table's records hold, and where those stand that hold nothing."""
    found = entries(f"{HEADER}\n{text}".encode(), "csv")
    return [entry.key for entry in good(found)] + [entry.where for entry in bad(found)]


@pytest.mark.parametrize(
    ("name", "zone", "mapped"),
    [
        ("excel-german.csv", "Europe/Berlin", GERMAN),
        ("excel-french-utf8.csv", "Europe/Paris", {}),
        ("excel-english.csv", "America/New_York", {}),
        ("excel-unicode-text.csv", "Europe/Berlin", {}),
        ("libreoffice-german.csv", "Europe/Berlin", {}),
    ],
)
def test_a_spreadsheets_table_is_read_as_it_was_saved(name: str, zone: str, mapped: dict[str, str]) -> None:
    found = entries((SAMPLES / name).read_bytes(), name=name, zone=zone, mapped=mapped)
    first = good(found)[0].fields
    assert (first["scheduledDate"], first["duration"], first["status"]) == (START, 60, "SCHEDULED")
    assert (first["studentDiscordId"], first["coachDiscordId"], bad(found)) == (STUDENT, COACH, [])


def test_names_keep_their_letters_and_commas() -> None:
    french = good(entries((SAMPLES / "excel-french-utf8.csv").read_bytes(), zone="Europe/Paris"))
    english = good(entries((SAMPLES / "excel-english.csv").read_bytes(), zone="America/New_York"))
    assert [french[0].fields["studentName"], english[0].fields["studentName"]] == ["Amélie", "Smith, John"]


def test_the_header_is_understood_in_any_case() -> None:
    (entry,) = good(entries(b"ID;STATUS;SCHEDULED_DATE;Student Discord Id\na;SCHEDULED;1791982800000;\n"))
    assert entry.fields == {"_id": "a", "status": "SCHEDULED", "scheduledDate": START, "studentDiscordId": None}


def test_without_a_column_of_statuses_each_row_is_booked() -> None:
    (entry,) = good(entries(b"id,start\na,2026-10-14T13:00Z\n"))
    assert entry.fields["status"] == "SCHEDULED"


def test_a_day_and_a_time_may_stand_in_two_columns() -> None:
    table = b"id,Datum,Uhrzeit\na,14.10.2026,15:00\n"
    (entry,) = good(entries(table, "csv", zone="Europe/Berlin", mapped={"start": "Datum+Uhrzeit"}))
    assert entry.fields["scheduledDate"] == START


def test_a_quoted_cell_may_hold_lines_and_marks() -> None:
    assert rows('a,SCHEDULED,1791982800000,60,"John ""J"", Jr.\nsecond line"\nb,SCHEDULED,1791982800000,60,x\n') == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    "broken",
    ['a,SCHEDULED,1791982800000,60,"never closed', 'a,SCHEDULED,1791982800000,60,"closed" twice', "a,b,c,d,e,f",
     "a,SCHEDULED,tomorrow,60,x", ",SCHEDULED,1791982800000,60,x"],
)  # fmt: skip
def test_a_bad_line_spoils_no_other_and_is_named(broken: str) -> None:
    lines = [f"id{n},SCHEDULED,1791982800000,60,x" for n in range(300)]
    lines[7] = broken
    found = rows("\n".join(lines) + "\n")
    assert (len(found), found[-1]) == (300, "line 9")


def test_an_id_that_a_spreadsheet_rounded_is_told_as_that() -> None:
    (refused,) = bad(entries(b"id;start;student_discord_id\na;1791982800000;1,3E+18\n"))
    assert "the spreadsheet has rounded the number" in refused.reason


@pytest.mark.parametrize("field", ["student", "start", "id", "duration"])
def test_a_column_that_is_mapped_and_not_there_is_told_and_not_taken_for_empty(field: str) -> None:
    with pytest.raises(UnusableInputError) as caught:
        entries(f"{HEADER}\n1,SCHEDULED,2026-10-14T13:00:00Z,60,x\n".encode(), "csv", mapped={field: "Whoo"})
    assert caught.value.message.startswith("it has no column 'Whoo': its columns are 'id'")


def test_what_spreadsheets_would_compute_comes_back_as_it_was() -> None:
    (entry,) = good(entries(b"id,start,studentName\n'-a,1791982800000,'=1+1\n"))
    assert (entry.key, entry.fields["studentName"]) == ("-a", "=1+1")


@pytest.mark.parametrize("table", [b"", b"\n", b"a,b\n1,2\n", b"id,x\n1,2\n", b"x,start\n1,2\n", b'"a,b\n'])
def test_a_table_without_id_or_start_is_refused_as_a_whole(table: bytes) -> None:
    with pytest.raises(UnusableInputError):
        entries(table, "csv")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), min_size=1, max_size=4))
def test_what_is_written_as_rfc_4180_is_read_back(names: list[str]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "start", "studentName"])
    writer.writerows([f"id{n}", START, name] for n, name in enumerate(names))
    found = good(entries(text.getvalue().encode(), "csv"))
    expected = [name.strip() or None for name in names]
    assert [e.fields["studentName"] for e in found] == [
        n[1:] if n and n[:2] in ("'=", "'+", "'-", "'@") else n for n in expected
    ]


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=80) | st.text('ab,;\t\n"\r=', max_size=40).map(lambda text: f"id,start\n{text}".encode()))
def test_whatever_is_given_as_a_table_is_entries_or_a_reason(data: bytes) -> None:
    try:
        entries(data, "csv")
    except UnusableInputError as refused:
        assert refused.hint
