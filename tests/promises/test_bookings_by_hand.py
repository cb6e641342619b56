"""Bookings by hand and by file, over both stores."""

from __future__ import annotations

import json

import pytest

from tests.kit.home import COACH, STUDENT, Home


def test_add_prints_a_random_id_alone(home: Home) -> None:
    result = home.run("sessions", "add", "--student", STUDENT, "--coach", COACH, "--start", "2099-10-14T13:00Z")
    session_id = result.out.removesuffix("\n")
    assert (result.code, result.err, len(session_id)) == (0, "", 8)
    assert session_id.isascii() and session_id.isalnum() and session_id == session_id.lower()


def test_add_books_the_local_time_of_the_zone(home: Home) -> None:
    home.book("abc12345", "--tz", "America/New_York", "--duration", "90m", start="2026-10-14 13:00")
    shown = home.run("sessions", "show", "abc12345", "--json").json
    assert (shown["scheduledDate"], shown["duration"], shown["status"]) == (1_791_997_200_000, 90, "SCHEDULED")


def test_add_refuses_an_id_that_is_taken(home: Home) -> None:
    home.book("abc12345")
    again = home.book("abc12345")
    assert (again.code, again.complaint) == (1, ["error", "hint"])


def test_add_warns_when_the_session_has_ended(home: Home) -> None:
    result = home.book("abc12345", start="2020-01-01T13:00:00Z")
    assert (result.code, result.out, result.complaint) == (0, "abc12345\n", ["warning"])


def test_list_shows_what_is_coming_and_all_shows_the_past(home: Home) -> None:
    home.book("future01")
    home.book("past0001", start="2020-01-01T13:00:00Z")
    assert [row["_id"] for row in home.run("sessions", "list", "--json").json["sessions"]] == ["future01"]
    listed = home.run("sessions", "list", "--all", "--json").json["sessions"]
    assert [row["_id"] for row in listed] == ["past0001", "future01"]


def test_list_shows_hostile_names_harmlessly(home: Home) -> None:
    home.book("abc12345", "--student-name", "[red]\x1b[2J\u202e\n")
    (line,) = home.run("sessions", "list").out.splitlines()
    assert line.isprintable()
    assert "[red]" in line


def test_cancel_writes_the_first_cancelled_status(home: Home) -> None:
    home.book("abc12345")
    result = home.run("sessions", "cancel", "abc12345")
    assert (result.code, "it has no room" in result.out) == (0, True)
    assert home.run("sessions", "show", "abc12345", "--json").json["status"] == "CANCELLED"


def test_cancel_twice_changes_nothing_more(home: Home) -> None:
    home.book("abc12345")
    home.run("sessions", "cancel", "abc12345")
    before = home.files()
    assert home.run("sessions", "cancel", "abc12345").code == 0
    assert home.files() == before


def test_reschedule_moves_the_booking_and_says_what_follows(home: Home) -> None:
    home.book("abc12345")
    result = home.run("sessions", "reschedule", "abc12345", "--start", "2099-11-01T09:00Z", "--duration", "30m")
    assert (result.code, "2099-11-01T09:00:00Z" in result.out, "next: setup" in result.out) == (0, True, True)
    shown = home.run("sessions", "show", "abc12345", "--json").json
    assert (shown["scheduledDate"], shown["duration"]) == (4_097_206_800_000, 30)


def test_reschedule_says_that_a_cancelled_booking_gets_no_room(home: Home) -> None:
    home.book("abc12345")
    home.run("sessions", "cancel", "abc12345")
    said = home.run("sessions", "reschedule", "abc12345", "--start", "2099-11-01T09:00Z")
    assert said.out.endswith(": its status CANCELLED gets no room\n")


def test_reschedule_into_the_past_says_that_the_session_has_ended(home: Home) -> None:
    home.book("abc12345")
    said = home.run("sessions", "reschedule", "abc12345", "--start", "2020-11-01T09:00Z")
    assert said.out.endswith(": it has ended already: it gets no room\n")


