"""Bookings by hand and by file, over both stores."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from coachsync.clock import host_now
from tests.kit.home import COACH, STUDENT, Home


def test_add_prints_a_random_id_alone(home: Home) -> None:
    result = home.run("sessions", "add", "--student", STUDENT, "--coach", COACH, "--start", "2099-10-14T13:00Z")
    session_id = result.out.removesuffix("\n")
    assert (result.code, result.complaint, len(session_id)) == (0, ["added"], 8)
    assert session_id.isascii() and session_id.isalnum() and session_id == session_id.lower()


def test_add_books_the_local_time_of_the_zone(home: Home) -> None:
    home.book("abc12345", "--tz", "America/New_York", "--duration", "90m", start="2026-10-14 13:00")
    shown = home.run("sessions", "show", "abc12345", "--json").json
    assert (shown["scheduledDate"], shown["duration"], shown["status"]) == (1_791_997_200_000, 90, "SCHEDULED")


@pytest.mark.parametrize(
    ("start", "zone", "told"),
    [
        ("2099-10-14 13:00", ["--tz", "America/New_York"], "Wed 14 Oct 2099 13:00 EDT (2099-10-14T17:00:00Z), 60 min"),
        ("2099-10-14 13:00", ["--tz", "America/Sao_Paulo"], "Wed 14 Oct 2099 13:00 UTC-03 (2099-10-14T16:00:00Z)"),
        ("2099-10-14T13:00-04:00", [], "Wed 14 Oct 2099 13:00 UTC-04:00 (2099-10-14T17:00:00Z)"),
        ("2099-10-14T13:00Z", [], ", 2099-10-14T13:00:00Z, 60 min"),
        ("4095666000000", [], ", 2099-10-14T13:00:00Z, 60 min"),
    ],
)
def test_add_says_what_was_understood_in_the_zone_that_was_typed_and_in_utc(
    bare: Home, start: str, zone: list[str], told: str
) -> None:
    home = bare.settle()
    said = home.book("abc12345", "--student-name", "John", "--coach-name", "Coach Sarah", *zone, start=start)
    assert (said.code, said.out) == (0, "abc12345\n")
    assert said.err.startswith("added: John with Coach Sarah, ")
    assert told in said.err


def test_add_says_when_the_room_opens(home: Home) -> None:
    said = home.book("abc12345", "--tz", "America/New_York", start="2099-10-14 13:00")
    assert "; next: setup at Wed 14 Oct 2099 10:00 EDT (2099-10-14T14:00:00Z), in " in said.err
    assert said.err.endswith(", by the first run after that\n")


@pytest.mark.parametrize("odd", ["-x", "=x", "a b", "a;b", "$(id)", "ä", "", "a\n", "x" * 201])
def test_add_refuses_an_id_that_a_shell_takes_for_something_else(bare: Home, odd: str) -> None:
    home = bare.settle()
    before = home.files()
    result = home.run(
        "sessions", "add", "--student", STUDENT, "--coach", COACH, "--start", "2099-10-14T13:00Z", f"--id={odd}"
    )
    assert (result.code, result.complaint, result.out) == (2, ["error", "hint"], "")
    assert "expected at most 200 letters, digits and . _ : @ / + = -, the first of them no - or =" in result.err
    assert home.files() == before


@pytest.mark.parametrize("good", ["2026-10-15/abc12345", "0192d1f4-7c3b-7e30-b6a1-3a5b5cd6e7f8", "_a.b:c@d+e=", "A"])
def test_add_takes_the_ids_that_people_and_programs_give(bare: Home, good: str) -> None:
    assert bare.settle().book(good).out == f"{good}\n"


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


def test_cancel_twice_says_so_with_what_becomes_of_the_room(home: Home) -> None:
    home.book("abc12345", "--student-name", "John")
    first, second = (home.run("sessions", "cancel", "abc12345") for _ in range(2))
    assert first.out.startswith("abc12345 is CANCELLED (was SCHEDULED), John with 1")
    assert second.out.startswith("abc12345 is CANCELLED already, John with 1")
    assert second.out.endswith(": it has no room; `coachsync sessions restore abc12345` takes that back\n")


def test_restore_takes_back_the_status_that_the_booking_had(home: Home) -> None:
    home.book("abc12345")
    home.run("sessions", "restore", "abc12345", "--status", "CONFIRMED")
    home.run("sessions", "cancel", "abc12345")
    said = home.run("sessions", "restore", "abc12345")
    assert (said.code, said.out.startswith("abc12345 is CONFIRMED, "), "next: setup at" in said.out) == (0, True, True)


def test_restore_asks_whether_a_status_of_another_case_is_meant(home: Home) -> None:
    home.book("abc12345")
    said = home.run("sessions", "restore", "abc12345", "--status", "scheduled")
    assert (said.code, "did you mean SCHEDULED?" in said.err) == (2, True)


def test_what_was_done_by_hand_is_told_by_explain(home: Home) -> None:
    home.book("abc12345")
    home.run("sessions", "reschedule", "abc12345", "--start", "2099-11-01T09:00Z")
    home.run("sessions", "reschedule", "abc12345", "--start", "2099-11-01T09:00Z")
    home.run("sessions", "cancel", "abc12345")
    home.run("sessions", "restore", "abc12345")
    story = home.run("explain", "abc12345").out.partition("what happened\n")[2]
    assert [line.partition("Z  ")[2].strip() for line in story.splitlines()] == [
        "moved by hand: from 2099-10-14T13:00:00Z to 2099-11-01T09:00:00Z",
        "cancelled by hand, was SCHEDULED",
        "restored by hand: SCHEDULED",
    ]


def test_reschedule_says_the_former_time_and_the_new_one_as_typed(home: Home) -> None:
    home.book("abc12345", "--student-name", "John", "--coach-name", "Sarah")
    said = home.run("sessions", "reschedule", "abc12345", "--start", "2099-11-01 09:00", "--tz", "Europe/Berlin")
    assert said.out.startswith(
        "abc12345 starts Sun 1 Nov 2099 09:00 CET (2099-11-01T08:00:00Z), was Wed 14 Oct 2099 15:00 CEST"
        " (2099-10-14T13:00:00Z), and ends Sun 1 Nov 2099 10:00 CET (2099-11-01T09:00:00Z), 60 min, for John with Sarah"
    )


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


@pytest.mark.parametrize("text", ["", "{", '{"x": 1}', "5", '{"sessions": {}}'])
def test_import_refuses_what_holds_no_sessions(home: Home, text: str) -> None:
    before = home.files()
    result = home.run("sessions", "import", "-", stdin=text)
    assert (result.code, result.complaint) == (2, ["error", "hint"])
    assert home.files() == before


BY_NAME = [["cancel"], ["restore"], ["reschedule", "--start", "2099-01-01T00:00Z"]]


@pytest.mark.parametrize("command", BY_NAME)
def test_id_that_occurs_twice_is_changed_by_nobody(bare: Home, command: list[str]) -> None:
    home = bare.settle("json:///sessions.json")
    home.book("abc12345")
    row = json.loads(home.file.read_text("utf-8"))[0]
    home.file.write_text(json.dumps([row, row]), "utf-8")
    before = home.file.read_bytes()
    said = home.run("sessions", *command, "abc12345")
    assert (said.code, "occurs more than once" in said.err, home.file.read_bytes()) == (1, True, before)


@pytest.mark.parametrize("command", [*BY_NAME, ["show"]])
def test_unknown_session_brings_up_which_may_be_meant(bare: Home, command: list[str]) -> None:
    home = bare.settle()
    start = datetime.fromtimestamp(host_now() // 1000 + 3600, UTC).isoformat()
    home.book("abc12345", "--student-name", "Nadja", start=start)
    for name in ("abc12354", "Nadja"):
        said = home.run("sessions", *command, name)
        assert (said.code, "did you mean abc12345 (Nadja, 2" in said.err) == (1, True)


@pytest.mark.parametrize("command", ["add", "reschedule"])
@pytest.mark.parametrize(
    ("when", "told"),
    [
        (["2026-03-29 02:30", "--tz", "Europe/Berlin"], "does not exist in Europe/Berlin"),
        (["2026-10-25 02:30", "--tz", "Europe/Berlin"], "exists twice in Europe/Berlin"),
        (["2026-10-25 12:30", "--tz", "Berlin"], "did you mean Europe/Berlin?"),
        (["2026-10-25 12:30", "--tz", "UTC+2"], "did you mean Etc/GMT-2"),
        (["2026-10-25 12:30"], "which zone's time is this?"),
        (["2014-10-25T12:30Z"], "outside the years 2015 to 2100"),
    ],
)
def test_time_that_is_none_is_refused_and_nothing_changed(bare: Home, command: str, when: list[str], told: str) -> None:
    home = bare.settle()
    home.book("abc12345")
    before = home.files()
    whom = ["--student", STUDENT, "--coach", COACH] if command == "add" else ["abc12345"]
    said = home.run("sessions", command, *whom, "--start", *when)
    assert (said.code, told in said.err, home.files() == before) == (2, True, True)