@pytest.mark.parametrize("command", [["cancel"], ["show"], ["reschedule", "--start", "2099-01-01T00:00Z"]])
def test_unknown_session_is_refused(home: Home, command: list[str]) -> None:
    result = home.run("sessions", *command, "nobody")
    assert (result.code, result.complaint) == (1, ["error", "hint"])


def test_import_twice_changes_nothing(home: Home) -> None:
    rows = [{"_id": "a1", "status": "SCHEDULED", "scheduledDate": 4_097_206_800_000, "studentDiscordId": STUDENT,
             "coachDiscordId": COACH, "note": "foreign"}]  # fmt: skip
    first = home.run("sessions", "import", "-", "--json", stdin=json.dumps(rows))
    again = home.run("sessions", "import", "-", "--json", stdin=json.dumps({"sessions": rows}))
    assert (first.code, first.json["added"]) == (0, ["a1"])
    assert (again.code, again.json["added"], again.json["changed"], again.json["unchanged"]) == (0, [], [], ["a1"])


def test_import_takes_the_good_rows_when_one_is_bad(home: Home) -> None:
    good = {"_id": "good", "status": "SCHEDULED", "scheduledDate": 4_097_206_800_000}
    result = home.run("sessions", "import", "-", "--json", stdin=json.dumps([good, {"_id": ""}, 7]))
    assert (result.code, result.json["added"], [bad["row"] for bad in result.json["bad"]]) == (1, ["good"], [2, 3])
    assert result.complaint == ["error", "hint"] * 2


BAD = {"_id": "bad", "status": "SCHEDULED", "scheduledDate": 4_097_206_800}


def test_import_tells_what_to_do_about_each_bad_row(home: Home) -> None:
    result = home.run("sessions", "import", "-", "--json", stdin=json.dumps([BAD, 7]))
    hints = [bad["hint"] for bad in result.json["bad"]]
    assert hints == ["it looks like seconds: multiply by 1000", "remove it, or write the booking as an object"]
    assert [hint for hint in hints if hint not in result.err] == []


def test_import_says_that_the_others_are_in_only_when_they_are(home: Home) -> None:
    good = {"_id": "good", "status": "SCHEDULED", "scheduledDate": 4_097_206_800_000}
    assert "the others are in" not in home.run("sessions", "import", "-", stdin=json.dumps([BAD])).err
    assert "the others are in" in home.run("sessions", "import", "-", stdin=json.dumps([BAD, good])).err


def test_import_says_standard_input_where_it_read_that(home: Home) -> None:
    said = home.run("sessions", "import", "-", stdin="{")
    assert said.err.startswith("error: standard input is not JSON: Expecting property name")


def test_import_tells_binary_input_in_plain_words(home: Home) -> None:
    (home.folder / "b").write_bytes(bytes(range(128, 256)))
    assert home.run("sessions", "import", "b").err.startswith("error: b is not JSON: it is not UTF-8 text\n")


def test_export_is_what_import_takes(home: Home) -> None:
    home.book("abc12345", "--student-name", "Zoë")
    exported = home.run("sessions", "export")
    again = home.run("sessions", "import", "-", "--json", stdin=exported.out)
    assert (exported.out.isascii(), again.json["unchanged"]) == (True, ["abc12345"])


def test_export_of_an_empty_store_is_an_empty_array(home: Home) -> None:
    assert home.run("sessions", "export").out == "[]\n"


@pytest.mark.parametrize("text", ["", "{", '{"x": 1}', "5", "[NaN]", '{"sessions": {}}'])
def test_import_refuses_what_holds_no_sessions(home: Home, text: str) -> None:
    before = home.files()
    result = home.run("sessions", "import", "-", stdin=text)
    assert (result.code, result.complaint) == (2, ["error", "hint"])
    assert home.files() == before
